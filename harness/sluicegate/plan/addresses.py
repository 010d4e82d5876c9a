"""Addresses a plan declares: `db.internal:5432`, `10.0.0.0/8`, `localhost`, `[::1]:6379`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from sluicegate.frozen import frozen

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["Address", "Allowed", "parse_address", "plain_host"]

_WRITTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@\[\]*]+(?:/\d{1,3})?))(?::(\d{1,5}))?")
_LOOPBACK = ("localhost", "ip6-localhost")


@frozen
class Address:
    """A host or a network, and a port of it."""

    host: str
    """A name in lower case, an IP address, or a network."""
    port: int | None = None
    """None: every port."""


def parse_address(text: str) -> Address:
    """`host`, `host:port` or `network/bits`. Raises ValueError for anything else."""
    wrong = ValueError(f"'{text}' is no address")
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise wrong
    host, port = (found[1] or found[2]).lower().rstrip("."), int(found[3]) if found[3] else None
    if not host or (port is not None and not 0 < port < 65_536):
        raise wrong
    if "/" in host:
        try:
            _network(host)
        except ValueError:
            raise wrong from None
    return Address(host=host, port=port)


class Allowed:
    """Whether an address is one of those declared. `localhost` is all of loopback."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._hosts: dict[str, set[int | None]] = {}
        self._networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        for address in addresses:
            if "/" in address.host:
                self._networks.append((_network(address.host), address.port))
            else:
                self._hosts.setdefault(plain_host(address.host), set()).add(address.port)

    def allows(self, host: str, port: int | None) -> bool:
        """`port` None asks for the host alone, as a look-up of its name does."""
        host = plain_host(host)
        ports = self._hosts.get(host)
        if ports is not None and (port is None or port in ports or None in ports):
            return True
        found = _ip(host)
        if found is None:
            return False
        if found.is_loopback and any(name in self._hosts and self.allows(name, port) for name in _LOOPBACK):
            return True
        return any(found in network and own in (None, port) for network, own in self._networks)


@lru_cache(maxsize=1024)
def plain_host(host: str) -> str:
    """One spelling for each host: lower case, no final dot, an IPv4 address in IPv6 clothes as IPv4."""
    host = host.lower().rstrip(".")
    address, zone, _ = host.partition("%")
    if zone and ":" in address:  # of an IPv6 address the zone; anywhere else a part of the name
        host = address
    found = _ip(host)
    if found is None:
        return host
    return str(getattr(found, "ipv4_mapped", None) or found)


def _network(text: str) -> IPv4Network | IPv6Network:
    # Loaded where an address is asked for: most plans declare none.
    from ipaddress import ip_network

    return ip_network(text, strict=False)


@lru_cache(maxsize=1024)
def _ip(host: str) -> IPv4Address | IPv6Address | None:
    from ipaddress import ip_address

    try:
        return ip_address(host)
    except ValueError:
        return None
