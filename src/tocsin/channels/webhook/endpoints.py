"""Where webhooks may go: endpoints with a name, and https addresses on the public internet."""

import base64
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from tocsin.channels.webhook.signature import SigningKey

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

HOST_AT_MOST = 254
LABEL_AT_MOST = 63
"""Bytes of a name, and of each of its parts (RFC 1035, 2.3.4)."""

UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that hosts on the public internet have (RFC 4291, 2.4; IANA's registry)."""

NO_HOSTS = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("192.88.99.0/24"))
"""For protocols, and for relays that are no more: versions of Python differ about them."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotPublic(Exception):
    """A direct address leads into a network that it may not reach."""


@dataclass(frozen=True)
class Endpoint:
    """A receiver that the operator has set up: its address, and the secret shared with it.

    Both may be secret, so neither shows itself. An empty secret means no signature.
    """

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    key: SigningKey | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if problem := problem_with_url(self.url, ("https", "http")):
            raise ValueError(problem)
        object.__setattr__(self, "key", SigningKey(self.secret) if self.secret else None)


def problem_with_url(address: str, schemes: tuple[str, ...]) -> str | None:
    """Say why `address` is no usable URL, without repeating it, or None."""
    try:
        url = httpx.URL(address)
        host = url.host  # decodes xn--, which may be nonsense
    except (httpx.InvalidURL, UnicodeError):
        return "This is not a URL."
    if url.scheme not in schemes or not host:
        return f"The URL must begin with {' or '.join(f'{s}://' for s in schemes)} and a host."
    labels = url.raw_host.removesuffix(b".").split(b".")
    if len(url.raw_host) > HOST_AT_MOST or not all(0 < len(one) <= LABEL_AT_MOST for one in labels):
        return "The URL's host is no name that there can be."
    if url.port is not None and not 0 < url.port < 65536:
        return "The URL's port must be from 1 to 65535."
    return None


def shown(address: str) -> str:
    """Give the part of a URL that people may see: no path, query, user or password."""
    url = httpx.URL(address)
    return f"{url.scheme}://{url.host}"


def request_to(url: httpx.URL, headers: dict[str, str], body: bytes) -> httpx.Request:
    """Build the request; a user and password in the URL become the header they stand for."""
    extra = {"Host": url.netloc.decode("ascii")}
    if url.userinfo:
        login = f"{url.username}:{url.password}".encode()
        extra["Authorization"] = "Basic " + base64.b64encode(login).decode()
    bare = url.copy_with(userinfo=b"", fragment=None)
    extensions = {"sni_hostname": url.raw_host.decode("ascii")}
    return httpx.Request("POST", bare, headers=headers | extra, content=body, extensions=extensions)


def pinned(request: httpx.Request, allowed: Sequence[IPNetwork]) -> list[httpx.Request]:
    """Resolve the request's host once and give a request to each address it may reach.

    The address that was checked is the one that gets the request, so a name that changes its
    answer gains nothing. One forbidden address spoils the name: it should not have any.
    """
    host = request.url.raw_host.decode("ascii")
    port = request.url.port or 443
    requests = []
    for *_, sockaddr in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])
        if not may_reach(address, allowed):
            raise NotPublic
        requests.append(
            httpx.Request(
                request.method,
                request.url.copy_with(host=str(address)),
                headers=request.headers,
                content=request.content,
                extensions=request.extensions,
            )
        )
    return requests


def may_reach(address: IPAddress, allowed: Sequence[IPNetwork]) -> bool:
    """Say whether `address` is on the public internet, or in a network allowed besides."""
    inner = _inside(address)
    if any(inner in network for network in allowed):
        return True
    if inner.version == 6 and inner not in UNICAST:
        # What else there is was never given out, or is for sites alone (fec0::/10).
        return False
    if any(inner in network for network in NO_HOSTS):
        return False
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _inside(address: IPAddress) -> IPAddress:
    """Unpack the IPv4 address that some IPv6 addresses carry: that is where packets go."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address
