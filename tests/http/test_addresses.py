"""Where a download may go. The table follows the IANA special-purpose registries, not the code's own lists."""

from __future__ import annotations

import pytest

from generate_media.core.errors import OutputError
from generate_media.http.addresses import checked_addresses, checked_url, literal_address, refusal

PUBLIC = [
    "93.184.216.34",
    "1.1.1.1",
    "2606:4700::1111",
    "64:ff9b::5db8:d822",
    "2002:5db8:d822::1",
    "198.18.0.7",
    "198.19.255.1",
    "168.63.129.15",
    "168.63.129.17",
]
PRIVATE = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.8", "192.0.2.1", "192.168.1.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1"),
    *("240.0.0.1", "255.255.255.255"),
    *("::", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "2001:db8::1"),
    *("2001::1", "2001:10::1", "64:ff9b:1::1", "5f00::1", "3fff::1"),
    *("64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "::ffff:192.168.0.1", "2002:c0a8:0001::1", "::10.0.0.1"),
    *("not an address", ""),
]
METADATA = {
    "AWS, Google, Azure, OpenStack, DigitalOcean, Oracle": "169.254.169.254",
    "AWS by IPv6": "fd00:ec2::254",
    "AWS, a container's": "169.254.170.2",
    "AWS, a pod's": "169.254.170.23",
    "AWS, a pod's by IPv6": "fd00:ec2::23",
    "Google by IPv6": "fd20:ce::254",
    "Azure's wire server": "168.63.129.16",
    "Azure's wire server, mapped": "::ffff:168.63.129.16",
    "Azure's wire server by NAT64": "64:ff9b::a83f:8110",
    "Azure's wire server by 6to4": "2002:a83f:8110::1",
    "Alibaba": "100.100.100.200",
    "Oracle, the older": "192.0.0.192",
    "Tencent": "169.254.0.23",
    "OpenStack by IPv6": "fe80::a9fe:a9fe",
    "Scaleway": "169.254.42.42",
    "Scaleway by IPv6": "fd00:42::42",
    "Linode by IPv6": "fd00:a9fe:a9fe::1",
}
"""Where a machine in a cloud learns its own secrets; from the clouds' documentation."""
LOOPBACK = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::", "::127.0.0.1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert refusal(address, allow_loopback=False) is None


@pytest.mark.parametrize("address", [*PRIVATE, *METADATA.values()])
@pytest.mark.parametrize("allow_loopback", [False, True])
def test_private_addresses_are_closed_always(address: str, allow_loopback: bool) -> None:
    assert refusal(address, allow_loopback=allow_loopback)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_open_only_where_the_provider_is_loopback(address: str) -> None:
    assert refusal(address, allow_loopback=False)
    assert refusal(address, allow_loopback=True) is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("１２７.０.０.１", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%25eth0", "fe80::1"),
        ("example.com", None),
        ("1.example.com", None),
    ],
)
def test_an_address_is_known_however_it_is_spelled(host: str, address: str | None) -> None:
    assert literal_address(host) == address


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/x",
        "gopher://example.com/x",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "//example.com/x",
        "http://",
        "http://[::1",
        "http://example.com:99999/x",
        "http://a..b/x",
        "http://.a/x",
        f"http://{'a' * 64}.com/x",
        "http://168.63.129.16/machine?comp=goalstate",
        "http://0xa83f8110/machine",
        "http://user:word@example.com/x",
        "http://example.com\\@10.0.0.1/",
        "http://exam ple.com/",
        "http://example.com/\r\nHost: other",
        "http://example.com/" + "a" * 20000,
        "http://10.0.0.1/x",
        "http://[::ffff:10.0.0.1]/x",
        "http://[64:ff9b::a9fe:a9fe]/latest/meta-data",
        "http://2130706433/x",
        "http://localhost/x",
        "http://a.localhost./x",
        "http://LOCALHOST./x",
        "http://ｌocalhost/x",
        "https://127.0.0.1/x",
    ],
)
def test_hostile_urls_are_refused_by_their_text(url: str) -> None:
    with pytest.raises(OutputError) as caught:
        checked_url(url, allow_loopback=False)
    assert caught.value.code == "output_refused"


def test_good_urls_pass() -> None:
    assert checked_url("https://cdn.example.com/a.png?sig=1", allow_loopback=False).hostname == "cdn.example.com"
    assert checked_url("http://127.0.0.1:8788/a.png", allow_loopback=True).port == 8788


def test_one_private_address_spoils_a_name() -> None:
    with pytest.raises(OutputError):
        checked_addresses("x.example", 443, resolver=lambda host, port: ["1.1.1.1", "10.0.0.1"], allow_loopback=False)
    assert checked_addresses("x.example", 443, resolver=lambda host, port: ["1.1.1.1"], allow_loopback=False)
