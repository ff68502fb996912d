"""Ways round what a plan demands that were found by trying: each of them is closed."""

from datetime import timedelta

import pytest
import tests.core.incident.night as nights
from tests.core.incident.night import Night

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e

COMMS = c.Approve(by="cleo", standing=("comms",), update="update-1")
PUBLIC = """
audiences:
  customers: {name: Customers, to: [cust], visibility: public}
publishing:
  - {audience: [customers], approved_by: [comms], only_when: user_facing}
gates:
  - {before: publish customers, needs: [{do: Legal looked, when: 'data_breach == "confirmed"'}]}
"""


@pytest.fixture(autouse=True)
def more_recipients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be customers, and somebody who approves what they read."""
    frame = nights.FRAME.replace("board: org}", "board: org, cust: org, comms: org}")
    monkeypatch.setattr(nights, "FRAME", frame)


def proposed() -> Night:
    """An update to the public that waits for approval."""
    night = Night(PUBLIC).states("user_facing", True)
    night.does(c.Publish(by="ana", audience="customers", text="We are looking into it."))
    assert list(night.incident.proposals) == ["update-1"]
    return night


def test_approval_lets_nothing_out_that_a_gate_holds_up_by_then() -> None:
    night = proposed().states("data_breach", "confirmed")
    assert night.refuses(COMMS).code == "incident.open-tasks"
    night.does(c.Tick(by="ana", task="legal-looked")).does(COMMS)
    assert night.incident.updates["customers"].text == "We are looking into it."


def test_approval_lets_nothing_out_that_must_not_be_published_by_then() -> None:
    assert proposed().states("user_facing", False).refuses(COMMS).code == "incident.not-published"


def test_nothing_is_approved_once_the_incident_is_closed() -> None:
    night = proposed().does(c.Resolve(by="ana")).does(c.Close(by="ana"))
    assert night.refuses(COMMS).code == "incident.closed"


def test_a_gate_before_a_parallel_phase_holds() -> None:
    night = Night("""
phases:
  assess: {purpose: Find out}
  forensics: {parallel: true, purpose: Secure what there is}
gates:
  - {before: phase forensics, needs: [Legal agrees]}
""")
    forensics = c.EnterPhase(by="ana", phase="forensics")
    assert night.refuses(forensics).code == "incident.open-tasks"
    night.does(c.EnterPhase(by="ana", phase="forensics", force=True, why="evidence is lost"))
    assert night.incident.parallel == ("forensics",)


def test_a_closed_incident_goes_into_no_phase_and_nothing_of_it_is_waived() -> None:
    night = Night("""
phases:
  assess: {purpose: Find out}
  recover: {within: 1h, steps: [{do: Mend, need: if needed}]}
""")
    night.does(c.Resolve(by="ana")).does(c.Close(by="ana"))
    for command in (
        c.EnterPhase(by="ana", phase="recover"),
        c.Waive(by="ana", task="mend", why="not needed"),
    ):
        assert night.refuses(command).code == "incident.closed"


def test_a_watch_begins_anew_when_its_phase_is_entered_again() -> None:
    night = Night("""
phases:
  fix: {purpose: Mend it}
  verify: {watch: 10m}
  done: {purpose: Go home}
""")
    verify, done = (c.EnterPhase(by="ana", phase=phase) for phase in ("verify", "done"))
    night.does(verify).at(20).does(c.EnterPhase(by="ana", phase="fix"))
    night.at(30).does(verify).at(31)
    assert night.refuses(done).code == "incident.watch-runs"
    night.at(40).does(done)


BREACH = """
duties:
  regulator: {tell: security-team, when: 'data_breach == "confirmed"', within: 72h}
"""
HOURS = 60


def test_a_deadline_is_owed_again_when_a_stand_down_was_a_mistake() -> None:
    night = Night(BREACH + "phases: {fix: {within: 100h}}\n").states("data_breach", "confirmed")
    night.at(1).does(c.StandDown(by="ana", why="a test", false_alarm=True))
    night.at(2).does(c.Reopen(by="ana"))
    assert (night.clock("duty/regulator"), night.clock("phase fix")) == ("running", "running")
    night.at(72 * HOURS)
    assert night.clock("duty/regulator") == "missed"


def test_what_was_missed_stays_so_when_its_reason_is_taken_back_and_stated_again() -> None:
    night = Night(BREACH).states("data_breach", "confirmed").at(73 * HOURS)
    assert night.clock("duty/regulator") == "missed"
    night.states("data_breach", "suspected").at(74 * HOURS).states("data_breach", "confirmed")
    night.does(c.Tick(by="ana", task="duty/regulator"))
    assert night.clock("duty/regulator") == "missed"
    assert not [one for one in night.all(e.ClockMet) if one.clock == "duty/regulator"]


def test_taking_a_fact_back_for_a_while_gains_no_time() -> None:
    night = Night(BREACH).states("data_breach", "confirmed").at(71 * HOURS)
    night.states("data_breach", "suspected").at(71.5 * HOURS).states("data_breach", "confirmed")
    night.at(72 * HOURS)
    assert night.clock("duty/regulator") == "missed"


def test_an_update_is_approved_by_the_rules_that_hold_by_then() -> None:
    night = Night(
        """
audiences:
  customers: {name: Customers, to: [cust], visibility: public}
publishing:
  - {audience: [customers], for: [P0], approved_by: [cto]}
  - {audience: [customers], approved_by: [comms]}
""",
        severity="P1",
    )
    night.does(c.Publish(by="ana", audience="customers", text="We are looking into it."))
    night.does(c.SetSeverity(by="ana", severity="P0", why="worse than thought"))
    assert night.refuses(COMMS).code == "incident.not-yours"
    night.does(c.Approve(by="gwen", standing=("cto",), update="update-1"))


def test_nobody_is_paged_for_what_is_over_unless_it_is_not_over() -> None:
    night = Night("""
phases:
  fix: {steps: [{page: cto, at: 1h}]}
""")
    night.at(1).does(c.StandDown(by="ana", why="a test", false_alarm=True)).at(120)
    assert night.told("cto") == []
    night.does(c.Reopen(by="ana"))
    assert night.told("cto") == [120]


def test_giving_up_what_is_overdue_hides_no_miss() -> None:
    """While the server was down nobody looked; then people are quicker than it."""
    step = "{do: Tell the regulator, within: 1h, need: if applicable}"
    night = Night(f"playbooks: {{breach: {{when: user_facing, steps: [{step}]}}}}\n")
    night.states("user_facing", True)
    night.now += timedelta(hours=5)
    night.does(c.Waive(by="ana", task="tell-the-regulator", why="it was none"))
    assert night.clock("breach/tell-the-regulator") == "missed"
    night.does(c.StandDown(by="ana", why="a test"))
    assert night.clock("acknowledge") == "missed"


def test_what_a_false_alarm_leaves_open_is_waived_for_a_reason() -> None:
    night = Night(BREACH).states("data_breach", "confirmed")
    waiver = c.Waive(by="ana", task="duty/regulator", why="there was none")
    assert night.refuses(waiver).code == "incident.task-required"
    night.does(c.StandDown(by="ana", why="a test", false_alarm=True))
    assert "tocsin waive" in night.refuses(c.Close(by="ana")).hint
    night.does(waiver).does(c.Close(by="ana"))


def test_free_words_go_out_without_what_controls_terminals() -> None:
    night = Night("audiences: {customers: {name: Customers, to: [cust], visibility: public}}\n")
    words = "We are \x1b[31mlooking\x00 into it.\nMore soon."
    night.does(c.Publish(by="ana", audience="customers", text=words, subject="Slow\r\nBcc: x"))
    update = night.incident.updates["customers"]
    assert update.text == "We are [31mlooking into it.\nMore soon."
    assert update.subject == "Slow Bcc: x"


def test_what_was_written_before_a_reopening_is_not_approved_after_it() -> None:
    night = proposed().does(c.Resolve(by="ana")).at(5).does(c.Reopen(by="ana"))
    assert night.refuses(COMMS).code == "incident.update-outdated"
