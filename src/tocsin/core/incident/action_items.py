"""Measures that come out of an incident: what the plan asks of them, and when they are overdue."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tocsin.core.calendars import act_at, due_at
from tocsin.core.document import listed
from tocsin.core.incident.commands import Refusal
from tocsin.core.plan.model import Plan

PATIENCE = 2
"""So many reminders go to the owner before somebody else hears of it."""


class ActionItem(msgspec.Struct, frozen=True, kw_only=True):
    """One measure. `due` and the others are instants; `origin` is the incident or drill."""

    text: str
    origin: str
    created_at: datetime
    owner: str = ""
    due: datetime | None = None
    priority: str = ""
    kind: str = ""
    evidence: str = ""
    done_at: datetime | None = None
    check_at: datetime | None = None


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """Who hears of an overdue measure, for the `number`-th time."""

    to: str
    number: int
    text: str


def accepted(plan: Plan, item: ActionItem) -> ActionItem | Refusal:
    """Return the measure as the plan takes it, with the date that its priority gives it."""
    rule = plan.afterwards.action_items
    if not item.text.strip():
        return Refusal("item.text", "the measure says nothing", "say what is to be done")
    if rule is None:
        return item
    at = f"(line {rule.line})"
    if rule.owner_required and not item.owner.strip():
        return Refusal(
            "item.owner", f"every measure has an owner in this plan {at}", "name who sees to it"
        )
    limits = dict(rule.due_by_priority)
    if item.priority and limits and item.priority not in limits:
        return Refusal(
            "item.priority", f"the plan knows no priority `{item.priority}` {at}",
            f"it knows: {listed(limits)}",
        )  # fmt: skip
    kinds = [kind for kind, _ in rule.classes]
    if item.kind and kinds and item.kind not in kinds:
        return Refusal(
            "item.class",
            f"the plan knows no class `{item.kind}` {at}",
            f"it knows: {listed(kinds)}",
        )
    if item.due is None and item.priority in limits:
        item = replace(item, due=due_at(limits[item.priority], item.created_at, plan.calendars))
    if rule.due_required and item.due is None:
        by_priority = f"; or a priority: {listed(limits)}" if limits else ""
        return Refusal(
            "item.due", f"every measure has a date in this plan {at}", f"say by when{by_priority}"
        )
    return item


def finished(plan: Plan, item: ActionItem, evidence: str, now: datetime) -> ActionItem | Refusal:
    """Return the measure as done at `now`, with the day on which its effect is looked at."""
    rule = plan.afterwards.action_items
    if rule is None:
        return replace(item, done_at=now, evidence=evidence)
    if rule.evidence_required and not evidence.strip():
        return Refusal(
            "item.evidence", f"the plan wants evidence of what was done (line {rule.line})",
            "give a link, a file or a sentence that shows it",
        )  # fmt: skip
    check_at = act_at(rule.check_effect, now, plan.calendars) if rule.check_effect else None
    return replace(item, done_at=now, evidence=evidence, check_at=check_at)


def overdue(items: Iterable[ActionItem], now: datetime) -> list[ActionItem]:
    """Return the open measures whose date has passed, the longest overdue first."""
    late = [item for item in items if item.done_at is None and item.due and item.due < now]
    return sorted(late, key=lambda item: (item.due or now, item.text))


def reminder(plan: Plan, item: ActionItem, now: datetime) -> Reminder | None:
    """Return the reminder of an overdue measure that is due by now; None if there is none.

    Reminders repeat; after some of them without effect others hear of it too.
    """
    rule = plan.afterwards.action_items
    if rule is None or rule.remind_every is None or item.done_at is not None or item.due is None:
        return None
    number = int((now - item.due) / rule.remind_every) + 1 if now >= item.due else 0
    if not number:
        return None
    climbs = number > PATIENCE and bool(rule.escalate_to)
    to = rule.escalate_to if climbs or not item.owner else item.owner
    return Reminder(to=to, number=number, text=f"overdue since {item.due:%Y-%m-%d}: {item.text}")
