"""Metrics as they are kept: shares of incidents, and tallies of days and months.

The record is the truth; all of this follows from it and can be made anew. A change of an incident
writes nothing here: it makes the incident one whose entries are more than were counted, which an
index of the store lists. The background (`engine.summing`) does the rest, by one node at a time.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from tocsin.core.incident.state import Incident
from tocsin.core.metrics.answer import Answer, By, grouped, total_of
from tocsin.core.metrics.period import Parts, Period, parts_of
from tocsin.core.metrics.share import Share
from tocsin.core.metrics.tally import Cell, Tally

Span = Literal["day", "month"]


class Uncounted(NamedTuple):
    """An incident that has changed since it was counted, or never was.

    `incident` is None if what is kept of it can't be read. `opened_before` is when the incident
    before it in its group opened that counts, as far as is known: what is not counted yet counts.
    """

    id: int
    plan: str
    group_key: bytes | None
    opened_at: datetime
    entries: int
    incident: Incident | None
    opened_before: datetime | None


class Counted(NamedTuple):
    """An incident as it was when it was counted, and its share; None if it can't be read."""

    of: Uncounted
    share: Share | None


class Behind(NamedTuple):
    """How much is not in the tallies yet: changed incidents, and days to be added up anew."""

    incidents: int
    days: int


class Repeated(NamedTuple):
    """A group of alerts that came back: how often in the period, and its newest incident."""

    times: int
    newest: int


Tallies = Mapping[Cell, Tally]


class MetricsReading(Protocol):
    """What can be asked; part of `ports.Reading`."""

    def uncounted(self, limit: int) -> list[Uncounted]:
        """Return incidents that are not counted as they are now, newest first."""

    def behind(self, at_most: int) -> Behind:
        """Return how much is still to be done; incidents are counted up to `at_most`."""

    def stale_days(self) -> list[date]:
        """Return the days whose shares have changed since they were added up, in their order."""

    def shares(self, day: date) -> list[Share]:
        """Return the shares of the incidents of a day."""

    def tallies(
        self, span: Span, period: Period, *, by_component: bool
    ) -> list[tuple[date, Cell, Tally]]:
        """Return the tallies of the days, or of the months that begin, in a period.

        Those over all components, or `by_component` those of each.
        """

    def repeated(self, parts: Parts, limit: int) -> list[Repeated]:
        """Return the groups with more than one incident in a period, the most frequent first."""


class MetricsWriting(Protocol):
    """What can be changed; part of `ports.Transaction`."""

    def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Be the one who does something until then; False if somebody else is."""

    def keep_lease(self, name: str, holder: str, until: datetime) -> bool:
        """Say that `holder` goes on; False if somebody else has taken it meanwhile.

        Nobody else takes it before this transaction has ended.
        """

    def keep_shares(self, counted: Sequence[Counted]) -> None:
        """Keep shares, and that so many entries were counted; their days are stale from now on.

        Incidents whose `opened_before` is another one thereby are uncounted again.
        """

    def keep_tallies(self, days: Mapping[date, Tallies], month: date, tallies: Tallies) -> None:
        """Replace the tallies of days of one month, which are stale no more, and the month's."""


def ask(reading: MetricsReading, period: Period, today: date, by: Collection[By]) -> Answer:
    """Return the metrics of a period; `today` is the date on the clocks of the plan."""
    found = _tallies(reading, period, today, by_component=False)
    parts = _tallies(reading, period, today, by_component=True) if "component" in by else found
    return Answer(period, total_of(found), grouped(parts, by, period) if by else ())


def _tallies(
    reading: MetricsReading, period: Period, today: date, *, by_component: bool
) -> list[tuple[date, Cell, Tally]]:
    before, months, after = parts_of(period, today)
    spans: tuple[tuple[Span, Period | None], ...] = (
        ("day", before), ("month", months), ("day", after),
    )  # fmt: skip
    return [
        one
        for span, part in spans
        if part is not None
        for one in reading.tallies(span, part, by_component=by_component)
    ]
