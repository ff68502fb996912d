"""Two incidents that are one, one that is two, and two that belong together."""

import threading

import pytest
from tests.engine.story import PLAN, Story

from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident, Related
from tocsin.engine.ports import Alert, Conflict
from tocsin.engine.relating import merge, split
from tocsin.engine.trial import trial_call

CONFIDENTIAL = (
    PLAN
    + """\
confidential:
  - {when: 'service_availability == "none"', readers: [cto], title: Something private}
"""
)


def alerts_of(story: Story, code: str) -> list[Alert]:
    with story.store.read() as reading:
        return reading.alerts(story.incident(code).id, None, 1000)


def done(outcome: Incident | Refusal) -> Incident:
    assert isinstance(outcome, Incident), outcome
    return outcome


def refused(outcome: Incident | Refusal) -> str:
    assert isinstance(outcome, Refusal), outcome
    assert outcome.hint
    return outcome.code


def test_a_duplicate_is_merged_and_its_alerts_go_along(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.alert("QueueFull", host="a")
    story.alert("QueueFull", host="b")
    merged = done(story.do(c.Merge(by="ana", via="page", why="same", into="INC-001"), "INC-002"))
    assert (merged.state, merged.merged_into) == ("closed", "INC-001")
    assert (merged.alerts_total, merged.alerts_firing, merged.running()) == (0, 0, ())
    target = story.incident("INC-001")
    assert (target.alerts_total, target.alerts_firing, target.absorbed) == (3, 3, ("INC-002",))
    assert [one.disposition for one in alerts_of(story, "INC-001")] == [
        "opened",
        "opened",
        "joined",
    ]
    assert alerts_of(story, "INC-002") == []
    left = [event for event in story.timeline("INC-002") if event.by == "ana"]
    assert [type(event).__name__ for event in left] == ["AlertsLeft", "MergedInto"]
    assert "alerts_came_over" in story.kinds("INC-001")


def test_what_is_merged_calls_nobody_any_more(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.alert("QueueFull", severity="critical")
    story.acknowledge("ana", "INC-001")
    done(story.do(c.Merge(by="ana", into="INC-001"), "INC-002"))
    story.until("3h")
    assert not [page for page in story.pages if "dora" in page], story.pages


def test_a_page_that_has_not_left_yet_does_not_leave_for_what_was_merged(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.alert("QueueFull", severity="critical")
    done(story.do(c.Merge(by="ana", into="INC-001"), "INC-002"))
    with story.store.read() as reading:
        states = {one.state for one in reading.deliveries(story.incident("INC-002").id)}
    assert states == {"cancelled"}


def test_later_alerts_of_a_merged_group_join_the_other_incident(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.alert("QueueFull", host="a")
    done(story.do(c.Merge(by="ana", into="INC-001"), "INC-002"))
    story.alert("QueueFull", host="b")
    assert story.incident("INC-001").alerts_total == 3
    with story.store.read() as reading:
        assert len(reading.incidents((), None, 10)) == 2
    # Once the other one is closed, the group starts anew.
    for name, host in (("QueueFull", "a"), ("QueueFull", "b")):
        story.over(name, host=host)
    story.over("ApiDown", severity="critical")
    assert story.incident("INC-001").state == "resolved"
    story.until("2h")
    story.alert("QueueFull", host="c")
    assert story.incident("INC-003").group == story.incident("INC-002").group


def test_a_merged_group_reopens_the_other_incident_when_it_fires_again(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.alert("QueueFull")
    done(story.do(c.Merge(by="ana", into="INC-001"), "INC-002"))
    story.over("QueueFull")
    story.over("ApiDown", severity="critical")
    assert story.incident("INC-001").state == "resolved"
    story.until("10m")
    story.alert("QueueFull")
    assert story.incident("INC-001").state == "open"


def test_one_batch_may_bring_alerts_of_both_groups(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.alert("QueueFull", host="a")
    done(story.do(c.Merge(by="ana", into="INC-001"), "INC-002"))
    story.take_in(
        [
            story.signal("QueueFull", host="b"),
            story.signal("ApiDown", severity="critical", host="b"),
            story.signal("QueueFull", host="a", firing=False),
        ]
    )
    target = story.incident("INC-001")
    assert (target.alerts_total, target.alerts_firing) == (4, 3)
    assert len(alerts_of(story, "INC-001")) == 4


def test_nothing_becomes_less_urgent_by_being_merged(story: Story) -> None:
    story.alert("QueueFull")
    story.alert("ApiDown", severity="critical")
    assert story.incident("INC-001").severity == "P1"
    done(story.do(c.Merge(by="ana", into="INC-001"), "INC-002"))
    assert story.incident("INC-001").severity == "P0"
    story.until("10m")
    assert "0:10 dora" in story.pages


@pytest.mark.parametrize(
    ("into", "code"),
    [
        ("INC-002", "incident.merge-itself"),
        ("INC-009", "incident.unknown"),
        ("INC-003", "incident.merge-closed"),
        ("INC-004", "incident.merge-resolved"),
    ],
)
def test_what_cannot_be_merged_is_refused_and_changes_nothing(
    story: Story, into: str, code: str
) -> None:
    for name in ("ApiDown", "QueueFull", "DiskFull", "CpuHot"):
        story.alert(name)
    for over in ("INC-003", "INC-004"):
        done(story.do(c.Resolve(by="ana", why="over"), over))
    done(story.do(c.Close(by="ana", why="done"), "INC-003"))
    before = story.kinds("INC-002")
    assert refused(story.do(c.Merge(by="ana", into=into), "INC-002")) == code
    assert story.kinds("INC-002") == before


def test_an_exercise_and_what_is_real_are_never_one(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    drill = done(trial_call(story.world, "ana", by="ana", via="cli")).code
    before = story.kinds("INC-001")
    real_into_drill = story.do(c.Merge(by="ana", into=drill), "INC-001")
    drill_into_real = story.do(c.Merge(by="ana", into="INC-001"), drill)
    assert {refused(real_into_drill), refused(drill_into_real)} == {"incident.merge-exercise"}
    assert story.kinds("INC-001") == before


def test_no_chain_and_no_circle_of_merged_incidents_comes_about(story: Story) -> None:
    for name in ("ApiDown", "QueueFull", "DiskFull"):
        story.alert(name)
    done(story.do(c.Merge(by="ana", into="INC-002"), "INC-001"))
    again = c.Merge(by="ana", into="INC-003")
    assert refused(story.do(again, "INC-002")) == "incident.merge-chain"
    assert refused(story.do(again, "INC-001")) == "incident.closed"
    assert (
        refused(story.do(c.Merge(by="ana", into="INC-001"), "INC-002")) == "incident.merge-closed"
    )
    same = story.do(c.Merge(by="ana", into="INC-002"), "INC-001")
    assert done(same).merged_into == "INC-002"


def test_what_only_some_may_read_is_not_merged_into_what_all_may_read(story: Story) -> None:
    assert story.change(CONFIDENTIAL) == []
    story.declare("Leak", facts={"service_availability": "none"})
    story.alert("QueueFull")
    assert story.incident("INC-001").restricted is not None
    assert (
        refused(story.do(c.Merge(by="cleo", into="INC-002"), "INC-001"))
        == "incident.merge-confidential"
    )
    done(story.do(c.Merge(by="cleo", into="INC-001"), "INC-002"))


def test_the_plan_may_reserve_merging(story: Story) -> None:
    assert story.change(PLAN + "authority: {merge: cto}\n") == []
    story.alert("ApiDown")
    story.alert("QueueFull")
    assert refused(story.do(c.Merge(by="ana", into="INC-001"), "INC-002")) == "incident.not-yours"
    done(story.do(c.Merge(by="cleo", into="INC-001"), "INC-002"))


def test_some_alerts_leave_into_an_incident_of_their_own(story: Story) -> None:
    story.alert("ApiDown", host="a")
    story.alert("ApiDown", severity="critical", host="b")
    _, second = alerts_of(story, "INC-001")
    command = c.Split(by="ana", via="page", why="another cause", alerts=(second.id,), title="B")
    new = done(split(story.world, "INC-001", command))
    assert (new.code, new.title, new.severity) == ("INC-002", "B", "P0")
    assert (new.alerts_total, new.alerts_firing) == (1, 1)
    assert story.incident("INC-001").alerts_total == 1
    assert [one.id for one in alerts_of(story, "INC-002")] == [second.id]
    assert "alerts_left" in story.kinds("INC-001")
    assert "alerts_came_over" in story.kinds("INC-002")
    story.over("ApiDown", severity="critical", host="b")
    assert story.incident("INC-002").state == "resolved"
    assert story.incident("INC-001").state == "open"
    story.alert("ApiDown", host="c")
    assert story.incident("INC-001").alerts_total == 2


def test_a_split_that_makes_no_sense_uses_up_no_number(story: Story) -> None:
    story.alert("ApiDown", host="a")
    story.alert("ApiDown", host="b")
    story.alert("QueueFull")
    one, two = (alert.id for alert in alerts_of(story, "INC-001"))
    (foreign,) = (alert.id for alert in alerts_of(story, "INC-002"))
    for alerts, code in (
        ((), "incident.no-alerts"),
        ((one, foreign), "incident.unknown-alert"),
        ((one, two), "incident.split-all"),
    ):
        command = c.Split(by="ana", alerts=alerts)
        assert refused(split(story.world, "INC-001", command)) == code
    assert (
        refused(split(story.world, "INC-9", c.Split(by="ana", alerts=(1,)))) == "incident.unknown"
    )
    assert done(split(story.world, "INC-001", c.Split(by="ana", alerts=(two,)))).code == "INC-003"


def test_what_is_split_off_a_restricted_incident_is_restricted_too(story: Story) -> None:
    assert story.change(CONFIDENTIAL) == []
    story.alert("ApiDown", host="a")
    story.alert("ApiDown", host="b")
    done(story.do(c.RecordFact(by="ana", name="service_availability", value="none")))
    second = alerts_of(story, "INC-001")[1].id
    new = done(split(story.world, "INC-001", c.Split(by="ana", alerts=(second,))))
    assert new.restricted is not None
    assert new.restricted.readers == ("cto",)


def test_a_link_stands_in_both_incidents(story: Story) -> None:
    story.alert("ApiDown")
    story.alert("QueueFull")
    command = c.Link(by="ana", why="the queue stopped", to="INC-002", relation="caused_by")
    assert done(story.do(command)).links == (Related("INC-002", "caused_by"),)
    assert story.incident("INC-002").links == (Related("INC-001", "caused"),)
    before = story.kinds(), story.kinds("INC-002")
    done(story.do(command))
    assert (story.kinds(), story.kinds("INC-002")) == before
    assert refused(story.do(c.Link(by="ana", to="INC-001"))) == "incident.link-itself"
    assert refused(story.do(c.Link(by="ana", to="INC-7"))) == "incident.unknown"
    odd = c.Link(by="ana", to="INC-002", relation="likes")
    assert refused(story.do(odd)) == "incident.unknown-relation"


def test_alerts_that_come_while_two_are_merged_end_up_in_one_of_them(story: Story) -> None:
    """Two nodes at once: whoever loses does it again, and every alert is counted once."""
    story.alert("ApiDown", host="0")
    story.alert("QueueFull", host="0")

    def alerts(name: str) -> None:
        for number in range(1, 8):
            for _ in range(20):
                try:
                    story.alert(name, host=str(number))
                    break
                except Conflict:
                    continue

    def merging() -> None:
        for _ in range(20):
            try:
                merge(story.world, "INC-002", c.Merge(by="ana", into="INC-001"))
                return
            except Conflict:
                continue

    threads = [
        threading.Thread(target=alerts, args=("ApiDown",)),
        threading.Thread(target=alerts, args=("QueueFull",)),
        threading.Thread(target=merging),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    target = story.incident("INC-001")
    assert target.alerts_total == len(alerts_of(story, "INC-001")) == 16
    assert story.incident("INC-002").merged_into == "INC-001"
