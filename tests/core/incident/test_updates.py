"""Updates: who is told how often, in which words, with whose approval, and what is refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.core.incident.night import START, Night, plan_with

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.cadence import stale
from tocsin.core.incident.replies import replies
from tocsin.core.message import compose
from tocsin.core.simulation import Deed, Scenario, everybody_reachable, play

STAKEHOLDERS = """
audiences: {stakeholders: {name: Stakeholders, to: board}}
"""
EVERY_15 = STAKEHOLDERS + "updates: [{audience: stakeholders, first: within 5m, every: 15m}]\n"
STATUSES = STAKEHOLDERS + "statuses: [Investigating, Identified, Monitoring, Resolved]\n"


def says(text: str = "we are on it", audience: str = "stakeholders", **more: Any) -> c.Publish:
    return c.Publish(by="ana", audience=audience, text=text, **more)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def due(night: Night, audience: str = "stakeholders") -> float | None:
    """When the running clock of an audience is due, in minutes after detection."""
    running = {clock.name: clock for clock in night.incident.running()}
    clock = running.get(f"update {audience}")
    return None if clock is None else (clock.due - START).total_seconds() / 60


def missed(night: Night, audience: str = "stakeholders") -> list[float]:
    return [
        (event.at - START).total_seconds() / 60
        for event in night.all(e.ClockMissed)
        if event.clock == f"update {audience}"
    ]


def last(night: Night) -> e.UpdatePublished:
    return night.all(e.UpdatePublished)[-1]


def test_the_first_update_is_due_early_and_the_cadence_counts_from_it() -> None:
    night = Night(EVERY_15)
    assert due(night) == 5
    night.at(3).does(says())
    assert night.clock("update stakeholders") == "running"
    assert due(night) == 18


def test_a_miss_is_recorded_once_and_the_cadence_begins_with_the_first_message() -> None:
    night = Night(EVERY_15).at(40)
    assert missed(night) == [5]
    assert stale(night.incident) == ("stakeholders",)
    night.does(says())
    assert last(night).late_seconds == 35 * 60
    assert (stale(night.incident), due(night)) == ((), 55)


def test_updates_at_0_15_and_40_are_one_missed_update_that_came_10_minutes_late() -> None:
    plan = plan_with(EVERY_15)
    deeds = tuple(Deed(at=timedelta(minutes=m), command=says()) for m in (0, 15, 40))
    scenario = Scenario(starts=START, severity="P0", deeds=deeds, lasts=timedelta(minutes=45))
    story = play(plan, everybody_reachable(plan), scenario)
    (timeline,) = story.timelines.values()
    of_updates = [k for k in timeline if isinstance(k, e.ClockMissed) and "update" in k.clock]
    assert [clock.due for clock in of_updates] == [at(30)]
    published = [event for event in timeline if isinstance(event, e.UpdatePublished)]
    assert [event.late_seconds for event in published] == [0, 0, 600]
    told = [(one.t / 60, one.to) for one in story.happenings if one.do == "update"]
    assert told == [(0, "stakeholders"), (15, "stakeholders"), (40, "stakeholders")]


def test_a_late_update_is_held_up_to_whom_the_rule_names() -> None:
    rule = "updates: [{audience: stakeholders, every: 15m, remind: security-team}]\n"
    assert Night(STAKEHOLDERS + rule).at(20).told("security-team") == [15]


def test_without_a_name_the_leading_role_is_reminded() -> None:
    lead = "roles: {commander: {name: Commander, lead: true}}\n"
    night = Night(EVERY_15 + lead).does(c.TakeRole(by="cto", role="commander", person="cto"))
    night.at(6)
    assert 5 in night.told("cto")


def test_until_somebody_has_answered_nobody_is_told_that_an_update_is_late() -> None:
    unanswered = Night(EVERY_15).at(16)
    assert (missed(unanswered), unanswered.told("on-call-engineer")) == ([5], [0])
    answered = Night(EVERY_15).at(1).does(c.Acknowledge(by="on-call-engineer")).at(6)
    assert answered.told("on-call-engineer") == [0, 5]


def test_after_the_resolution_no_update_is_due() -> None:
    night = Night(EVERY_15).at(3).does(c.Resolve(by="ana")).at(60)
    assert (missed(night), night.clock("update stakeholders")) == ([], "dropped")
    night.does(c.Reopen(by="ana"))
    assert due(night) == 65


def test_a_rule_may_go_on_after_the_resolution() -> None:
    rule = "updates: [{audience: stakeholders, every: 15m, until: closed}]\n"
    night = Night(STAKEHOLDERS + rule).at(3).does(c.Resolve(by="ana"))
    assert due(night) == 15
    assert due(night.does(c.Close(by="ana"))) is None


def test_a_severity_without_updates_has_no_clock_until_it_rises() -> None:
    rules = (
        "updates: [{audience: stakeholders, for: [P0], every: 30m},"
        " {audience: stakeholders, for: [P1], every: none}]\n"
    )
    night = Night(STAKEHOLDERS + rules, severity="P1").at(100)
    assert (due(night), missed(night)) == (None, [])
    night.does(c.SetSeverity(by="ana", severity="P0"))
    assert due(night) == 130


DISASTER = (
    STAKEHOLDERS
    + """
modes: {disaster: {name: Disaster, when: data_breach == "confirmed"}}
updates:
  - {audience: stakeholders, every: 30m}
  - {audience: stakeholders, during: disaster, every: 15m}
"""
)


def test_a_mode_makes_updates_more_frequent_and_its_end_takes_that_back() -> None:
    night = Night(DISASTER).at(10)
    assert due(night) == 30
    night.states("data_breach", "confirmed")
    assert due(night) == 15  # counted from the clock's own start
    night.states("data_breach", "no").does(c.SetMode(by="ana", mode=""))
    assert due(night) == 30


def test_a_mode_that_comes_late_can_make_an_update_late_at_once() -> None:
    night = Night(DISASTER).at(20).states("data_breach", "confirmed")
    assert missed(night) == [20]


def test_elapsed_time_alone_can_make_another_rule_count() -> None:
    rules = (
        "updates: [{audience: stakeholders, every: 1h},"
        " {audience: stakeholders, after: 4h, every: 4h}]\n"
    )
    night = Night(STAKEHOLDERS + rules).at(200).does(says()).at(241)
    assert due(night) == 200 + 240


def test_the_status_can_choose_the_cadence() -> None:
    rules = (
        "updates: [{audience: stakeholders, every: 30m},"
        " {audience: stakeholders, while_status: Monitoring, every: 2h}]\n"
    )
    night = Night(STATUSES + rules).does(says(status="Monitoring"))
    assert due(night) == 120


def test_a_promise_becomes_the_clock() -> None:
    night = Night(STAKEHOLDERS + "updates: [{audience: stakeholders, next: promised}]\n")
    assert due(night) is None
    assert night.refuses(says()).code == "incident.promise-missing"
    night.does(says(next="45m"))
    assert (due(night), last(night).next_at) == (45, at(45))
    assert missed(night.at(50)) == [45]


def test_nobody_promises_more_time_than_the_plan_gives() -> None:
    night = Night(EVERY_15)
    assert night.refuses(says(next="1h")).code == "incident.promise-too-late"
    assert due(night.does(says(next="5m"))) == 5
    assert night.refuses(says(next="soon")).code == "incident.promise"


def test_an_update_reaches_its_recipients_once() -> None:
    night = Night(STAKEHOLDERS).at(5).does(says())
    assert night.at(60).told("board") == [5]
    sent = [event for event in night.all(e.Told) if event.to == "board"]
    assert [(event.message, event.step) for event in sent] == [("update", "update-1")]


def test_reopening_sends_nothing_twice() -> None:
    night = Night(STAKEHOLDERS).does(says()).at(5).does(c.Resolve(by="ana"))
    assert night.at(9).does(c.Reopen(by="ana")).at(20).told("board") == [0]


def test_the_first_status_is_taken_by_itself_and_others_are_refused() -> None:
    night = Night(STATUSES)
    assert night.refuses(says(status="Mitigating")).code == "incident.unknown-status"
    assert last(night.does(says())).status == "Investigating"
    night.does(says(status="Resolved"))
    back = night.refuses(says(status="Identified"))
    assert (back.code, "reopen" in back.hint) == ("incident.status-order", True)
    night.does(c.Resolve(by="ana")).at(1).does(c.Reopen(by="ana"))
    assert last(night.does(says(status="Identified"))).status == "Identified"


def test_a_map_of_statuses_says_what_may_follow() -> None:
    words = "statuses: {A: [B], B: [C], C: []}\n"
    night = Night(STAKEHOLDERS + words).does(says())
    assert night.refuses(says(status="C")).hint == "it can be: B"


TEMPLATES = (
    STATUSES
    + """
updates: [{audience: stakeholders, every: 30m, template: progress}]
roles: {commander: {name: Commander}}
templates:
  progress:
    audience: stakeholders
    text: |
      {{ incident.code }} {{ incident.severity }}: {{ incident.status }}
      Progress: {{ progress }}
      Commander: {{ commander }}
      ETA: {{ eta }}
      Next update: {{ next_update }}
    fields:
      progress: {ask: What was done?, max_length: 40}
      commander: {from: role.commander, fallback: to be assigned}
      eta: {ask: When?, optional: true}
  severe: {for: [P0], text: "{{ incident.title }}"}
  over: {text: "Over after {{ incident.duration }}: {{ fact.affected_systems }}"}
"""
)


def test_without_words_the_plans_template_is_taken_and_says_what_it_lacks() -> None:
    night = Night(TEMPLATES).at(10)
    missing = night.refuses(says(""))
    assert missing.code == "incident.fields-missing"
    assert "progress (What was done?)" in missing.reason
    night.does(says("", values={"progress": "rolled back"}))
    assert last(night).text.splitlines() == [
        "INC-1 P0 Critical: Investigating",
        "Progress: rolled back",
        "Commander: to be assigned",
        "Next update: 2026-03-06 23:40 UTC",
    ]
    assert due(night) == 40


def test_a_text_with_a_template_fills_its_first_question() -> None:
    night = Night(TEMPLATES).does(says("rolled back", template="progress"))
    assert "Progress: rolled back" in last(night).text


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"progress": "x" * 41}, "incident.too-long"),
        ({"progress": "see [Name]"}, "incident.placeholder"),
        ({"weather": "fine"}, "incident.unknown-field"),
        ({"progress": " "}, "incident.fields-missing"),
    ],
)
def test_values_that_a_template_does_not_take(values: dict[str, str], code: str) -> None:
    night = Night(TEMPLATES)
    assert night.refuses(says("", template="progress", values=values)).code == code


def test_the_duration_is_known_once_it_is_resolved_and_a_fact_once_it_is_stated() -> None:
    night = Night(TEMPLATES).at(30)
    early = night.refuses(says("", template="over"))
    assert "incident.duration, fact.affected_systems" in early.reason
    night.does(c.Resolve(by="ana")).states("affected_systems", "api")
    assert last(night.does(says("", template="over"))).text == "Over after 30m: api"


def test_a_message_knows_the_worst_severity_and_what_happened_when() -> None:
    clauses = (
        STAKEHOLDERS
        + """
phases: {recovery: {name: Recovery}}
templates:
  report: {text: "{{ incident.worst_severity }}\\n{{ incident.timeline | list }}"}
"""
    )
    night = Night(clauses).at(10).does(c.Acknowledge(by="ana"))
    night.at(20).does(c.SetSeverity(by="ana", severity="P1"))
    night.at(30).does(says()).at(90).does(c.Resolve(by="ana"))
    assert last(night.does(says("", template="report"))).text.splitlines() == [
        "P0 Critical",
        "- 23:00 - detected",
        "- 23:00 - phase Recovery",
        "- 23:10 - acknowledged",
        "- 23:20 - severity confirmed",
        "- 23:30 - Stakeholders told",
        "- 2026-03-07 00:30 - resolved",
    ]


def test_a_template_is_refused_where_it_is_not_meant() -> None:
    night = Night(TEMPLATES, severity="P1")
    assert night.refuses(says("", template="severe")).code == "incident.template-severity"
    assert night.refuses(says("", template="nothing")).code == "incident.unknown-template"


OUTSIDE = """
audiences:
  team: {to: security-team}
  customers: {visibility: customers, to: board}
templates:
  inside: {audience: team, text: "{{ incident.title }}"}
  security: {when: data_breach == "confirmed", text: We are looking into it.}
"""


def test_what_is_written_for_insiders_does_not_go_to_customers() -> None:
    night = Night(OUTSIDE)
    sent = night.refuses(says("", audience="customers", template="inside"))
    assert sent.code == "incident.internal-text"
    night.does(says("the password of the database was on the wiki", audience="team"))
    copied = night.refuses(
        says("the password of the database was on the wiki", audience="customers")
    )
    assert copied.code == "incident.internal-text"
    night.does(says("something is slow, we are on it", audience="customers"))


def test_a_template_under_a_condition() -> None:
    night = Night(OUTSIDE)
    wanted = says("", audience="customers", template="security")
    assert night.refuses(wanted).code == "incident.template-condition"
    night.states("data_breach", "confirmed").does(wanted)


PUBLISHING = """
audiences: {customers: {visibility: customers, to: board}, team: {to: security-team}}
roles: {speaker: {name: Speaker}}
publishing:
  - {audience: customers, may: speaker, approved_by: [cto], two_people: true}
  - {audience: customers, only_when: user_facing, never: [hackers], avoid: [some issues]}
  - {max_length: 60}
"""


def test_who_may_write_to_whom() -> None:
    night = Night(PUBLISHING).states("user_facing", True)
    mine = night.refuses(says(audience="customers"))
    assert (mine.code, "speaker" in mine.reason) == ("incident.not-yours", True)
    night.does(says(audience="team"))


def test_an_update_waits_for_approval_and_nobody_is_told_before() -> None:
    night = Night(PUBLISHING).states("user_facing", True)
    night.does(c.TakeRole(by="ana", role="speaker", person="ana"))
    night.does(says(audience="customers"))
    assert (night.told("board"), list(night.incident.proposals)) == ([], ["update-1"])
    assert night.refuses(c.Approve(by="ana", update="update-1")).code == "incident.not-yours"
    night.at(7).does(c.Approve(by="carl", standing=("cto",), update="update-1"))
    assert (night.told("board"), dict(night.incident.proposals)) == ([7], {})
    assert night.refuses(c.Approve(by="cto", update="update-1")).code == "incident.unknown-update"


def test_nobody_approves_what_they_wrote_where_it_takes_two() -> None:
    night = Night(PUBLISHING).states("user_facing", True)
    own = c.Publish(by="cto", audience="customers", text="we are on it")
    night.does(own)
    assert night.refuses(c.Approve(by="cto", update="update-1")).code == "incident.second-needed"


def test_a_proposal_that_does_not_go_out_has_a_reason() -> None:
    night = Night(PUBLISHING).states("user_facing", True)
    night.does(c.Publish(by="cto", audience="customers", text="we are on it"))
    silent = night.refuses(c.Withdraw(by="cto", update="update-1"))
    assert silent.code == "incident.reason-missing"
    night.does(c.Withdraw(by="cto", update="update-1", why="too early"))
    assert (night.told("board"), dict(night.incident.proposals)) == ([], {})


@pytest.mark.parametrize(
    ("text", "facing", "code"),
    [
        ("we are on it", False, "incident.not-published"),
        ("Hackers came", True, "incident.forbidden-words"),
        ("x" * 61, True, "incident.too-long"),
        ("see [Brief description]", True, "incident.placeholder"),
    ],
)
def test_limits_of_what_is_published(text: str, facing: bool, code: str) -> None:
    night = Night(PUBLISHING).states("user_facing", facing)
    written = c.Publish(by="cto", audience="customers", text=text)
    assert night.refuses(written).code == code


def test_words_that_say_nothing_are_remarked_on() -> None:
    rule = "publishing: [{avoid: [some issues]}]\n"
    night = Night(STAKEHOLDERS + rule).does(says("there are some issues"))
    assert "some issues" in last(night).remarks[0]


ANNOUNCED = (
    STAKEHOLDERS
    + """
templates:
  alert: {text: "{{ incident.code }}: {{ incident.title }}"}
  resolution:
    text: "Over. Cause: {{ cause }}"
    fields: {cause: {from: fact.affected_systems}}
announcements:
  - {at: opened, audience: stakeholders, template: alert, automatic: true}
  - {at: resolved, audience: stakeholders, template: resolution, holds: close, within: 10m}
"""
)


def test_an_automatic_announcement_goes_out_by_itself_at_once() -> None:
    night = Night(ANNOUNCED)
    assert [one.text for one in night.all(e.UpdatePublished)] == ["INC-1: Down"]
    assert night.told("board") == [0]
    assert night.task("announce/stakeholders-opened") == "done"


def test_the_resolution_is_announced_before_the_incident_is_closed() -> None:
    night = Night(ANNOUNCED).at(20).does(c.Resolve(by="ana"))
    held = night.refuses(c.Close(by="ana"))
    assert (held.code, "tocsin update" in held.hint) == ("incident.open-tasks", True)
    night.does(says("", template="alert"))
    assert night.refuses(c.Close(by="ana")).code == "incident.open-tasks"
    night.states("affected_systems", "api").does(says("", template="resolution"))
    night.does(c.Close(by="ana"))


def test_a_second_resolution_is_announced_again() -> None:
    night = Night(ANNOUNCED).at(20).does(c.Resolve(by="ana"))
    night.does(says("it is over", free=True))
    night.at(25).does(c.Reopen(by="ana")).at(40).does(c.Resolve(by="ana"))
    assert night.refuses(c.Close(by="ana")).code == "incident.open-tasks"


def test_what_cannot_be_written_by_itself_is_left_to_a_person_and_said() -> None:
    clauses = ANNOUNCED.replace("holds: close", "automatic: true").replace(
        "{from: fact.affected_systems}", "{from: fact.affected_systems, fallback: unknown}"
    )
    clauses += "publishing: [{only_when: user_facing}]\n"
    night = Night(clauses)
    assert [event.audience for event in night.all(e.UpdateRefused)] == ["stakeholders"]
    assert night.at(60).told("board") == []
    assert len(night.all(e.UpdateRefused)) == 1


def test_what_needs_approval_is_proposed_once_and_not_again_after_it_was_held_back() -> None:
    night = Night(ANNOUNCED + "publishing: [{approved_by: cto}]\n").at(30)
    assert len(night.all(e.UpdateProposed)) == 1
    night.does(c.Withdraw(by="cto", update="update-1", why="not yet")).at(60)
    assert len(night.all(e.UpdateProposed)) == 1


def test_a_rule_may_let_the_plan_publish_without_approval() -> None:
    rules = "publishing: [{for: [P0], automatic: true}, {approved_by: cto}]\n"
    assert len(Night(ANNOUNCED + rules).all(e.UpdatePublished)) == 1


def test_a_promise_in_a_proposal_does_not_go_out_when_it_is_over() -> None:
    clauses = TEMPLATES + "publishing: [{approved_by: cto}]\n"
    night = Night(clauses).does(says("rolled back", template="progress"))
    late = night.at(31).refuses(c.Approve(by="cto", update="update-1"))
    assert late.code == "incident.update-outdated"


def test_closing_without_a_word_is_flagged_or_refused() -> None:
    flagged = Night(STAKEHOLDERS).does(c.Resolve(by="ana")).does(c.Close(by="ana"))
    assert [event.audience for event in flagged.all(e.AudienceForgotten)] == ["stakeholders"]
    strict = STAKEHOLDERS.replace("to: board", "to: board, silent_close: refused")
    night = Night(strict).does(c.Resolve(by="ana"))
    assert night.refuses(c.Close(by="ana")).code == "incident.audience-untold"
    night.does(says()).does(c.Close(by="ana"))


CHANNELS = """
providers: {chat: {name: Chat}}
components: {api: {name: API, public_name: The shop}}
channels:
  room: {name: room, depends_on: chat, else: [mail]}
  mail: {kind: email, address: ops@example.org, for: [P0]}
  hook: {kind: webhook, tiers: [enterprise]}
audiences:
  stakeholders: {to: board, channels: [room, hook], topics: [api], tiers: [basic]}
"""


def test_a_channel_that_is_down_is_replaced_and_tiers_choose() -> None:
    night = Night(CHANNELS).does(says())
    assert last(night).channels == ("room",)
    night.states("provider_chat", "down").does(says())
    assert last(night).channels == ("mail",)


def test_an_audience_is_concerned_by_its_topics_only() -> None:
    rule = "updates: [{audience: stakeholders, every: 15m}]\n"
    night = Night(CHANNELS + rule)
    assert due(night) is None
    assert due(night.at(10).states("component_api", "down")) == 25
    quiet = Night(CHANNELS).does(c.Resolve(by="ana")).does(c.Close(by="ana"))
    assert quiet.all(e.AudienceForgotten) == []


PAGE = """
audiences: {public: {visibility: public}, team: {to: security-team}}
statuses: [Investigating, Identified, Resolved]
templates: {entry: {text: "{{ incident.status }}"}}
status_page:
  audience: public
  when: user_facing
  holds: leave assessment
  subscriptions: [{by: email}, {by: sms, for: [P1]}]
phases: {assessment: {steps: [Look], to_leave: nothing}, repair: {steps: [Mend]}}
support:
  tickets: {to: security-team, for: [P0], when: user_facing}
  care: [{do: Call customers, by: board}]
"""


def test_a_phase_waits_for_the_entry_on_the_status_page_of_what_users_notice() -> None:
    go_on = c.EnterPhase(by="ana", phase="repair")
    inside = Night(PAGE)
    assert "status-page/opened" not in inside.incident.tasks
    night = Night(PAGE).states("user_facing", True)
    assert "status-page/opened" in night.refuses(go_on).reason
    night.does(says(audience="public"))
    assert last(night).subscriptions == ("email",)
    night.does(go_on)


def test_the_page_follows_the_status_and_the_end() -> None:
    night = Night(PAGE).states("user_facing", True).does(says(audience="public"))
    night.at(5).does(says(audience="team", status="Identified"))
    assert night.task("status-page/status") == "open"
    night.does(says(audience="public"))
    assert night.task("status-page/status") == "done"
    night.at(9).does(c.Resolve(by="ana"))
    assert "status-page/resolved" in night.refuses(c.Close(by="ana")).reason


BY_ITSELF = PAGE.replace("holds:", "autopublish: true\n  template: entry\n  holds:", 1) + (
    "publishing: [{audience: public, automatic: true}]\n"
)


def test_the_page_is_told_each_thing_once_also_when_tocsin_writes() -> None:
    night = Night(BY_ITSELF).at(1).states("user_facing", True)
    assert told_in_public(night) == ["Investigating"]  # the first entry sets the status, too
    night.at(5).does(says(audience="team", status="Identified")).at(6)
    assert told_in_public(night) == ["Investigating", "Identified"]
    night.at(7).does(says("we have it", audience="public", status="Resolved")).at(9)
    assert told_in_public(night)[2:] == ["Resolved"]  # a person has said it, by no template


def told_in_public(night: Night) -> list[str]:
    return [one.status for one in night.all(e.UpdatePublished) if one.audience == "public"]


def test_support_gets_one_ticket_and_has_its_tasks() -> None:
    night = Night(PAGE).states("user_facing", True).states("user_facing", True)
    tickets = [event for event in night.all(e.Told) if event.message == "ticket"]
    assert [event.to for event in tickets] == ["security-team"]
    assert night.does(c.Resolve(by="ana")).task("support/call-customers") == "open"


REPLIES = """
audiences: {public: {visibility: public}, team: {to: security-team}}
statuses: [Investigating, Identified, Resolved]
templates:
  outage: {text: "{{ incident.status }}: {{ incident.title }}"}
  after: {text: "{{ fact.affected_systems }} were affected"}
  breach: {text: We are looking into it.}
status_page: {audience: public}
support:
  prepared: {outage: outage, after: after, breach: {template: breach, when: data_breach != "no"}}
"""


def test_support_answers_by_what_the_public_knows() -> None:
    night = Night(REPLIES).does(says(audience="team", status="Identified"))
    ready = {reply.name: reply for reply in replies(night.plan, night.incident, night.now)}
    assert ready["outage"].text == "Investigating: Down"
    assert ready["after"].missing == ("fact.affected_systems",)
    assert "breach" not in ready
    night.does(says(audience="public", status="Identified")).states("data_breach", "suspected")
    ready = {reply.name: reply for reply in replies(night.plan, night.incident, night.now)}
    assert (ready["outage"].text, "breach" in ready) == ("Identified: Down", True)


def test_an_update_goes_out_in_its_own_words_alone() -> None:
    night = Night(TEMPLATES).does(says(subject="All is well", free=True))
    told = next(event for event in night.all(e.Told) if event.message == "update")
    message = compose(night.plan, night.incident, told, "id", "https://tocsin/a")
    assert (message.subject, message.text) == ("All is well", "we are on it")
    assert (message.why, message.details, message.link) == ("", (), "")


def test_in_an_exercise_nobody_outside_is_told() -> None:
    night = Night(OUTSIDE)
    night.incident = replace(night.incident, exercise=True)
    night.does(says(audience="customers")).does(says("inside", audience="team"))
    assert (night.told("board"), night.told("security-team")) == ([], [0])
    assert set(night.incident.updates) == {"customers", "team"}


def test_a_clock_names_the_limit_that_it_has() -> None:
    night = Night(EVERY_15).at(3).does(says())
    first, second = (one for one in night.all(e.ClockStarted) if one.clock.startswith("update"))
    assert "within 5m" in first.why
    assert "within 5m" not in second.why
    assert "15m" in second.why
