"""Connections to PostgreSQL that don't wait for ever.

A server that is gone is noticed by the network. One that is there and says nothing is not: its
machine stands still, its disk hangs, or its synchronous standby is away and no commit can end. The
limits that it keeps itself (`statement_timeout`) stand still with it. So each answer is waited for
only so long, and then the connection is as good as lost (invariants A5, H4).

So is the way to a connection: the limit that psycopg keeps begins when the server's name is found,
and a name server that is dead takes half a minute to be given up.
"""

from concurrent.futures import Future
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import timeout_from_conninfo

from tocsin.outbound.abandoned import begin

SILENCE_SECONDS = 15.0
"""How long one answer of the server may take; longer than what it allows itself."""

FOUND_WITHIN = 3.0
"""Seconds in which the name server must find a host."""

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
    trying = begin(lambda: PatientConnection.connect(*arguments, **parameters), "connect")
    try:
        return trying.result(_seconds_for(parameters))
    except TimeoutError:
        trying.add_done_callback(_give_back)
        raise psycopg.OperationalError("it takes too long to find the server") from None


def _seconds_for(parameters: dict[str, Any]) -> float:
    """Return how long all hosts together may take, each with the limit that psycopg keeps."""
    hosts = str(parameters.get("host", "")).count(",") + 1
    return hosts * (timeout_from_conninfo(parameters) + FOUND_WITHIN)


def _give_back(trying: Future[PatientConnection]) -> None:
    """Close a connection that comes when nobody waits for it any more."""
    if trying.exception() is None:
        trying.result().close()
