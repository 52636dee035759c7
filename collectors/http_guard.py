"""Which addresses a fetch may connect to, asked at connect time of the address itself.

A name is resolved once; every answer is judged, and the connection goes to a judged address, so
a second DNS answer (rebinding) never decides anything. Spellings of an address (`2130706433`,
`0x7f.1`, `[::ffff:127.0.0.1]`) need no list of their own: they all end as the address they mean.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""Host name and port in, IP addresses as text out; raises OSError where there is no answer."""

# IANA special-purpose registries (RFC 6890 and its updates). Written out, because
# `ipaddress.is_private` differs between Python versions and has missed ranges.
REFUSED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT; Alibaba Cloud metadata is 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent lives in a public-looking range
        "169.254.0.0/16",  # link-local; cloud metadata is 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved and broadcast
    )
)
# Only global unicast is ever allowed; so loopback, unique-local, link-local, multicast,
# v4-mapped and NAT64 (64:ff9b::/96) addresses need no entry.
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
REFUSED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments, Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries a v4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# Refused whatever an allow-list says: nothing a press office reads lives there.
NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "100.100.100.200/32",
        "224.0.0.0/4",
        "::/128",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::254/128",
    )
)


class AddressRefusedError(Exception):
    """A host means an address that must not be connected to; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """Hosts and networks that may be reached although their addresses are not public.

    `origins` holds lower-case `host:port`; `networks` any port.
    """

    origins: frozenset[str] = frozenset()
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    def allows(self, host: str, address: Address, port: int) -> bool:
        """Whether this list names the host or the address, with the port."""
        if any(address in network for network in NEVER):
            return False
        return self.names(host, port) or self._names_address(address, port)

    def names(self, host: str, port: int) -> bool:
        """Whether `host:port` or a literal address is on the list: the office's own machine."""
        if f"{ascii_host(host)}:{port}" in self.origins:
            return True
        try:
            return self._names_address(plain(host), port)
        except ValueError:  # a name, not an address
            return False

    def _names_address(self, address: Address, port: int) -> bool:
        text = f"[{address}]" if address.version == 6 else str(address)
        return f"{text}:{port}" in self.origins or any(
            address in network for network in self.networks
        )


@lru_cache(maxsize=1024)
def parse_allow_list(entries: frozenset[str]) -> AllowList:
    """Read `host:port`, `[v6]:port`, an address or a CIDR network; ValueError names a bad one."""
    origins, networks = set(), []
    for entry in sorted(entries):
        try:
            networks.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            origins.add(_origin(entry))
    return AllowList(origins=frozenset(origins), networks=tuple(networks))


def _origin(entry: str) -> str:
    host, colon, port = entry.strip().lower().rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"allow_hosts: {entry!r} is neither host:port nor a CIDR network")
    return f"{ascii_host(host)}:{int(port)}"


def ascii_host(host: str) -> str:
    """Return a host name as DNS asks for it; ValueError where it has no such form."""
    try:
        return host.encode("idna").decode("ascii") if not host.isascii() else host.lower()
    except UnicodeError as error:
        raise ValueError(f"allow_hosts: {host!r} is no host name ({error})") from error


def refusal(address: Address) -> str | None:
    """Say why an address is refused without an allow-list, or None where it is public."""
    if isinstance(address, ipaddress.IPv4Address):
        inside: Iterable[object] = (net for net in REFUSED_V4 if address in net)
    elif address not in GLOBAL_V6 or address.scope_id:
        return "not a global unicast address"
    else:
        inside = (net for net in REFUSED_V6 if address in net)
    net = next(iter(inside), None)
    return f"in {net}" if net else None


def plain(text: str) -> Address:
    """Read an address; a v4 address dressed as v6 is the v4 address it means."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=4096)
def check_address(host: str, text: str, port: int, allowed: AllowList) -> None:
    """Raise AddressRefusedError unless `text` may be connected to for this host and port."""
    address = plain(text)
    why = refusal(address)
    if why is not None and not allowed.allows(host, address, port):
        raise AddressRefusedError(
            f"{host} is {address} ({why}); an intranet source needs allow_hosts {host}:{port}"
        )


def check_all(
    host: str, addresses: tuple[str, ...], port: int, allowed: AllowList
) -> tuple[str, ...]:
    """Return the addresses, v4 first, when every one is allowed, else raise AddressRefusedError.

    One refused answer refuses the host: a mixed answer is how rebinding looks.
    """
    if not addresses:
        raise OSError(f"{host} has no address")
    for text in addresses:
        check_address(host, text, port, allowed)
    return tuple(sorted(addresses, key=lambda text: ":" in text))


class SystemResolver:
    """The machine's resolver in threads of its own, so that slow names cannot block the rest."""

    def __init__(self, *, threads: int = 64) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="yuqing-dns")

    async def __call__(self, host: str, port: int) -> tuple[str, ...]:
        """Return every address of a host name; OSError where there is none."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _lookup, host, port)

    def close(self) -> None:
        """Stop taking questions; a lookup under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _lookup(host: str, port: int) -> tuple[str, ...]:
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
