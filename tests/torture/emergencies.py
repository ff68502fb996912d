"""Times in which a node worked by its journal, and what nodes may do twice meanwhile (H4, H5).

A node that can't reach its store pages all the same. Others may do what it does: so in such a
time a person may be called for one step once by each node, and a page may come though somebody has
answered it elsewhere. All that belongs to a time that began and ended; nothing is lost in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.core.delivery import SEND_TIMEOUT_SECONDS

IN_FLIGHT = timedelta(seconds=SEND_TIMEOUT_SECONDS)
"""How long something may still come that was on its way."""

BEGINS = ("emergency.begun", "emergency.goes-on")
ENDS = "emergency.ended"


@dataclass(frozen=True)
class InEmergency:
    """From when to when a node worked by its journal, and of when its copy was.

    `known_at` is when what it had was copied: what was there by then, it knew.
    """

    node: str
    began: datetime
    ended: datetime
    known_at: datetime

    def covers(self, at: datetime, until: datetime | None = None) -> bool:
        """Whether some of the time from `at` to `until` falls into it."""
        return self.began <= (until or at) and at <= self.ended


def emergencies_in(node: str, log: str, latest: datetime) -> Iterator[InEmergency]:
    """Read a node's log; `latest` ends what has not ended in it."""
    since: tuple[datetime, datetime] | None = None
    for line in log.splitlines():
        if '"emergency.' not in line:
            continue
        said = json.loads(line)
        if said["event"] in BEGINS and since is None:
            since = _instant(said["since"]), _instant(said.get("roster", said["since"]))
        elif said["event"] == ENDS and since is not None:
            yield InEmergency(node, since[0], _instant(said["timestamp"]), since[1])
            since = None
    if since is not None:
        yield InEmergency(node, since[0], latest, since[1])


def is_in_emergency(log: str) -> bool:
    """Whether the node that has written this log works by its journal now."""
    return list(_marks(log))[-1:] not in ([], [ENDS])


def was_in_emergency(
    times: Sequence[InEmergency],
    at: datetime,
    until: datetime | None = None,
    more: timedelta | None = None,
) -> bool:
    """Whether any node of `times` worked by its journal then.

    That is between `at` and `until`, or up to `more` before.
    """
    return any(one.covers(at - (more or timedelta(0)), until or at) for one in times)


def _marks(log: str) -> Iterator[str]:
    for line in log.splitlines():
        if '"emergency.' in line:
            event = json.loads(line)["event"]
            if event in (*BEGINS, ENDS):
                yield event


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
