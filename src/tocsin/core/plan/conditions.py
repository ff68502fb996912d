"""Conditions over facts: CEL expressions such as `error_rate > 0.05 || data_breach == "confirmed"`.

The only file that knows the CEL library, so that another one could take its place. Of CEL a plan
may use comparisons, `&&`, `||`, `!`, `in`, arithmetic and tests on texts; loops (`all`, `exists`)
are left out, because they can take any amount of time and nobody reads them aloud.
"""

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType

import msgspec

from tocsin.core.plan.model import FactRule, FactValue

# `import cel` loads the library's own command line as well, which takes more than half as long as
# all of `tocsin check` besides. Nothing of it is needed here, so an empty module takes its place.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
import cel  # noqa: E402

MAX_LENGTH = 500
MAX_DEPTH = 20

_ALLOWED = frozenset(
    {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "_?_:_", "@in",
     "_+_", "_-_", "_*_", "_/_", "-_", "size", "contains", "startsWith", "endsWith"}
)  # fmt: skip
_COMPARED = re.compile(
    r"""\b([a-z_]\w*)\s*(?:==|!=)\s*["']([^"']*)["']|["']([^"']*)["']\s*(?:==|!=)\s*([a-z_]\w*)"""
)
_LISTED = re.compile(r"\b([a-z_]\w*)\s+in\s+\[([^\]]*)\]")
_TEXTS = re.compile(r"""["']([^"']*)["']""")
_WORD = re.compile(r"""("[^"]*"|'[^']*')|\b([a-z_]\w*)\b""")
_SLIPS = (
    (re.compile(r"(?<![=!<>])=(?!=)"), "Write `==` to compare."),
    (re.compile(r"\bor\b", re.I), "Write `||` for or."),
    (re.compile(r"\band\b", re.I), "Write `&&` for and."),
    (re.compile(r"\bnot\b", re.I), "Write `!` for not."),
    (re.compile(r"\d\s*%"), "Write a share as a number from 0 to 1: 5 % is `0.05`."),
)


_TRUTH = {b"true": True, b"false": False}
"""What stands for truth values where facts are compared: for Python, `True` is the same as 1."""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a condition; `column` counts from 1 within it, 0 if unknown.

    `what` continues a sentence that begins with "the condition".

    `unknown` is the fact that it names and the plan does not have, if that is the fault.
    """

    what: str
    hint: str
    column: int = 0
    unknown: str = ""


def problem_with(expression: str, facts: Mapping[str, FactRule]) -> Fault | None:
    """Say why a condition cannot be used with these facts, or None if it can. Never raises."""
    if len(expression) > MAX_LENGTH or _depth(expression) > MAX_DEPTH:
        return Fault(
            "is too long or too deep to be understood",
            "Write several conditions: it is enough if one of them holds.",
        )
    program = _compiled(expression)
    if isinstance(program, Fault):
        return program
    for name in sorted(program.variables()):
        if name not in facts:
            match = re.search(rf"\b{re.escape(name)}\b", expression)
            column = match.start() + 1 if match else 0
            return Fault(f"names an unknown fact `{name}`", "", column, unknown=name)
    strange = sorted(set(program.functions()) - _ALLOWED)
    if strange:
        return Fault(
            f"uses `{strange[0].strip('_@')}`, which has no place in a condition",
            "Use comparisons, `&&`, `||`, `!`, `in`, `contains`, `startsWith`, `endsWith`, `size`.",
        )
    return _wrong_value(expression, facts) or _wrong_type(program, facts)


def holds(expression: str, facts: Mapping[str, FactValue]) -> bool:
    """Whether the condition is true of these facts; never raises.

    What nobody has stated is unknown: a condition that depends on it does not hold, not even
    `!cosmetic`; one that is true either way (`data_loss || x`) does.
    """
    # What a condition says follows from the facts it names. Plans ask the same again and again:
    # at every event for every task, while few facts change.
    return _known_to_hold(
        expression, tuple([_comparable(facts.get(name)) for name in _names(expression)])
    )


def spelled_out(expression: str, words: Mapping[str, str]) -> str:
    """A condition with words of the plan replaced by the CEL they stand for; texts stay."""
    return _WORD.sub(lambda m: m[0] if m[1] else words.get(m[2], m[2]), expression)


def _comparable(value: FactValue | None) -> FactValue | bytes | None:
    """The value in a form in which only what conditions cannot tell apart is equal."""
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return value


def facts_in(expression: str) -> frozenset[str]:
    """The facts that a condition looks at; empty if it cannot be read."""
    program = _compiled(expression)
    return frozenset() if isinstance(program, Fault) else frozenset(program.variables())


@lru_cache(maxsize=4096)
def _names(expression: str) -> tuple[str, ...]:
    return tuple(sorted(facts_in(expression)))


@lru_cache(maxsize=16_384)
def _known_to_hold(expression: str, values: tuple[FactValue | bytes | None, ...]) -> bool:
    program = _compiled(expression)
    if isinstance(program, Fault):
        return False
    named = zip(_names(expression), values, strict=True)
    facts = {
        name: _TRUTH[value] if isinstance(value, bytes) else value
        for name, value in named
        if value is not None
    }
    return _outcome(program, facts) is True


def _outcome(program: cel.Program, facts: Mapping[str, FactValue]) -> object:
    """The value, or the exception that the evaluation ended with."""
    # All numbers as floats: CEL adds no int to a float, and a fact may come as either.
    values = {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in facts.items()
    }
    try:
        return program.execute(values)
    except (RuntimeError, TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        return error


# A program takes 25 KB: more than any plan has would be a way to fill the memory.
@lru_cache(maxsize=1024)
def _compiled(expression: str) -> "cel.Program | Fault":
    if len(expression) > MAX_LENGTH or _depth(expression) > MAX_DEPTH:
        return Fault("is too long", "")
    try:
        return cel.compile(expression)
    except ValueError as error:
        return _syntax_fault(expression, str(error))


def _syntax_fault(expression: str, message: str) -> Fault:
    place = re.search(r"<input>:\d+:(\d+): (?:Syntax error: )?(.*)", message)
    column, said = (int(place[1]), place[2]) if place else (0, message.splitlines()[0])
    outside_texts = _TEXTS.sub('""', expression)
    hint = next((cure for slip, cure in _SLIPS if slip.search(outside_texts)), "")
    if outside_texts.count('"') % 2 or outside_texts.count("'") % 2:
        hint = "A quotation mark is opened and not closed."
    if not expression.strip():
        what = "is empty"
    elif "input '<EOF>'" in said:
        what = "breaks off"
    else:
        rest = expression[column - 1 :].split()
        what = f"cannot be read at `{rest[0][:40]}`" if rest else "cannot be read"
    return Fault(what, hint or 'Compare with `error_rate > 0.05 || payment == "down"`.', column)


def _wrong_value(expression: str, facts: Mapping[str, FactRule]) -> Fault | None:
    """A text that the fact can never have makes a comparison that is silently never true."""
    pairs = [(m[1] or m[4], m[2] if m[1] else m[3]) for m in _COMPARED.finditer(expression)]
    for match in _LISTED.finditer(expression):
        pairs += [(match[1], text) for text in _TEXTS.findall(match[2])]
    for name, text in pairs:
        rule = facts.get(name)
        if rule is not None and rule.kind == "one of" and text not in rule.values:
            return Fault(
                f'asks whether `{name}` is "{text}", which it never is',
                f"Its values are: {', '.join(rule.values)}.",
                expression.find(text) + 1,
            )
    return None


def _wrong_type(program: cel.Program, facts: Mapping[str, FactRule]) -> Fault | None:
    """Try the condition on values of the right types; twice, since `||` may hide one side."""
    for truth, number in ((True, 1.5), (False, 0.5)):
        samples: dict[str, FactValue] = {}
        for name in program.variables():
            kind = facts[name].kind
            texts = facts[name].values or ("text",)
            samples[name] = (
                truth if kind == "bool" else number if kind == "number" else texts[-1 * truth]
            )
        outcome = _outcome(program, samples)
        if isinstance(outcome, Exception):
            return Fault(
                "mixes types",
                "Compare numbers with numbers, texts with texts in quotes, yes-or-no facts with "
                "nothing; in arithmetic write `1.0` instead of `1`. Facts here: "
                f"{', '.join(_type_words(facts[name]) for name in sorted(program.variables()))}.",
            )
        if not isinstance(outcome, bool):
            return Fault(
                "is no question that can be answered by yes or no",
                "Compare the fact with something: `error_rate > 0.05`.",
            )
    return None


def _type_words(rule: FactRule) -> str:
    kind = {"bool": "yes or no", "one of": f"one of {', '.join(rule.values)}"}
    return f"`{rule.name}` is {kind.get(rule.kind, f'a {rule.kind}')}"


def _depth(expression: str) -> int:
    depth = deepest = 0
    for character in expression:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return max(deepest, expression.count("!") - expression.count("!="))
