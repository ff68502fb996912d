"""What an incident says of itself in a message: the values of a template's fields."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tocsin.core.incident.state import Incident
from tocsin.core.instants import parse_instant
from tocsin.core.plan.communication.model import Template
from tocsin.core.plan.communication.origins import AGREED, OUTAGE_MINUTES, PLAN
from tocsin.core.plan.communication.templates import (
    Incomplete,
    Rendered,
    Value,
    fill,
    names_in,
)
from tocsin.core.plan.model import Plan
from tocsin.core.times import LONGEST

DOWN = ("down", "none", "degraded")
"""Values of a component's fact that say that it is not up."""


class Said(msgspec.Struct, frozen=True):
    """What a message itself announces: when the next one comes, and the status."""

    next_at: datetime | None = None
    status: str = ""


def render_template(
    plan: Plan,
    incident: Incident,
    template: Template,
    values: Mapping[str, str],
    now: datetime,
    said: Said = Said(),  # noqa: B008  # a frozen value
) -> Rendered | Incomplete:
    """Write a message of a template: `values` are what people say, by field.

    What they do not say comes from the incident as it stands at `now`, and from what this
    message announces.
    """
    return fill(template, known_values(plan, incident, template, values, now, said), plan.time_zone)


def sketch_template(
    plan: Plan, incident: Incident, template: Template, values: Mapping[str, str], now: datetime,
    said: Said,
) -> tuple[Rendered, tuple[str, ...]]:  # fmt: skip
    """Write a message as far as it can be written; what nobody knows stands in it as `‹name›`.

    Returns it with what is missing, by field or origin; without any it is as `render_template` has
    it.
    """
    known = known_values(plan, incident, template, values, now, said)
    told = fill(template, known, plan.time_zone)
    if isinstance(told, Rendered):
        return told, ()
    gaps = told.missing
    shown = fill(template, {**known, **{gap: f"‹{gap}›" for gap in gaps}}, plan.time_zone)
    return (shown if isinstance(shown, Rendered) else Rendered("", "")), gaps


def known_values(
    plan: Plan, incident: Incident, template: Template, values: Mapping[str, str], now: datetime,
    said: Said,
) -> dict[str, Value]:  # fmt: skip
    """Return what a message of a template can say as things stand; arguments as above."""
    known: dict[str, Value] = {}
    for name in names_in(f"{template.subject}\n{template.text}"):
        field = template.fields.get(name)
        if name in values and values[name].strip():
            known[name] = values[name].strip()
            continue
        origin = field.origin if field is not None else name
        value = _of_this_message(origin, said)
        if value is None:
            value = value_of(plan, incident, origin, now, display=template.display)
        if value is not None:
            known[name] = value
    return known


def value_of(
    plan: Plan, incident: Incident, origin: str, now: datetime, *, display: str = ""
) -> Value | None:
    """Return what an origin says of the incident at `now`; None while nobody knows."""
    word, _, rest = origin.partition(".")
    if word == "fact":
        fact = incident.facts.get(rest)
        return None if fact is None else fact.value
    if word == "role":
        return incident.holders.get(rest) or None
    if origin == "incident.severity":
        return shown_severity(plan, incident.severity, display)
    if origin == "incident.worst_severity":
        return shown_severity(plan, _worst(plan, incident), display)
    get = _VALUES.get(origin)
    found = get(plan, incident, now) if get is not None else None
    return None if found in ("", ()) else found


def shown_severity(plan: Plan, code: str, display: str = "") -> str:
    """Return a severity as a template wants it: by code, by name, or as the plan does."""
    if not display:
        return plan.shown(code)
    return msgspec.structs.replace(plan, display=display).shown(code)


def _worst(plan: Plan, incident: Incident) -> str:
    """The worst severity that the incident ever had."""
    held = {incident.severity, *incident.severities_held}
    return next(one.code for one in plan.severities if one.code in held)


def is_affected(plan: Plan, incident: Incident, component: str) -> bool:
    """Whether a component or provider is known not to be up."""
    catalogue = plan.catalogue
    part = catalogue.components.get(component) or catalogue.providers.get(component)
    fact = incident.facts.get(part.fact) if part is not None else None
    return fact is not None and fact.value in DOWN


def is_down(plan: Plan, incident: Incident, part_id: str) -> bool:
    """Whether a component or provider is known to be of no use at all."""
    catalogue = plan.catalogue
    part = catalogue.components.get(part_id) or catalogue.providers.get(part_id)
    fact = incident.facts.get(part.fact) if part is not None else None
    return fact is not None and fact.value in ("down", "none")


def _of_this_message(origin: str, said: Said) -> Value | None:
    if origin == "next_update":
        return said.next_at
    return said.status if origin == "incident.status" and said.status else None


def _started(plan: Plan, incident: Incident, now: datetime) -> datetime:
    stated = incident.facts.get(AGREED["incident.started"])
    if stated is None:
        return incident.opened_at
    try:
        # It has begun when somebody says so: `09:40` is that of the last day, `friday 18:00` that
        # of the last week.
        said = [
            parse_instant(str(stated.value), stated.at - timedelta(days=days), plan.time_zone)
            for days in (1, 7)
        ]
    except ValueError:
        return incident.opened_at  # in words that are no time: the detection is what is known
    return next((at for at in said if at <= stated.at), said[0])


def _resolved_after(
    since: Callable[[Plan, Incident, datetime], datetime],
) -> Callable[[Plan, Incident, datetime], timedelta | None]:
    def span(plan: Plan, incident: Incident, now: datetime) -> timedelta | None:
        if incident.resolved_at is None:
            return None
        return max(incident.resolved_at - since(plan, incident, now), timedelta(0))

    return span


def _outage(plan: Plan, incident: Incident, now: datetime) -> timedelta | None:
    stated = incident.facts.get(OUTAGE_MINUTES)
    if stated is not None and isinstance(stated.value, int | float):
        longest = LONGEST.total_seconds() / 60  # nothing longer can be meant
        return timedelta(minutes=min(max(stated.value, 0), longest))
    return _resolved_after(_started)(plan, incident, now)


def _affected(plan: Plan, incident: Incident, _now: datetime) -> tuple[str, ...]:
    return tuple(
        component.public_name or component.name
        for component in plan.catalogue.components.values()
        if is_affected(plan, incident, component.id)
    )


def _channel(plan: Plan, incident: Incident, _now: datetime) -> str:
    channel = plan.communication.channels.get("incident")
    thread = channel is not None and channel.kind == "thread" and incident.channel
    return f"{incident.channel}, thread {incident.code}" if thread else incident.channel


def _timeline(plan: Plan, incident: Incident, _now: datetime) -> tuple[str, ...]:
    """What became of the incident, a line each in the order of time: `14:05 - resolved`.

    Of what happened several times it has the last; the day is said where it is another one.
    """
    zone = ZoneInfo(plan.time_zone)
    phases = {f"phase {phase.id}": f"phase {phase.name}" for phase in plan.response.phases}
    told = {
        f"published {audience.id}": f"{audience.name} told"
        for audience in plan.communication.audiences.values()
    }
    words = {**_TURNS, **phases, **told}
    lines, day = [], incident.opened_at.astimezone(zone).date()
    for name, at in sorted(incident.moments.items(), key=lambda one: one[1]):
        if name in words:
            local = at.astimezone(zone)
            date = "" if local.date() == day else f"{local:%Y-%m-%d} "
            lines.append(f"{date}{local:%H:%M} - {words[name]}")
    return tuple(lines)


_TURNS = {
    "opened": "detected", "acknowledged": "acknowledged", "assessed": "severity confirmed",
    "raised": "severity raised", "resolved": "resolved", "reopened": "reopened",
}  # fmt: skip


def _phase(plan: Plan, incident: Incident, _now: datetime) -> str:
    names = {phase.id: phase.name for phase in plan.response.phases}
    return names.get(incident.phase, incident.phase)


def _mode(plan: Plan, incident: Incident, _now: datetime) -> str:
    mode = plan.people.modes.get(incident.mode)
    return mode.name if mode is not None else incident.mode


def _status_page(plan: Plan, _incident: Incident, _now: datetime) -> str:
    page = plan.communication.status_page
    return page.url if page is not None else ""


def _watch_end(_plan: Plan, incident: Incident, _now: datetime) -> datetime | None:
    return max((watching.until for watching in incident.watches.values()), default=None)


def _postmortem_deadline(_plan: Plan, incident: Incident, _now: datetime) -> datetime | None:
    clocks = {clock.name: clock.due for clock in incident.clocks}
    names = ("postmortem/scheduled", "postmortem/held", "postmortem/written")
    return next((clocks[name] for name in names if name in clocks), None)


def _fact(name: str) -> Callable[[Plan, Incident, datetime], Value | None]:
    def stated(_plan: Plan, incident: Incident, _now: datetime) -> Value | None:
        fact = incident.facts.get(name)
        return None if fact is None else fact.value

    return stated


_VALUES: Mapping[str, Callable[[Plan, Incident, datetime], Value | None]] = {
    "incident.code": lambda plan, incident, now: incident.code,
    "incident.title": lambda plan, incident, now: incident.title,
    "incident.severity_code": lambda plan, incident, now: incident.severity,
    "incident.severity_name": lambda plan, incident, now: plan.severity(incident.severity).name,
    "incident.kind": lambda plan, incident, now: incident.incident_kind,
    "incident.status": lambda plan, incident, now: incident.status,
    "incident.channel": _channel,
    "incident.phase": _phase,
    "incident.mode": _mode,
    "incident.started": _started,
    "incident.detected": lambda plan, incident, now: incident.opened_at,
    "incident.timeline": _timeline,
    "incident.so_far": lambda plan, incident, now: now - incident.opened_at,
    "incident.acknowledged": lambda plan, incident, now: incident.acknowledged_at,
    "incident.acknowledged_by": lambda plan, incident, now: incident.acknowledged_by,
    "incident.resolved": lambda plan, incident, now: incident.resolved_at,
    "incident.duration": _resolved_after(lambda plan, incident, now: incident.opened_at),
    "incident.outage": _outage,
    "components.affected": _affected,
    "now": lambda plan, incident, now: now,
    PLAN + "title": lambda plan, incident, now: plan.title,
    PLAN + "organisation": lambda plan, incident, now: plan.organisation,
    PLAN + "project": lambda plan, incident, now: plan.catalogue.head.project,
    PLAN + "signature": lambda plan, incident, now: plan.catalogue.head.signature,
    PLAN + "status_page": _status_page,
    "watch.end": _watch_end,
    "postmortem.date": _fact(AGREED["postmortem.date"]),
    "postmortem.deadline": _postmortem_deadline,
}
