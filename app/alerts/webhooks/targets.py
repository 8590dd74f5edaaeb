"""Which addresses may be called: public ones by https, and hosts that a setting names."""

import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from app.errors import InvalidInput

_PORTS: Final = {"https": 443, "http": 80}
MAX_URL_LENGTH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Target:
    """What is called: a host by the address that was looked at, so that no second look-up can change it."""

    scheme: str
    host: str
    port: int
    path: str
    address: str

    @property
    def url(self) -> str:
        """The URL with the address in place of the name."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        """The name that the server knows itself by."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if _PORTS[self.scheme] == self.port else f"{name}:{self.port}"


def check_url(url: str, allowed_hosts: Collection[str]) -> SplitResult:
    """The parts of an address that may be called, as far as can be said without looking its host up.

    Raises:
        InvalidInput: it is none; the message says why.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise InvalidInput(f"{url[:200]} is no URL: {exc}.") from exc
    host = parts.hostname
    if not host or parts.scheme not in _PORTS or len(url) > MAX_URL_LENGTH or any(c <= " " for c in url):
        raise InvalidInput(f"{url[:200]} is no URL to call: write https://host/path.")
    if parts.username or parts.password or parts.fragment or port == 0:
        raise InvalidInput(
            "A URL to call has no user, no password and no fragment: calls are signed instead."
        )
    if host in allowed_hosts:
        return parts
    if parts.scheme != "https":
        raise InvalidInput(
            f"{url[:200]} is not https. Only hosts of AML_WEBHOOK_ALLOWED_HOSTS are called by http."
        )
    try:
        literal = ip_address(host)
    except ValueError:
        return parts
    _require_public(host, literal)
    return parts


def resolve(url: str, allowed_hosts: Collection[str]) -> Target:
    """The target of a call, its host looked up now.

    Raises:
        InvalidInput: it may not be called: one of its addresses is private and its host not allowed by name.
        OSError: its host is not known.
    """
    parts = check_url(url, allowed_hosts)
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if host not in allowed_hosts:
        for each in addresses:
            _require_public(host, each)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, str(addresses[0]))


def _require_public(host: str, address: IPv4Address | IPv6Address) -> None:
    inner = address
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or address
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    if not inner.is_global or inner.is_multicast or (not address.is_global and inner is address):
        raise InvalidInput(
            f"{host} is {address}, which is no public address. Name the host in AML_WEBHOOK_ALLOWED_HOSTS if"
            " it is to be called."
        )


class _Nat64:
    """64:ff9b::/96, whose last 32 bits are an address of version 4."""

    def __contains__(self, address: IPv6Address) -> bool:
        return int(address) >> 32 == int(IPv6Address("64:ff9b::")) >> 32


_NAT64: Final = _Nat64()
