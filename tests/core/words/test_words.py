"""What is said aloud makes sense, and times that are said can be read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from tests.core.rendered.making import LIMITS, POINTS

from tocsin.core.plan.model import Exhausted, Step
from tocsin.core.plan.task import Task
from tocsin.core.rendered.cards import as_limit
from tocsin.core.times import AnyTime, parse_time
from tocsin.core.words import calls, conditions, moments, phrases, tasks, times


@pytest.mark.parametrize(
    ("written", "as_limit", "as_point"),
    [
        ("within 15m", "within 15 minutes", "at once, at the latest after 15 minutes"),
        ("< 1h", "in less than 1 hour", "at once, before 1 hour"),
        ("1h30m", "within 1 hour and 30 minutes", "after 1 hour and 30 minutes"),
        ("immediate", "at once (within 5 minutes)", "at once (within 5 minutes)"),
        ("24h", "within 24 hours", "after 24 hours"),
        ("72h", "within 3 days", "after 3 days"),
        ("next business day", "by the end of the next business day",
         "when the next business day begins"),
        ("3 business days", "by the end of the third business day",
         "when the third business day begins"),
        ("12 calendar days", "by the end of the 12th day",
         "on the 12th day, when business hours begin"),
        ("next sprint planning", "by the next sprint planning", "at the next sprint planning"),
        ("24h-72h", "in 24 hours to 3 days", "after 24 hours to 3 days"),
        ("never", "never", "never"),
        ("variable", "as long as it takes", "as long as it takes"),
        ("unspecified", "not specified", "not specified"),
        ("choice(30m, 1h)", "still to be chosen: within 30 minutes, or within 1 hour",
         "still to be chosen: after 30 minutes, or after 1 hour"),
    ],
)  # fmt: skip
def test_times(written: str, as_limit: str, as_point: str) -> None:
    value = parse_time(written)
    assert (times.limit(value), times.point(value)) == (as_limit, as_point)


@given(LIMITS)
def test_a_limit_that_is_said_can_be_read(value: AnyTime) -> None:
    assert times.heard(times.limit(value)) == value


@given(POINTS)
def test_a_point_that_is_said_can_be_read(value: AnyTime) -> None:
    assert times.heard(times.point(value)) == value


def test_a_bare_duration_is_the_same_limit() -> None:
    assert times.heard(times.limit(parse_time("1h"))) == as_limit(parse_time("1h"))
    with pytest.raises(ValueError, match="no time in words"):
        times.heard("sometime soon")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('data_breach == "confirmed" && severity == "P0"',
         "data breach is confirmed and the severity is P0"),
        ('data_breach != "no"', "data breach is not “no”"),
        ("a && (b || !c) && rate > 0.05", "a, and either b or not c, and rate is above 0.05"),
        ("(a && b) || c", "a and b, or c"),
        ('kind in ["security", "payment-fraud"]',
         "the kind of incident is security or payment fraud"),
        ('state != "open"', "the incident is not open"),
        ("!(a && b)", "it is not so that a and b"),
        ("cosmetic == false", "not cosmetic"),
        ('title.contains("api")', "title contains “API”"),
        ("size(title) >= 3", "the length of title is at least 3"),
        ("users * 2.0 <= 10", "users times 2 is at most 10"),
    ],
)  # fmt: skip
def test_conditions(written: str, said: str) -> None:
    assert conditions.condition(written) == said


@pytest.mark.parametrize("written", ["a ? b : c", "a &&", "x.matches('y')", "", "§", "((((", "[1]"])
def test_what_has_no_words_is_said_as_it_is_written(written: str) -> None:
    assert conditions.condition(written) == written


def test_names() -> None:
    said = {name: phrases.named(name) for name in ("on-call-engineer", "cto", "vp-engineering")}
    assert said == {
        "on-call-engineer": "on-call engineer", "cto": "CTO", "vp-engineering": "VP engineering",
    }  # fmt: skip
    assert {phrases.id_of(words) for words in said.values()} == set(said)
    assert phrases.listed(["a", "b", "c"], "or") == "a, b or c"
    assert phrases.sentence("it is so") == "It is so."


def test_moments() -> None:
    assert moments.moment("resolved") == "the resolution"
    names = {"recovery": "Recovery of data"}
    assert moments.moment("after recovery", lambda _, name: names[name]) == (
        "the end of the phase Recovery of data"
    )
    for name in ("opened", "phase recovery", "missed acknowledge", "done a/b", "told cto"):
        assert moments.heard_moment(moments.moment(name)) == name
    assert moments.gate("leave recovery") == "leaving recovery"
    assert moments.gate("publish customers") == "publishing to customers"


def test_calls() -> None:
    later = Step(
        do="page", to=("team-lead", "cto"), at=parse_time("30m"), until="acknowledged",
        line=1, why="",
    )  # fmt: skip
    assert calls.step(later) == (
        "page the team lead or the CTO 30 minutes after detection, if nobody has acknowledged"
    )
    by_hand = Step(
        do="notify", to=("all-hands",), at=parse_time("never"), until="resolved", line=1, why="",
        everyone=True, manual=True, level=2,
    )  # fmt: skip
    assert calls.step(by_hand) == (
        "level 2: notify everybody of the all hands when somebody asks for it"
    )
    assert calls.last_resort(Exhausted(page=("cto",))) == (
        "the CTO is alarmed every 15 minutes, until somebody acknowledges"
    )


def test_tasks() -> None:
    task = Task(
        id="containment/isolate", text="Isolate", line=1, need="if needed", by="on-call-engineer",
        within=parse_time("15m"), counts_from="opened", severities=("P0", "P1"), when="affected",
        behind=("a/b",), holds=("close", "leave containment"), records=("affected_systems",),
        undo="Connect again", at=parse_time("5m"), after="phase containment",
    )  # fmt: skip
    assert tasks.demands_of(task) == (
        "if needed", "done by the on-call engineer", "within 15 minutes, counted from detection",
        "records affected systems", "to be taken back before closing: Connect again",
    )  # fmt: skip
    assert tasks.conditions_of(task, {}) == (
        "at P0 and P1", "when affected",
        "asked for after 5 minutes, counted from the start of the phase containment",
    )  # fmt: skip
    assert tasks.ties_of(task, {}) == ("after a/b", "before closing")
