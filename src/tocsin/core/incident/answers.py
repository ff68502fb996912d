"""Facts whose value is of the right type and yet no answer: too much, or nothing said."""

import re

from tocsin.core.incident.commands import Refusal
from tocsin.core.plan.model import FactRule, FactValue

_END_OF_SENTENCE = re.compile(r"[.!?]+(?:\s+(?=[^a-z\s])|$)")
"""An abbreviation in the middle of a sentence is followed by a small letter."""


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
    said_in = len([part for part in _END_OF_SENTENCE.split(str(value).strip()) if part])
    if isinstance(value, str) and rule.sentences is not None and said_in > rule.sentences:
        return Refusal(
            "incident.fact-length",
            f"{rule.name} has {said_in} sentences, and {rule.sentences} are allowed"
            f" (line {rule.line})",
            "say it in fewer; what is left out has its place in the rest of the post-mortem",
        )
    return None
