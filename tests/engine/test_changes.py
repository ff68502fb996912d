"""What was rolled out around an incident: kept once, the latest news of it, nearest first."""

from datetime import timedelta
from typing import Any

from tests.engine.story import MONDAY_TEN, PLAN, Story

from tocsin.core.deployments import Deployment, named
from tocsin.core.incident import commands as c
from tocsin.engine.changes import recent_changes, take_deployments

CATALOGUE = PLAN + "components: {mail-queue: {name: Mail queue}}\n"


def deployed(key: str, minutes: float, service: str = "checkout", **more: Any) -> Deployment:
    """A deployment so many minutes after ten o'clock."""
    at = MONDAY_TEN + timedelta(minutes=minutes)
    return Deployment(
        integration="pipeline", key=key, at=at, service=service, received_at=MONDAY_TEN, **more
    )


def all_of(story: Story) -> list[Deployment]:
    with story.store.read() as reading:
        return reading.deployments(None, None, 100)


def test_the_same_report_is_kept_once_and_later_news_replace_it(story: Story) -> None:
    for one in (
        deployed("1", 0, state="pending"),
        deployed("1", 0, state="pending"),
        deployed("1", 5, state="success"),
        deployed("1", 2, state="in_progress"),
    ):
        take_deployments(story.world, [one])
    (kept,) = all_of(story)
    assert (kept.state, kept.at) == ("success", MONDAY_TEN + timedelta(minutes=5))
    other = Deployment(
        integration="other", key="1", at=MONDAY_TEN, service="a", received_at=MONDAY_TEN
    )
    take_deployments(story.world, [other, deployed("2", 1, title="nul \x00 \ud800")])
    assert len(all_of(story)) == 3


def test_they_are_found_by_time_and_by_service(story: Story) -> None:
    take_deployments(story.world, [deployed(str(n), n, service=f"s{n % 2}") for n in range(6)])
    with story.store.read() as reading:
        since, until = MONDAY_TEN + timedelta(minutes=1), MONDAY_TEN + timedelta(minutes=4)
        assert [one.key for one in reading.deployments(since, until, 10)] == ["3", "2", "1"]
        assert [one.key for one in reading.deployments(None, None, 2)] == ["5", "4"]
        assert [one.key for one in reading.deployments(None, None, 9, "s1")] == ["5", "3", "1"]
        assert [one.key for one in reading.deployments_after(since, 2)] == ["2", "3"]


def test_a_responder_sees_what_changed_before_it_broke_the_nearest_first(story: Story) -> None:
    assert story.change(CATALOGUE) == []
    take_deployments(
        story.world,
        [
            deployed("yesterday", -25 * 60),
            deployed("morning", -120, service="org/Checkout"),
            deployed("just-before", -3, service="search"),
            deployed("fix", 10, service="Mail Queue"),
            deployed("at-once", 0, service="pay"),
        ],
    )
    story.alert("ApiDown", service="checkout")
    story.do(c.RecordFact(by="ana", name="component_mail_queue", value="down"))
    found = recent_changes(story.world, story.incident())
    assert [(one.deployment.key, one.before, one.concerns) for one in found] == [
        ("at-once", True, False),
        ("just-before", True, False),
        ("morning", True, True),
        ("fix", False, True),
    ]
    assert found[1].distance == timedelta(minutes=3)


def test_what_came_after_the_end_has_nothing_to_do_with_it(story: Story) -> None:
    story.alert("ApiDown")
    story.until("5m")
    story.do(c.Resolve(by="ana", why="over"))
    story.do(c.Close(by="ana"))
    take_deployments(story.world, [deployed("during", 2), deployed("later", 60)])
    assert [one.deployment.key for one in recent_changes(story.world, story.incident())] == [
        "during"
    ]


def test_names_of_services_are_compared_as_people_mean_them() -> None:
    assert named("Checkout API") == named("checkout-api") == named("org/checkout_api")
    assert named("checkout") != named("check-in")
