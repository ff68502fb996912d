"""Who may do what: refusals that say who, overrides that leave a trace, and no way around."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.incident.crew import PEOPLE, START, Crew, crew_organisation, crew_plan

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.authority import among, may, placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.oncall import standing

LEAD = "roles: {commander: {name: Commander, from: on-call}}\n"
RESERVED = (
    LEAD
    + """
authority:
  resolve: [commander, team-lead]
  close: team-lead
  lower_severity: {may: commander, or_with: reason}
"""
)


def test_a_refusal_says_who_may_where_it_stands_and_the_way_out() -> None:
    crew = Crew(RESERVED)
    refusal = crew.refuses(c.Resolve(by="emil"))
    assert refusal.code == "incident.not-yours"
    assert "commander or team-lead" in refusal.reason
    assert "(line " in refusal.reason
    assert "nobody is commander yet" in refusal.hint
    crew.does(c.TakeRole(by="ana", role="commander", person="ana"))
    assert "ana (commander)" in crew.refuses(c.Resolve(by="emil")).hint
    assert crew.does(c.Resolve(by="ana")).incident.state == "resolved"


def test_somebody_unnamed_is_asked_who_they_are() -> None:
    assert "--as PERSON" in Crew(RESERVED).refuses(c.Resolve(by="operator")).hint


def test_a_recipient_may_as_well_as_a_role() -> None:
    assert Crew(RESERVED).does(c.Resolve(by="dora")).incident.state == "resolved"


def test_machines_and_the_plan_are_not_bound() -> None:
    crew = Crew(RESERVED)
    assert isinstance(crew.asks(c.Resolve(by="prometheus", via="alert")), list)
    assert isinstance(crew.asks(c.Resolve(by=e.BY_PLAN)), list)


def test_what_the_plan_does_not_say_everybody_may() -> None:
    crew = Crew(RESERVED)
    assert isinstance(crew.asks(c.Acknowledge(by="operator")), list)
    assert isinstance(crew.asks(c.SetSeverity(by="emil", severity="P0")), list)


def test_an_override_takes_a_reason_and_stands_on_the_record() -> None:
    crew = Crew(RESERVED)
    lower = c.SetSeverity(by="emil", severity="P2")
    assert "--why" in crew.refuses(lower).hint
    crew.does(c.SetSeverity(by="emil", severity="P2", why="only the demo is hit"))
    overruled = [event for event in crew.events if isinstance(event, e.Overruled)]
    assert [(event.by, event.why) for event in overruled] == [("emil", "only the demo is hit")]
    assert "lower severity is for commander" in overruled[0].what
    assert overruled[0].line > 0


def test_raising_lowering_and_confirming_are_three_things() -> None:
    crew = Crew(
        "authority: {raise_severity: team-lead, lower_severity: cto, confirm_severity: manager}"
    )
    wanted = {"P0": "dora", "P2": "gwen", "P1": "emil"}
    for severity, person in wanted.items():
        for somebody in ("dora", "gwen", "emil"):
            outcome = crew.asks(c.SetSeverity(by=somebody, severity=severity))
            assert isinstance(outcome, list) == (somebody == person), (severity, somebody)


def test_acknowledging_with_a_severity_is_no_way_around() -> None:
    crew = Crew("authority: {lower_severity: cto}")
    assert crew.refuses(c.Acknowledge(by="ana", severity="P2")).code == "incident.not-yours"
    assert crew.does(c.Acknowledge(by="ana", severity="P0")).incident.severity == "P0"


def test_an_acknowledgement_may_have_to_come_with_a_severity() -> None:
    """S4.18."""
    crew = Crew("authority: {acknowledge: {with: severity}}")
    refusal = crew.refuses(c.Acknowledge(by="ana"))
    assert refusal.code == "incident.must-say"
    assert "--severity" in refusal.hint
    crew.does(c.Acknowledge(by="ana", severity="High"))
    assert (crew.incident.state, crew.incident.severity_confirmed) == ("acknowledged", True)
    known = Crew("authority: {acknowledge: {with: severity}}")
    known.does(c.SetSeverity(by="ana", severity="P1")).does(c.Acknowledge(by="ana"))


def test_facts_and_reasons_may_have_to_come_along() -> None:
    crew = Crew("authority: {resolve: {with: [affected_systems, reason]}}")
    assert "affected_systems" in crew.refuses(c.Resolve(by="ana", why="done")).reason
    crew.does(c.RecordFact(by="ana", name="affected_systems", value="checkout"))
    assert "--why" in crew.refuses(c.Resolve(by="ana")).hint
    assert crew.does(c.Resolve(by="ana", why="rolled back")).incident.state == "resolved"


def test_a_rule_may_be_for_some_severities_or_while_something_holds() -> None:
    clauses = """
authority:
  close: {may: cto, for: [P0]}
  resolve: {may: security-team, when: 'kind == "security"'}
"""
    calm = Crew(clauses, kind="operational").does(c.Resolve(by="ana"))
    assert calm.does(c.Close(by="ana")).incident.state == "closed"
    breach = Crew(clauses, severity="P0", kind="security")
    assert breach.refuses(c.Resolve(by="ana")).code == "incident.not-yours"
    breach.does(c.Resolve(by="finn"))
    assert breach.refuses(c.Close(by="finn")).code == "incident.not-yours"


def test_two_people_are_needed_for_the_same_thing_within_half_an_hour() -> None:
    clauses = "authority: {stand_down: {may: [on-call, team-lead], needs_two: true}}"
    crew = Crew(clauses)
    crew.does(c.StandDown(by="ana", why="the provider repairs it"))
    assert crew.incident.state == "open"
    assert "stand down" in crew.incident.wanted_by_one
    crew.does(c.StandDown(by="ana", why="again"))
    assert crew.refuses(c.StandDown(by="gwen", why="me too")).code == "incident.not-yours"
    agreed = crew.at(29).does(c.StandDown(by="dora", why="agreed"))
    assert agreed.incident.state == "resolved"
    assert [x.first for x in crew.events if isinstance(x, e.Seconded)] == ["ana"]
    late = Crew(clauses).does(c.StandDown(by="ana", why="x")).at(31)
    assert late.does(c.StandDown(by="dora", why="y")).incident.state == "open"


def test_what_would_be_refused_anyway_does_not_wait_for_a_second() -> None:
    crew = Crew("authority: {close: {may: anybody, needs_two: true}}")
    assert crew.refuses(c.Close(by="ana")).code == "incident.open"


def test_standing_down_follows_resolving_where_the_plan_does_not_say() -> None:
    crew = Crew("authority: {resolve: team-lead}")
    for detour in (False, True):
        attempt = c.StandDown(by="ana", false_alarm=detour, why="nothing there")
        assert crew.refuses(attempt).code == "incident.not-yours"
    own = Crew("authority: {resolve: team-lead, call_false_alarm: on-call}")
    assert isinstance(own.asks(c.StandDown(by="ana", false_alarm=True, why="a test")), list)
    assert own.refuses(c.StandDown(by="ana", why="a test")).code == "incident.not-yours"


def test_giving_a_role_and_taking_it_are_two_things() -> None:
    crew = Crew("roles: {scribe: {}}\nauthority: {give_role: team-lead}")
    crew.does(c.TakeRole(by="ana", role="scribe", person="ana"))
    given = c.TakeRole(by="emil", role="scribe", person="ben")
    assert crew.refuses(given).code == "incident.not-yours"
    handed = c.HandOver(by="emil", role="scribe", person="ben")
    assert crew.refuses(handed).code == "incident.not-yours"
    assert isinstance(crew.asks(c.HandOver(by="ana", role="scribe", person="ben")), list)


def test_money_is_spent_up_to_a_limit() -> None:
    clauses = """
authority:
  spend:
    - {may: team-lead, up_to: 1 kUSD}
    - {may: manager, up_to: 5000 USD}
"""
    crew = Crew(clauses)

    def spend(by: str, amount: float) -> c.TakeDecision:
        return c.TakeDecision(by=by, about="spend", choice="replicas", amount=amount)

    assert isinstance(crew.asks(spend("dora", 1000)), list)
    refusal = crew.refuses(spend("dora", 1000.5))
    assert "up to 1000 USD" in refusal.reason
    assert isinstance(crew.asks(spend("emil", 5000)), list)
    assert crew.refuses(spend("gwen", 1)).code == "incident.not-yours"


def test_a_decision_belongs_to_the_mandate_and_is_logged() -> None:
    """S0.59, S0.89."""
    crew = Crew("roles: {commander: {from: on-call, mandate: [strategy]}}")
    fail_over = c.TakeDecision(
        by="ana", about="strategy", choice="fail over", options=("wait", "fail over"),
        why="no repair in sight",
    )  # fmt: skip
    assert crew.refuses(fail_over).code == "incident.not-yours"
    crew.does(c.TakeRole(by="ana", role="commander", person="ana"))
    crew.does(fail_over)
    logged = next(event for event in crew.events if isinstance(event, e.DecisionTaken))
    assert (logged.by, logged.choice, logged.options) == ("ana", "fail over", ("wait", "fail over"))
    assert logged.why == "no repair in sight"
    assert isinstance(crew.asks(c.TakeDecision(by="gwen", about="tone", choice="frank")), list)


def test_a_task_may_be_for_whom_it_is_assigned_to() -> None:
    crew = Crew("""
roles: {commander: {}}
authority: {tick: assigned}
phases:
  work: {name: Work, steps: [{id: isolate, do: Isolate, by: commander}, {id: look, do: Look}]}
""")
    assert crew.refuses(c.Tick(by="ana", task="isolate")).code == "incident.not-yours"
    assert isinstance(crew.asks(c.Tick(by="ana", task="look")), list)
    crew.does(c.TakeRole(by="ana", role="commander", person="ana"))
    assert isinstance(crew.asks(c.Tick(by="ana", task="isolate")), list)


def test_who_may_declare_is_asked_before_there_is_an_incident() -> None:
    plan, organisation = crew_plan("authority: {declare: team-lead}"), crew_organisation()

    def opening(by: str, via: str = "") -> Any:
        command = c.Open(by=by, via=via, number=1, code="I-1", title="Down", severity="P1")
        return decide(plan, None, placed(organisation, command, START), START)

    assert isinstance(opening("emil"), Refusal)
    assert isinstance(opening("dora"), list)
    assert isinstance(opening("prometheus", "alert"), list)


def test_pages_ask_what_they_may_offer() -> None:
    crew = Crew(RESERVED)
    belongs = standing(crew.organisation, "dora", START)
    assert may(crew.plan, crew.incident, "close", "dora", belongs)
    assert not may(crew.plan, crew.incident, "close", "emil", ("manager",))
    assert may(crew.plan, crew.incident, "note", "emil", ())


ALL_VERBS = {
    "acknowledge": c.Acknowledge(by=""),
    "resolve": c.Resolve(by=""),
    "stand_down": c.StandDown(by="", why="x"),
    "call_false_alarm": c.StandDown(by="", why="x", false_alarm=True),
    "note": c.Note(by="", text="x"),
    "state_fact": c.RecordFact(by="", name="error_rate", value=0.5),
    "raise_severity": c.SetSeverity(by="", severity="P0"),
    "lower_severity": c.SetSeverity(by="", severity="P2"),
    "confirm_severity": c.SetSeverity(by="", severity="P1"),
    "page": c.Escalate(by="", to="cto"),
    "start_mode": c.SetMode(by="", mode="recovery"),
}


def by(command: c.Command, person: str) -> c.Command:
    fields = {name: getattr(command, name) for name in command.__struct_fields__}
    return type(command)(**{**fields, "by": person})


@pytest.mark.parametrize("verb", ALL_VERBS)
def test_every_verb_can_be_reserved(verb: str) -> None:
    crew = Crew(f"modes: {{recovery: {{}}}}\nauthority: {{{verb}: cto}}")
    assert crew.refuses(by(ALL_VERBS[verb], "ana")).code == "incident.not-yours"
    assert isinstance(crew.asks(by(ALL_VERBS[verb], "gwen")), list)


def test_publishing_and_approving_can_be_reserved() -> None:
    crew = Crew("authority: {publish: cto, approve: cto}")
    for command in (c.Publish(by="ana", audience="users"), c.Approve(by="ana", update="u")):
        assert crew.refuses(command).code == "incident.not-yours"


RULES = st.dictionaries(
    st.sampled_from(["resolve", "stand_down", "call_false_alarm", "lower_severity", "acknowledge"]),
    st.lists(
        st.sampled_from(["on-call", "team-lead", "manager", "cto"]),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    max_size=4,
)
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(["acknowledge", "resolve", "stand_down", "call_false_alarm", "ack_low",
                         "lower_severity", "reopen", "note"]),
    ),
    max_size=8,
)  # fmt: skip
COMMANDS = {
    **ALL_VERBS,
    "ack_low": c.Acknowledge(by="", severity="P2"),
    "reopen": c.Reopen(by=""),
}


@settings(max_examples=60, deadline=None)
@given(rules=RULES, deeds=DEEDS)
def test_nobody_excluded_gets_there_and_a_refusal_changes_nothing(
    rules: dict[str, list[str]], deeds: list[tuple[str, str]]
) -> None:
    """Whoever ended it, or lowered it, is allowed to by the rule or by none at all."""
    lines = "".join(f"  {verb}: [{', '.join(who)}]\n" for verb, who in rules.items())
    crew = Crew("authority:\n" + lines if lines else "")
    for person, deed in deeds:
        before: Incident = crew.incident
        outcome = crew.asks(by(COMMANDS[deed], person))
        if isinstance(outcome, Refusal):
            assert crew.incident == before
            continue
        after = replay(outcome, before) if outcome else before
        belongs = standing(crew.organisation, person, START)
        if before.state != "resolved" and after.state == "resolved":
            verb = {"resolve": "resolve", "stand_down": "stand_down"}.get(deed, "call_false_alarm")
            allowed = rules.get(verb, rules.get("resolve"))
            assert allowed is None or among(before, person, belongs, allowed)
        ranks = {severity.code: severity.rank for severity in crew.plan.severities}
        if ranks[after.severity] > ranks[before.severity]:
            allowed = rules.get("lower_severity")
            assert allowed is None or among(before, person, belongs, allowed)
        crew.incident = after
        crew.now += timedelta(minutes=1)
