"""Roles in an incident: who can hold them, how they go from one person to another, who relieves."""

from tests.core.incident.crew import START, Crew

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.oncall import standing

COMMANDER = """
roles:
  commander: {name: Commander, lead: true, from: on-call, needs: [senior]}
"""


def take(person: str, role: str = "commander", by: str = "", why: str = "") -> c.TakeRole:
    return c.TakeRole(by=by or person, role=role, person=person, why=why)


def test_standing_says_what_a_person_belongs_to() -> None:
    organisation = Crew(COMMANDER).organisation
    assert standing(organisation, "ana", START) == ("ana", "senior", "on-call", "on call: on-call")
    assert standing(organisation, "ben", START) == ("ben", "on-call")
    assert standing(organisation, "nobody", START) == ()


def test_only_people_of_the_recipient_with_the_qualification_hold_the_role() -> None:
    """S3.42: a senior team member on call."""
    crew = Crew(COMMANDER)
    assert "it is for on-call" in crew.refuses(take("dora")).reason
    refusal = crew.refuses(take("ben"))
    assert refusal.code == "incident.not-eligible"
    assert "senior" in refusal.reason
    assert "line" in refusal.reason
    assert "--why" in refusal.hint
    assert crew.does(take("ana")).incident.roles == {"commander": "ana"}


def test_somebody_else_holds_it_for_a_reason_and_the_record_says_so() -> None:
    crew = Crew(COMMANDER).does(take("dora", why="Ana is on a plane"))
    overruled = [event for event in crew.events if isinstance(event, e.Overruled)]
    assert [event.why for event in overruled] == ["Ana is on a plane"]
    assert "it is for on-call" in overruled[0].what
    assert crew.incident.roles == {"commander": "dora"}


def test_a_role_for_whoever_is_on_call_is_not_for_the_rest_of_the_roster() -> None:
    crew = Crew("roles: {first: {from: on-call, on_call: true}}")
    assert "on call" in crew.refuses(take("ben", "first")).reason
    assert crew.does(take("ana", "first")).incident.roles == {"first": "ana"}


def test_one_holder_at_a_time_unless_the_plan_wants_several() -> None:
    """S0.58, S0.62."""
    crew = Crew("roles: {lead: {}, experts: {one: false}}")
    crew.does(take("ana", "lead")).does(take("ben", "lead"))
    assert crew.incident.holders["lead"] == ("ben",)
    crew.does(take("ana", "experts")).does(take("finn", "experts"))
    assert crew.incident.holders["experts"] == ("ana", "finn")
    taken = [event for event in crew.events if isinstance(event, e.RoleTaken)]
    assert [event.was for event in taken] == ["", "ana", "", ""]


def test_roles_that_exclude_each_other_do_so_both_ways() -> None:
    crew = Crew("roles: {commander: {not_with: [scribe]}, scribe: {}}")
    crew.does(take("ana", "scribe"))
    refusal = crew.refuses(take("ana", "commander", why="nobody else is here"))
    assert refusal.code == "incident.role-conflict"
    other = Crew("roles: {commander: {not_with: [scribe]}, scribe: {}}")
    other.does(take("ana", "commander"))
    assert other.refuses(take("ana", "scribe")).code == "incident.role-conflict"


HAND_OVER = """
roles:
  commander: {hand_over: {records: [affected_systems], note: required}, relieve_after: 8h,
              relieved_by: manager}
"""


def test_a_hand_over_takes_what_the_plan_wants_said() -> None:
    """S0.58: a hand-over records from, to and time."""
    crew = Crew(HAND_OVER).does(take("ana")).at(60)
    bare = c.HandOver(by="ana", role="commander", person="ben")
    assert crew.refuses(bare).code == "incident.fact-missing"
    crew.does(c.RecordFact(by="ana", name="affected_systems", value="checkout"))
    assert crew.refuses(bare).code == "incident.reason-missing"
    crew.does(c.HandOver(by="ana", role="commander", person="ben", why="rolled back, watching"))
    handed = [event for event in crew.events if isinstance(event, e.RoleHandedOver)]
    assert [(h.was, h.person, h.at) for h in handed] == [("ana", "ben", crew.now)]
    assert crew.incident.roles == {"commander": "ben"}
    assert crew.incident.moments["role commander"] == crew.now


def test_the_role_is_not_taken_from_its_holder_without_a_reason() -> None:
    crew = Crew(HAND_OVER).does(take("ana"))
    refusal = crew.refuses(take("ben"))
    assert refusal.code == "incident.role-held"
    assert "--hand-over" in refusal.hint
    crew.does(take("ben", why="Ana's laptop died"))
    assert crew.incident.roles == {"commander": "ben"}


def test_who_takes_a_role_in_what_was_merged_begins_no_turn_there() -> None:
    """Found by a random life of tests/core/test_generated_stories.py, seed 8080."""
    crew = Crew(HAND_OVER).at(10)
    other = c.Other(code="INC-2", number=2, state="open")
    crew.does(c.Merge(by="ana", into="INC-2", other=other)).does(take("ana"))
    assert crew.incident.roles == {"commander": "ana"}
    assert crew.incident.running() == ()


def test_a_relief_is_due_after_eight_hours_and_again_if_nobody_comes() -> None:
    crew = Crew(HAND_OVER).does(c.Acknowledge(by="ana")).does(take("ana"))
    crew.at(8 * 60 - 1)
    assert "notice manager" not in crew.told()
    crew.at(8 * 60)
    assert crew.told().count("notice manager") == 1
    missed = [event for event in crew.events if isinstance(event, e.ClockMissed)]
    assert [event.clock for event in missed] == ["relieve commander"]
    crew.at(16 * 60)
    assert crew.told().count("notice manager") == 2


def test_a_relief_in_time_is_met_and_the_next_turn_begins() -> None:
    crew = Crew(HAND_OVER).does(c.Acknowledge(by="ana")).does(take("ana"))
    crew.at(7 * 60).does(take("ben", why="end of the shift")).at(14 * 60)
    assert "notice manager" not in crew.told()
    met = [event for event in crew.events if isinstance(event, e.ClockMet)]
    assert [event.clock for event in met] == ["relieve commander"]
    crew.at(15 * 60)
    assert crew.told().count("notice manager") == 1


def test_a_change_of_severity_does_not_end_the_turn() -> None:
    crew = Crew(HAND_OVER).does(take("ana")).does(c.SetSeverity(by="ana", severity="P0"))
    assert crew.clock("relieve commander") == "running"


def test_whoever_is_on_call_has_the_role_from_the_beginning() -> None:
    """S0.54."""
    crew = Crew("roles: {assignee: {default: on-call}}")
    assert crew.incident.roles == {"assignee": "ana"}
    taken = next(event for event in crew.events if isinstance(event, e.RoleTaken))
    assert taken.by == e.BY_PLAN
    assert taken.line > 0


def test_whoever_acknowledges_becomes_the_owner() -> None:
    """S4.19."""
    crew = Crew("roles: {owner: {by_acknowledging: true, from: on-call}}")
    crew.does(c.Acknowledge(by="ben"))
    assert crew.incident.roles == {"owner": "ben"}
    stranger = Crew("roles: {owner: {by_acknowledging: true, from: on-call}}")
    stranger.does(c.Acknowledge(by="dora"))
    assert stranger.incident.roles == {}
    assert stranger.incident.acknowledged_by == "dora"


def test_who_leaves_is_succeeded_by_whom_the_plan_names() -> None:
    crew = Crew("roles: {commander: {then: [on-call, team-lead], assign: 1h}}")
    crew.does(take("ana")).does(c.LeaveRole(by="ana", role="commander"))
    assert crew.incident.roles == {"commander": "dora"}  # Ana herself is on call.
    assert "page dora" in crew.told()
    assert crew.clock("assign commander") == "met"


def test_where_nobody_can_follow_it_is_said_and_the_role_waits() -> None:
    crew = Crew("roles: {commander: {then: [on-call], assign: 1h}}")
    crew.does(take("ana")).does(c.LeaveRole(by="ana", role="commander", why="ill"))
    assert crew.incident.roles == {}
    nobody = [event for event in crew.events if isinstance(event, e.NobodyReached)]
    assert [event.to for event in nobody] == ["on-call"]
    assert crew.clock("assign commander") == "running"


def test_a_role_that_nobody_takes_in_time_calls_for_help() -> None:
    """S2.15: a prompt and an escalation follow."""
    crew = Crew("roles: {commander: {assign: 10m, then: [team-lead]}}")
    crew.does(c.Acknowledge(by="ana")).at(9)
    assert "page team-lead" not in crew.told()
    crew.at(10)
    assert crew.told().count("page team-lead") == 1
    taken = Crew("roles: {commander: {assign: 10m, then: [team-lead]}}")
    taken.does(c.Acknowledge(by="ana")).does(take("ana")).at(11)
    assert "page team-lead" not in taken.told()
    silent = Crew("roles: {commander: {assign: 10m, then: [manager]}}").at(60)
    assert "page manager" not in silent.told()  # Nobody has answered: the escalation calls.


def test_trainees_look_on_and_may_be_added() -> None:
    crew = Crew("roles: {commander: {shadowed_by: trainees}}").does(take("ana"))
    assert crew.incident.shadows == {"commander": ("hugo",)}
    assert "notice hugo" in crew.told()
    assert crew.incident.roles == {"commander": "ana"}
    crew.does(c.Shadow(by="ana", role="commander", person="ben"))
    assert crew.incident.shadows == {"commander": ("hugo", "ben")}
    assert crew.refuses(c.Shadow(by="ana", role="commander", person="ana")).hint
    crew.does(take("hugo"))
    assert crew.incident.shadows == {"commander": ("ben",)}  # Who holds it does not look on.


EXPERTS = """
components: {database: {name: Database}}
roles:
  expert: {name: Expert, one: false, required_for: [P0], experts: {database: security-team}}
"""


def test_the_experts_of_a_component_are_asked_for_when_it_is_in_trouble() -> None:
    """S0.62, S2.18."""
    crew = Crew(EXPERTS, severity="P0")
    assert crew.task("expert/expert/database") == ""
    crew.does(c.RecordFact(by="ana", name="component_database", value="down"))
    assert "page security-team" in crew.told()
    assert crew.task("expert/expert/database/involved") == "open"
    crew.does(take("finn", "expert"))
    assert crew.task("expert/expert/database/involved") == "done"
    calm = Crew(EXPERTS).does(c.RecordFact(by="ana", name="component_database", value="down"))
    assert "page security-team" not in calm.told()  # At P1 it is up to the people.


TEAMS = """
roles:
  network-lead: {name: Network lead, from: security-team, assign: 30m}
  scribe: {name: Scribe}
teams:
  network: {name: Network team, lead: network-lead, roles: [scribe], when: 'error_rate > 0.5'}
"""


def test_a_team_is_set_up_when_its_condition_holds() -> None:
    crew = Crew(TEAMS)
    assert crew.task("team/network") == ""
    crew.does(c.RecordFact(by="ana", name="error_rate", value=0.9))
    assert "page security-team" in crew.told()
    assert crew.task("team/network") == "open"
    crew.does(take("finn", "network-lead"))
    assert crew.task("team/network") == "done"


def test_nobody_leads_more_incidents_than_the_plan_allows() -> None:
    crew = Crew(COMMANDER + "several: {when_open: 3, page: [manager], leads_at_most: 1}")
    refusal = crew.refuses(take("ana"), elsewhere=1)
    assert refusal.code == "incident.leads-enough"
    assert isinstance(crew.asks(take("ana"), elsewhere=0), list)


def test_the_manager_is_called_when_several_incidents_are_open() -> None:
    clauses = "several: {when_open: 3, page: [manager]}"
    assert "page manager" not in Crew(clauses, others=1).told()
    assert "page manager" in Crew(clauses, others=2).told()
