"""Which alert rules can never match, found without comparing each with all before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.plan.model import AlertRule
from tocsin.core.plan.rule_order import MAX_COMPARED, covers, never_matching


def rule(line: int = 0, **match: tuple[str, ...]) -> AlertRule:
    return AlertRule(match=match, severity="P0", line=line)


def shadowed(*rules: AlertRule) -> list[tuple[int, int]]:
    return [(number, earlier.line) for number, earlier in never_matching(rules)]


def test_a_narrower_rule_below_a_broader_one_never_matches() -> None:
    assert shadowed(
        rule(1, team=("a", "b")),
        rule(2, name=("x",), team=("c",)),
        rule(3, name=("x",), team=("b",)),
        rule(4, team=("a", "c")),
    ) == [(2, 1)]


def test_expressions_cover_what_they_match() -> None:
    assert shadowed(
        rule(1, team=("~a.*",)),
        rule(2, team=("abc", "ab")),
        rule(3, team=("abc", "b")),
        rule(4, team=("~ab.*",)),
        rule(5, team=("~.*",)),
        rule(6, team=("~[",)),
    ) == [(1, 1), (5, 5)]


def test_a_rule_without_conditions_takes_everything() -> None:
    assert shadowed(rule(1), rule(2), rule(3, a=("b",))) == [(1, 1), (2, 1)]


def test_thousands_of_rules_that_share_a_label_are_told_apart_by_another() -> None:
    many = [rule(n, service=("one",), name=(f"alert{n}",)) for n in range(3_000)]
    again = rule(9_999, service=("one",), name=("alert7",))
    assert shadowed(*many, again) == [(3_000, 7)]


def test_the_search_ends_where_rules_are_all_alike() -> None:
    alike = [rule(n, name=(f"~a{n}.*",)) for n in range(2_000)]
    assert sum(range(len(alike))) > MAX_COMPARED
    assert shadowed(*alike, rule(9_999, name=("~.*",)), rule(9_999, name=("a1",))) == []


VALUES = st.lists(
    st.sampled_from(["a", "ab", "b", "~a.*", "~.*", "~["]), min_size=1, max_size=3
).map(tuple)
MATCHES = st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=3)


@given(st.lists(MATCHES, max_size=12))
def test_what_is_found_is_what_comparing_all_would_find(
    matches: list[dict[str, tuple[str, ...]]],
) -> None:
    rules = [AlertRule(match=match, severity="P0", line=n) for n, match in enumerate(matches)]
    expected = []
    for number, match in enumerate(matches):
        before = [n for n in range(number) if covers(matches[n], match)]
        expected += [(number, before[0])] if before else []
    assert shadowed(*rules) == expected
