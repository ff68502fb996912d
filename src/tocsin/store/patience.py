"""Connections to PostgreSQL that don't wait for ever.

A server that is gone is noticed by the network. One that is there and says nothing is not: its
machine stands still, its disk hangs, or its synchronous standby is away and no commit can end. The
limits that it keeps itself (`statement_timeout`) stand still with it. So each answer is waited for
only so long, and then the connection is as good as lost (invariants A5, H4).

So is the way to a connection: the limit that psycopg keeps begins when the server's name is found,
and a name server that is dead takes half a minute to be given up.
"""

import socket
from concurrent.futures import Future
from ipaddress import ip_address
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from tocsin.outbound.abandoned import begin

SILENCE_SECONDS = 15.0
"""How long one answer of the server may take; longer than what it allows itself."""

FOUND_WITHIN = 3.0
"""Seconds in which the name server must find the hosts, all at the same time."""

T = TypeVar("T")


class PatientConnection(psycopg.Connection[Any]):
    """A connection of which every call ends: with an answer, or as psycopg.OperationalError.

    `silence` is how many seconds a call may take, None for ever (migrations take what they take).
    """

    silence: float | None = SILENCE_SECONDS

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """See psycopg.Connection. All that is sent and received passes here."""
        return super().wait(gen, interval, self.silence if timeout is None else timeout)


def connect(*arguments: Any, **parameters: Any) -> PatientConnection:
    """Open one; see psycopg.connect. Ends in time, whatever the name server does."""
    return PatientConnection.connect(*arguments, **found(parameters))


def found(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters of psycopg.connect in which each host comes with its addresses.

    Then nothing is asked of a name server any more, and psycopg's own limit counts for each
    address. A host that is not found is left out; raises psycopg.OperationalError if none is left.
    """
    hosts = str(parameters.get("host") or "").split(",")
    ports = str(parameters.get("port") or "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    is_asked = any(map(_is_name, hosts)) and not parameters.get("hostaddr")
    if not is_asked or len(ports) != len(hosts):
        return parameters
    asked = [_asked(host) if _is_name(host) else None for host in hosts]
    until = monotonic() + FOUND_WITHIN
    ways: list[tuple[str, str, str]] = []
    problem = ""
    for host, port, asking in zip(hosts, ports, asked, strict=True):
        try:
            addresses = [""] if asking is None else asking.result(max(until - monotonic(), 0))
        except TimeoutError:
            problem = f"it takes too long to find {host}"
        except (OSError, UnicodeError) as error:
            problem = f"{host} was not found: {error}"
        else:
            ways += [(host, address, port) for address in addresses]
    if not ways:
        raise psycopg.OperationalError(problem)
    names = ("host", "hostaddr", "port")
    lists = {name: ",".join(way[n] for way in ways) for n, name in enumerate(names)}
    others = {name: value for name, value in parameters.items() if name not in names}
    return others | {name: text for name, text in lists.items() if text.strip(",")}


def _is_name(host: str) -> bool:
    """Whether a name server is asked for it: no socket's folder, no address."""
    if not host or host.startswith(("/", "@")):
        return False
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return True
    return False


def _asked(host: str) -> Future[list[str]]:
    def ask() -> list[str]:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return [str(answer[4][0]) for answer in answers]

    return begin(ask, "find the database")
