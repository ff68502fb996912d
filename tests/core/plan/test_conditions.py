"""Conditions over facts: what holds, what is refused, and that nothing raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.plan.conditions import facts_in, holds, problem_with
from tocsin.core.plan.model import FactRule, FactValue

FACTS = {
    rule.name: rule
    for rule in (
        FactRule("error_rate", "number"),
        FactRule("cosmetic", "bool"),
        FactRule("breach", "one of", ("no", "suspected", "confirmed")),
        FactRule("region", "text"),
    )
}


@pytest.mark.parametrize(
    ("expression", "facts", "expected"),
    [
        ("cosmetic", {"cosmetic": True}, True),
        ("cosmetic", {"cosmetic": False}, False),
        ("error_rate > 0.05", {"error_rate": 0.06}, True),
        ("error_rate > 0.05", {"error_rate": 0.05}, False),
        ("error_rate > 0.05", {"error_rate": 1}, True),
        ("error_rate == 1", {"error_rate": 1.0}, True),
        ("error_rate + 1.0 > 1.5", {"error_rate": 1}, True),
        ('breach in ["suspected", "confirmed"]', {"breach": "suspected"}, True),
        ('region.startsWith("eu-")', {"region": "eu-west"}, True),
        # What nobody has stated is unknown, in every direction.
        ("cosmetic", {}, False),
        ("!cosmetic", {}, False),
        ("error_rate < 0.5", {}, False),
        ("cosmetic || error_rate > 0.5", {"error_rate": 0.6}, True),
        ("error_rate > 0.5 || cosmetic", {"cosmetic": True}, True),
        ("cosmetic && error_rate > 0.5", {"error_rate": 0.6}, False),
        # Wrong types and wrong texts support nothing.
        ("error_rate > 0.05", {"error_rate": "much"}, False),
        ("error_rate", {"error_rate": 3.0}, False),
        ("error_rate >", {"error_rate": 3.0}, False),
    ],
)
def test_when_a_condition_holds(
    expression: str, facts: dict[str, FactValue], expected: bool
) -> None:
    assert holds(expression, facts) is expected


@pytest.mark.parametrize(
    "expression",
    [
        "cosmetic",
        "!cosmetic && error_rate >= 0.05",
        'breach == "confirmed" || region != "eu"',
        "size(region) > 3 || error_rate * 100.0 > 5.0",
        'cosmetic ? breach == "no" : error_rate < 0.1',
    ],
)
def test_what_a_plan_may_ask(expression: str) -> None:
    assert problem_with(expression, FACTS) is None


@pytest.mark.parametrize(
    ("expression", "what", "hint", "column"),
    [
        ("cosmetic = true", "cannot be read at `=`", "Write `==`", 10),
        ("cosmetic or breach", "cannot be read at `or`", "Write `||`", 10),
        ("cosmetic and breach", "cannot be read at `and`", "Write `&&`", 10),
        ("not cosmetic", "cannot be read at `cosmetic`", "Write `!`", 5),
        ("error_rate > 5 %", "breaks off", "`0.05`", 17),
        ("error_rate >", "breaks off", "", 13),
        ('breach == "no', "cannot be read", "quotation mark", 11),
        ("", "is empty", "", 1),
        ("eror_rate > 1", "unknown fact `eror_rate`", "", 1),
        ('breach == "yes"', 'is "yes", which it never is', "no, suspected, confirmed", 12),
        ('"yes" == breach', 'is "yes"', "no, suspected, confirmed", 2),
        ('breach in ["no", "maybe"]', 'is "maybe"', "no, suspected, confirmed", 19),
        ("error_rate", "no question", "Compare", 0),
        ("error_rate + 1 > 2", "mixes types", "`1.0`", 0),
        ('cosmetic && error_rate > "x"', "mixes types", "`error_rate` is a number", 0),
        ('region.matches("(a+)+b")', "`matches`", "`startsWith`", 0),
        ("[1, 2].all(cosmetic, true)", "has no place", "Use comparisons", 0),
        ("(" * 30 + "cosmetic" + ")" * 30, "too deep", "several conditions", 0),
        ("cosmetic || " * 60 + "cosmetic", "too long", "several conditions", 0),
    ],
)
def test_what_is_refused(expression: str, what: str, hint: str, column: int) -> None:
    fault = problem_with(expression, FACTS)
    assert fault is not None
    assert what in fault.what
    assert hint in fault.hint
    assert fault.column == column


def test_the_unknown_fact_is_named_so_that_others_can_be_proposed() -> None:
    fault = problem_with("cosmetic && nonsense", FACTS)
    assert fault is not None
    assert (fault.unknown, fault.column) == ("nonsense", 13)


def test_which_facts_a_condition_looks_at() -> None:
    assert facts_in('cosmetic || breach == "no"') == {"cosmetic", "breach"}
    assert facts_in("cosmetic ||") == frozenset()


VALUES = st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ALPHABET = "cosmetic error_rate breach &|!=<>()[]{}\"'.,?:+-*/%0123456789 \\n"


@given(
    st.text(max_size=60) | st.text(alphabet=ALPHABET, max_size=40),
    st.dictionaries(st.sampled_from([*FACTS, "x"]), VALUES),
)
def test_no_text_and_no_facts_raise(expression: str, facts: dict[str, FactValue]) -> None:
    problem_with(expression, FACTS)
    assert holds(expression, facts) in (True, False)
