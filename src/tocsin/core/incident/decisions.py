"""Decisions people take in an incident: who, between what, why, and at what cost."""

from datetime import datetime

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan


def take_decision(
    plan: Plan, incident: Incident, command: c.TakeDecision, now: datetime
) -> list[e.Event] | Refusal:
    """Return the decision as the record has it; who may take it is `authority`'s to say."""
    if not command.choice.strip():
        return Refusal(
            "incident.choice-missing", "a decision says what was chosen",
            f"for example: tocsin decide {incident.code} strategy 'fail over to the west'",
        )  # fmt: skip
    if command.amount < 0 or command.amount != command.amount:  # not a number
        return Refusal("incident.amount", "an amount is not below zero", "say what it costs")
    return [
        e.DecisionTaken(
            at=now, by=command.by, via=command.via, why=command.why, about=command.about,
            choice=command.choice, options=command.options, amount=command.amount,
        )
    ]  # fmt: skip
