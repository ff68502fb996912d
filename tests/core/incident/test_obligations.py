"""Duties, ladders, triggers, disasters and post-mortems as they come about in an incident."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.incident.obliged import PLAN, PLAN_TEXT, Story, the_plan

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e

RUNGS = {1_000: "lead", 5_000: "cto", 10_000: "finance", 100_000: "ceo"}


def test_a_suspected_breach_tells_security_at_once_and_only_once() -> None:
    story = Story()
    story.say(5, data_breach="suspected")
    story.say(6, data_breach="confirmed")
    assert [t for t in story.told() if t[2] == "security"] == [(5, "notice", "security")]


def test_72_hours_after_a_confirmed_breach_the_miss_is_on_record_for_ever() -> None:
    story = Story()
    story.say(30, data_breach="confirmed")
    assert story.clock("duty/users") == ("running", 30 + 72 * 60)
    story.look(30 + 48 * 60)
    assert (30 + 48 * 60, "page", "legal") in story.told(), "warned a day before"
    story.look(30 + 72 * 60)
    assert story.clock("duty/users")[0] == "missed"
    story.say(30 + 73 * 60, filing="A-1")
    story.tick(30 + 73 * 60, "duty/users")
    assert story.clock("duty/users")[0] == "missed", "late is late"
    assert story.state("duty/users") == "done"


def test_who_told_the_users_in_time_is_not_warned() -> None:
    story = Story()
    story.say(30, data_breach="confirmed", filing="A-1")
    story.tick(60, "duty/users")
    story.look(30 + 72 * 60)
    assert story.clock("duty/users")[0] == "met"
    assert "legal" not in [to for _, _, to in story.told()]


def test_nobody_is_warned_of_what_turned_out_not_to_be_required() -> None:
    story = Story()
    story.say(30, data_breach="confirmed")
    story.do(60, c.Waive(by="ana", task="duty/users", why="the data were encrypted"))
    story.look(30 + 72 * 60)
    assert story.clock("duty/users")[0] == "dropped"
    assert "legal" not in [to for _, _, to in story.told()]


def test_a_duty_without_its_proof_is_not_done() -> None:
    story = Story()
    story.say(30, data_breach="confirmed")
    refused = story.refusal(31, c.Tick(by="ana", task="duty/users"))
    assert refused is not None
    assert "filing" in refused.reason


def test_an_incident_is_not_closed_before_it_is_known_which_laws_apply() -> None:
    story = Story()
    story.say(5, data_breach="confirmed", filing="A-1")
    story.tick(6, "duty/users")
    story.do(7, c.Resolve(by="ana"))
    refused = story.refusal(8, c.Close(by="ana"))
    assert refused is not None
    assert "regulation/asked/eu_users" in refused.reason
    story.say(9, eu_users=False)
    story.do(10, c.Close(by="ana"))


def test_where_a_law_applies_its_duty_runs_from_then() -> None:
    story = Story()
    story.say(5, data_breach="confirmed")
    assert story.state("regulation/gdpr") == ""
    story.say(65, eu_users=True)
    assert story.clock("regulation/gdpr") == ("running", 65 + 72 * 60)


def test_below_the_first_rung_nobody_hears_of_money() -> None:
    story = Story()
    story.say(1, vendor_support=999.99)
    assert story.told() == []
    story.say(2, vendor_support=1000)
    assert story.told() == [(2, "notice", "lead")]


def test_a_jump_takes_all_rungs_and_each_person_hears_of_it_once() -> None:
    story = Story()
    story.say(3, reputation=120_000)
    assert sorted(to for _, _, to in story.told()) == ["ceo", "cto", "finance", "lead"]
    why = next(
        event.why for event in story.timeline if isinstance(event, e.Told) and event.to == "cto"
    )
    assert "5000 USD" in why
    assert "10000 USD" in why, "one message, all reasons"
    assert story.clock("ladder/financial_impact/100000/tell-board") == ("running", 8)
    assert story.clock("ladder/financial_impact/50000/tell-board") == ("running", 243)


def test_telling_the_board_of_the_higher_rung_meets_the_lower_one() -> None:
    story = Story()
    story.say(3, reputation=120_000)
    story.tick(6, "ladder/financial_impact/100000/tell-board")
    assert story.clock("ladder/financial_impact/50000/tell-board")[0] == "met"


def test_the_board_is_told_again_when_it_gets_worse() -> None:
    story = Story()
    story.say(3, reputation=60_000)
    story.tick(6, "ladder/financial_impact/50000/tell-board")
    story.say(90, reputation=130_000)
    assert story.state("ladder/financial_impact/100000/tell-board") == "open"


def test_a_rung_once_reached_stays_so_when_the_estimate_falls() -> None:
    story = Story()
    story.say(3, reputation=60_000)
    story.say(4, reputation=10)
    assert story.state("ladder/financial_impact/50000/tell-board") == "open"
    story.look(243)
    assert story.clock("ladder/financial_impact/50000/tell-board")[0] == "missed"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 150_000), min_size=1, max_size=8))
def test_each_rung_is_taken_once_whatever_the_order_of_the_estimates(estimates: list[int]) -> None:
    story = Story()
    for minute, estimate in enumerate(estimates, 1):
        story.say(minute, reputation=estimate)
    highest = max(estimates)
    for rung, first in RUNGS.items():
        done = [
            event for event in story.timeline
            if isinstance(event, e.TaskDone)
            and event.task == f"ladder/financial_impact/{rung}/notify"
        ]  # fmt: skip
        assert len(done) == (1 if highest >= rung else 0)
        if highest >= rung:
            reached = next(m for m, amount in enumerate(estimates, 1) if amount >= rung)
            assert (reached, "notice", first) in story.told()


def test_a_long_outage_is_told_to_the_board_and_a_short_one_is_not() -> None:
    long, short = Story(), Story()
    long.look(240)
    assert (240, "notice", "board") in long.told()
    short.do(239, c.Resolve(by="ana"))
    short.look(300)
    assert "board" not in [to for _, _, to in short.told()]


def test_every_rise_of_the_severity_is_told() -> None:
    story = Story("P2")
    story.do(5, c.SetSeverity(by="ana", severity="P1"))
    story.do(9, c.SetSeverity(by="ana", severity="P0"))
    assert [t for t in story.told() if t[2] == "lead"] == [
        (5, "notice", "lead"), (9, "notice", "lead")
    ]  # fmt: skip


def test_a_missed_clock_takes_the_next_step_before_its_time() -> None:
    story = Story()
    story.look(60)
    paged = [
        (event.at.hour * 60 + event.at.minute - 600, event.to)
        for event in story.timeline
        if isinstance(event, e.Told) and event.message == "page"
    ]
    assert (60, "lead") in paged, "and not only after two hours"


def test_the_actions_of_a_disaster_are_done_in_their_order() -> None:
    story = Story()
    story.say(10, region_down=True)
    ordered = [event.text for event in story.timeline if isinstance(event, e.TaskOrdered)]
    assert ordered == ["Promote", "Change DNS"]
    refused = story.refusal(11, c.Tick(by="ana", task="recovery/region/2"))
    assert refused is not None
    assert "recovery/region/1" in refused.reason
    assert story.clock("recovery/region/restored") == ("running", 70)


def test_after_a_disaster_things_are_watched_before_closing() -> None:
    story = Story()
    story.say(10, region_down=True, data_lost_minutes_region=5)
    for minute, task in ((12, "1"), (13, "2"), (14, "restored")):
        story.tick(minute, f"recovery/region/{task}")
    story.say(15, region_down=False)
    story.do(16, c.Resolve(by="ana"))
    refused = story.refusal(17, c.Close(by="ana"))
    assert refused is not None
    assert refused.code == "incident.watch-runs"
    story.look(14 + 24 * 60)
    story.do(14 + 24 * 60, c.Close(by="ana"))


def test_an_incident_that_was_no_disaster_waits_for_no_watch() -> None:
    story = Story("P2")
    story.do(16, c.Resolve(by="ana"))
    story.do(17, c.Close(by="ana"))


def test_the_worst_severity_that_it_ever_had_decides_on_the_post_mortem() -> None:
    story = Story("P0")
    story.do(5, c.SetSeverity(by="ana", severity="P2"))
    story.do(16, c.Resolve(by="ana"))
    refused = story.refusal(17, c.Close(by="ana"))
    assert refused is not None
    assert "postmortem/scheduled" in refused.reason
    assert story.clock("postmortem/scheduled") == ("running", 16 + 72 * 60)


def test_a_lesser_incident_is_closed_without_a_post_mortem() -> None:
    story = Story("P1")
    story.do(16, c.Resolve(by="ana"))
    story.do(17, c.Close(by="ana"))


def test_what_is_to_be_said_in_two_sentences_is_not_said_in_three() -> None:
    brief = 'needs: {improvement: {say: "one, or none and why", sentences: 2}}'
    said = 'needs: {improvement: "one, or none and why"}'
    story = Story("P0", the_plan(PLAN_TEXT.replace(said, brief)))

    def refused(value: str) -> bool:
        return (
            story.refusal(5, c.RecordFact(by="ana", name="postmortem_improvement", value=value))
            is not None
        )

    assert refused("One. Two! Three?")
    assert not refused("A limit of 0.5 GB, i.e. less than now. It holds ... for long")


def test_a_post_mortem_from_the_date_to_the_end() -> None:
    story = Story("P0")
    story.do(16, c.Resolve(by="ana"))
    story.say(20, postmortem_date="Friday 10:00")
    too_long = story.refusal(
        20, c.RecordFact(by="ana", name="postmortem_planned_minutes", value=120)
    )
    assert too_long is not None
    assert "at most 90" in too_long.reason
    story.say(20, postmortem_planned_minutes=60)
    story.tick(21, "postmortem/scheduled")
    story.say(90, postmortem_minutes=110)
    story.tick(90, "postmortem/held")
    says_nothing = story.refusal(
        91, c.RecordFact(by="ana", name="postmortem_improvement", value="None.")
    )
    assert says_nothing is not None
    assert "because" in says_nothing.hint
    assert story.refusal(92, c.Tick(by="ana", task="postmortem/written")) is not None
    story.say(93, postmortem_improvement="none, because the provider failed")
    story.tick(94, "postmortem/written")
    story.do(95, c.Close(by="ana"))


def test_a_deadline_counts_from_the_step_before() -> None:
    story = Story("P0")
    story.do(16, c.Resolve(by="ana"))
    assert story.state("postmortem/written") == ""
    story.say(20, postmortem_date="Friday", postmortem_planned_minutes=60)
    story.tick(20, "postmortem/scheduled")
    assert story.clock("postmortem/written")[1] > 7 * 24 * 60


def test_a_severity_follows_from_money() -> None:
    story = Story("P1")
    story.say(5, reputation=250_000)
    assert story.incident.severity == "P0"


def test_a_plan_in_which_only_actuals_count() -> None:
    story = Story(plan=the_plan(PLAN_TEXT.replace("basis: estimate", "basis: actual")))
    story.say(5, reputation=250_000)
    assert story.told() == [(5, "notice", "lead")], "that is the trigger: the severity rose"
    story.say(6, vendor_support=5_000)
    assert (6, "notice", "cto") in story.told()


def test_tasks_of_obligations_say_why() -> None:
    for task in PLAN.tasks:
        assert task.why, task.id
        assert task.line, task.id
