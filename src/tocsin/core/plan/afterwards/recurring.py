"""Metrics, and what recurs: reports, drills, reviews, audits; reduced to their normal form."""

from collections.abc import Sequence
from datetime import date, timedelta

from tocsin.core.document import listed, near
from tocsin.core.plan import references as refer
from tocsin.core.plan.afterwards.file import MetricFile, RecurringFile
from tocsin.core.plan.afterwards.model import Assessment, Expected, Metric, Recurring
from tocsin.core.plan.catalogue.review import parse_interval
from tocsin.core.plan.patterns import fault_in
from tocsin.core.plan.scope import Scope
from tocsin.core.times import AnyTime, parse_duration
from tocsin.core.tree import Path

STATED = "stated "
"""Begins the start of a metric that people state as a fact, since no machine noticed it."""

REVIEW = "action-item-review"
"""The recurring review of open action items."""


def in_time(scope: Scope, path: Path, text: str | None) -> AnyTime | None:
    """A deadline, or None where there is none."""
    return scope.time(path, text) if text else None


def compile_metrics(scope: Scope) -> tuple[Metric, ...]:
    """Reduce the metrics of the plan."""
    return tuple(_metric(scope, name, file) for name, file in scope.file.metrics.items())


def _metric(scope: Scope, name: str, file: MetricFile) -> Metric:
    path: Path = ("metrics", name)
    span = bool(file.from_ or file.to)
    if span == bool(file.of) or (span and not (file.from_ and file.to)):
        scope.error(
            path, "plan.metric", f"`{name}` does not say what it measures",
            "Write `from: opened` and `to: resolved`, or `of:` a number fact.",
        )  # fmt: skip
    timed = span and file.share is None
    stated, starts = "", ""
    if file.from_.startswith(STATED):
        stated = refer.facts(scope, (*path, "from"), [file.from_.removeprefix(STATED).strip()])[0]
    elif file.from_:
        starts = scope.moment((*path, "from"), file.from_)
    if file.of is not None:
        refer.number_fact(scope, (*path, "of"), file.of)
    return Metric(
        id=name, name=file.name or name, line=scope.line(path), starts=starts, stated=stated,
        ends=scope.moment((*path, "to"), file.to) if file.to else "", fact=file.of or "",
        uptime=file.share == "uptime", limit=_limit(scope, path, file) if timed else None,
        target=None if timed else _target(scope, path, file),
        goal=file.goal, severities=refer.severities(scope, (*path, "for"), file.for_),
        exclude=tuple(
            scope.situation((*path, "exclude", number), text)
            for number, text in enumerate(file.exclude)
        ),
        only_when=scope.situation((*path, "only_when"), file.only_when) if file.only_when else "",
    )  # fmt: skip


def _limit(scope: Scope, path: Path, file: MetricFile) -> timedelta | None:
    """The target of a span of time."""
    if _is_open(scope, path, file):
        return None
    if not isinstance(file.target, str):
        _no_target(scope, path, file, "a duration, as in `1h`")
        return None
    try:
        return parse_duration(file.target.removeprefix("within ").strip())
    except ValueError as error:
        what, _, hint = str(error).partition("; ")
        scope.error((*path, "target"), "plan.time", what, hint[:1].upper() + hint[1:] + ".")
        return None


def _target(scope: Scope, path: Path, file: MetricFile) -> float | None:
    """The target of a number or a share."""
    if _is_open(scope, path, file):
        return None
    if isinstance(file.target, str):
        _no_target(scope, path, file, "a number, as in `0.999`")
        return None
    return file.target


def _is_open(scope: Scope, path: Path, file: MetricFile) -> bool:
    if file.target == "unspecified":
        scope.warn(
            (*path, "target"), "plan.metric-target", f"no target is set for `{path[-1]}`",
            "Decide on one when you can; until then it is measured without a verdict.",
        )  # fmt: skip
    return file.target is None or file.target == "unspecified"


def _no_target(scope: Scope, path: Path, file: MetricFile, wanted: str) -> None:
    scope.error(
        (*path, "target"), "plan.metric", f"`{file.target}` is no target for `{path[-1]}`",
        f"Write {wanted}.",
    )  # fmt: skip


def compile_programme(scope: Scope) -> tuple[Recurring, ...]:
    """Reduce all that recurs: the programme, the reports and the review of action items."""
    made = [_recurring(scope, name, file) for name, file in scope.file.programme.items()]
    for name, report in scope.file.reports.items():
        path: Path = ("reports", name)
        months, weeks = _interval(scope, (*path, "every"), report.every, name)
        _pattern(scope, (*path, "path"), report.path)
        _known(scope, (*path, "metrics"), "metrics", report.metrics)
        made.append(
            Recurring(
                id=f"report/{name}", name=report.name or name, kind="report",
                line=scope.line(path), months=months, weeks=weeks, document=report.path,
                sections=tuple(report.sections), metrics=tuple(report.metrics),
                audience=_audience(scope, (*path, "audience"), report.audience),
                avoid=tuple(report.avoid), by=refer.doer(scope, (*path, "by"), report.by),
            )
        )  # fmt: skip
    items = scope.file.action_items
    if items is not None and items.reviewed:
        at: Path = ("action_items", "reviewed")
        months, weeks = _interval(scope, at, items.reviewed, "the review of action items")
        made.append(
            Recurring(
                id=REVIEW, name="Review of open action items", kind="review", line=scope.line(at),
                months=months, weeks=weeks, covers=("changed", "overdue", "stale"),
            )
        )  # fmt: skip
    return tuple(made)


def _recurring(scope: Scope, name: str, file: RecurringFile) -> Recurring:
    path: Path = ("programme", name)
    months, weeks = 0, 0
    if file.quarter is None:
        months, weeks = _interval(scope, (*path, "every"), file.every, name)
    elif file.every and file.every != "year":
        scope.error(
            (*path, "every"), "plan.interval", f"`{name}` is both every {file.every} and once a "
            f"year in {file.quarter}", "Keep `quarter:` or `every:`.",
        )  # fmt: skip
    _pattern(scope, (*path, "document"), file.document)
    entries = scope.document.keys(("programme",))
    _known(scope, (*path, "satisfies"), "programme", file.satisfies, entries)
    _known(scope, (*path, "metrics"), "metrics", file.metrics)
    if file.assessment is not None:
        _known(scope, path, "assessments", [file.assessment])
    expects = file.expects
    return Recurring(
        id=name, name=file.name or name, kind=file.kind, line=scope.line(path), months=months,
        weeks=weeks, quarter=int(file.quarter[1]) if file.quarter else 0,
        first=_day(scope, (*path, "from"), file.from_), type=file.type, scenario=file.scenario,
        environment=file.environment, safeguards=tuple(file.safeguards),
        abort_when=scope.situation((*path, "abort_when"), file.abort_when)
        if file.abort_when else "",
        hypothesis=file.hypothesis, fault=file.fault,
        expects=None if expects is None else Expected(
            alert=expects.alert,
            within=scope.duration(expects.within) if expects.within else None,
            recovers=scope.duration(expects.recovers) if expects.recovers else None,
        ),
        satisfies=tuple(file.satisfies), document=file.document,
        assessment=file.assessment or "", metrics=tuple(file.metrics), covers=tuple(file.covers),
        by=refer.doer(scope, (*path, "by"), file.by),
        approve=refer.doer(scope, (*path, "approve"), file.approve),
    )  # fmt: skip


def compile_assessments(scope: Scope) -> tuple[Assessment, ...]:
    """Reduce the forms by which drills are judged."""
    made = []
    for name, file in scope.file.assessments.items():
        path: Path = ("assessments", name)
        _known(scope, (*path, "metrics"), "metrics", file.metrics)
        made.append(
            Assessment(
                id=name, line=scope.line(path), types=tuple(file.types),
                sections=tuple(file.sections), metrics=tuple(file.metrics),
                ratings=tuple(file.ratings),
            )
        )  # fmt: skip
    return tuple(made)


def _interval(scope: Scope, path: Path, text: str, name: str) -> tuple[int, int]:
    """(months, weeks) of a period; (0, 0), reported, if there is none."""
    if not text or text == "unspecified":
        place = path if text else path[:-1]
        if not scope.lost(*path):
            scope.warn(
                place, "plan.interval", f"nothing says how often {name} takes place",
                "Write `every: month`, `every: quarter` or `every: 2 weeks`; until then it cannot "
                "be planned or overdue.",
            )  # fmt: skip
        return 0, 0
    interval = parse_interval(text)
    if interval is None or (12 % max(interval[0], 1) and interval[0] % 12):
        scope.error(
            path, "plan.interval", f"`{text}` is no period",
            "Write `week`, `2 weeks`, `month`, `quarter`, `6 months` or `year`.",
        )  # fmt: skip
        return 0, 0
    return interval


def _day(scope: Scope, path: Path, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        scope.error(
            path, "plan.calendar", f"`{text}` is no date", "Write year, month, day: `2026-01-05`."
        )
        return None
    return day


def _pattern(scope: Scope, path: Path, text: str) -> None:
    if text and (fault := fault_in(text, numbered=False)) is not None:
        scope.error(path, "plan.pattern", *fault)


def _known(
    scope: Scope, path: Path, section: str, names: Sequence[str], also: Sequence[str] = ()
) -> None:
    known = (*scope.document.keys((section,)), *also)
    for number, name in enumerate(names):
        if name not in known and not scope.lost(section):
            scope.error(
                (*path, number), "plan.unknown-entry", f"`{section}:` has no `{name}`",
                near(name, known) + f"It has: {listed(dict.fromkeys(known)) or 'nothing yet'}.",
            )  # fmt: skip


def _audience(scope: Scope, path: Path, name: str | None) -> str:
    if name and not scope.lost("audiences"):
        known = (*scope.recipients, *scope.document.keys(("audiences",)))
        scope.knows("contacts", known, name, path)
    return name or ""
