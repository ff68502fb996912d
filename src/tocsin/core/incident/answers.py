"""Facts whose value is of the right type and yet no answer: too much, or nothing said."""

from tocsin.core.incident.commands import Refusal
from tocsin.core.plan.model import FactRule, FactValue


def no_answer(rule: FactRule, value: FactValue) -> Refusal | None:
    """Refuse a number beyond the plan's limit, and `none` where the plan wants the reason too."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if rule.most is not None and number and float(value) > rule.most:
        return Refusal(
            "incident.fact-limit",
            f"{rule.name} is at most {rule.most:g} in this plan (line {rule.line})",
            f"plan for {rule.most:g} or less",
        )
    said = " ".join(value.lower().split()).rstrip(".!") if isinstance(value, str) else ""
    if isinstance(value, str) and rule.not_enough and (not said or said in rule.not_enough):
        return Refusal(
            "incident.fact-reason",
            f"`{value}` alone says nothing of {rule.about or rule.name} (line {rule.line})",
            f"name it, or say why there is none: {rule.name}='none, because ...'",
        )
    return None
