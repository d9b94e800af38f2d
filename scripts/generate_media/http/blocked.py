"""No network at all: forbidden to this process (a coding agent's sandbox), or off. Told from a host that is down."""

from __future__ import annotations

import errno
import socket

from .exchange import chain, describe

NETWORK_BLOCKED = "network_blocked"
"""The error's code."""
BLOCKED = "the network is blocked or off for this process"
FORBIDDEN = frozenset({errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT})
"""What seccomp, Seatbelt, a firewall or systemd's RestrictAddressFamilies= say to a socket."""
NO_ROUTE = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
"""What an empty network namespace says, and a machine that is offline."""
_ANYWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses for documentation (RFC 5737, RFC 3849): nobody has them, and a default route leads to them."""


def why_not_connected(error: BaseException) -> str:
    """A few words for a connection that was not made; ``BLOCKED`` where no other host would be reached either."""
    return BLOCKED if is_blocked(error) else describe(error)


def is_blocked(error: BaseException) -> bool:
    """Whether a connection failed because there is no network for this process."""
    import ssl

    links = [link for link in chain(error) if isinstance(link, OSError)]
    unresolved = any(isinstance(link, socket.gaierror) for link in links)
    # These two have numbers of their own: TLS's 1 would read as EPERM.
    numbers = {link.errno for link in links if not isinstance(link, (socket.gaierror, ssl.SSLError))}
    if numbers & FORBIDDEN:
        return True
    return (unresolved or bool(numbers & NO_ROUTE)) and not any(_leads_to(*place) for place in _ANYWHERE)


def _leads_to(family: int, address: str) -> bool:
    """Whether there is a way out; connecting a datagram socket sends nothing."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
    except OSError:
        return False
    return True
