"""Which URLs and addresses a download may go to.

A result's URL comes from a server, so it could point into the user's own network: to a router, a cloud's metadata
service, a database. What a name resolves to is checked at the moment of connecting (connections.py).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from socket import SOCK_STREAM, getaddrinfo
from unicodedata import normalize
from urllib.parse import SplitResult, urlsplit

from ..core import OutputError

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to address texts; raises OSError when the name has none."""

MAX_URL_CHARS = 16384
_MAX_TRIED = 4

# The IANA special-purpose registries (RFC 6890 and after), but 198.18.0.0/15: proxies with fake addresses use it.
_REFUSED_IPV4 = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's wire server: every VM reaches it, nobody else does; the other clouds' are above
    )
)
# Only global unicast (2000::/3, RFC 4291) is open; so ULA, link-local, site-local, multicast and what is not
# assigned need no rows. Inside it: protocol assignments with Teredo and ORCHID, documentation.
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = (IPv6Network("2001::/23"), IPv6Network("2001:db8::/32"), IPv6Network("3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; 64:ff9b:1::/48 (RFC 8215) is local and stays refused
_IPV4_COMPATIBLE = IPv6Network("::/96")


def refusal(address: str, *, allow_loopback: bool) -> str | None:
    """Why nothing may be fetched from this address; None when it may. IPv4 inside IPv6 is judged as IPv4."""
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return "is no IP address"
    inner = _unwrap(parsed)
    if inner.is_loopback:
        return None if allow_loopback else "is this machine itself"
    if isinstance(inner, IPv4Address):
        refused = any(inner in network for network in _REFUSED_IPV4)
    else:
        refused = inner not in _GLOBAL_IPV6 or any(inner in network for network in _REFUSED_IPV6)
    return "is not a public address" if refused else None


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def literal_address(host: str) -> str | None:
    """The address that a URL's host spells, also as ``0x7f.1``, ``2130706433`` or in full-width digits; else None."""
    text = normalize("NFKC", host).strip("[]").rstrip(".")
    try:
        return str(ipaddress.ip_address(text.split("%", 1)[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(text)) if text[:1].isdigit() else None
    except (OSError, UnicodeError):
        return None


def system_resolver(host: str, port: int) -> Sequence[str]:
    """What the operating system says, in its order of preference."""
    try:
        rows = getaddrinfo(host, port, type=SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long for IDNA
        raise OSError(f"not a host name: {error.__class__.__name__}") from None
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def checked_addresses(host: str, port: int, *, resolver: Resolver, allow_loopback: bool) -> Sequence[str]:
    """All addresses of a host, every one allowed; one bad address spoils the name.

    Raises:
        OutputError: ``output_refused``.
        OSError: the name cannot be resolved.
    """
    addresses = resolver(host.strip("[]"), port)
    if not addresses:
        raise OSError("the name has no address")
    for address in addresses:
        reason = refusal(address, allow_loopback=allow_loopback)
        if reason is not None:
            raise refused_address(host, reason)
    return addresses[:_MAX_TRIED]


def refused_address(host: str, reason: str) -> OutputError:
    return OutputError(
        "output_refused",
        f"the result's URL points to {host!r}, which {reason}; nothing was fetched from there",
        guidance=("A result never lies in your own network; report this to the provider.",),
    )


def refused(message: str) -> OutputError:
    return OutputError("output_refused", message, guidance=("Nothing was fetched from there.",))


def checked_url(url: str, *, allow_loopback: bool) -> SplitResult:
    """The parts of a URL that may be fetched, as far as its text tells: names are checked when connecting, but a
    proxy would resolve them for us, so an address that is spelled out is judged here.

    Raises:
        OutputError: ``output_refused``.
    """
    if len(url) > MAX_URL_CHARS or any(ch <= " " or ch in "\\\x7f" for ch in url):
        raise refused("the result's URL is malformed")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise refused("the result's URL is malformed") from None
    if parts.scheme not in ("http", "https") or not host:
        raise refused(f"a result is fetched over http or https only, not {parts.scheme[:20]!r}")
    if parts.username is not None or parts.password is not None:
        raise refused("the result's URL holds a user name or password")
    if any(not 0 < len(label) < 64 for label in host.removesuffix(".").split(".")):  # RFC 1035, 2.3.4
        raise refused("the result's URL is malformed")
    literal = literal_address(host)
    reason = refusal(literal, allow_loopback=allow_loopback) if literal else None
    if not allow_loopback and f".{normalize('NFKC', host).rstrip('.').lower()}".endswith(".localhost"):  # RFC 6761, 6.3
        reason = "is this machine itself"
    if reason is not None:
        raise refused_address(host, reason)
    return parts


def shown_host(url: str) -> str:
    """For messages: the host alone, as a signed URL's query is a secret."""
    try:
        return (urlsplit(url).hostname or "the file host")[:200]
    except ValueError:
        return "the file host"
