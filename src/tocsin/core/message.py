"""What a call says: made from the incident as it stands when the call is ordered."""

from base64 import b32encode
from datetime import datetime
from hashlib import blake2b

from tocsin.core.delivery import Message
from tocsin.core.incident.events import Told
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.times import words_duration


def compose(plan: Plan, incident: Incident, told: Told, message_id: str, link: str) -> Message:
    """Return the message for one `told`; `link` is empty where no answer is wanted."""
    severity = plan.severity(incident.severity)
    return Message(
        id=message_id,
        kind=told.message,
        short_code=short_code(message_id),
        attempt=1,
        incident=incident.code,
        title=incident.title,
        severity=severity.code,
        severity_name=severity.name,
        state=incident.state,
        why=told.why + (f" (plan line {told.line})" if told.line else ""),
        details=tuple(_details(plan, incident, told)),
        link=link,
        sent_at=told.at,
        exercise=incident.exercise,
    )


def short_code(message_id: str) -> str:
    """Return four letters or digits by which people tell messages apart."""
    return b32encode(blake2b(message_id.encode(), digest_size=5).digest())[:4].decode()


def _mandates(plan: Plan, incident: Incident, told: Told) -> tuple[str, ...]:
    """Return what the plan lets this recipient decide."""
    steps = (step for step in plan.steps[incident.severity] if step.key == told.step)
    return next((step.mandate for step in steps), ())


def _details(plan: Plan, incident: Incident, told: Told) -> list[tuple[str, str]]:
    confirmed = "confirmed" if incident.severity_confirmed else "provisional"
    details = [
        ("Assessment", f"{confirmed}: {incident.severity_why}"),
        ("Opened", _instant(incident.opened_at)),
    ]
    for clock in incident.running():
        left = words_duration(clock.due - told.at)
        details.append((f"To {clock.name} by", f"{_instant(clock.due)} (in {left})"))
    if incident.alerts_firing:
        details.append(("Alerts firing", str(incident.alerts_firing)))
    details += [(name, str(fact.value)) for name, fact in incident.facts.items()]
    if alert_kind := plan.severity(incident.severity).alert_kind:
        details.append(("Kind of alert", alert_kind))
    details += [("Your mandate", mandate) for mandate in _mandates(plan, incident, told)]
    if incident.channel:
        details.append(("Channel", incident.channel))
    details.append(("Plan", plan.title))
    return details


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
