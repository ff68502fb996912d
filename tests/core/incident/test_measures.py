"""Figures of incidents: what they took, against what the plan promises."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.incident.obliged import START, Story, at

from tocsin.core.incident import commands as c
from tocsin.core.incident.measures import Measure, error_budget, measure, summary, uptime
from tocsin.core.plan.afterwards.model import Metric

DAY = timedelta(days=1)


def figure(story: Story, name: str) -> Measure:
    return next(one for one in measure(story.plan, story.incident) if one.metric == name)


def metric(story: Story, name: str) -> Metric:
    return next(one for one in story.plan.afterwards.metrics if one.id == name)


def resolved(minute: float, severity: str = "P1", **facts: bool | float | str) -> Story:
    story = Story(severity)
    story.say(1, **facts)
    story.do(minute, c.Resolve(by="ana"))
    return story


@pytest.mark.parametrize(("minute", "verdict"), [(59, "met"), (60, "met"), (61, "missed")])
def test_the_time_to_resolve_against_its_target(minute: float, verdict: str) -> None:
    found = figure(resolved(minute), "mttr")
    assert (found.value, found.target, found.verdict) == (minute * 60, 3600, verdict)
    assert found.why == "from opened to resolved"


def test_what_has_not_come_is_unknown_and_not_zero() -> None:
    found = figure(Story(), "mttr")
    assert (found.value, found.verdict) == (None, "n/a")
    assert "resolved" in found.why


def test_without_a_target_there_is_no_verdict() -> None:
    story = Story()
    story.do(5, c.Acknowledge(by="ana"))
    assert (figure(story, "mtta").value, figure(story, "mtta").verdict) == (300, "n/a")


def test_an_incident_that_was_reopened_counts_to_its_last_resolution() -> None:
    story = resolved(10)
    story.do(20, c.Reopen(by="ana"))
    story.do(90, c.Resolve(by="ana"))
    assert figure(story, "mttr").value == 90 * 60


def test_the_true_start_may_be_stated() -> None:
    story = Story()
    assert figure(story, "mttd").value is None
    story.say(5, detected_from="2026-11-23T10:52:00+01:00")
    assert (figure(story, "mttd").value, figure(story, "mttd").verdict) == (480, "met")


@pytest.mark.parametrize("text", ["this morning", "2026-11-23T09:52:00", "2026-11-23T12:00:00Z"])
def test_a_start_that_is_none(text: str) -> None:
    story = Story()
    story.say(5, detected_from=text)
    assert figure(story, "mttd").value is None


def test_a_figure_may_be_a_fact() -> None:
    assert figure(resolved(5, outage_minutes=31), "lost").verdict == "missed"


def test_what_the_plan_excludes_is_not_measured() -> None:
    story = resolved(5, eu_users=True)
    assert "mttr" not in [one.metric for one in measure(story.plan, story.incident)]


def test_many_incidents_together() -> None:
    stories = [resolved(30), resolved(60), resolved(120), Story()]
    found = summary(stories[0].plan, metric(stories[0], "mttr"), [s.incident for s in stories])
    assert (found.count, found.unknown) == (3, 1)
    assert (found.mean, found.median) == (4200, 3600)
    assert found.attained == pytest.approx(2 / 3)
    assert found.verdict == "missed", "on the average"


def test_a_goal_is_met_by_a_share_of_the_incidents() -> None:
    stories = [resolved(5, detected_from="2026-11-23T09:55:00+00:00"),
               resolved(5, detected_from="2026-11-23T08:00:00+00:00")]  # fmt: skip
    found = summary(stories[0].plan, metric(stories[0], "mttd"), [s.incident for s in stories])
    assert (found.attained, found.verdict) == (0.5, "met")


def test_no_incidents_no_figures() -> None:
    story = Story()
    found = summary(story.plan, metric(story, "mttr"), [])
    assert (found.count, found.mean, found.attained, found.verdict) == (0, None, None, "n/a")


def test_downtime_that_overlaps_counts_once() -> None:
    stories = [resolved(60), resolved(90)]
    rule = metric(stories[0], "uptime")
    share, down, verdict = uptime(rule, [s.incident for s in stories], START, START + DAY)
    assert down == timedelta(minutes=90)
    assert share == pytest.approx(1 - 90 / 1440)
    assert verdict == "missed"
    assert error_budget(rule, down, START, START + DAY) < timedelta()


def test_downtime_outside_the_period_does_not_count() -> None:
    story = Story()
    rule = metric(story, "uptime")
    assert uptime(rule, [story.incident], at(-100), START)[1] == timedelta()
    assert uptime(rule, [story.incident], at(-100), at(10))[1] == timedelta(minutes=10)


def test_what_a_disaster_cost_in_data_and_time() -> None:
    story = Story()
    story.say(10, region_down=True, data_lost_minutes_region=20)
    for minute, task in ((12, "1"), (13, "2"), (40, "restored")):
        story.tick(minute, f"recovery/region/{task}")
    assert figure(story, "region rpo").verdict == "missed"
    rto = figure(story, "region rto")
    assert (rto.value, rto.target, rto.verdict) == (1800, 3600, "met")


def test_a_disaster_without_targets_has_no_verdict() -> None:
    story = Story()
    story.say(10, data_breach="suspected")
    story.tick(11, "recovery/site/1")
    story.tick(12, "recovery/site/restored")
    assert {figure(story, f"site {kind}").verdict for kind in ("rpo", "rto")} == {"n/a"}


def test_a_post_mortem_that_took_too_long_is_flagged() -> None:
    story = resolved(5, "P0", postmortem_minutes=110)
    assert figure(story, "postmortem").verdict == "missed"


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=6))
def test_downtime_is_never_more_than_the_period_nor_less_than_its_longest_part(
    minutes: list[int],
) -> None:
    stories = [resolved(minute) for minute in minutes]
    rule = metric(stories[0], "uptime")
    share, down, _ = uptime(rule, [s.incident for s in stories], START, START + DAY)
    assert down == min(timedelta(minutes=max(minutes)), DAY)
    assert 0 <= share <= 1
