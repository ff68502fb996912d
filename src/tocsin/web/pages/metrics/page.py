"""The page of metrics: how many incidents there were over a time, and how long they took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from tocsin.core.metrics.answer import By, Group
from tocsin.core.metrics.period import A_DAY, Period, month_of, months_in, period_of
from tocsin.core.metrics.share import (
    CLOCKS_MEAN,
    COUNT_MEANS,
    MEASURES,
    OF_THE_PLAN,
    REPEATS_MEAN,
    counted_as,
)
from tocsin.core.metrics.tally import Tally, figure
from tocsin.core.plan.model import Plan
from tocsin.core.times import words_duration
from tocsin.web import measuring
from tocsin.web.measuring import Asked, Measured
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.metrics.chart import HIGH, WIDE, Row, key_of, stacked, trends
from tocsin.web.pages.rendering import render
from tocsin.web.problems import Trouble

router = APIRouter(include_in_schema=False)

PATH = "/figures"
SECOND = 1000

MONTHLY: tuple[By, ...] = ("month", "severity")
PARTS: tuple[By, ...] = ("component",)

COMPONENTS_SHOWN = 30
"""Components in the table, those with the most incidents; the API has all."""


class Wanted(BaseModel):
    """The period, as the form has it."""

    start: str = Field("", alias="from", max_length=40)
    to: str = Field("", max_length=40)


@dataclass(frozen=True)
class Said:
    """A measure in words; `mean` is "" if nothing was measured. `without` says of what there is
    none, `target` and `met` how it stands against the plan."""

    of: Measured
    mean: str
    median: str
    count: int
    without: str
    target: str = ""
    met: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a table: what it is about, and its measures."""

    name: str
    severity: str
    rank: int
    tally: Tally
    said: tuple[Said, ...]
    width: float = 0.0


@router.get(PATH)
def metrics_page(web: TheWeb, caller: Reader, wanted: Annotated[Wanted, Query()]) -> Response:
    """Show the metrics of a period."""
    trouble: Trouble | None = None
    entered = wanted
    try:
        measuring.period_in(web, wanted.start, wanted.to)
    except Trouble as wrong:
        trouble, wanted = _said_here(wrong), Wanted()
    by_month = measuring.asked(web, wanted.start, wanted.to, MONTHLY)
    by_part = measuring.asked(web, wanted.start, wanted.to, PARTS)
    period, total, plan = by_month.answer.period, by_month.answer.total, by_month.plan
    months = months_in(period)
    groups = measuring.sorted_groups(by_month)
    levels = _levels(plan, groups)
    listed = measuring.measured(plan, total)
    return render(
        web,
        "metrics.html",
        caller,
        trouble.status if trouble is not None else 200,
        trouble=trouble,
        period=period,
        entered=(entered.start, entered.to) if trouble else period,
        quick=_quick(by_month),
        asked=by_month,
        total=total,
        count_means=COUNT_MEANS,
        repeats_mean=REPEATS_MEAN,
        left_out=_listed(measuring.reasons(total)),
        tiles=[_said(one, total) for one in listed if not one.id.startswith(OF_THE_PLAN)],
        planned=[_said(one, total) for one in listed if one.id.startswith(OF_THE_PLAN)],
        promises=measuring.promises(by_month),
        clocks_mean=CLOCKS_MEAN,
        levels=[(code, plan_name, rank, key_of(rank)) for code, plan_name, rank in levels],
        counts=stacked(months, _rows(months, groups, levels, "")),
        lengths=trends(months, _rows(months, groups, levels, "resolve"), words),
        wide=WIDE,
        high=HIGH,
        by_severity=_by_severity(groups, levels, listed),
        table=_by_month(groups, levels, listed),
        parts=_by_component(by_part, listed),
        more_parts=max(0, len(by_part.answer.groups) - COMPONENTS_SHOWN),
        again=measuring.came_back(web, caller, by_month),
    )


def _said_here(wrong: Trouble) -> Trouble:
    """Say what is wrong with a period as people read it, and what they see instead."""
    hint = f"{wrong.hint[:1].upper()}{wrong.hint[1:]}. Shown below are the last twelve months."
    return Trouble(wrong.status, wrong.code, wrong.detail.replace("`", '"'), hint.replace("`", ""))


def words(seconds: float) -> str:
    """Say a duration shortly: `45s`, `14m52s`, `2h10m`, `3d4h`."""
    whole = round(seconds)
    if seconds and not whole:
        return "<1s"
    if whole >= 2 * 86_400:
        whole -= whole % 3600
    elif whole >= 3600:
        whole -= whole % 60
    return words_duration(timedelta(seconds=whole)) if whole else "0s"


def _said(measure: Measured, tally: Tally) -> Said:
    found = figure(tally, measure.id)
    met, judged = tally.kept.get(measure.id, (0, 0))

    def say(value: float | None) -> str:
        if value is None:
            return ""
        number = value / SECOND
        return words(number) if measure.unit == "seconds" else f"{number:,.6g}"

    return Said(
        of=measure,
        mean=say(found.mean),
        median=say(found.median),
        count=found.measured,
        without=_listed(measuring.reasons(dict(found.unknown))),
        target=say(measure.target),
        met=f"{met / judged:.0%} ({met:,} of {judged:,})" if judged else "",
    )


def _listed(found: Sequence[tuple[str, int]]) -> str:
    return ", ".join(counted_as(count, why) for why, count in found)


def _levels(plan: Plan, groups: Sequence[Group]) -> list[tuple[str, str, int]]:
    """Return code, name and rank of the severities that occur, the worst first."""
    known = {one.code: one for one in plan.severities}
    found = {one.severity for one in groups if one.severity and one.tally.count}
    listed = [(one.code, one.name, one.rank) for one in plan.severities if one.code in found]
    return listed + [(code, "", len(known)) for code in sorted(found - known.keys())]


def _rows(
    months: Sequence[date],
    groups: Sequence[Group],
    levels: Sequence[tuple[str, str, int]],
    measure: str,
) -> list[Row]:
    """Return for each severity a value a month: how many, or the mean of a measure in seconds."""
    found: Mapping[tuple[date | None, str | None], Tally] = {
        (one.month, one.severity): one.tally for one in groups
    }

    def value(month: date, code: str) -> float | None:
        tally = found.get((month, code))
        if not measure:
            return tally.count if tally is not None else 0
        mean = figure(tally, measure).mean if tally is not None else None
        return mean / SECOND if mean is not None else None

    return [Row(code, rank, [value(month, code) for month in months]) for code, _, rank in levels]


def _by_severity(
    groups: Sequence[Group], levels: Sequence[tuple[str, str, int]], listed: Sequence[Measured]
) -> list[Line]:
    found = []
    for code, name, rank in levels:
        tally = Tally()
        for one in groups:
            if one.severity == code:
                tally.add(one.tally)
        found.append(Line(name, code, rank, tally, _shown(listed, tally)))
    return found


def _by_month(
    groups: Sequence[Group], levels: Sequence[tuple[str, str, int]], listed: Sequence[Measured]
) -> list[Line]:
    """Return a line for each month and severity, the newest month first."""
    ranks = {code: rank for code, _, rank in levels}
    shown = [one for one in groups if one.tally.count and one.month and one.severity]
    shown.sort(key=lambda one: one.month or date.min, reverse=True)
    return [
        Line(
            f"{one.month:%b %Y}", one.severity or "", ranks[one.severity or ""], one.tally,
            _shown(listed, one.tally),
        )
        for one in shown
    ]  # fmt: skip


def _by_component(found: Asked, listed: Sequence[Measured]) -> list[Line]:
    groups = sorted(found.answer.groups, key=lambda one: -one.tally.count)[:COMPONENTS_SHOWN]
    most = max((one.tally.count for one in groups), default=1) or 1
    return [
        Line(
            measuring.component_name(found.plan, one.component or ""), "", 0, one.tally,
            _shown(listed, one.tally), round(100 * one.tally.count / most, 1),
        )
        for one in groups
    ]  # fmt: skip


def _shown(listed: Sequence[Measured], tally: Tally) -> tuple[Said, ...]:
    return tuple(_said(one, tally) for one in listed[: len(MEASURES)])


def _quick(found: Asked) -> list[tuple[str, str, bool]]:
    """Return periods that are often asked for: word, address, and whether it is the one shown."""
    today = found.today
    this_month = month_of(today)
    before = month_of(this_month - A_DAY)
    periods: list[tuple[str, Period]] = [
        ("Last 12 months", period_of("", "", today)),
        ("This month", Period(this_month, today)),
        ("Last month", Period(before, this_month - A_DAY)),
        ("This year", Period(date(today.year, 1, 1), today)),
        ("Last year", Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))),
    ]
    return [
        (word, f"{PATH}?from={one.first}&to={one.last}", one == found.answer.period)
        for word, one in periods
    ]
