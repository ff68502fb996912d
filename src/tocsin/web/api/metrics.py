"""The API of metrics: figures about many incidents over a time."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tocsin.core.metrics.answer import Group
from tocsin.core.metrics.share import COUNT_MEANS, REPEATS_MEAN
from tocsin.core.metrics.tally import NONE, Tally, figure
from tocsin.web import measuring
from tocsin.web.api.asking import Reader, TheWeb, problems
from tocsin.web.measuring import Measured

router = APIRouter(prefix="/api/v1", tags=["metrics"])

SECOND = 1000

From = Annotated[
    str,
    Query(alias="from", max_length=40, description="A day or a month; a year before `to` if ''."),
]
To = Annotated[str, Query(max_length=40, description="A day or a month; today if left out.")]


class CountDocument(BaseModel):
    """Why incidents are in no figure, and how many."""

    why: str
    count: int


class FigureDocument(BaseModel):
    """A measure of so many incidents; `mean` and `median` are None if none was measured."""

    id: str
    count: int
    mean: float | None
    median: float | None = Field(description="Off by less than 5 %, or a second; see the docs.")
    unknown: list[CountDocument]


class MeasureDocument(FigureDocument):
    """A measure with its definition; `target` is the plan's, met by `met` of `judged`."""

    name: str
    short: str
    means: str
    unit: Literal["seconds", "number"]
    target: float | None
    met: int
    judged: int


class PromiseDocument(BaseModel):
    """A clock of the plan: how many of those that ended were met."""

    clock: str
    met: int
    judged: int


class GroupDocument(BaseModel):
    """The incidents of one group; what they are not grouped by is None.

    The component is "" for those of which none is stated.
    """

    month: str | None
    severity: str | None
    component: str | None
    component_name: str | None
    incidents: int
    repeats: int
    measures: list[FigureDocument]


class MetricsDocument(BaseModel):
    """The metrics of a period, as of a moment."""

    first: date
    last: date
    time_zone: str
    as_of: datetime
    pending_incidents: int = Field(description="Changed just now and not in here yet; 1000 at most")
    pending_days: int
    incidents: int
    incidents_means: str
    repeats: int
    repeats_means: str
    left_out: list[CountDocument]
    measures: list[MeasureDocument]
    promises: list[PromiseDocument]
    by: list[Literal["month", "severity", "component"]]
    groups: list[GroupDocument]


class AgainDocument(BaseModel):
    """A group of alerts that came back: how often, and its newest incident."""

    count: int
    newest: str
    title: str
    severity: str
    opened_at: datetime


class RepeatsDocument(BaseModel):
    """What comes back again and again."""

    first: date
    last: date
    incidents: int
    repeats: int
    repeats_means: str
    groups: list[AgainDocument]


@router.get("/metrics", responses=problems(422))
def metrics(
    web: TheWeb,
    _caller: Reader,
    start: From = "",
    to: To = "",
    by: Annotated[str, Query(max_length=60, description="month, severity, component")] = "",
) -> MetricsDocument:
    """Return how many incidents there were and how long they took, without anybody's name."""
    wanted = measuring.bys_in(by)
    found = measuring.asked(web, start, to, wanted)
    total = found.answer.total
    listed = measuring.measured(found.plan, total)
    return MetricsDocument(
        first=found.answer.period.first,
        last=found.answer.period.last,
        time_zone=found.plan.time_zone,
        as_of=found.at,
        pending_incidents=found.behind.incidents,
        pending_days=found.behind.days,
        incidents=total.count,
        incidents_means=COUNT_MEANS,
        repeats=total.repeats,
        repeats_means=REPEATS_MEAN,
        left_out=[CountDocument(why=w, count=c) for w, c in measuring.reasons(total)],
        measures=[_measure(one, total) for one in listed],
        promises=[
            PromiseDocument(clock=clock, met=met, judged=judged)
            for clock, met, judged in measuring.promises(found)
        ],
        by=list(wanted),
        groups=[_group(found, one, listed) for one in measuring.sorted_groups(found)],
    )


@router.get("/metrics/repeats", responses=problems(422))
def repeats(web: TheWeb, caller: Reader, start: From = "", to: To = "") -> RepeatsDocument:
    """Return which groups of alerts came back most often; what is restricted, without its title."""
    found = measuring.asked(web, start, to, ())
    period, total = found.answer.period, found.answer.total
    return RepeatsDocument(
        first=period.first,
        last=period.last,
        incidents=total.count,
        repeats=total.repeats,
        repeats_means=REPEATS_MEAN,
        groups=[
            AgainDocument(
                count=one.times,
                newest=one.newest.code,
                title=one.newest.title,
                severity=one.newest.severity,
                opened_at=one.newest.opened_at,
            )
            for one in measuring.came_back(web, caller, found)
        ],
    )


def _figure(measure: Measured, tally: Tally) -> FigureDocument:
    found = figure(tally, measure.id)
    return FigureDocument(
        id=measure.id,
        count=found.measured,
        mean=None if found.mean is None else round(found.mean / SECOND, 3),
        median=None if found.median is None else round(found.median / SECOND, 3),
        unknown=[
            CountDocument(why=why, count=count)
            for why, count in measuring.reasons(dict(found.unknown))
        ],
    )


def _measure(measure: Measured, tally: Tally) -> MeasureDocument:
    met, judged = tally.kept.get(measure.id, (0, 0))
    return MeasureDocument(
        **_figure(measure, tally).model_dump(),
        name=measure.name,
        short=measure.short,
        means=measure.means,
        unit="number" if measure.unit == "number" else "seconds",
        target=None if measure.target is None else measure.target / SECOND,
        met=met,
        judged=judged,
    )


def _group(found: measuring.Asked, group: Group, listed: list[Measured]) -> GroupDocument:
    component = group.component
    return GroupDocument(
        month=f"{group.month:%Y-%m}" if group.month is not None else None,
        severity=group.severity,
        component="" if component == NONE else component,
        component_name=(
            None if component is None else measuring.component_name(found.plan, component)
        ),
        incidents=group.tally.count,
        repeats=group.tally.repeats,
        measures=[_figure(one, group.tally) for one in listed],
    )
