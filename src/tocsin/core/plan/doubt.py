"""Conditions over facts that are in doubt: could they hold, whatever the truth turns out to be?"""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import product

from tocsin.core.plan.conditions import facts_in, holds
from tocsin.core.plan.model import FactRule, FactValue

IN_DOUBT = "?"
"""What people state as the value of a fact that nobody knows for certain."""

TRIES_AT_MOST = 4096
"""A condition with more combinations than that is taken to be possible: doubt counts as worst."""

_NUMBER = re.compile(r"(?<![\w.\"'])\d+(?:\.\d+)?(?![\w\"'])")
_TEXT = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_ARITHMETIC = re.compile(r"[+*/%]|(?<![eE(=<>!,&|?:\s])\s*-|\bsize\b")
_TEXT_TEST = re.compile(r"\.(?:contains|startsWith|endsWith)\b|\bsize\b")


def could_hold(
    expression: str,
    facts: Mapping[str, FactValue],
    doubtful: Collection[str],
    rules: Mapping[str, FactRule],
) -> bool:
    """Whether some values of the doubtful facts make the condition hold with these facts.

    Never says no where yes is possible; where it cannot try everything, it says yes.
    """
    known = {name: value for name, value in facts.items() if name not in doubtful}
    if holds(expression, known):
        return True
    open_yet = sorted(facts_in(expression) & set(doubtful))
    if not open_yet:
        return False
    if _cannot_be_tried(expression, open_yet, rules):
        return True
    choices = [tuple(_values(rules[name], expression, known)) for name in open_yet]
    tries = 1
    for values in choices:
        tries *= len(values)
    if tries > TRIES_AT_MOST:
        return True
    return any(
        holds(expression, {**known, **dict(zip(open_yet, values, strict=True))})
        for values in product(*choices)
    )


def _cannot_be_tried(expression: str, open_yet: list[str], rules: Mapping[str, FactRule]) -> bool:
    """Thresholds are only to be found where facts are compared as they stand."""
    kinds = {rules[name].kind if name in rules else "text" for name in open_yet}
    if any(name not in rules for name in open_yet):
        return True
    numbers = [name for name in open_yet if rules[name].kind == "number"]
    plain = _TEXT.sub('""', expression)
    if numbers and (_ARITHMETIC.search(plain) or len(numbers) > 1):
        return True
    return "text" in kinds and _TEXT_TEST.search(plain) is not None


def _values(rule: FactRule, expression: str, known: Mapping[str, FactValue]) -> Iterator[FactValue]:
    match rule.kind:
        case "bool":
            yield from (True, False)
        case "one of":
            yield from rule.values
        case "number":
            yield from _around(expression, known)
        case "text":
            texts = [match[1] or match[2] or "" for match in _TEXT.finditer(expression)]
            texts += [value for value in known.values() if isinstance(value, str)]
            yield from dict.fromkeys((*texts, "another text than all of these"))


def _around(expression: str, known: Mapping[str, FactValue]) -> Iterator[float]:
    """One number of every stretch between thresholds, and the thresholds themselves."""
    plain = _TEXT.sub('""', expression)
    thresholds = {0.0, *(float(text) for text in _NUMBER.findall(plain))}
    thresholds |= {-number for number in thresholds}
    thresholds |= {
        float(value)
        for value in known.values()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    ordered = sorted(thresholds)
    yield ordered[0] - 1
    for lower, upper in zip(ordered, [*ordered[1:], ordered[-1] + 2], strict=True):
        yield lower
        yield (lower + upper) / 2
