"""Metrics as callers ask for them, by the API and by the page: read, and told in words."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from tocsin.core.incident.confidential import covered
from tocsin.core.incident.state import Incident
from tocsin.core.metrics.answer import BYS, Answer, By, Group
from tocsin.core.metrics.period import Period, parts_of, period_of
from tocsin.core.metrics.share import LEFT_OUT, MEASURES, OF_CLOCKS, OF_THE_PLAN, REASONS, day_of
from tocsin.core.metrics.tally import NONE, Tally
from tocsin.core.plan.model import Plan
from tocsin.engine.metrics import Behind, ask
from tocsin.web.access import Known, may_read
from tocsin.web.problems import Trouble
from tocsin.web.site import Web

PENDING_AT_MOST = 1000
"""Incidents that are not counted yet are counted no further than this."""

GROUPS_AT_MOST = 5000
"""An answer has no more groups than this."""

REPEATED_SHOWN = 20
"""Groups of alerts that came back most often."""


class Asked(NamedTuple):
    """An answer, as of `at`, with what is not in it yet."""

    answer: Answer
    behind: Behind
    at: datetime
    today: date
    plan: Plan


class Measured(NamedTuple):
    """A measure that can be asked for; `target` (milliseconds, or thousandths) None without one."""

    id: str
    name: str
    short: str
    means: str
    unit: str
    target: float | None
    line: int


class Again(NamedTuple):
    """A group of alerts that came back, by its newest incident as the caller may see it."""

    times: int
    newest: Incident


def period_in(web: Web, start: str, end: str) -> tuple[Period, date]:
    """Read a period; return today's date on the clocks of the plan as well. Raises Trouble."""
    today = day_of(web.world.now(), web.world.rules.plan.time_zone)
    try:
        return period_of(start, end, today), today
    except ValueError as error:
        what, _, hint = str(error).partition("; ")
        raise Trouble(422, "metrics.period", what, hint) from None


def bys_in(text: str) -> tuple[By, ...]:
    """Read `month,severity`; raises Trouble for what metrics are not grouped by."""
    words = {word.strip() for word in text.split(",") if word.strip()}
    if wrong := sorted(words - set(BYS)):
        what = f"metrics are not grouped by {wrong[0][:40]!r}"
        raise Trouble(422, "metrics.by", what, f"by {', '.join(BYS[:-1])} or {BYS[-1]}")
    return tuple(by for by in BYS if by in words)


def asked(web: Web, start: str, end: str, by: Collection[By]) -> Asked:
    """Return the metrics of a period; raises Trouble for one that can't be read."""
    period, today = period_in(web, start, end)
    with web.world.store.read() as reading:
        answer = ask(reading, period, today, by)
        behind = reading.behind(PENDING_AT_MOST)
    if len(answer.groups) > GROUPS_AT_MOST:
        what = f"that is {len(answer.groups)} groups; {GROUPS_AT_MOST} are the most"
        raise Trouble(422, "metrics.too-many", what, "ask for a shorter time, or by fewer things")
    return Asked(answer, behind, web.world.now(), today, web.world.rules.plan)


def came_back(web: Web, caller: Known, asked_for: Asked) -> list[Again]:
    """Return the groups of alerts that came back in a period, the most frequent first."""
    found = []
    parts = parts_of(asked_for.answer.period, asked_for.today)
    with web.world.store.read() as reading:
        for one in reading.repeated(parts, REPEATED_SHOWN):
            newest = [row.incident for row in reading.incidents((), one.newest + 1, 1)]
            found += [
                Again(one.times, it if may_read(web.world, caller, it) else covered(it))
                for it in newest
            ]
    return found


def measured(plan: Plan, tally: Tally) -> list[Measured]:
    """Return what is measured whatever a plan says, then what the plan in force asks for.

    What an older plan asked for is left out: nobody could say what it means.
    """
    found = [
        Measured(one.id, one.name, one.short, one.means, "seconds", None, 0) for one in MEASURES
    ]
    for metric in plan.afterwards.metrics:
        name = OF_THE_PLAN + metric.id
        if name not in tally.took and name not in tally.unknown:
            continue
        target = metric.target if metric.limit is None else metric.limit.total_seconds()
        means = (
            f"the fact {metric.fact}"
            if metric.fact
            else f"from {metric.starts or f'the stated {metric.stated}'} to {metric.ends}"
        )
        if metric.severities:
            means += f", of {', '.join(metric.severities)}"
        found.append(
            Measured(
                id=name, name=metric.name or metric.id, short=metric.id, means=means,
                unit="number" if metric.fact else "seconds",
                target=None if target is None else target * 1000, line=metric.line,
            )
        )  # fmt: skip
    return found


def promises(found: Asked) -> list[tuple[str, int, int]]:
    """Return the clocks of the plan in force that have ended: name, how many were met, of all."""
    kept = found.answer.total.kept
    return [
        (clock, *kept[OF_CLOCKS + clock])
        for clock in sorted(found.plan.clocks)
        if OF_CLOCKS + clock in kept
    ]


def reasons(unknown: dict[str, int] | Tally) -> list[tuple[str, int]]:
    """Return why incidents count in no figure, or in one of them, in words; the most first."""
    counts, words = (
        (unknown.left_out, LEFT_OUT) if isinstance(unknown, Tally) else (unknown, REASONS)
    )
    found = [(words.get(why, why), count) for why, count in counts.items()]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def component_name(plan: Plan, component: str) -> str:
    """Return what people call a component; one that the plan knows no more, by its id."""
    if component == NONE:
        return "none stated"
    known = plan.catalogue.components.get(component)
    return known.name if known is not None else component


def sorted_groups(found: Asked) -> list[Group]:
    """Return groups by month, by severity as the plan in force ranks them, by component."""
    ranks = {one.code: one.rank for one in found.plan.severities}

    def place(group: Group) -> tuple[str, int, str, str]:
        severity, component = group.severity or "", group.component or ""
        rank = ranks.get(severity, len(ranks))
        name = component_name(found.plan, component) if component != NONE else "\uffff"
        return str(group.month or ""), rank, severity, name

    return sorted(found.answer.groups, key=place)
