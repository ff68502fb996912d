"""The plans that come with Tocsin, and small ones made of text."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from tocsin.core.calendars import act_at
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem

FOLDER = Path(__file__).parents[3] / "plans"
FIVE = (
    "vpn-payments",
    "provider-sync",
    "engineering-practices",
    "notification-preferences",
    "r3mes-network",
)
ALL = (*FIVE, "starter")

BEGIN = "tocsin: 1\nplan: small\ntolerance: 5m\n"
CONTACTS = (
    "contacts: {on-call: phone, lead: phone, cto: phone, users: mail}\nalerts: {otherwise: P1}\n"
)
TWO = (
    "severities:\n  P0: {when: [down]}\n  P1: {when: [slow]}\n"
    "facts: {down: yes or no, slow: yes or no}\n"
)
LAST = "  if_exhausted: {page: cto}\n"

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def text_of(name: str) -> str:
    return (FOLDER / name / "plan.yaml").read_text(encoding="utf-8")


@cache
def plan_of(name: str) -> Plan:
    return accepted(text_of(name))


def accepted(text: str) -> Plan:
    """The plan of a text that has no errors."""
    plan, problems = read(text, "plan.yaml")
    assert plan is not None, "\n".join(map(str, problems))
    return plan


def small(escalation: str, *, more: str = "") -> str:
    """A plan of two severities with this escalation section and whatever else."""
    return BEGIN + TWO + CONTACTS + more + "escalation:\n" + escalation + LAST


def problems_of(text: str) -> list[Problem]:
    return read(text, "plan.yaml")[1]


def codes_of(text: str) -> list[str]:
    return [problem.code for problem in problems_of(text)]


def one(text: str, code: str) -> Problem:
    """The only problem with that code."""
    found = [problem for problem in problems_of(text) if problem.code == code]
    assert len(found) == 1, "\n".join(map(str, problems_of(text)))
    return found[0]


def table(plan: Plan, code: str, start: datetime = MONDAY) -> list[tuple[int, str, str]]:
    """What happens if nobody reacts: (minutes after the start, verb, recipients)."""
    rows: list[tuple[int, str, str]] = []
    for step in plan.steps[code]:
        at = None if step.manual else act_at(step.at, start, plan.calendars)
        if at is not None:
            who = " or ".join(step.to)
            everyone = "all " if step.everyone else ""
            rows.append(((at - start) // timedelta(minutes=1), step.do, everyone + who))
    return rows
