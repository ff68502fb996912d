"""Alerts that planned maintenance keeps quiet: how long, and what becomes of them (A2, B1-B3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.engine.story import MONDAY_TEN, PLAN, Story, parse
from tests.heard import heard

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.statuspage.model import Window
from tocsin.engine import release
from tocsin.engine.audit import Doer
from tocsin.engine.dry_run import dry_run
from tocsin.engine.ports import Transaction
from tocsin.engine.quiet import QuietCount, Spell
from tocsin.engine.statuspage.planned import Draft, Planned, Turn, change_window, plan_window
from tocsin.engine.tick import tick
from tocsin.engine.world import World
from tocsin.store.writing import SqlTransaction

QUIET = """\
components:
  api: {name: API}
  search: {name: Search}
  vault: {name: Vault}
audiences:
  public: {name: The public, visibility: public}
status_page:
  audience: public
  components: {Shop: [api, search]}
  maintenance: {suppresses_alerts: true}
"""
RULES = """\
  rules:
    - {match: {service: both}, facts: {component_api: down, component_search: degraded}}
    - {match: {service: api}, facts: {component_api: down, service_availability: none}}
    - {match: {service: search}, facts: {component_search: down}}
    - {match: {service: api-is-back}, facts: {component_api: up}, severity: P1}
"""
MAINTAINED = PLAN.replace("  rules:\n", RULES) + QUIET
OPS = Doer("ben", "page")
LOOK_EVERY = release.LOOK_EVERY


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at work that runs so seldom that a story of hours is soon told."""
    monkeypatch.setattr(release, "LOOK_EVERY", timedelta(hours=1))


@pytest.fixture
def story(store_story: Callable[..., Story]) -> Story:
    return store_story(plan=MAINTAINED)


def plan(story: Story, *components: str, starts: str = "0m", lasts: str = "2h") -> Window:
    begin = MONDAY_TEN + parse(starts)
    draft = Draft(
        title="New disks", components=components, starts_at=begin, ends_at=begin + parse(lasts)
    )
    done = plan_window(story.world, draft, OPS)
    assert isinstance(done, Planned), done
    return done.window


def turn(story: Story, do: str, number: int = 1, **more: object) -> None:
    done = change_window(story.world, number, Turn(do=do, **more), OPS)  # type: ignore[arg-type]
    assert isinstance(done, Planned), done


def counts(story: Story, number: int = 1) -> QuietCount:
    with story.store.read() as reading:
        assert reading.counts()["alerts_forgotten"] == 0
        return reading.quiet_counts([number]).get(number, QuietCount(0, 0))


def spells(story: Story, number: int = 1) -> list[Spell]:
    with story.store.read() as reading:
        return [spell for _, spell in reading.quieted(number, 100)]


def is_there(story: Story, code: str = "INC-001") -> bool:
    with story.store.read() as reading:
        return reading.incident(code) is not None


def test_an_alert_of_a_component_in_maintenance_opens_nothing_and_calls_nobody(
    story: Story,
) -> None:
    plan(story, "api")
    assert story.alert("ApiDown", service="api").disposition == "in maintenance 1"
    story.until("1h59m")
    assert story.pages == []
    assert not is_there(story)
    assert counts(story) == (1, 1)
    with story.store.read() as reading:
        (alert,) = reading.alerts(None, True, 10)
        assert (alert.disposition, alert.incident_id) == ("in maintenance 1", None)
        assert reading.counts()["alerts_quiet"] == 1


@pytest.mark.parametrize("service", ["search", "both", "api-is-back", "unknown"])
def test_where_it_is_about_something_else_too_it_calls(story: Story, service: str) -> None:
    plan(story, "api")
    assert story.alert("Trouble", service=service).disposition == "opened"


@pytest.mark.parametrize(
    "change",
    [
        ("suppresses_alerts: true", "suppresses_alerts: false"),
        ("  maintenance: {suppresses_alerts: true}\n", ""),
    ],
)
def test_a_plan_that_does_not_want_it_keeps_nothing_quiet(
    store_story: Callable[..., Story], change: tuple[str, str]
) -> None:
    story = store_story(plan=MAINTAINED.replace(*change))
    plan(story, "api")
    assert story.alert("ApiDown", service="api").disposition == "opened"


def test_before_it_begins_and_after_it_ends_alerts_call(story: Story) -> None:
    plan(story, "api", starts="1h", lasts="1h")
    assert story.alert("ApiDown", service="api", instance="a").disposition == "opened"
    story.until("1h")
    assert story.alert("DbDown", service="api").disposition == "in maintenance 1"
    story.now = MONDAY_TEN + timedelta(hours=2)  # No engine has looked yet.
    assert story.alert("CacheDown", service="api").disposition == "opened"


def test_what_still_fires_at_the_end_opens_an_incident_that_says_why_so_late(story: Story) -> None:
    plan(story, "api")
    story.until("30m")
    story.alert("ApiDown", service="api", instance="a")
    story.alert("ApiDown", service="api", instance="b")
    story.alert("DbDown", service="api")
    story.over("DbDown", service="api")
    story.until("2h1m")
    assert story.pages == ["2:00 ana"]
    incident = story.incident()
    assert (incident.severity, incident.alerts_firing) == ("P0", 2)
    (joined,) = [one for one in story.timeline() if isinstance(one, e.AlertsJoined)]
    why = "was kept quiet by maintenance 1, planned by ben, until 2026-11-23 12:00 UTC"
    assert joined.why == why
    assert not is_there(story, "INC-002")
    assert counts(story) == (3, 0)
    assert [one.until for one in spells(story)][:2] == [MONDAY_TEN + timedelta(hours=2)] * 2
    with story.store.read() as reading:
        firing = reading.alerts(incident.id, True, 10)
        assert [one.disposition for one in firing] == ["in maintenance 1"] * 2
        assert reading.next_due().window is None


def test_what_is_released_joins_the_open_incident_of_its_group(story: Story) -> None:
    story.alert("ApiDown", service="search", instance="a")
    plan(story, "api")
    story.alert("ApiDown", service="api", instance="b")
    assert story.incident().alerts_firing == 1
    story.until("2h")
    assert story.incident().alerts_firing == 2
    assert story.incident().severity == "P0"
    assert not is_there(story, "INC-002")


@pytest.mark.parametrize("do", ["complete", "cancel"])
def test_ended_early_means_ended(story: Story, do: str) -> None:
    plan(story, "api")
    story.alert("ApiDown", service="api")
    story.until("20m")
    turn(story, do)
    story.until("20m")
    assert story.pages == ["0:20 ana"]
    assert story.alert("DbDown", service="api").disposition == "opened"
    assert "until 2026-11-23 10:20 UTC" in str(story.timeline())


def test_an_end_that_is_moved_counts(story: Story) -> None:
    plan(story, "api")
    story.alert("ApiDown", service="api")
    turn(story, "update", text="Longer.", ends_at=MONDAY_TEN + timedelta(hours=3))
    story.until("2h30m")
    assert story.pages == []
    turn(story, "update", text="Shorter.", ends_at=MONDAY_TEN + timedelta(minutes=155))
    story.until("2h40m")
    assert story.pages == ["2:35 ana"]


def test_resolved_in_the_window_is_over(story: Story) -> None:
    plan(story, "api")
    first = story.alert("ApiDown", service="api", starts="0m")
    assert story.alert("ApiDown", service="api", starts="0m") == first
    story.until("10m")
    assert story.over("ApiDown", service="api") == first
    assert counts(story) == (1, 0)
    story.until("3h")
    assert story.pages == []
    assert not is_there(story)
    assert story.over("ApiDown", service="api") == first


def test_one_that_comes_back_in_the_window_is_another_and_quiet_as_well(story: Story) -> None:
    plan(story, "api")
    story.alert("ApiDown", service="api", starts="0m")
    story.until("10m")
    story.over("ApiDown", service="api")
    assert story.alert("ApiDown", service="api", starts="10m").disposition == "in maintenance 1"
    story.until("2h")
    assert story.pages == ["2:00 ana"]
    assert story.incident().alerts_firing == 1


def test_it_comes_and_goes_in_one_request(story: Story) -> None:
    plan(story, "api")
    begin, end = (story.signal("ApiDown", firing=on, service="api") for on in (True, False))
    assert {r.disposition for r in story.take_in([begin, end])} == {"in maintenance 1"}
    story.until("3h")
    assert story.pages == []
    assert counts(story) == (1, 0)


def test_after_its_end_a_repeat_is_told_the_same_and_opens_nothing_more(story: Story) -> None:
    plan(story, "api")
    first = story.alert("ApiDown", service="api", starts="0m")
    story.until("2h")
    assert story.alert("ApiDown", service="api", starts="0m") == first
    assert story.incident().alerts_firing == 1
    story.over("ApiDown", service="api")
    assert story.incident().state == "resolved"


def test_an_alert_of_an_open_incident_goes_on_there(story: Story) -> None:
    story.alert("ApiDown", service="api", starts="0m")
    story.until("1m")
    plan(story, "api")
    story.until("6m")
    assert story.alert("ApiDown", service="api", starts="0m").disposition == "opened"
    story.until("31m")
    assert story.pages == ["0:00 ana", "0:10 dora", "0:30 cleo"]
    assert counts(story) == (0, 0)


def test_one_whose_incident_was_resolved_waits_for_the_end_of_the_work(story: Story) -> None:
    story.alert("ApiDown", service="api", starts="0m")
    story.do(c.Resolve(by="ana"))
    plan(story, "api", lasts="25m")
    story.until("6m")
    story.alert("ApiDown", service="api", starts="0m")
    story.until("7m")
    story.alert("ApiDown", service="api", starts="0m")
    assert story.incident().state == "resolved"
    assert counts(story) == (1, 1)
    story.until("26m")
    assert story.incident().state == "open"
    assert (story.incident().alerts_firing, story.pages[-1]) == (1, "0:25 ana")


def test_if_its_incident_was_reopened_meanwhile_nothing_is_counted_twice(story: Story) -> None:
    story.alert("ApiDown", service="api", starts="0m")
    story.do(c.Resolve(by="ana"))
    plan(story, "api", lasts="25m")
    story.until("6m")
    story.alert("ApiDown", service="api", starts="0m")
    story.do(c.Reopen(by="ana", why="no"))
    before = story.kinds()
    story.until("6m")
    assert story.incident().alerts_firing == 1
    story.do(c.Acknowledge(by="ana"))
    story.until("26m")
    assert story.kinds().count("alerts_joined") == before.count("alerts_joined")
    assert counts(story) == (1, 0)


def test_of_two_windows_the_longer_keeps_it_quiet_and_one_alone_must_be_about_all(
    story: Story,
) -> None:
    plan(story, "api", lasts="1h")
    plan(story, "search", lasts="3h")
    plan(story, "api", "search", lasts="2h")
    assert story.alert("A", service="both").disposition == "in maintenance 3"
    assert story.alert("B", service="search").disposition == "in maintenance 2"
    assert story.alert("C", service="api").disposition == "in maintenance 3"
    turn(story, "cancel", 3)
    story.until("0m")
    assert counts(story, 3) == (2, 0)
    assert counts(story, 1) == (1, 1)
    assert story.pages == ["0:00 ana"]
    story.until("1h")
    assert story.pages == ["0:00 ana", "1:00 ana", "1:00 dora"]


def test_an_edited_plan_reaches_what_is_quiet_within_a_minute(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "LOOK_EVERY", LOOK_EVERY)
    plan(story, "api")
    story.alert("ApiDown", service="api")
    story.until("5m30s")
    story.change(plan=MAINTAINED.replace("suppresses_alerts: true", "suppresses_alerts: false"))
    story.until("7m")
    assert story.pages == ["0:06 ana"]


def test_once_looked_at_after_its_end_it_never_acts_again_whatever_a_clock_says(
    story: Story,
) -> None:
    plan(story, "api")
    story.until("2h")
    story.now = MONDAY_TEN + timedelta(minutes=119)  # A node whose clock is behind.
    assert story.alert("ApiDown", service="api").disposition == "opened"


def test_any_node_does_it_and_only_one(story: Story) -> None:
    plan(story, "api")
    story.alert("ApiDown", service="api")
    story.now = MONDAY_TEN + timedelta(hours=2)
    for name in ("node-2", "node-3", "node-1"):
        story.tick(story.node(name))
    assert story.pages == ["2:00 ana"]
    assert story.incident().alerts_firing == 1


def test_a_node_that_dies_in_the_middle_takes_nothing_along(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(story, "api")
    story.alert("ApiDown", service="api")
    story.now = MONDAY_TEN + timedelta(hours=2)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(release, "_next_look", die)
        with pytest.raises(Killed):
            tick(story.world, (), {})
    assert not is_there(story)
    story.until("2h1m")
    assert story.pages == ["2:00 ana"]


def test_what_goes_wrong_here_holds_up_no_page(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(story, "api")
    story.alert("ApiDown", service="api")
    story.now = MONDAY_TEN + timedelta(hours=2)
    story.alert("Other")
    with monkeypatch.context() as broken:
        broken.setattr(release, "take_up", lambda *_: 1 / 0)
        story.tick()
    assert story.pages == ["2:00 ana"]
    story.until("2h2m")
    assert story.pages == ["2:00 ana", "2:01 ana"]


def test_planned_work_that_goes_wrong_holds_up_no_other_and_is_told_once_a_minute(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(story, "api")
    plan(story, "search")
    story.alert("ApiDown", service="api")
    story.alert("SearchDown", service="search")
    looked, never_done = release._look, 1

    def fails(tx: Transaction, world: World, window: Window) -> None:
        if window.id == never_done:
            raise ValueError("not thought of")
        looked(tx, world, window)

    story.until("1h59m")
    monkeypatch.setattr(release, "_look", fails)
    story.until("2h1m")
    assert story.pages == ["2:00 ana"], "the other window's alert"
    monkeypatch.setattr(release, "_put_off", lambda *_: False)
    with heard() as lines:
        story.now = MONDAY_TEN + timedelta(hours=2, minutes=5)
        for _ in range(5):
            story.tick()
    told = [line for line in lines if line["event"] == "maintenance.poison"]
    assert [line["windows"] for line in told] == [[never_done]]


def test_of_each_planned_work_that_goes_wrong_it_is_told(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(story, "api")
    plan(story, "search")
    monkeypatch.setattr(release, "_look", lambda *_: 1 / 0)
    story.now = MONDAY_TEN + timedelta(hours=2)
    with heard() as lines:
        story.tick()
    told = [line["windows"] for line in lines if line["event"] == "maintenance.poison"]
    assert sorted(told) == [[1], [2]]


def test_planned_work_that_can_not_be_read_holds_up_no_page(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(story, "api")
    story.alert("ApiDown", service="api")
    story.now = MONDAY_TEN + timedelta(hours=2)
    story.alert("Other")
    with monkeypatch.context() as broken:
        broken.setattr(SqlTransaction, "due_windows", lambda *_: 1 / 0)
        story.tick()
    assert story.pages == ["2:00 ana"]
    story.until("2h2m")
    assert story.pages == ["2:00 ana", "2:00 ana"]


def test_many_become_loud_in_several_steps(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "LOUD_AT_ONCE", 3)
    monkeypatch.setattr(release, "READ_AT_ONCE", 2)
    plan(story, "api")
    for n in range(10):
        story.alert("ApiDown", service="api", instance=str(n))
    story.until("2h")
    assert story.incident().alerts_firing == 10
    assert story.pages == ["2:00 ana"]
    assert counts(story) == (10, 0)


def test_a_dry_run_says_it_and_changes_nothing(story: Story) -> None:
    plan(story, "api")
    outcome = dry_run(story.world, [story.signal("ApiDown", service="api")])
    assert [one.disposition for one in outcome.alerts] == ["in maintenance 1"]
    assert outcome.incidents == ()
    assert counts(story) == (0, 0)


def test_one_that_is_over_can_not_be_started_again(story: Story) -> None:
    plan(story, "api")
    turn(story, "complete")
    done = change_window(story.world, 1, Turn(do="start"), OPS)
    assert isinstance(done, Refusal)
