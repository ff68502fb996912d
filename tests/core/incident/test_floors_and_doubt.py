"""The least severity of certain incidents; and what is not known for certain."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.incident.crew import Crew, crew_plan

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.plan.classify import propose
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.doubt import could_hold
from tocsin.core.plan.model import FactRule, FactValue, Plan

FLOOR = """
floors:
  - {when: 'kind == "security"', at_least: P0, unless: [security-team]}
  - {when: 'error_rate > 0.5', at_least: P1}
"""


def test_a_security_incident_is_at_least_critical() -> None:
    """S0.05, S0.07."""
    crew = Crew(FLOOR, severity="P2", kind="security")
    assert crew.incident.severity == "P0"
    assert "at least P0" in crew.incident.severity_why
    refusal = crew.refuses(c.SetSeverity(by="ana", severity="P1", why="it is small"))
    assert refusal.code == "incident.severity-floor"
    assert "security-team" in refusal.hint
    assert crew.refuses(c.Acknowledge(by="ana", severity="P1")).code == refusal.code


def test_whom_the_plan_names_may_go_below_with_a_reason() -> None:
    crew = Crew(FLOOR, severity="P0", kind="security")
    bare = c.SetSeverity(by="finn", severity="P1")
    assert crew.refuses(bare).code == "incident.severity-floor"
    crew.does(c.SetSeverity(by="finn", severity="P1", why="a scanner of our own"))
    assert crew.incident.severity == "P1"
    waived = [event for event in crew.events if isinstance(event, e.FloorWaived)]
    assert [(w.by, w.why) for w in waived] == [("finn", "a scanner of our own")]
    crew.at(60)
    assert crew.incident.severity == "P1"  # The waiver lasts; the plan does not raise it again.


def test_a_fact_raises_it_to_the_floor_by_itself() -> None:
    crew = Crew(FLOOR, severity="P2")
    crew.does(c.RecordFact(by="ana", name="error_rate", value=0.6))
    assert crew.incident.severity == "P1"


def test_the_severities_are_known_by_their_names_and_aliases() -> None:
    """S2.02."""
    crew = Crew("")
    assert crew.does(c.SetSeverity(by="ana", severity="critical")).incident.severity == "P0"
    assert crew.does(c.SetSeverity(by="ana", severity="High")).incident.severity == "P1"
    assert crew.refuses(c.SetSeverity(by="ana", severity="Sky")).code == "incident.unknown-severity"


def test_in_doubt_counts_as_the_worst_that_it_may_mean() -> None:
    crew = Crew("in_doubt: higher", severity="P2")
    crew.does(c.RecordFact(by="ana", name="data_breach", value="", in_doubt=True))
    assert crew.incident.severity == "P0"
    assert "in doubt: data_breach" in crew.incident.severity_why
    assert list(crew.incident.doubts) == ["data_breach"]
    assert "data_breach" not in crew.incident.facts


def test_in_doubt_from_the_beginning() -> None:
    assert Crew("in_doubt: higher", in_doubt=("data_breach",)).incident.severity == "P0"
    assert Crew("in_doubt: lower", in_doubt=("data_breach",)).incident.severity == "P1"


def test_in_doubt_counts_for_nothing_where_the_plan_wants_it_so() -> None:
    for clauses in ("in_doubt: lower", ""):
        crew = Crew(clauses, severity="P2")
        crew.does(c.RecordFact(by="ana", name="data_breach", value="", in_doubt=True))
        assert crew.incident.severity == "P2"


def test_a_doubt_is_asked_for_and_goes_when_somebody_knows() -> None:
    crew = Crew("roles: {commander: {lead: true}}\nin_doubt: ask", severity="P2")
    crew.does(c.RecordFact(by="ana", name="data_breach", value="", in_doubt=True))
    assert crew.task("doubt/data_breach") == "open"
    assert crew.task("doubt/error_rate") == ""
    crew.does(c.RecordFact(by="finn", name="data_breach", value="no"))
    assert crew.task("doubt/data_breach") == "done"
    assert not crew.incident.doubts


def test_what_was_known_is_not_known_any_more_when_it_is_doubted() -> None:
    crew = Crew("in_doubt: higher", severity="P2")
    crew.does(c.RecordFact(by="ana", name="data_breach", value="no"))
    crew.does(c.RecordFact(by="ana", name="data_breach", value="", in_doubt=True))
    assert crew.incident.severity == "P0"
    strange = c.RecordFact(by="ana", name="weather", value="", in_doubt=True)
    assert crew.refuses(strange).code == "incident.unknown-fact"


RULES = {
    "flag": FactRule("flag", "bool"),
    "rate": FactRule("rate", "number"),
    "state": FactRule("state", "one of", ("up", "slow", "down")),
    "note": FactRule("note", "text"),
}
ATOMS = st.sampled_from([
    "flag", "!flag", "rate > 0.05", "rate <= 3.0", "rate == 7.0", "rate * 2.0 > 9.0",
    'state == "down"', 'state != "up"', 'note == "fire"', 'note.contains("x")', "rate > 100.0",
])  # fmt: skip
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.builds(
        lambda left, op, right: f"({left} {op} {right})",
        inner, st.sampled_from(["&&", "||"]), inner,
    ),
    max_leaves=4,
)  # fmt: skip
VALUES: dict[str, st.SearchStrategy[FactValue]] = {
    "flag": st.booleans(),
    "rate": st.floats(-200, 200, allow_nan=False),
    "state": st.sampled_from(["up", "slow", "down"]),
    "note": st.sampled_from(["fire", "x", "axb", ""]),
}
FACTS = st.fixed_dictionaries({}, optional=VALUES)


@settings(max_examples=300, deadline=None)
@given(expression=EXPRESSIONS, facts=FACTS, doubts=st.sets(st.sampled_from(list(RULES))))
def test_what_can_be_so_is_never_called_impossible(
    expression: str, facts: dict[str, FactValue], doubts: set[str]
) -> None:
    """Whatever the doubtful facts turn out to be: if the condition then holds, it could hold."""
    if holds(expression, facts):
        assert could_hold(expression, facts, doubts, RULES)


@settings(max_examples=300, deadline=None)
@given(expression=EXPRESSIONS, facts=FACTS)
def test_without_a_doubt_it_is_the_same_question(
    expression: str, facts: dict[str, FactValue]
) -> None:
    assert could_hold(expression, facts, (), RULES) == holds(expression, facts)


PLANS: dict[str, Plan] = {word: crew_plan(f"in_doubt: {word}") for word in ("higher", "lower")}
OF_CREW = st.fixed_dictionaries({}, optional={
    "service_availability": st.sampled_from(["full", "degraded", "none"]),
    "data_breach": st.sampled_from(["no", "suspected", "confirmed"]),
    "error_rate": st.floats(0, 1),
})  # fmt: skip


def rank(plan: Plan, facts: dict[str, FactValue], doubts: set[str]) -> int:
    severity = propose(plan, facts, doubts).severity
    return len(plan.severities) if severity is None else severity.rank


@settings(max_examples=200, deadline=None)
@given(facts=OF_CREW, doubts=st.sets(st.sampled_from(["service_availability", "error_rate"])))
def test_a_doubt_never_makes_it_less_severe(facts: dict[str, FactValue], doubts: set[str]) -> None:
    """Under `higher`: at least as severe as with the truth, and as with silence."""
    plan = PLANS["higher"]
    silent = {name: value for name, value in facts.items() if name not in doubts}
    doubted = rank(plan, facts, doubts)
    assert doubted <= rank(plan, facts, set())
    assert doubted <= rank(plan, silent, set())
    assert rank(PLANS["lower"], facts, doubts) == rank(PLANS["lower"], silent, set())
