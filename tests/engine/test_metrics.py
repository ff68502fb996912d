"""Metrics as the background adds them up, against what was computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.engine import story as stories
from tests.engine.story import MONDAY_TEN, Story, parse

from tocsin.core.emergency import Emergency
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.metrics.answer import Answer, By
from tocsin.core.metrics.period import Period, parts_of
from tocsin.core.metrics.tally import NONE, figure, merged, tallied
from tocsin.engine import summing
from tocsin.engine.metrics import ask
from tocsin.engine.summing import LEASED_FOR, Summing

PLAN = (
    stories.PLAN.replace("time_zone: UTC", "time_zone: Europe/Berlin").replace(
        "facts:\n",
        """facts:
  started_at: {type: text, about: When it really began}
  checkout_state: {type: one of, values: [up, degraded, down], about: The checkout}
""",
    )
    + """
components:
  checkout: {name: Checkout, fact: checkout_state}
metrics:
  mtta: {name: Quick answers, from: opened, to: acknowledged, target: 5m}
"""
)

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
TODAY = date(2026, 11, 23)
MINUTE = 60_000


@pytest.fixture
def story(store_story: Callable[..., Story]) -> Story:
    return store_story(plan=PLAN)


def at(story: Story, moment: str) -> None:
    story.now = MONDAY_TEN + parse(moment)


def declare(story: Story, title: str, **said: object) -> str:
    opened = story.declare(title, **said)
    assert not isinstance(opened, Refusal)
    return opened.code


def resolve(story: Story, code: str) -> None:
    assert not isinstance(story.do(c.Resolve(by="ana", via="page"), code), Refusal)


def add_up(story: Story) -> None:
    adding = Summing(story.world, lambda: 0.0)
    while adding.round():
        pass


def asked(story: Story, *by: By, period: Period = YEAR) -> Answer:
    with story.store.read() as reading:
        return ask(reading, period, TODAY, by)


def of(answer: Answer, measure: str) -> tuple[int, float | None, float | None, dict[str, int]]:
    """(count, mean and median in minutes, unknown)."""
    found = figure(answer.total, measure)
    mean, median = found.mean, found.median
    return (
        found.measured,
        mean / MINUTE if mean is not None else None,
        median / MINUTE if median is not None else None,
        dict(found.unknown),
    )


def tell(story: Story) -> None:
    """Five incidents, a false alarm and one that turns out to be another."""
    one = declare(story, "One", severity="P0", facts={"started_at": "2026-11-23T10:50:00+01:00"})
    two = declare(story, "Two", severity="P1", facts={"started_at": "some time"})
    three = declare(story, "Three", severity="P0")
    four = declare(story, "Four", severity="P0")
    nothing = declare(story, "Nothing", severity="P0")
    at(story, "4m")
    story.acknowledge("ana", one)
    story.do(c.StandDown(by="ana", via="page", why="a test", false_alarm=True), nothing)
    at(story, "10m")
    story.acknowledge("ana", two)
    resolve(story, three)  # nobody has acknowledged it
    at(story, "20m")
    resolve(story, one)
    at(story, "30m")
    story.do(c.Reopen(by="ana", via="page"), one)
    at(story, "35m")
    story.acknowledge("ben", one)
    at(story, "40m")
    resolve(story, one)
    story.do(c.Merge(by="ana", via="page", into=two, why="the same"), four)
    declare(story, "Five", severity="P1")


def test_the_figures_are_those_that_were_computed_by_hand(story: Story) -> None:
    tell(story)
    add_up(story)
    found = asked(story)
    assert found.total.count == 4
    assert found.total.left_out == {"false alarm": 1, "merged": 1}
    unknown = {"start not stated": 2, "start is not a time": 1}
    assert of(found, "detect") == (1, 10, 10, unknown)
    # One: 4 minutes, by its first acknowledgement; Two: 10.
    assert of(found, "acknowledge") == (2, 7, 7, {"never acknowledged": 1, "not yet": 1})
    # Three: 10 minutes; One: 40, by its last resolve.
    assert of(found, "resolve") == (2, 25, 25, {"not yet": 2})
    assert found.total.kept["plan mtta"] == (0, 2)


def test_figures_are_there_by_severity_month_and_component(story: Story) -> None:
    facts = {"checkout_state": "down"}
    code = declare(story, "One", severity="P0", facts=facts)
    declare(story, "Two", severity="P1")
    at(story, "6m")
    story.do(c.RecordFact(by="ana", via="page", name="checkout_state", value="up"), code)
    add_up(story)
    november = date(2026, 11, 1)
    by_severity = asked(story, "severity").groups
    assert [(one.severity, one.tally.count) for one in by_severity] == [("P0", 1), ("P1", 1)]
    by_component = asked(story, "month", "component").groups
    assert [(one.month, one.component, one.tally.count) for one in by_component] == [
        (november, NONE, 1),
        (november, "checkout", 1),
    ]
    assert len(asked(story, "month").groups) == 12


def test_a_month_ends_at_midnight_on_the_clocks_of_the_plan(story: Story) -> None:
    for minute, title in ((-1, "Before"), (1, "After")):
        story.now = datetime(2026, 11, 30, 23, tzinfo=UTC) + timedelta(minutes=minute)
        declare(story, title, severity="P0")
    add_up(story)
    counts = {one.month: one.tally.count for one in asked(story, "month").groups}
    assert (counts[date(2026, 11, 1)], counts[date(2026, 12, 1)]) == (1, 1)
    first = Period(date(2026, 11, 30), date(2026, 11, 30))
    with story.store.read() as reading:
        assert ask(reading, first, date(2026, 12, 5), ()).total.count == 1


def test_what_changes_later_changes_its_day(story: Story) -> None:
    code = declare(story, "One", severity="P0")
    add_up(story)
    assert of(asked(story), "resolve")[0] == 0
    story.now += timedelta(days=3)
    resolve(story, code)
    story.do(c.SetSeverity(by="ana", via="page", severity="P1", why="less"), code)
    with story.store.read() as reading:
        assert reading.behind(10) == (1, 0)
    add_up(story)
    assert of(asked(story), "resolve")[:2] == (1, 3 * 24 * 60)
    with story.store.read() as reading:
        assert reading.behind(10) == (0, 0)


def test_an_alert_that_comes_back_is_a_repeat(story: Story) -> None:
    for moment in ("0m", "24h", "1000h", "1400h"):
        at(story, moment)
        story.alert("ApiDown")
        story.over("ApiDown")
        story.now += timedelta(hours=1)
    at(story, "1401h")
    story.alert("Other")
    add_up(story)
    with story.store.read() as reading:
        found = ask(reading, Period(date(2026, 11, 1), date(2027, 2, 1)), date(2027, 2, 1), ())
    # The second comes a day after the first; the third more than thirty days after that.
    assert (found.total.count, found.total.repeats) == (5, 2)
    with story.store.read() as reading:
        parts = parts_of(Period(date(2026, 11, 1), date(2027, 2, 1)), date(2027, 2, 1))
        (group,) = reading.repeated(parts, 10)
    assert group == (4, story.incident("INC-004").id)


def test_a_false_alarm_makes_no_repeat_of_the_next(story: Story) -> None:
    for moment in ("0m", "24h"):
        at(story, moment)
        story.alert("ApiDown")
        if moment == "0m":
            gone = c.StandDown(by="ana", via="page", why="a test", false_alarm=True)
            assert not isinstance(story.do(gone, "INC-001"), Refusal)
        story.over("ApiDown")
    add_up(story)
    found = asked(story).total
    assert (found.count, found.repeats, found.left_out) == (1, 0, {"false alarm": 1})


def test_adding_up_in_pieces_is_adding_up_at_once(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summing, "PIECE", 2)
    monkeypatch.setattr(summing, "PIECES", 2)
    tell(story)
    for day in range(1, 12):
        story.now = MONDAY_TEN + timedelta(days=day)
        code = declare(story, f"Day {day}", severity="P1")
        story.now += timedelta(hours=day)
        resolve(story, code)
    add_up(story)
    with story.store.read() as reading:
        raw = [tallied(reading.shares(date(2026, 11, 23) + timedelta(days=n))) for n in range(12)]
    expected = merged(raw)
    for by_component in (False, True):
        with story.store.read() as reading:
            kept = reading.tallies("month", YEAR, by_component=by_component)
        found = merged({cell: tally} for _, cell, tally in kept)
        wanted = {c: t for c, t in expected.items() if (c.component != "") == by_component}
        assert found == wanted


def test_nothing_is_written_where_nothing_has_changed(story: Story) -> None:
    declare(story, "One", severity="P0")
    add_up(story)
    story.store.write = lambda: pytest.fail("it writes")  # type: ignore[method-assign]
    assert Summing(story.world, lambda: 0.0).round() is False


def test_where_there_is_room_for_calls_only_nothing_is_written(story: Story) -> None:
    declare(story, "One", severity="P0")
    full = ["the disk is full"]
    adding = Summing(story.world, lambda: 0.0, lacks_room=lambda: full[0] if full else "")
    adding.round()
    assert asked(story).total.count == 0
    full.clear()
    adding.round()
    assert asked(story).total.count == 1


def test_in_an_emergency_nothing_is_added_up(story: Story) -> None:
    declare(story, "One", severity="P0")
    since = story.now
    apart = Emergency(node="node-1", since=since, roster_at=since, mark="m")
    world = replace(story.world, emergency=lambda: apart)
    assert Summing(world, lambda: 0.0).round() is False
    assert asked(story).total.count == 0


def test_another_node_goes_on_when_the_one_that_adds_up_is_gone(story: Story) -> None:
    declare(story, "One", severity="P0")
    add_up(story)
    declare(story, "Two", severity="P0")
    second = Summing(story.node("node-2"), lambda: 0.0)
    second.round()
    assert asked(story).total.count == 1
    story.now += LEASED_FOR + timedelta(seconds=1)
    second.round()
    assert asked(story).total.count == 2


def test_whoever_has_lost_the_lease_writes_nothing(story: Story) -> None:
    declare(story, "One", severity="P0")

    def paused(_seconds: float) -> bool:
        """Between two writes of the first node another one takes over."""
        story.now += LEASED_FOR + timedelta(seconds=1)
        with story.store.write() as tx:
            return not tx.take_lease("metrics", "node-2", story.now, story.now + LEASED_FOR)

    Summing(story.world, lambda: 0.0, paused).round()
    with story.store.read() as reading:
        assert reading.behind(10) == (0, 1)
    assert asked(story).total.count == 0


def test_an_incident_that_cannot_be_counted_holds_up_no_other(story: Story) -> None:
    declare(story, "One", severity="P0")
    declare(story, "Two", severity="P0")
    with story.store._database.writing() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("UPDATE incidents SET snapshot = '{}' WHERE id = 1")
    add_up(story)
    story.is_tampered_with = True
    assert asked(story).total.count == 1


def test_the_past_of_an_older_version_is_counted(story: Story) -> None:
    tell(story)
    with story.store._database.writing() as connection:  # type: ignore[attr-defined]
        assert not list(connection.exec_driver_sql("SELECT * FROM metric_shares"))
    add_up(story)
    assert asked(story).total.count == 4


def test_of_a_restricted_incident_only_what_lists_show_is_counted(
    store_story: Callable[..., Story],
) -> None:
    hidden = (
        PLAN
        + """
confidential:
  - {when: checkout_state == "down", readers: [cto], title: Something}
"""
    )
    story = store_story(plan=hidden)
    facts = {"checkout_state": "down", "started_at": "2026-11-23T10:50:00+01:00"}
    code = declare(story, "One", severity="P0", facts=facts)
    at(story, "5m")
    story.acknowledge("ana", code)
    assert story.incident(code).restricted is not None
    add_up(story)
    found = asked(story, "component")
    assert [(one.component, one.tally.count) for one in found.groups] == [(NONE, 1)]
    assert of(found, "detect") == (0, None, None, {"restricted": 1})
    assert of(found, "acknowledge")[:2] == (1, 5)
    assert not found.total.kept
