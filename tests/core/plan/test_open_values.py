"""What a document leaves open: kept as it is, told, and obeyed by nobody."""

from datetime import timedelta

import pytest
from tests.core.plan.broken_catalogue import plan
from tests.core.plan.plans import (
    MONDAY,
    accepted,
    codes_of,
    one,
    problems_of,
    small,
)

from tocsin.core.calendars import Calendars, act_at, due_at
from tocsin.core.plan.check import limit
from tocsin.core.plan.classify import propose
from tocsin.core.plan.conditions import spelled_out
from tocsin.core.times import parse_time

HOUR = timedelta(hours=1)
WRITTEN = "standing: as written\n"


@pytest.mark.parametrize("text", ["choice(30m, 1h)", "variable", "unspecified", "never"])
def test_what_is_open_is_never_due_and_never_comes(text: str) -> None:
    value = parse_time(text)
    assert due_at(value, MONDAY, Calendars()) is None
    assert act_at(value, MONDAY, Calendars()) is None
    assert limit(value) is None


def test_a_box_of_time_begins_and_ends() -> None:
    box = parse_time("24-72h")
    assert act_at(box, MONDAY, Calendars()) == MONDAY + 24 * HOUR
    assert due_at(box, MONDAY, Calendars()) == MONDAY + 72 * HOUR
    assert limit(box) == 72 * HOUR


STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate}\n"


def test_a_step_whose_time_is_a_choice_comes_when_somebody_asks() -> None:
    text = small(STEPS + '    - {page: lead, at: "choice(30m, 1h)"}\n', more=WRITTEN)
    step = accepted(text).steps["P0"][-1]
    assert (step.to, step.manual) == (("lead",), True)
    assert "on request" in step.why


def levels_of(text: str, code: str) -> set[str]:
    return {problem.level for problem in problems_of(text) if problem.code == code}


UNDECIDED = {
    "plan.choice": plan("").replace("at: immediate", 'at: "choice(5m, 9m)"'),
    "plan.anchor": small("  steps: [{page: on-call, at: 5m}, {page: lead, at: 9m}]\n"),
    "plan.chain-order": small(
        STEPS + "    - {page: lead, at: 9m}\n    - {page: cto, at: 5m}\n"
    ),
    "plan.step-time": small(STEPS + "    - {page: lead}\n"),
    "plan.matrix-meaning": small("  matrix: {rows: [{page: on-call, P0: 5m, P1: 9m}]}\n"),
    "plan.precedence": small(
        "  matrix:\n    meaning: notify by\n    rows: [{page: on-call, P0: 5m, P1: 9m}]\n"
    ).replace("[down]}", "[down], escalation: [{page: on-call, at: 0m}]}"),
    "plan.contradiction": small(STEPS).replace("[down]}", "[down], acknowledge: 10m, done: 5m}")
    + "clocks: {done: {stops_at: resolved}}\n",
    "plan.open-contradiction": plan("contradictions: [{about: x, between: [a, b]}]\n"),
    "plan.freeze-level": plan("freeze: {}\n"),
    "plan.no-window": plan("thresholds: {errors: {metric: x, above: 1, window: unspecified}}\n"),
}  # fmt: skip


@pytest.mark.parametrize("code", UNDECIDED)
def test_what_is_undecided_is_a_warning_as_written_and_an_error_in_force(code: str) -> None:
    text = UNDECIDED[code]
    assert levels_of(text, code) == {"error"}
    assert levels_of(text + WRITTEN, code) == {"warning"}
    assert accepted(text + WRITTEN).standing == "as written"


def test_what_refers_to_nothing_is_an_error_as_written_as_well() -> None:
    text = small(STEPS + "    - {page: laed, at: 5m}\n", more=WRITTEN)
    assert levels_of(text, "plan.unknown-recipient") == {"error"}


def test_a_contradiction_that_somebody_has_decided_is_none() -> None:
    decided = "contradictions: [{about: CTO, between: [at once, 30m], precedence: %s}]\n"
    assert codes_of(plan(decided % "2")) == []
    assert accepted(plan(decided % "2")).catalogue.contradictions[0].holds == 2
    assert codes_of(plan(decided % "3")) == ["plan.open-contradiction"]


WORDS = """
terms:
  widespread: {means: users_share >= 0.2, about: Many users}
  many: 25
  bad: widespread && down
  significant: {means: unspecified, about: Whether it matters}
  media_echo: {means: unspecified, type: number}
"""


def worded(criteria: str, terms: str = WORDS) -> str:
    text = small(STEPS, more=terms).replace("[slow]", criteria)
    return text.replace("facts: {", "facts: {users_share: number, complaints: number, ")


CRITERIA = '[bad, "complaints > many", significant, "media_echo > 2.0"]'


def proposed(**facts: bool | float) -> str:
    severity = propose(accepted(worded(CRITERIA)), facts).severity
    return severity.code if severity else ""


def test_a_word_stands_for_its_condition_or_figure() -> None:
    assert proposed(complaints=26) == "P1"
    assert proposed(complaints=25) == ""
    assert proposed(users_share=0.1) == ""
    assert propose(accepted(worded(CRITERIA)), {"users_share": 0.2, "down": True}).severity


def test_an_open_word_is_a_fact_that_people_state() -> None:
    facts = accepted(worded(CRITERIA)).facts
    assert (facts["significant"].kind, facts["media_echo"].kind) == ("bool", "number")
    assert facts["significant"].about == "Whether it matters"
    assert proposed(significant=True) == "P1"
    assert proposed(media_echo=3) == "P1"
    assert codes_of(worded(CRITERIA)) == ["plan.no-figure", "plan.no-figure"]


def test_a_word_may_use_those_above_it_only() -> None:
    text = worded("[early]", "terms: {early: late, late: down}\n")
    assert "plan.unknown-fact" in codes_of(text)
    assert "plan.name" in codes_of(worded("[down]", "terms: {down: slow}\n"))


def test_a_wrong_word_is_told_where_it_is_used() -> None:
    problem = one(worded('["complaints > mani"]', "terms: {many: 25}\n"), "plan.unknown-fact")
    assert "`many`" in problem.hint
    mixed = one(worded('["down > many"]', "terms: {many: 25}\n"), "plan.condition")
    assert "`down > many`" in mixed.what


def test_texts_in_quotes_are_no_words() -> None:
    words = {"many": "25.0"}
    assert spelled_out('x == "many" && y > many', words) == 'x == "many" && y > 25.0'
    assert spelled_out("too_many > many_more", words) == "too_many > many_more"
