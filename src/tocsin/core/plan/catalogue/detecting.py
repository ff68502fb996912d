"""Detection and thresholds: from the file to `model.Detection`, `model.Threshold` and alert rules.

A threshold whose alert comes in (known by its labels) states facts and, through its tier, a
severity: it compiles to an alert rule like those under `alerts.rules`, and comes after them.
"""

from datetime import timedelta

from tocsin.core.plan.catalogue.file import RouteFile, ThresholdFile
from tocsin.core.plan.catalogue.known import components_of, only_known
from tocsin.core.plan.catalogue.model import (
    Catalogue,
    Detection,
    FactValue,
    Source,
    Threshold,
    Tier,
)
from tocsin.core.plan.catalogue.standing import component_fact
from tocsin.core.plan.fact_values import fits
from tocsin.core.plan.model import AlertRule
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.times import parse_duration
from tocsin.core.tree import Path

_NOT_UP = '["degraded", "down", "none"]'


def compile_detection(scope: Scope) -> tuple[Detection, tuple[Task, ...]]:
    """How incidents are noticed, and the tasks of its routes."""
    file = scope.file.detection
    tiers = {}
    for name, tier in file.tiers.items():
        path: Path = ("detection", "tiers", name)
        if tier.severity:
            scope.knows("severities", scope.codes, tier.severity, (*path, "severity"))
        tiers[name] = Tier(
            id=name, line=scope.line(path), severity=tier.severity, goes_to=tier.goes_to
        )
    sources = []
    for number, source in enumerate(file.sources):
        path = ("detection", "sources", number)
        known = only_known(
            scope, (*path, "components"), source.components, "component", components_of(scope)
        )
        sources.append(Source(text=source.text, line=scope.line(path), components=known))
    tasks = [_route(scope, number, route) for number, route in enumerate(file.routing)]
    detection = Detection(sources=tuple(sources), tools=dict(file.tools), tiers=tiers)
    return detection, tuple(task for task in tasks if task is not None)


def _route(scope: Scope, number: int, file: RouteFile) -> Task | None:
    path: Path = ("detection", "routing", number)
    scope.knows("contacts", scope.recipients, file.to, (*path, "to"))
    if file.component is not None:
        known = components_of(scope)
        only_known(scope, (*path, "component"), [file.component], "component", known)
        part = scope.file.components.get(file.component)
        when = (
            f'{component_fact(file.component, part)} in ["degraded", "down", "none"]'
            if part
            else ""
        )
        about = f"{file.component} is not up"
    else:
        when = scope.situation((*path, "when"), file.when or "")
        about = file.when or ""
    if not when:
        return None
    verb = {"page": "page", "notify": "notify", "ticket": "file a ticket with"}[file.how]
    return Task(
        id=f"routing/{number + 1}", text=f"{verb} {file.to}: {about}", line=scope.line(path),
        group="routing", do=file.how, when=when, to=(file.to,), until="resolved",
        why=f"routing rule {number + 1}: {about}",
    )  # fmt: skip


def compile_thresholds(scope: Scope) -> dict[str, Threshold]:
    """The alert rules of the plan; what is left open is marked `undecided`."""
    return {
        name: _threshold(scope, name, file) for name, file in scope.file.thresholds.items()
    }  # fmt: skip


def _threshold(scope: Scope, name: str, file: ThresholdFile) -> Threshold:
    path: Path = ("thresholds", name)
    if file.component is not None:
        known = components_of(scope)
        only_known(scope, (*path, "component"), [file.component], "component", known)
    tiers = scope.document.keys(("detection", "tiers"))
    if file.tier:
        only_known(scope, (*path, "tier"), [file.tier], "tier", tiers)
    _check_shape(scope, path, file)
    figures = (file.above, file.below)
    window = None if file.state else _window(scope, path, file)
    return Threshold(
        id=name, line=scope.line(path), metric=file.metric, of=file.of,
        above=_figure(file.above), below=_figure(file.below), window=window,
        min_samples=file.min_samples, unit=file.unit, target=file.target,
        baseline=parse_duration(file.baseline) if file.baseline else None,
        component=file.component or "", state=file.state or "", tier=file.tier,
        states=_states(scope, path, file),
        alert={label: tuple(accepted) for label, accepted in file.alert.items()},
        undecided="unspecified" in figures,
    )  # fmt: skip


def _figure(value: float | str | None) -> float | None:
    return value if isinstance(value, float) else None


def _check_shape(scope: Scope, path: Path, file: ThresholdFile) -> None:
    """A threshold is about a metric with one limit, or about the state of a component."""
    if scope.document.damaged(path):
        return
    measured = bool(file.metric) and (file.above is None) != (file.below is None)
    about_state = file.state is not None and file.component is not None and not file.metric
    if measured == about_state:
        scope.error(
            path, "plan.threshold", "this threshold does not say what fires it",
            "Write `metric:` with either `above:` or `below:`, or `component:` with `state: down`.",
        )  # fmt: skip
    elif file.baseline and file.above is None:
        scope.error(
            (*path, "baseline"), "plan.threshold", "`baseline` needs `above`, its factor",
            "For example `above: 2, baseline: 24h` for twice the normal.",
        )  # fmt: skip
    if "unspecified" in (file.above, file.below):
        key = "above" if file.above == "unspecified" else "below"
        scope.warn(
            (*path, key), "plan.no-figure", f"`{path[-1]}` is a threshold without a figure",
            "No rule can be made of it; until somebody decides, people judge.",
        )  # fmt: skip


def _window(scope: Scope, path: Path, file: ThresholdFile) -> timedelta | None:
    """The window, or the plan's default; None, reported, if there is neither."""
    written = file.window or scope.file.default_window
    if written and written != "unspecified":
        return parse_duration(written)
    if not scope.lost(*path, "window") and not scope.lost("default_window"):
        scope.undecided(
            path, "plan.no-window", f"`{path[-1]}` does not say how far back it looks",
            "Write `window: 5m`, or `default_window: 5m` once for all thresholds.",
        )  # fmt: skip
    return None


def _states(scope: Scope, path: Path, file: ThresholdFile) -> dict[str, FactValue]:
    states: dict[str, FactValue] = {}
    for fact, value in file.states.items():
        if fits(scope, (*path, "states", fact), fact, value):
            states[fact] = value
    part = scope.file.components.get(file.component or "")
    if file.state and part is not None:
        states.setdefault(component_fact(file.component or "", part), file.state)
    return states


def alert_rules(catalogue: Catalogue) -> tuple[AlertRule, ...]:
    """The thresholds as rules for the alerts by which they come in.

    One that states nothing and whose tier names no severity says nothing about its alert.
    """
    rules = []
    for threshold in catalogue.thresholds.values():
        tier = catalogue.detection.tiers.get(threshold.tier)
        severity = tier.severity if tier else ""
        if threshold.states or severity:
            match = threshold.alert or {"alertname": (threshold.id,)}
            rules.append(
                AlertRule(
                    match=match, facts=threshold.states, severity=severity,
                    component=threshold.component, line=threshold.line,
                )
            )  # fmt: skip
    return tuple(rules)
