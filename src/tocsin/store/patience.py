"""Connections to PostgreSQL that don't wait for ever.

A server that is gone is noticed by the network. One that is there and says nothing is not: its
machine stands still, its disk hangs, or its synchronous standby is away and no commit can end. The
limits that it keeps itself (`statement_timeout`) stand still with it. So each answer is waited for
only so long, and then the connection is as good as lost (invariants A5, H4).
"""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

SILENCE_SECONDS = 15.0
"""How long one answer of the server may take; longer than what it allows itself."""

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
    """Open one; see psycopg.connect."""
    return PatientConnection.connect(*arguments, **parameters)
