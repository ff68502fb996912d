"""Alert rules of a plan: when they fire, what their alerts state, and what lies between them."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.plan.broken_catalogue import plan
from tests.core.plan.plans import MONDAY, accepted, codes_of, problems_of

from tocsin.core.plan.catalogue.firing import Sample, aggregate, fires, measured, percentile
from tocsin.core.plan.catalogue.firing import in_words as in_words_of
from tocsin.core.plan.catalogue.intervals import (
    Interval,
    above,
    holes,
    in_words,
    intervals,
    joined,
    without,
)
from tocsin.core.plan.catalogue.model import Threshold

MINUTE = timedelta(minutes=1)
ERRORS = Threshold(id="errors", line=1, metric="rate", of="ratio", above=0.01, window=5 * MINUTE)


def requests(minutes_ago: float, failed: float, total: float) -> Sample:
    return Sample(MONDAY - minutes_ago * MINUTE, failed, total)


def test_a_share_fires_strictly_above_its_limit() -> None:
    assert not fires(ERRORS, [requests(1, 1, 100)], MONDAY)
    assert fires(ERRORS, [requests(1, 1.01, 100)], MONDAY)
    assert fires(ERRORS, [requests(1, 0, 100), requests(2, 3, 100)], MONDAY)
    assert not fires(ERRORS, [], MONDAY)


def latency(slow: int, fast: int) -> list[Sample]:
    return [Sample(MONDAY, 1001)] * slow + [Sample(MONDAY, 200)] * fast


def test_of_a_hundred_requests_five_slow_ones_do_not_fire_and_six_do() -> None:
    rule = Threshold(id="slow", line=1, metric="ms", of="p95", above=1000, window=5 * MINUTE)
    assert not fires(rule, latency(5, 95), MONDAY)
    assert fires(rule, latency(6, 94), MONDAY)
    assert fires(rule, latency(1, 0), MONDAY)


def test_availability_fires_strictly_below() -> None:
    rule = Threshold(id="up", line=1, metric="up", of="availability", below=0.99, window=5 * MINUTE)
    assert not fires(rule, [requests(0, 99, 100)], MONDAY)
    assert fires(rule, [requests(0, 98, 100)], MONDAY)


def test_the_window_slides_and_the_rule_clears() -> None:
    """Three of a hundred messages fail at noon; a quarter of an hour later that is forgotten."""
    rule = Threshold(id="mail", line=1, metric="x", of="ratio", above=0.02, window=15 * MINUTE)
    story = [requests(0, 3, 100), requests(-10, 0, 10), requests(-15, 0, 10)]
    assert fires(rule, story, MONDAY)
    assert fires(rule, story, MONDAY + 14.9 * MINUTE)
    assert not fires(rule, story, MONDAY + 15 * MINUTE)
    assert not fires(rule, story, MONDAY - MINUTE), "what is to come does not count"


def test_too_few_samples_never_fire() -> None:
    rule = Threshold(
        id="e", line=1, metric="x", of="ratio", above=0.01, window=5 * MINUTE, min_samples=100
    )
    assert not fires(rule, [requests(0, 99, 99)], MONDAY)
    assert fires(rule, [requests(0, 99, 99), requests(1, 0, 1)], MONDAY)


def test_a_count_needs_no_samples_to_be_nothing() -> None:
    rule = Threshold(id="db", line=1, metric="x", of="count", above=0, window=5 * MINUTE)
    assert measured(rule, [], MONDAY) == 0
    assert not fires(rule, [], MONDAY)
    assert fires(rule, [Sample(MONDAY, 1)], MONDAY)


def test_a_factor_of_what_was_normal() -> None:
    rule = Threshold(
        id="slow", line=1, metric="ms", above=2, window=5 * MINUTE, baseline=60 * MINUTE
    )
    normal = [Sample(MONDAY - n * MINUTE, 100) for n in range(5, 60)]
    assert not fires(rule, [*normal, Sample(MONDAY, 200)], MONDAY)
    assert fires(rule, [*normal, Sample(MONDAY, 201)], MONDAY)
    assert not fires(rule, [Sample(MONDAY, 201)], MONDAY), "without a past nothing is known"


def test_a_count_is_compared_with_the_count_of_as_long_a_time() -> None:
    rule = Threshold(
        id="n", line=1, metric="x", of="count", above=2, window=5 * MINUTE, baseline=60 * MINUTE
    )
    past = [Sample(MONDAY - n * MINUTE, 1) for n in range(5, 65)]  # five in five minutes
    now = [Sample(MONDAY - n * MINUTE, 2) for n in range(5)]
    assert not fires(rule, past + now, MONDAY)
    assert fires(rule, [*past, *now, Sample(MONDAY, 1)], MONDAY)


def test_what_is_open_or_about_a_state_never_fires_on_samples() -> None:
    samples = [Sample(MONDAY, 5)]
    assert not fires(Threshold(id="a", line=1, metric="x", window=MINUTE), samples, MONDAY)
    assert not fires(Threshold(id="a", line=1, metric="x", above=1), samples, MONDAY)


VALUES = st.floats(-1e6, 1e6)


@given(st.lists(VALUES, min_size=1), st.sampled_from([95, 99]))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
    values: list[float], percent: int
) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_the_average_and_nothing() -> None:
    assert aggregate("average", [Sample(MONDAY, 1), Sample(MONDAY, 2)]) == 1.5
    assert aggregate("average", []) is None
    assert aggregate("ratio", [Sample(MONDAY, 0, 0)]) is None


# What the plan file says


RULES = """
detection:
  tiers: {critical: {goes_to: PagerDuty, severity: P0}, warning: Slack}
components: {auth: {}}
default_window: 5m
thresholds:
  errors: {metric: rate, of: ratio, above: 1, tier: warning, states: {slow: true}}
  sign-in: {component: auth, state: down, tier: critical, alert: {alertname: AuthDown}}
  cpu:
    {metric: cpu, above: 0.9, window: 15m, min_samples: 10, tier: warning, states: {slow: true}}
"""


def test_the_alert_of_a_threshold_states_facts_and_its_tier_the_severity() -> None:
    first, second, _ = accepted(plan(RULES)).alerts.rules
    assert (first.match, first.facts, first.severity) == (
        {"alertname": ("errors",)}, {"slow": True}, "",
    )  # fmt: skip
    assert (second.match, second.facts, second.severity) == (
        {"alertname": ("AuthDown",)}, {"component_auth": "down"}, "P0",
    )  # fmt: skip


def test_a_window_of_its_own_comes_before_the_default() -> None:
    thresholds = accepted(plan(RULES)).catalogue.thresholds
    assert thresholds["errors"].window == 5 * MINUTE
    assert thresholds["cpu"].window == 15 * MINUTE
    assert codes_of(plan(RULES.replace("default_window: 5m", ""))) == ["plan.no-window"]
    assert codes_of(plan(RULES.replace("window: 5m", "window: 5"))) == ["plan.time"]


@pytest.mark.parametrize(
    ("threshold", "code"),
    [
        ("{metric: a, above: 1, below: 2}", "plan.threshold"),
        ("{above: 1}", "plan.threshold"),
        ("{metric: a, component: auth, state: down}", "plan.threshold"),
        ("{metric: a, below: 1, baseline: 1h}", "plan.threshold"),
        ("{metric: a, above: 1, tier: loud}", "plan.unknown-part"),
        ("{metric: a, above: 1, component: atuh}", "plan.unknown-part"),
        ("{metric: a, above: 1, states: {slow: 3}}", "plan.fact-values"),
        ("{metric: a, above: 1, states: {fast: true}}", "plan.unknown-fact"),
        ("{metric: a, above: much}", "file.wrong-value"),
    ],
)
def test_what_a_threshold_can_get_wrong(threshold: str, code: str) -> None:
    assert code in codes_of(plan(RULES + f"  wrong: {threshold}\n"))


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        ("{metric: rate, of: ratio, above: 0.01}", "ratio of rate above 0.01 in 5m"),
        (
            "{metric: x, below: 3, unit: ms, window: 1h, min_samples: 9, tier: warning}",
            "average of x below 3 ms in 1h, from 9 samples on, tier warning",
        ),
        (
            "{metric: x, above: 2, baseline: 24h}",
            "average of x above 2 times what was normal in 5m",
        ),
        ("{component: auth, state: down}", "auth is down"),
        (
            "{metric: x, above: unspecified}",
            "average of x beyond what nobody has named in 5m",
        ),
    ],
)
def test_a_threshold_in_words(threshold: str, said: str) -> None:
    known = accepted(plan(RULES + f"  one: {threshold}\n")).catalogue.thresholds
    assert in_words_of(known["one"]) == said


def test_the_kind_of_alert_of_a_severity_is_a_tier() -> None:
    text = plan(RULES).replace("[slow]}", "[slow], alert_kind: Warning}")
    assert "plan.unknown-part" not in codes_of(text)
    assert "plan.unknown-part" in codes_of(text.replace("Warning}", "Info}"))


# Gaps between clauses


def gaps_of(criteria: str, threshold: str = "") -> list[str]:
    more = f"thresholds:\n  errors: {threshold}\n" if threshold else ""
    text = plan(more).replace("[slow]", criteria).replace("facts: {", "facts: {rate: number, ")
    return [p.what for p in problems_of(text) if p.code == "plan.metric-gap"]


FIRES = "{metric: rate, above: 0.01, window: 5m, of: ratio}"


def test_one_to_five_per_cent_raises_an_alert_and_no_severity() -> None:
    (gap,) = gaps_of('["rate > 0.05"]', FIRES)
    assert "above 0.01 up to 0.05" in gap
    assert "line 6" in gap


def test_what_is_covered_is_no_gap() -> None:
    assert gaps_of('["rate > 0.01"]', FIRES) == []
    assert gaps_of('["rate > 0.005 && rate <= 0.05", "0.05 < rate"]', FIRES) == []
    assert gaps_of('["slow || rate >= 0.01"]', FIRES) == []
    assert gaps_of('["rate > 0.05"]', FIRES.replace("}", ", states: {slow: true}}")) != []
    assert gaps_of('["rate > 0.05", slow]', FIRES.replace("}", ", states: {slow: true}}")) == []
    assert gaps_of('["rate > 0.05"]', FIRES.replace("ratio", "p95")) == []
    assert gaps_of('["slow"]', FIRES) == [], "no criterion is about the metric at all"


def test_what_holds_only_together_with_another_fact_covers_nothing() -> None:
    (gap,) = gaps_of('["rate > 0.01 && slow", "rate > 0.05"]', FIRES)
    assert "above 0.01 up to 0.05" in gap


def test_a_hole_between_two_severities_is_found() -> None:
    (hole,) = gaps_of('["rate > 0.5", "rate > 0.1 && rate < 0.2"]')
    assert "from 0.2 up to 0.5" in hole
    assert gaps_of('["rate > 90.0", "rate < 10.0"]') == [], "between them it is normal"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("a > 1", {"a": [above(1)]}),
        ("(1 < a)", {"a": [above(1)]}),
        ("a >= 1.5 && (a < 3 && a != 2)", {}),
        ("a == -2 || b", {"a": [Interval(-2, -2)]}),
        ("a > 3 && a < 2", {}),
        ('s == "a || b > 1"', {}),
        ("a > (5.0) || b <= 1e3", {"a": [above(5)], "b": [Interval(float("-inf"), 1000)]}),
        ("!(a > 1)", {}),
    ],
)
def test_what_a_condition_says_of_a_number(condition: str, found: object) -> None:
    assert intervals(condition) == found


EDGES = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, float("inf"), float("-inf")])
INTERVALS = st.tuples(EDGES, EDGES).map(lambda pair: Interval(min(pair), max(pair)))
MANY = st.lists(INTERVALS, max_size=5)
POINTS = st.floats(-3, 3) | st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0])


def within(parts: list[Interval], point: float) -> bool:
    return any(part.holds(point) for part in parts)


@given(MANY, MANY, POINTS)
def test_what_is_left_over_is_exactly_what_is_not_taken(
    whole: list[Interval], taken: list[Interval], point: float
) -> None:
    left = without(whole, taken)
    assert within(left, point) == (within(whole, point) and not within(taken, point))
    assert left == joined(left)


@given(MANY, POINTS)
def test_a_hole_is_between_clauses_and_in_none(parts: list[Interval], point: float) -> None:
    if within(holes(parts), point):
        assert not within(parts, point)
        assert min(part.low for part in parts) < point < max(part.high for part in parts)
    row = joined(parts)
    inside = bool(row) and row[0].low < point < row[-1].high and not within(parts, point)
    normal = any(
        one.low == float("-inf") and two.high == float("inf") and one.high < point < two.low
        for one, two in pairwise(row)
    )
    assert within(holes(parts), point) == (inside and not normal)


def test_intervals_in_words() -> None:
    assert in_words(above(0.01)) == "above 0.01"
    assert in_words(Interval(float("-inf"), 3)) == "up to 3"
    assert in_words(without([Interval(0, 5)], [Interval(3, 9)])[0]) == "from 0 below 3"
    assert in_words(Interval(float("-inf"), float("inf"))) == "any value"
