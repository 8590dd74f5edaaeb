"""Which addresses may be called: public ones by https, and hosts that a setting names."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM, getaddrinfo, inet_aton
from typing import Final
from urllib.parse import SplitResult, urlsplit

import idna

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
    is_plain = len(url) <= MAX_URL_LENGTH and url.isprintable() and " " not in url
    if not parts.hostname or parts.scheme not in _PORTS or not is_plain:
        raise InvalidInput(f"{url[:200]!r} is no URL to call: write https://host/path.")
    host = _name_of_the_net(parts.hostname)
    if parts.username or parts.password or parts.fragment or port == 0:
        raise InvalidInput(
            "A URL to call has no user, no password and no fragment: calls are signed instead."
        )
    named = f"[{host}]" if ":" in host else host
    parts = parts._replace(netloc=named if port is None else f"{named}:{port}")
    if host in allowed_hosts:
        return parts
    if parts.scheme != "https":
        raise InvalidInput(
            f"{url[:200]} is not https. Only hosts of AML_WEBHOOK_ALLOWED_HOSTS are called by http."
        )
    if host == "localhost" or host.endswith(".localhost"):
        raise _not_public(host)
    literal = _literal(host)
    if literal is not None:
        _require_public(host, literal)
    return parts


def _name_of_the_net(host: str) -> str:
    """The host in ASCII, as it is looked up; letters of other scripts are written as IDNA says."""
    try:
        if not host.isascii():
            return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as exc:
        raise InvalidInput(f"{host[:200]} is no name of a host: {exc}.") from exc
    labels = host.removesuffix(".").split(".")
    if ":" not in host and not all(0 < len(label) <= _MAX_LABEL for label in labels):
        raise InvalidInput(f"{host[:200]} is no name of a host: a part of it is empty or too long.")
    return host


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host names without a look-up, also as 127.1 or as one number."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(inet_aton(host))
    except OSError:
        return None


def resolve(url: str, allowed_hosts: Collection[str]) -> Target:
    """The target of a call, its host looked up now.

    Raises:
        InvalidInput: it may not be called: one of its addresses is private and its host not allowed by name.
        OSError: its host is not known.
    """
    parts = check_url(url, allowed_hosts)
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    found = getaddrinfo(host, port, type=SOCK_STREAM)
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
    if not inner.is_global or inner.is_multicast or (inner.version == _V6 and inner not in _GLOBAL_UNICAST):
        raise _not_public(host)


def _not_public(host: str) -> InvalidInput:
    return InvalidInput(
        f"{host} has no public address. Name the host in AML_WEBHOOK_ALLOWED_HOSTS if it is to be called."
    )


_V6: Final = 6
_MAX_LABEL: Final = 63
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""Its last 32 bits are an address of version 4."""
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""The only addresses of version 6 that a server on the internet has."""
