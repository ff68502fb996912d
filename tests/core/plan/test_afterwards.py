"""Post-mortems, documents, figures and the programme: what a plan makes of them."""

from datetime import timedelta

import pytest
from tests.core.plan.broken_consequences import plan
from tests.core.plan.plans import accepted, codes_of, one
from tests.core.plan.test_consequences import task

from tocsin.core.times import After, CalendarDays

MEETING = """\
postmortem:
  required_for: [P0]
  schedule: {within: 72h, from: resolved}
  hold: {within: 1 week}
  complete: {within: 7 calendar days, from: held}
  longest: 90m
  attendees: {required: [responders, lead], optional: cto}
  document: report
  sections: [Summary, Root cause]
  needs: {improvement: "one, or none and why"}
  style: blameless
  author: person
  by: lead
  approve: cto
documents:
  report: {path: "docs/{YYYY}-{MM}-{DD}.md", sections: [Summary]}
action_items:
  classes: {preventive: required, other: optional}
"""


def test_a_post_mortem_is_scheduled_held_written_and_approved() -> None:
    made = accepted(plan(MEETING))
    steps = [task(made, f"postmortem/{s}") for s in ("scheduled", "held", "written", "approved")]
    assert [step.behind[-1:] for step in steps] == [
        (), ("postmortem/scheduled",), ("postmortem/held",), ("postmortem/written",)
    ]  # fmt: skip
    assert [step.within for step in steps] == [
        After(timedelta(hours=72)), After(timedelta(days=7)), CalendarDays(7), None
    ]  # fmt: skip
    assert {step.holds for step in steps} == {("close",)}
    assert {step.severities for step in steps} == {("P0",)}
    assert all(step.ever for step in steps), "the worst severity that it ever had decides"
    assert steps[2].counts_from == "done postmortem/held"
    assert steps[3].by == "cto"


def test_a_post_mortem_says_what_the_plan_wants_said() -> None:
    made = accepted(plan(MEETING))
    written = task(made, "postmortem/written")
    assert written.records == (
        "postmortem_author", "postmortem_improvement", "postmortem_preventive_item"
    )  # fmt: skip
    assert written.each == ("Summary", "Root cause")
    assert "blameless" in written.text
    assert "none" in made.facts["postmortem_improvement"].not_enough
    assert made.facts["postmortem_planned_minutes"].most == 90
    assert task(made, "postmortem/scheduled").records == (
        "postmortem_date", "postmortem_planned_minutes"
    )  # fmt: skip


def test_whoever_takes_part_is_told_the_date() -> None:
    made = accepted(plan(MEETING))
    must, may = task(made, "postmortem/invited-required"), task(made, "postmortem/invited-optional")
    assert (must.to, may.to) == (("lead",), ("cto",))
    assert must.after == may.after == "done postmortem/scheduled"
    assert "responders" in task(made, "postmortem/held").text


def test_a_post_mortem_without_a_meeting_counts_from_the_resolution() -> None:
    made = accepted(plan("postmortem: {required_for: all, complete: {within: 60m}}\n"))
    written = task(made, "postmortem/written")
    assert (written.after, written.counts_from, written.severities) == ("resolved", "resolved", ())
    assert [t.id for t in made.tasks] == ["postmortem/written"]


def test_the_severity_at_the_end_counts_where_the_plan_says_so() -> None:
    made = accepted(plan("postmortem: {required_for: [P0], peak: false, complete: 1 week}\n"))
    assert not task(made, "postmortem/written").ever


def test_a_follow_up_names_a_day_and_somebody() -> None:
    made = accepted(plan("postmortem: {required_for: all, complete: 60m, follow_up: 1 week}\n"))
    assert task(made, "postmortem/follow-up").records == ("postmortem_follow_up",)


def test_an_open_choice_of_levels_means_all_and_is_told() -> None:
    text = plan("postmortem: {required_for: unspecified, complete: 1 week}\n")
    assert codes_of(text) == ["plan.postmortem-levels"]
    made = accepted(text)
    assert made.afterwards.postmortem is not None
    assert made.afterwards.postmortem.unsettled
    assert task(made, "postmortem/written").severities == ()


def test_a_document_is_written_where_the_plan_asks_for_it() -> None:
    made = accepted(plan(
        "documents:\n"
        "  breach: {required_when: down, within: 24h, by: lead, approve: cto,"
        ' path: "docs/{YYYY}.md"}\n  form: {template: docs/form.md}\n'
    ))  # fmt: skip
    writing, approval = task(made, "document/breach"), task(made, "document/breach/approved")
    assert (writing.do, writing.document, writing.when) == ("write", "breach", "down")
    assert (writing.holds, approval.holds, approval.behind) == (
        (), ("close",), ("document/breach",)
    )  # fmt: skip
    assert len(made.tasks) == 2


@pytest.mark.parametrize("path", ["docs/{YY}.md", "docs/{YYYY.md", "docs/{DD}.md"])
def test_a_path_with_a_wrong_field_is_told(path: str) -> None:
    text = plan(f'documents:\n  report: {{path: "{path}"}}\n')
    assert one(text, "plan.pattern").hint


def test_the_deadline_of_an_action_item_follows_from_its_priority() -> None:
    made = accepted(plan(
        "action_items:\n  owner: required\n  evidence: required\n  reviewed: week\n"
        "  due_by_priority: {high: 7 calendar days, low: 90 calendar days}\n"
    ))  # fmt: skip
    rule = made.afterwards.action_items
    assert rule is not None
    assert dict(rule.due_by_priority) == {"high": CalendarDays(7), "low": CalendarDays(90)}
    assert (rule.owner_required, rule.due_required, rule.evidence_required) == (True, False, True)
    review = made.afterwards.programme[0]
    assert (review.id, review.weeks, review.kind) == ("action-item-review", 1, "review")


def test_metrics_count_between_moments() -> None:
    made = accepted(plan(
        "metrics:\n"
        "  mttr: {from: opened, to: resolved, target: 1h, for: P0, exclude: [slow]}\n"
        "  mttd: {from: stated since, to: opened}\n  lost: {of: cost, target: 10}\n"
        "  uptime: {from: opened, to: resolved, share: uptime, target: 0.999}\n"
    ).replace("facts: {", "facts: {since: text, "))  # fmt: skip
    mttr, mttd, lost, uptime = made.afterwards.metrics
    assert (mttr.starts, mttr.ends, mttr.limit) == ("opened", "resolved", timedelta(hours=1))
    assert (mttr.severities, mttr.exclude) == (("P0",), ("slow",))
    assert (mttd.stated, mttd.limit) == ("since", None)
    assert (lost.fact, lost.target) == ("cost", 10)
    assert (uptime.uptime, uptime.target) == (True, 0.999)


@pytest.mark.parametrize(
    ("metric", "code"),
    [
        ("{from: opened, to: resolved, target: 60}", "plan.metric"),
        ("{from: opened, to: resolved, target: soon}", "plan.time"),
        ("{of: cost, target: 1h}", "plan.metric"),
        ("{from: opend, to: resolved, target: 1h}", "plan.moment"),
        ("{of: down, target: 1}", "plan.fact-values"),
        ("{from: opened, to: resolved, target: unspecified}", "plan.metric-target"),
    ],
)
def test_a_metric_that_measures_nothing(metric: str, code: str) -> None:
    assert codes_of(plan(f"metrics:\n  x: {metric}\n")) == [code]


def test_a_target_that_nobody_compares_may_be_missing() -> None:
    assert codes_of(plan("metrics:\n  mttr: {from: opened, to: resolved}\n")) == []


@pytest.mark.parametrize(
    ("every", "months", "weeks"),
    [("week", 0, 1), ("2 weeks", 0, 2), ("month", 1, 0), ("quarter", 3, 0), ("year", 12, 0),
     ("6 months", 6, 0), ("2 years", 24, 0)],
)  # fmt: skip
def test_periods(every: str, months: int, weeks: int) -> None:
    made = accepted(plan(
        f'programme:\n  drill: {{every: {every}, document: "d-{{YYYY}}-{{MM}}-{{DD}}.md"}}\n'
    ))  # fmt: skip
    entry = made.afterwards.programme[0]
    assert (entry.months, entry.weeks) == (months, weeks)


@pytest.mark.parametrize("every", ["5 months", "sometimes", "0 weeks", "daily"])
def test_what_is_no_period(every: str) -> None:
    text = plan(f'programme:\n  drill: {{every: {every}, document: "d-{{YYYY}}.md"}}\n')
    assert codes_of(text) == ["plan.interval"]


def test_once_a_year_in_a_quarter_is_not_every_month_too() -> None:
    text = plan("programme:\n  drill: {quarter: Q2, every: month, document: 'd-{YYYY}.md'}\n")
    assert codes_of(text) == ["plan.interval"]


def test_an_experiment_says_what_it_expects() -> None:
    made = accepted(plan(
        "programme:\n  chaos:\n    kind: chaos\n    every: month\n    environment: staging\n"
        "    hypothesis: the queue drains\n    fault: kill a worker\n    abort_when: slow\n"
        "    expects: {alert: QueueStuck, within: 5m, recovers: 10m}\n"
    ))  # fmt: skip
    entry = made.afterwards.programme[0]
    assert (entry.hypothesis, entry.fault, entry.abort_when) == (
        "the queue drains", "kill a worker", "slow"
    )  # fmt: skip
    assert entry.expects is not None
    assert (entry.expects.alert, entry.expects.within) == ("QueueStuck", timedelta(minutes=5))


def test_a_report_recurs_and_has_readers() -> None:
    made = accepted(plan(
        "reports:\n  monthly: {every: month, sections: [Summary], audience: cto, by: lead,"
        ' path: "docs/{YYYY}-{MM}.md", avoid: [stack trace]}\n'
    ))  # fmt: skip
    entry = made.afterwards.programme[0]
    assert (entry.id, entry.kind, entry.months) == ("report/monthly", "report", 1)
    assert (entry.audience, entry.by, entry.avoid) == ("cto", "lead", ("stack trace",))
