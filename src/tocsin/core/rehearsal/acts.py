"""What can happen in a scenario besides what people ask of an incident."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from tocsin.core.plan.model import FactValue, Plan

IN_DOUBT = "?"
"""What stands for the value of a fact of which nobody knows whether it is so."""

MONITORING = "monitoring"
"""Where alerts come from if nobody says."""


class AlertFires(msgspec.Struct, frozen=True, kw_only=True):
    """A machine says that something is wrong; the plan in force says what that means."""

    labels: Mapping[str, str]
    by: str = MONITORING


class AlertEnds(msgspec.Struct, frozen=True, kw_only=True):
    """Every firing alert that has these labels, and perhaps more, is over."""

    labels: Mapping[str, str]
    by: str = MONITORING


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """A person declares an incident; an empty severity leaves it to the plan's criteria."""

    by: str
    title: str
    severity: str = ""
    kind: str = ""
    facts: Mapping[str, FactValue] = {}
    why: str = ""


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages fail: of one channel, to one person (or audience), or one person's one channel.

    At least one of the two is named. `lasts` None means: until the end of the story.
    """

    channel: str = ""
    person: str = ""
    lasts: timedelta | None = None


class PlanEdited(msgspec.Struct, frozen=True, kw_only=True):
    """Another plan is in force for new incidents; `file` is what the scenario calls it."""

    plan: Plan
    file: str


def told_apart(
    facts: Mapping[str, FactValue],
) -> tuple[dict[str, FactValue], tuple[str, ...]]:
    """Part facts into those that are known and the names of those that are in doubt (`?`)."""
    known = {name: value for name, value in facts.items() if value != IN_DOUBT}
    return known, tuple(name for name, value in facts.items() if value == IN_DOUBT)


Act = AlertFires | AlertEnds | Reported | Outage | PlanEdited
OPENING = (AlertFires, Reported)
"""Acts that may open an incident."""
