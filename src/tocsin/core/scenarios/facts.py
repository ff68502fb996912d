"""Whether a plan can take a fact, and what to say if not."""

from math import isfinite

from tocsin.core.document import listed, near
from tocsin.core.plan.doubt import IN_DOUBT
from tocsin.core.plan.model import FactValue, Plan


def wrong_fact(plan: Plan, name: str, value: FactValue) -> tuple[str, str] | None:
    """Say as (what, hint) why a plan cannot take this fact, or None if it can."""
    rule = plan.facts.get(name)
    if rule is None:
        known = f"It knows: {listed(plan.facts)}." if plan.facts else "It has no facts at all."
        return f"the plan knows no fact `{name}`", near(name, plan.facts) + known
    if value == IN_DOUBT:
        return None
    shown = str(value).lower() if isinstance(value, bool) else value
    what = f"`{shown}` is no value of `{name}`"
    if rule.kind == "bool":
        return None if isinstance(value, bool) else (what, "Write `true` or `false`.")
    if rule.kind == "number":
        is_number = (
            isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        )
        return None if is_number else (what, "Write a number, with a point: `0.05`.")
    if not isinstance(value, str):
        return what, f'Put it in quotes if it is meant as text: `{name}: "{shown}"`.'
    if rule.kind == "one of" and value not in rule.values:
        return what, near(value, rule.values) + f"It takes: {listed(rule.values)}."
    return None
