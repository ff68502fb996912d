"""What people type where a fact is asked for, read as the plan means it."""

import math

from tocsin.core.plan.model import FactRule, FactValue, Plan

WHOLE_AT_MOST = 2**62
"""Whole numbers beyond it are kept as fractions are."""

_BOOLS = {"yes": True, "true": True, "no": False, "false": False}


def value_of(plan: Plan, name: str, typed: str) -> FactValue:
    """Return the value of a fact; what does not fit stays text, which the plan then refuses."""
    rule = plan.facts.get(name)
    words = typed.strip()
    if rule is None:
        return words
    if rule.kind == "bool":
        return _BOOLS.get(words.lower(), words)
    if rule.kind == "number":
        return _number(words)
    return words


def _number(words: str) -> FactValue:
    try:
        number: int | float = int(words)
        if abs(number) <= WHOLE_AT_MOST:
            return number
    except ValueError:
        pass
    try:
        number = float(words.replace(",", "."))
    except ValueError:
        return words
    return number if math.isfinite(number) else words


def choices(rule: FactRule) -> tuple[str, ...]:
    """Return the values that a fact can take, empty if they can't be listed."""
    return ("yes", "no") if rule.kind == "bool" else rule.values
