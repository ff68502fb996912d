"""Phases, checklists, playbooks, gates and watches of a plan, as they work through a night."""

import pytest
from tests.core.incident.night import START, Night

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e

PHASES = """
phases:
  detection:
    steps: [Look at the alert, {do: Say what is affected, records: [affected_systems]}]
  containment:
    starts: T+5m
    within: 1h
    steps:
      - {do: Isolate, need: if needed}
      - {act: Stop writes, undo: Allow writes again}
  recovery:
    in_order: true
    steps: [Test in staging, Deploy to production]
"""


def tick(task: str) -> c.Tick:
    return c.Tick(by="ana", task=task)


def test_phases_go_in_the_order_of_the_plan_and_demand_their_steps() -> None:
    night = Night(PHASES)
    assert night.incident.phase == "detection"
    assert night.open_tasks() == ["detection/look-at-the-alert", "detection/say-what-is-affected"]
    night.at(3)
    skipped = night.refuses(c.EnterPhase(by="ana", phase="recovery"))
    assert (skipped.code, "containment" in skipped.reason) == ("incident.phase-order", True)
    early = night.refuses(c.EnterPhase(by="ana", phase="containment"))
    assert early.code == "incident.open-tasks"
    assert "Look at the alert" in early.reason
    night.does(tick("look-at-the-alert"))
    assert night.refuses(tick("say-what-is-affected")).code == "incident.fact-missing"
    night.states("affected_systems", "api").does(tick("say-what-is-affected"))
    night.at(4).does(c.EnterPhase(by="ana", phase="containment"))
    assert night.incident.phase == "containment"
    assert night.clock("enter containment") == "met"
    assert night.clock("phase containment") == "running"


def test_a_phase_that_takes_longer_than_its_box_is_missed_and_so_is_a_late_start() -> None:
    night = Night(PHASES).at(6)
    assert night.clock("enter containment") == "missed"
    forced = c.EnterPhase(by="ana", phase="containment", force=True, why="alert was obvious")
    night.does(forced).at(65)
    assert night.clock("phase containment") == "running"
    assert night.at(66).clock("phase containment") == "missed"


def test_going_on_by_force_needs_a_reason_and_going_back_does_not() -> None:
    night = Night(PHASES)
    silent = c.EnterPhase(by="ana", phase="containment", force=True)
    assert night.refuses(silent).code == "incident.reason-missing"
    night.does(c.EnterPhase(by="ana", phase="containment", force=True, why="obvious"))
    night.does(c.EnterPhase(by="ana", phase="detection"))
    assert night.incident.phase == "detection"


def test_a_step_that_is_only_needed_perhaps_is_answered_with_a_reason() -> None:
    night = Night(PHASES).does(
        c.EnterPhase(by="ana", phase="containment", force=True, why="obvious")
    )
    assert night.refuses(c.Waive(by="ana", task="isolate")).code == "incident.reason-missing"
    required = c.Waive(by="ana", task="stop-writes", why="no time")
    assert night.refuses(required).code == "incident.task-required"
    night.does(c.Waive(by="ana", task="isolate", why="nothing is compromised"))
    assert night.task("containment/isolate") == "waived"


def test_what_was_done_to_contain_it_is_taken_back_before_closing() -> None:
    night = Night(PHASES).does(
        c.EnterPhase(by="ana", phase="containment", force=True, why="obvious")
    )
    assert [ordered.text for ordered in night.all(e.TaskOrdered)] == ["Stop writes"]
    night.does(tick("stop-writes")).does(c.Resolve(by="ana"))
    assert "Allow writes again" in night.refuses(c.Close(by="ana")).reason
    night.does(tick("undo/containment/stop-writes")).does(c.Close(by="ana"))
    assert night.incident.state == "closed"


def test_a_mitigation_that_was_never_made_needs_no_undoing() -> None:
    night = Night(PHASES).does(c.Resolve(by="ana"))
    assert night.does(c.Close(by="ana")).incident.state == "closed"


def test_steps_in_order_wait_for_the_one_before_even_when_done_early() -> None:
    night = Night(PHASES)
    refusal = night.refuses(tick("deploy-to-production"))
    assert refusal.code == "incident.task-order"
    assert "recovery/test-in-staging" in refusal.reason
    night.does(tick("test-in-staging")).does(tick("deploy-to-production"))
    assert night.task("recovery/deploy-to-production") == "done"


def test_ticking_twice_changes_nothing() -> None:
    """Invariant E2."""
    night = Night(PHASES).does(tick("look-at-the-alert"))
    before = len(night.events)
    night.does(tick("look-at-the-alert"))
    assert len(night.events) == before


def test_an_unknown_task_is_refused_with_what_is_open() -> None:
    refusal = Night(PHASES).refuses(tick("look-at-the-alrt"))
    assert refusal.code == "incident.unknown-task"
    assert "detection/look-at-the-alert" in refusal.hint


PLAYBOOK = """
phases:
  containment: {steps: [Scale up]}
playbooks:
  data-breach:
    when: data_breach == "confirmed"
    instead_of: [containment]
    steps:
      - {do: Isolate the systems, within: immediate}
      - {notify: security-team}
      - {page: cto}
"""


def test_a_playbook_begins_when_its_condition_holds_and_replaces_the_phase() -> None:
    night = Night(PLAYBOOK)
    assert night.open_tasks() == ["containment/scale-up"]
    night.at(10).states("data_breach", "confirmed")
    assert night.told("security-team") == [10]
    assert night.told("cto") == [10]
    assert night.task("containment/scale-up") == "dropped"
    assert night.open_tasks() == ["data-breach/isolate-the-systems"]
    assert night.at(15).clock("data-breach/isolate-the-systems") == "missed"


def test_a_playbook_whose_reason_goes_away_is_dropped_and_may_come_back() -> None:
    night = Night(PLAYBOOK).states("data_breach", "confirmed").at(3)
    night.states("data_breach", "no")
    assert night.task("data-breach/isolate-the-systems") == "dropped"
    assert night.task("containment/scale-up") == "open"
    night.at(20).states("data_breach", "confirmed")
    assert night.task("data-breach/isolate-the-systems") == "open"
    assert night.told("security-team") == [0], "who was told once is not told again"


MILESTONES = """
milestones:
  meaning: by
  T+5m: [Somebody is told]
  T+15m: [{do: On-call engineer told, met_by: told on-call-engineer}, Root cause known]
"""


def test_every_outcome_of_a_milestone_is_late_by_itself() -> None:
    night = Night(MILESTONES).at(10)
    assert night.clock("milestone/t-5m/somebody-is-told") == "missed"
    assert night.clock("milestone/t-15m/on-call-engineer-told") == "met"
    assert night.clock("milestone/t-15m/root-cause-known") == "running"
    night.at(15)
    assert night.clock("milestone/t-15m/root-cause-known") == "missed"


GATES = """
gates:
  - before: resolve
    needs: [{ask: Is it user facing?, answer: user_facing}]
  - before: close
    for: [P0]
    needs: [{write: incident-report, do: Write the report, within: 3 calendar days}]
    watch: {for: 24h, keeps: error_rate < 0.01}
"""


def test_a_gate_refuses_until_what_it_needs_is_there() -> None:
    night = Night(GATES).at(5)
    refusal = night.refuses(c.Resolve(by="ana"))
    assert refusal.code == "incident.open-tasks"
    assert "user_facing" in refusal.hint
    night.states("user_facing", True).does(c.Resolve(by="ana"))
    assert "Write the report" in night.refuses(c.Close(by="ana")).reason


def test_the_watch_holds_up_closing_and_starts_again_when_things_go_wrong() -> None:
    night = Night(GATES).states("user_facing", False).at(60).does(c.Resolve(by="ana"))
    night.does(tick("write-the-report"))
    waiting = night.at(60 + 23 * 60).refuses(c.Close(by="ana"))
    assert waiting.code == "incident.watch-runs"
    assert "for 1h" in waiting.reason
    night.states("error_rate", 0.2)
    assert "for 24h" in night.refuses(c.Close(by="ana")).reason
    night.at(100 + 23 * 60).states("error_rate", 0.001)
    night.at(100 + 47 * 60)
    assert [watch.watch for watch in night.all(e.WatchPassed)] == ["before close 2"]
    assert night.does(c.Close(by="ana")).incident.state == "closed"


def test_a_watch_counts_from_when_things_are_well_again_not_from_when_they_went_wrong() -> None:
    clauses = "gates: [{before: close, watch: {for: 10m, keeps: error_rate < 0.01}}]"
    night = Night(clauses).does(c.Resolve(by="ana")).at(6).states("error_rate", 0.2)
    night.at(15).states("error_rate", 0.001)
    assert "for 9m" in night.at(16).refuses(c.Close(by="ana")).reason
    assert night.at(25).does(c.Close(by="ana")).incident.state == "closed"


def test_a_watch_that_fails_on_never_passes() -> None:
    clauses = "gates: [{before: close, watch: {for: 10m, keeps: error_rate < 0.01}}]"
    night = Night(clauses).does(c.Resolve(by="ana")).at(6).states("error_rate", 0.2)
    assert night.at(600).refuses(c.Close(by="ana")).code == "incident.watch-runs"


def test_the_gate_of_another_severity_does_not_stand_in_the_way() -> None:
    night = Night(GATES, severity="P1").states("user_facing", False).does(c.Resolve(by="ana"))
    assert night.does(c.Close(by="ana")).incident.state == "closed"


def test_alerts_that_end_do_not_resolve_what_the_plan_holds_up() -> None:
    night = Night(GATES, group="Down")
    night.does(c.AlertsCame(by="prometheus", count=1, names=("Down",)))
    night.does(c.AlertsWent(by="prometheus", count=1))
    assert night.incident.state == "open"


def test_a_gate_may_wait_for_the_alerts_to_end() -> None:
    gate = """
gates:
  - before: resolve
    when: alerts_firing > 0.0
    needs: [{do: Wait for the alerts, done_when: alerts_firing == 0.0}]
"""
    night = Night(gate, group="Down").at(1)
    night.does(c.AlertsCame(by="prometheus", count=2, names=("Down",)))
    night.does(c.AlertsWent(by="prometheus", count=1))
    assert "Wait for the alerts" in night.refuses(c.Resolve(by="ana")).reason
    night.does(c.AlertsWent(by="prometheus", count=1)).does(c.Resolve(by="ana"))
    assert night.incident.state == "resolved"


EVIDENCE = """
phases:
  eradication: {steps: [{id: cleanup, do: Clean up}]}
evidence:
  - collect: Audit logs
    when: data_breach != "no"
    before: [cleanup]
    keep: 52w
    custody: security-team
questions:
  - {ask: Is criminal activity suspected?, answer: user_facing, when: 'data_breach == "confirmed"'}
"""


def test_evidence_comes_before_what_would_destroy_it() -> None:
    night = Night(EVIDENCE).states("data_breach", "suspected")
    assert night.refuses(tick("cleanup")).code == "incident.task-order"
    night.does(tick("audit-logs")).does(tick("cleanup"))
    assert night.task("eradication/cleanup") == "done"


def test_a_question_is_asked_when_it_applies_and_must_be_answered_before_closing() -> None:
    night = Night(EVIDENCE, severity="P1").states("data_breach", "confirmed")
    night.does(tick("audit-logs")).does(c.Resolve(by="ana"))
    assert "criminal" in night.refuses(c.Close(by="ana")).reason
    assert night.refuses(tick("question/is-criminal-activity-suspected")).code == (
        "incident.answer-needed"
    )
    night.states("user_facing", False).does(c.Close(by="ana"))
    assert night.incident.state == "closed"


CLOCKS = """
phases: {containment: {to_leave: nothing}, recovery: {}}
clocks:
  contain: {starts_at: phase containment, stops_at: after phase containment}
"""


def test_a_clock_may_run_between_any_two_moments() -> None:
    night = Night(CLOCKS, limit="contain: within 1h").at(10)
    assert night.clock("contain") == "running"
    night.at(40).does(c.EnterPhase(by="ana", phase="recovery"))
    assert night.clock("contain") == "met"
    late = Night(CLOCKS, limit="contain: within 1h").at(61)
    assert late.clock("contain") == "missed"


@pytest.mark.parametrize(("starts", "command"), [
    ("resolved", c.Resolve(by="ana")), ("assessed", c.SetSeverity(by="ana", severity="P0")),
])  # fmt: skip
def test_a_clock_may_start_with_what_people_do(starts: str, command: c.AnyCommand) -> None:
    clauses = f"clocks: {{write-up: {{starts_at: {starts}, stops_at: closed}}}}"
    night = Night(clauses, limit="write-up: within 1h").at(10)
    assert night.clock("write-up") == ""
    night.does(command)
    assert night.clock("write-up") == "running"
    assert night.at(71).clock("write-up") == "missed"


def test_what_was_not_needed_is_not_taken_back() -> None:
    clauses = "phases: {a: {steps: [{act: Stop, need: if needed, undo: Go}, Look]}}"
    night = Night(clauses).does(c.Waive(by="ana", task="stop", why="it runs"))
    assert night.open_tasks() == ["a/look"]


SHOWN = "gates: [{before: resolve, needs: [{id: healthy, do: All is healthy}]}]"


def test_what_was_shown_before_a_reopening_is_shown_again() -> None:
    night = Night(SHOWN).does(tick("healthy")).at(5).does(c.Resolve(by="ana"))
    night.at(10).does(c.Reopen(by="ana"))
    assert night.task("before-resolve/healthy") == "open"
    assert night.refuses(c.Resolve(by="ana")).code == "incident.open-tasks"


def test_a_check_before_a_gate_is_not_ticked_ahead_and_is_made_again_after_going_back() -> None:
    clauses = (
        "phases: {fix: {to_leave: nothing}, verify: {needs: [{id: works, do: It works}]}, done: {}}"
    )
    night = Night(clauses)
    assert night.refuses(tick("works")).code == "incident.not-yet"
    night.does(c.EnterPhase(by="ana", phase="verify")).does(tick("works")).at(5)
    night.does(c.EnterPhase(by="ana", phase="fix")).at(10)
    night.does(c.EnterPhase(by="ana", phase="verify"))
    assert night.refuses(c.EnterPhase(by="ana", phase="done")).code == "incident.open-tasks"


def test_tasks_of_a_resolution_that_was_none_begin_anew() -> None:
    night = Night(GATES).states("user_facing", False).at(10).does(c.Resolve(by="ana"))
    assert night.task("before-close/write-the-report") == "open"
    night.at(20).does(c.Reopen(by="ana"))
    assert night.task("before-close/write-the-report") == "dropped"
    night.at(30).does(c.Resolve(by="ana"))
    clock = next(k for k in night.incident.clocks if k.name == "before-close/write-the-report")
    assert (clock.state, (clock.started_at - START).total_seconds()) == ("running", 1800)


@pytest.mark.parametrize("gone", ["resolve", "close"])
def test_nothing_is_held_up_by_a_plan_without_gates(gone: str) -> None:
    night = Night("").does(c.Resolve(by="ana"))
    if gone == "close":
        night.does(c.Close(by="ana"))
    assert night.incident.state == ("resolved" if gone == "resolve" else "closed")


def test_what_has_come_about_by_the_last_instant_is_not_missed() -> None:
    night = Night("milestones: {meaning: by, T+0m: [{do: Known, met_by: opened}, Called]}\n")
    assert night.clock("milestone/t-0m/known") == "met"
    assert night.clock("milestone/t-0m/called") == "missed"
