"""Alerts in: duplicates, ends, returns, disorder and nonsense (invariants A1 to A9)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.engine.story import MONDAY_TEN, ORGANISATION, PLAN, Story

from tocsin.core.alerts import Signal, Unreadable
from tocsin.core.incident import commands as c
from tocsin.engine import intake
from tocsin.engine.group_commit import GroupCommit, Result
from tocsin.engine.ports import Conflict


def test_alerts_of_a_group_share_an_incident(story: Story) -> None:
    assert story.alert("ApiDown", instance="a").disposition == "opened"
    assert story.alert("ApiDown", instance="b").disposition == "joined"
    assert story.alert("DiskFull", instance="a").disposition == "opened"
    assert (story.incident().alerts_firing, story.incident("INC-002").alerts_firing) == (2, 1)


def test_a_plan_that_heeds_how_many_alerts_fire_sees_every_one(
    store_story: Callable[..., Story],
) -> None:
    flood = "playbooks: {flood: {when: alerts_firing >= 3, steps: [{page: cto}]}}\n"
    story = store_story(plan=PLAN + flood)
    story.alert("ApiDown", instance="a")
    story.acknowledge("ana")
    story.alert("ApiDown", instance="b")
    assert "task_armed" not in story.kinds()
    story.alert("ApiDown", instance="c")
    assert "task_armed" in story.kinds()


def test_a_repeat_changes_nothing_and_gets_the_same_answer(story: Story) -> None:
    first = story.alert("ApiDown", starts="0m")
    before = story.kinds()
    assert story.alert("ApiDown", starts="0m") == first
    assert story.alert("ApiDown") == first
    assert story.kinds() == before


def test_when_all_alerts_end_the_incident_is_resolved_and_nobody_is_called(story: Story) -> None:
    story.alert("ApiDown", instance="a", severity="critical")
    story.alert("ApiDown", instance="b", severity="critical")
    story.over("ApiDown", instance="a", severity="critical")
    assert story.incident().state == "open"
    story.over("ApiDown", instance="b", severity="critical")
    assert story.incident().state == "resolved"
    story.until("2h")
    assert story.pages == []


def test_a_plan_may_leave_resolving_to_people(store_story: Callable[..., Story]) -> None:
    story = store_story(plan=PLAN.replace("resolve_incident: true", "resolve_incident: false"))
    story.alert("ApiDown")
    story.over("ApiDown")
    assert story.incident().state == "open"
    assert story.incident().alerts_firing == 0


def test_an_alert_that_returns_soon_reopens_its_incident(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    story.over("ApiDown", severity="critical")
    story.until("20m")
    assert story.alert("ApiDown", severity="critical").disposition == "joined"
    assert story.incident().state == "open"
    story.until("31m")
    assert story.pages == ["0:00 ana", "0:20 ana", "0:30 dora"]


def test_an_alert_that_returns_later_opens_another_incident(story: Story) -> None:
    story.alert("ApiDown")
    story.over("ApiDown")
    story.until("40m")
    assert story.alert("ApiDown").disposition == "opened"
    assert story.incident("INC-002").state == "open"


def test_an_alert_that_fires_on_after_it_was_called_resolved_is_not_forgotten(
    story: Story,
) -> None:
    story.alert("ApiDown", severity="critical", starts="0m")
    story.until("1m")
    story.do(c.Resolve(by="ana"))
    story.until("3m")
    story.alert("ApiDown", severity="critical", starts="0m")
    assert story.incident().state == "resolved"  # Still in flight when she resolved it.
    story.until("8m")
    story.alert("ApiDown", severity="critical", starts="0m")
    assert story.incident().state == "open"
    assert story.incident().alerts_firing == 1
    story.until("9m")
    assert story.pages == ["0:00 ana", "0:08 ana"]


def test_the_same_when_the_incident_was_closed(story: Story) -> None:
    story.alert("ApiDown", starts="0m")
    story.do(c.Resolve(by="ana"))
    story.do(c.Close(by="ana"))
    story.until("10m")
    story.alert("ApiDown", starts="0m")
    assert story.incident("INC-002").state == "open"


def test_an_end_that_arrives_before_its_beginning_calls_nobody(story: Story) -> None:
    """Invariant A9: the outcome is that of the source's own order."""
    over = story.over("ApiDown", starts="0m", severity="critical")
    assert over.disposition == "over-before-seen"
    assert story.alert("ApiDown", starts="0m", severity="critical") == over
    story.until("1h")
    assert story.pages == []


def test_an_alert_that_is_back_with_the_same_start_is_not_swallowed(story: Story) -> None:
    """A partition made Alertmanager think it was over; Prometheus says again when it began."""
    story.alert("ApiDown", severity="critical", starts="0m")
    story.until("1m")
    story.over("ApiDown", severity="critical", starts="0m")
    story.until("5m")
    story.alert("ApiDown", severity="critical", starts="0m")
    assert story.incident().state == "resolved"  # Out of order, as far as anybody can tell.
    story.until("12m")
    story.alert("ApiDown", severity="critical", starts="0m")
    story.until("13m")
    assert story.pages == ["0:00 ana", "0:12 ana"]


def test_a_sender_whose_clock_is_slow_pages_all_the_same(story: Story) -> None:
    """Prometheus promises an end four minutes ahead; with a slow clock that is in our past."""

    def sent(minute: int, *, promise: int) -> None:
        story.until(f"{minute}m")
        signal = story.signal("ApiDown", severity="critical", firing=False)
        slow_start = MONDAY_TEN - timedelta(hours=1)
        ends_at = slow_start + timedelta(minutes=promise)
        story.take_in([replace(signal, starts_at=slow_start, ends_at=ends_at)])

    sent(0, promise=4)
    sent(1, promise=5)
    assert story.incident().state == "open"
    sent(2, promise=6)
    sent(3, promise=7)
    assert (story.incident().state, story.incident().alerts_firing) == ("open", 1)
    sent(4, promise=6)  # Now it is over: an end that no longer moves ahead.
    assert story.incident().state == "resolved"
    assert story.pages == ["0:01 ana"]


def test_an_old_end_does_not_close_a_newer_alert(story: Story) -> None:
    story.alert("ApiDown", starts="0m")
    story.until("2m")
    old = story.signal("ApiDown", starts="0m", firing=False)
    story.until("10m")
    story.over("ApiDown", starts="0m")
    story.alert("ApiDown", starts="9m")
    assert story.incident().state == "open"
    story.take_in([old])
    assert story.incident().state == "open"


def test_what_cannot_be_read_is_kept_and_calls_its_owner(story: Story) -> None:
    """Invariant A6."""
    bad = Unreadable(integration="prometheus", why="not JSON", payload=b"\xff{")
    receipts = story.take_in([bad, story.signal("ApiDown", severity="critical")])
    assert [r.disposition for r in receipts] == ["dead-lettered", "opened"]
    story.until("1m")
    assert sorted(story.pages) == ["0:00 ana", "0:00 ana", "0:00 cleo"]
    with story.store.read() as reading:
        kept = reading.unreadable(10)
        assert [u.payload for _, _, u in kept] == [b"\xff{"]
        titles = {s.incident.title for s in reading.incidents((), None, 10)}
    assert titles == {"Unreadable alert from prometheus", "ApiDown"}


def test_every_accepted_alert_has_one_disposition(story: Story) -> None:
    """Invariant A2, over a batch with everything in it at once."""
    request: list[Signal | Unreadable] = [
        story.signal("A", instance=str(n % 7), firing=n % 3 != 0) for n in range(60)
    ]
    assert len(story.take_in(request)) == len(request)
    with story.store.read() as reading:
        alerts = reading.alerts(None, None, 1000)
        kept = [s.incident for s in reading.incidents((), None, 1000)]
    assert all((a.incident_id is None) == (a.disposition == "over-before-seen") for a in alerts)
    firing = sum(a.firing for a in alerts)
    assert firing == sum(incident.alerts_firing for incident in kept if incident.state == "open")


def test_running_incidents_keep_the_plan_that_opened_them(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.change(plan=PLAN.replace("P0: 10m", "P0: 20m"))
    story.alert("DiskFull", severity="critical")
    story.until("21m")
    assert story.pages == ["0:00 ana", "0:00 ana", "0:10 dora", "0:20 dora"]


def test_people_are_looked_up_at_the_moment_of_paging(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    cleo_leads = ORGANISATION.replace("team-lead: {people: [dora]}", "team-lead: {people: [cleo]}")
    assert story.change(organisation=cleo_leads) == []
    story.until("11m")
    assert story.pages == ["0:00 ana", "0:10 cleo"]


def test_a_faulty_plan_is_refused_and_the_last_good_one_goes_on(story: Story) -> None:
    """Invariant H10."""
    version = story.rules.plan.version
    assert story.change(plan=PLAN.replace("page: team-lead", "pgae: team-lead")) != []
    assert story.rules.plan.version == version
    assert [p.line for p in story.rules.refused if p.level == "error"]
    story.alert("ApiDown", severity="critical")
    story.until("11m")
    assert story.pages == ["0:00 ana", "0:10 dora"]


class Results:
    """Collects what a group commit hands back."""

    def __init__(self) -> None:
        self.by_ticket: dict[object, Result] = {}

    def __call__(self, results: list[tuple[object, Result]]) -> None:
        self.by_ticket.update(results)


def test_one_poisonous_request_does_not_hold_up_the_others(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant A6: what raises is kept apart, and the rest is taken in."""
    route = story.rules.router.route

    def raises(labels: dict[str, str]) -> object:
        if labels["alertname"] == "Poison":
            raise RuntimeError("boom")
        return route(labels)

    monkeypatch.setattr(story.rules.router, "route", raises)
    results = Results()
    commit = GroupCommit(story.world, results)
    commit.submit("good", [story.signal("ApiDown")])
    commit.submit("bad", [story.signal("Poison"), story.signal("DiskFull")])
    commit.start()
    commit.stop()
    dispositions = {
        ticket: [receipt.disposition for receipt in receipts]
        for ticket, receipts in results.by_ticket.items()
        if isinstance(receipts, list)
    }
    assert dispositions == {"good": ["opened"], "bad": ["dead-lettered", "opened"]}


def test_a_conflict_with_another_node_is_tried_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in, calls = intake.take_in, []

    def conflicts_twice(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) < 3:
            raise Conflict("the other node was first")
        return take_in(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("tocsin.engine.group_commit.take_in", conflicts_twice)
    results = Results()
    commit = GroupCommit(story.world, results)
    commit.submit("one", [story.signal("ApiDown")])
    commit.start()
    commit.stop()
    assert len(calls) == 3
    assert isinstance(results.by_ticket["one"], list)


def test_the_new_incident_of_a_long_group_counts_all_its_alerts(story: Story) -> None:
    story.take_in([story.signal("ApiDown", instance=str(n)) for n in range(300)])
    assert story.incident().alerts_total == 300


def test_an_incident_does_not_wait_for_an_alert_that_went_on_elsewhere(story: Story) -> None:
    """Invariant A2; simulator, seed 20101: reopened, it counted an alert that it had no more."""
    story.alert("ApiDown", severity="critical", starts="0m")
    story.do(c.Resolve(by="ben", via="page"))
    story.now += timedelta(hours=2)
    story.alert("ApiDown", severity="critical", starts="0m")
    assert story.incident("INC-002").alerts_firing == 1
    assert story.incident("INC-001").alerts_firing == 0
    assert story.kinds("INC-001")[-1] == "alerts_left"
    story.over("ApiDown", severity="critical", starts="0m")
    assert story.incident("INC-002").state == "resolved"
    story.do(c.Reopen(by="ben", via="page"))
    story.alert("ApiDown", severity="critical", instance="b", starts="2h")
    assert story.incident("INC-001").alerts_firing == 1
    story.over("ApiDown", severity="critical", instance="b", starts="2h")
    assert story.incident("INC-001").state == "resolved"
