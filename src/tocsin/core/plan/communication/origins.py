"""What a message can say by itself: where each thing comes from, and from when on it is known."""

from collections.abc import Collection
from typing import Literal

from tocsin.core.document import listed, near
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path

Known = Literal["opened", "acknowledged", "resolved", "some time"]

PLAN = "plan."
"""Starts what the plan says of itself."""

ORIGINS: dict[str, Known] = {
    "incident.code": "opened",
    "incident.title": "opened",
    "incident.severity": "opened",
    "incident.severity_code": "opened",
    "incident.severity_name": "opened",
    "incident.worst_severity": "opened",
    "incident.kind": "opened",
    "incident.status": "opened",
    "incident.channel": "opened",
    "incident.phase": "opened",
    "incident.mode": "some time",
    "incident.started": "opened",
    "incident.detected": "opened",
    "incident.so_far": "opened",
    "incident.timeline": "opened",
    "incident.acknowledged": "acknowledged",
    "incident.acknowledged_by": "acknowledged",
    "incident.resolved": "resolved",
    "incident.duration": "resolved",
    "incident.outage": "resolved",
    "components.affected": "some time",
    "next_update": "opened",
    "now": "opened",
    PLAN + "title": "opened",
    PLAN + "organisation": "opened",
    PLAN + "project": "opened",
    PLAN + "signature": "opened",
    PLAN + "status_page": "opened",
    "watch.end": "resolved",
    "postmortem.date": "some time",
    "postmortem.deadline": "resolved",
}
"""Every origin with a name of its own; `role.ID` and `fact.NAME` come beside them."""

INSIDE = ("incident.channel", "incident.acknowledged_by", "role.")
"""Origins, by their beginnings, that no reader outside the organisation has any use for."""

AGREED = {"postmortem.date": "postmortem_date", "incident.started": "started_at"}
"""Origins that people state: the fact that holds them, where the plan has it."""

OUTAGE_MINUTES = "outage_minutes"
"""The fact that says how long the service was out, where the plan has it."""


def known_from(origin: str) -> Known:
    """Return from when on an origin is known for certain."""
    return ORIGINS.get(origin, "some time")


def is_known_at(origin: str, moment: str) -> bool:
    """Whether an origin is known for certain whenever `moment` comes."""
    known = known_from(origin)
    if known == "some time":
        return False
    if moment in ("resolved", "closed") or moment.startswith("done postmortem/"):
        return True
    return known == "opened" or (known == "acknowledged" and moment == "acknowledged")


def check_origin(scope: Scope, path: Path, name: str) -> bool:
    """Whether `name` is an origin of this plan; reported if not."""
    roles = tuple(f"role.{role}" for role in scope.document.keys(("roles",)))
    facts = tuple(f"fact.{fact}" for fact in (*scope.facts, *scope.figures))
    word, _, rest = name.partition(".")
    if word == "fact" and (rest in scope.document.keys(("facts",)) or scope.lost("facts")):
        return True
    if name in ORIGINS or name in roles or name in facts or _lost(scope, word):
        return True
    everything: Collection[str] = (*ORIGINS, *roles, *facts)
    scope.error(
        path, "plan.template-origin", f"a message knows nothing of `{name}`",
        near(name, everything) + f"It knows: {listed(everything, 40)}.",
    )  # fmt: skip
    return False


def _lost(scope: Scope, word: str) -> bool:
    return word in ("role", "fact") and scope.lost(f"{word}s")
