"""What a call says: made from the incident as it stands when the call is ordered."""

from base64 import b32encode
from datetime import datetime
from hashlib import blake2b

import msgspec

from tocsin.core.delivery import LIMIT, Message
from tocsin.core.emergency import Emergency
from tocsin.core.incident.confidential import covered, may_read
from tocsin.core.incident.events import Told
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.times import words_duration


class Addressee(msgspec.Struct, frozen=True):
    """Who gets a message: a person, or an audience, with what they belong to then."""

    person: str = ""
    standing: tuple[str, ...] = ()


def compose(
    plan: Plan,
    incident: Incident,
    told: Told,
    message_id: str,
    link: str,
    to: Addressee = Addressee(),  # noqa: B008  # a frozen value
) -> Message:
    """Return the message for one `told`; `link` is empty where no answer is wanted.

    Whoever may not read the incident learns that it is there and that they are wanted, no more.
    """
    if told.message == "update":
        return _update(plan, incident, told, message_id)
    severity = plan.severity(incident.severity)
    reader = may_read(incident, to.person, to.standing)
    shown = incident if reader else covered(incident)
    why = told.why if reader else "the plan calls you; what it is about is for its readers only"
    return Message(
        id=message_id,
        kind=told.message,
        short_code=short_code(message_id),
        attempt=1,
        incident=incident.code,
        title=shown.title,
        severity=severity.code,
        severity_name=severity.name,
        state=incident.state,
        why=why + (f" (plan line {told.line})" if told.line else ""),
        details=tuple(_details(plan, shown, told, to) if reader else _outside(plan, shown, told)),
        link=link,
        sent_at=told.at,
        exercise=incident.exercise,
        level=plan.shown(severity.code),
        rank=severity.rank,
    )


def in_emergency(message: Message, emergency: Emergency | None) -> Message:
    """Let a message say that it leaves a node without its store, and how old its roster is.

    An update does not: it goes to outsiders, in its own words.
    """
    if emergency is None or message.kind == "update":
        return message
    return msgspec.structs.replace(message, why=f"{emergency.sentence()} {message.why}")


def _update(plan: Plan, incident: Incident, told: Told, message_id: str) -> Message:
    """An update goes out in its own words: no reason, no plan line, nothing from inside."""
    update = next((u for u in incident.updates.values() if u.update == told.step), None)
    if update is None:
        return in_own_words(plan, incident, Words(text=told.why), message_id, told.at)
    words = Words(status=update.status, subject=update.subject, text=update.text)
    return in_own_words(plan, incident, words, message_id, told.at)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What an update says."""

    status: str = ""
    subject: str = ""
    text: str


def in_own_words(
    plan: Plan, incident: Incident, words: Words, message_id: str, at: datetime
) -> Message:
    """Return an update as a message; previews show the very one that goes out at `at`."""
    severity = plan.severity(incident.severity)
    status = f": {words.status}" if words.status else ""
    return Message(
        id=message_id,
        kind="update",
        short_code=short_code(message_id),
        attempt=1,
        incident=incident.code,
        title=f"{incident.code}{status}",
        severity=severity.code,
        severity_name=severity.name,
        state=incident.state,
        why="",
        text=words.text,
        headline=words.subject,
        sent_at=at,
        exercise=incident.exercise,
    )


def short_code(message_id: str) -> str:
    """Return four letters or digits by which people tell messages apart."""
    return b32encode(blake2b(message_id.encode(), digest_size=5).digest())[:4].decode()


def _mandates(plan: Plan, incident: Incident, told: Told) -> tuple[str, ...]:
    """Return what the plan lets this recipient decide."""
    steps = (step for step in plan.steps[incident.severity] if step.key == told.step)
    return next((step.mandate for step in steps), ())


def _outside(plan: Plan, incident: Incident, told: Told) -> list[tuple[str, str]]:
    """What somebody may know who may not read the incident: by when an answer is wanted."""
    readers = incident.restricted.readers if incident.restricted is not None else ()
    return [
        ("Opened", _instant(incident.opened_at)),
        *_limits(incident, told),
        ("For its readers only", ", ".join(readers)),
        ("Plan", plan.title),
    ]


def _limits(incident: Incident, told: Told) -> list[tuple[str, str]]:
    return [
        (
            LIMIT.format(clock.name),
            f"{_instant(clock.due)} (in {words_duration(clock.due - told.at)})",
        )
        for clock in incident.running()
    ]


def _duties(plan: Plan, incident: Incident, to: Addressee) -> list[tuple[str, str]]:
    held = [plan.roles[role] for role in incident.held_by(to.person) if role in plan.roles]
    details = [("Your role", "; ".join((role.name, *role.duties))) for role in held]
    return details + [("Your mandate", mandate) for role in held for mandate in role.mandate]


def _details(plan: Plan, incident: Incident, told: Told, to: Addressee) -> list[tuple[str, str]]:
    confirmed = "confirmed" if incident.severity_confirmed else "provisional"
    details = [
        ("Assessment", f"{confirmed}: {incident.severity_why}"),
        ("Opened", _instant(incident.opened_at)),
    ]
    details += _limits(incident, told)
    if incident.alerts_firing:
        details.append(("Alerts firing", str(incident.alerts_firing)))
    details += [(name, str(fact.value)) for name, fact in incident.facts.items()]
    if alert_kind := plan.severity(incident.severity).alert_kind:
        details.append(("Kind of alert", alert_kind))
    details += [(name, "in doubt") for name in incident.doubts]
    details += [("Your mandate", mandate) for mandate in _mandates(plan, incident, told)]
    details += _duties(plan, incident, to)
    if incident.mode and incident.mode in plan.people.modes:
        mode = plan.people.modes[incident.mode]
        details.append(("Mode", f"{mode.name}: {mode.about}" if mode.about else mode.name))
    if incident.channel:
        details.append(("Channel", incident.channel))
    details.append(("Plan", plan.title))
    return details


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
