"""Facts as people type them on a command line: `error_rate=0.07`, `cosmetic=true`."""

import re
from collections.abc import Iterable
from math import isfinite

from tocsin.cli.trouble import wrong_usage
from tocsin.core.plan.model import FactRule, FactValue, Plan
from tocsin.core.scenarios.facts import wrong_fact

_NUMBER = re.compile(r"[-+]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][-+]?\d{1,3})?")
_YES_OR_NO = {"true": True, "yes": True, "false": False, "no": False}


def parted(text: str) -> tuple[str, str]:
    """Part `NAME=VALUE`; raises wrong usage."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise wrong_usage(
            f"`{text}` is no fact", "Write NAME=VALUE, as in `service_availability=none`."
        )
    return name.strip(), value.strip()


def facts_of(plan: Plan, texts: Iterable[str]) -> dict[str, FactValue]:
    """Read facts as a plan types them; raises wrong usage with a near miss."""
    facts: dict[str, FactValue] = {}
    for text in texts:
        name, said = parted(text)
        rule = plan.facts.get(name)
        value = _typed(rule, said) if rule is not None else said
        if wrong := wrong_fact(plan, name, value):
            raise wrong_usage(*wrong)
        facts[name] = value
    return facts


def guessed(text: str) -> FactValue:
    """Read a value for a plan that is not at hand; the server knows what type it should have."""
    if text in ("true", "false"):
        return text == "true"
    return _number(text) if _NUMBER.fullmatch(text) else text


def _typed(rule: FactRule, text: str) -> FactValue:
    if rule.kind == "bool":
        return _YES_OR_NO.get(text.lower(), text)
    if rule.kind == "number" and _NUMBER.fullmatch(text):
        return _number(text)
    return text


def _number(text: str) -> int | float | str:
    if re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    number = float(text)
    return number if isfinite(number) else text
