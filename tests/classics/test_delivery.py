"""Classics about delivery: pages lost in a crash, sent twice, retried for ever or not at all.

The number in a test's name is the row of the table in README.md.
"""

import threading
from collections.abc import Callable
from dataclasses import replace as with_changes
from datetime import UTC, datetime, timedelta

import pytest
from tests.channels.email.mail_server import script
from tests.channels.loopback import HttpServer, LineServer, answers
from tests.channels.messages import PAGE, like
from tests.engine.story import ORGANISATION, PLAN, Story
from tests.servers import wait_until

from tocsin.channels.email.send import Email
from tocsin.channels.email.settings import EmailSettings
from tocsin.channels.webhook.endpoints import Endpoint
from tocsin.channels.webhook.send import Webhook
from tocsin.core.delivery import LEASE, Failed, Message, Outcome, Sent
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.engine import deliver
from tocsin.engine.lanes import RENEW_AFTER, SLOTS, Lane
from tocsin.engine.loop import Loop
from tocsin.engine.ports import Delivery
from tocsin.engine.rules import Rules
from tocsin.engine.tick import tick

DOWN = Failed("temporary", "451 try later")


class PowerCut(BaseException):
    """The process is gone, in the middle of what it did."""


def dies(_address: str, _message: Message) -> Outcome:
    raise PowerCut


def test_07_two_nodes_that_both_see_a_page_due_send_it_once(story: Story):
    """prometheus/alertmanager#4108, #4008, #2222, #1718, #2447, #1005: each peer sends it."""
    story.alert("ApiDown", severity="critical")
    other = story.node("node-2")
    claims = [tick(world, (), {"email": 16}).claimed for world in (story.world, other)]
    assert [len(claimed) for claimed in claims] == [1, 0]


def test_08_work_that_takes_long_is_not_handed_out_again_meanwhile(story: Story):
    """celery#2481, #2599, #3270, #4400, #4766, #9882; kombu#337: a visibility time-out ran out."""
    story.alert("ApiDown", severity="critical")
    claimed = story.claim_one("email")
    lane = Lane()
    lane.start(claimed, story.now)
    for _ in range(8):  # Ten seconds and more, while a lease lasts for five.
        story.now += RENEW_AFTER
        leases = [one for bundle in lane.to_renew(story.now) for one in bundle.deliveries]
        tick(story.world, (), {}, leases)
        lane.renewed(claimed, story.now)
        assert tick(story.node("node-2"), (), {"email": 1}).claimed == []
    with story.store.write() as tx:
        deliver.settle(tx, story.world, [(claimed, Sent())])
    assert story.kinds().count("delivered") == 1


def test_09_a_page_that_was_being_sent_when_its_process_died_is_sent_after_all(story: Story):
    """Healthchecks sendalerts.py, GoAlert `sending`, procrastinate#307, #1518; pgqueuer#475;
    river#1258: marked before it was sent, or "doing" for ever.
    """
    works = story.channels["email"].answer
    story.channels["email"].answer = dies
    story.alert("ApiDown", severity="critical")
    with pytest.raises(PowerCut):
        story.tick()
    story.channels["email"].answer = works
    story.until("1m")
    assert story.pages == ["0:00 ana"]
    assert story.sent[0][1].sent_at - story.timeline()[0].at <= LEASE
    assert story.sent[0][1].attempt == 2


def test_10_no_clock_is_lost_however_often_the_process_dies(
    story: Story, monkeypatch: pytest.MonkeyPatch
):
    """Grafana OnCall escalate_alert_group, oncall#1187, #3898: between commit and enqueue."""
    story.alert("ApiDown", severity="critical")
    story.until("9m59s")
    story.now += timedelta(seconds=1)
    for place in ("advance", "keep"):  # before the step is written, and while it is
        with monkeypatch.context() as patched:
            patched.setattr(f"tocsin.engine.tick.{place}", lambda *_: dies("", PAGE))
            with pytest.raises(PowerCut):
                tick(story.world, (), {})
        with story.store.read() as reading:
            assert reading.next_due().incident == story.now
            assert reading.counts()["unarmed"] == 0
    story.until("10m10s")
    assert story.pages == ["0:00 ana", "0:10 dora"]


def test_13_a_provider_that_was_too_slow_can_tell_the_repeat_from_another_page(story: Story):
    """prometheus/alertmanager#2657, PR #4137; hyperdx PR #2534: a retry without a key."""
    seen: list[str] = []

    def slow(_address: str, message: Message) -> Outcome:
        seen.append(message.id)
        return Failed("unknown", "did not answer within 10 s") if len(seen) < 3 else Sent()

    one_way = ORGANISATION.replace("email ana@example.org, webhook ana", "email ana@example.org")
    assert story.change(organisation=one_way) == []
    story.channels["email"].answer = slow
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_14_a_provider_that_is_down_is_asked_less_and_less_often(story: Story):
    """oncall#3708; prometheus/alertmanager#2286: 200 retries in ten minutes."""
    tries: list[datetime] = []

    def down(_address: str, message: Message) -> Outcome:
        tries.append(message.sent_at)
        return DOWN

    for channel in ("email", "webhook"):
        story.channels[channel].answer = down
    story.alert("ApiDown", severity="critical")
    story.until("9m")
    per_contact = len(tries) / 2
    assert 10 <= per_contact <= 15


def test_15_a_provider_that_is_away_for_a_moment_costs_no_page(story: Story):
    """louislam/uptime-kuma#6046 (open); openobserve PR #13501: no retry at all."""
    down = {"email": 1, "webhook": 1}

    def away(channel: str) -> Callable[[str, Message], Outcome]:
        def answer(_address: str, _message: Message) -> Outcome:
            down[channel] -= 1
            return DOWN if down[channel] >= 0 else Sent()

        return answer

    for channel in down:
        story.channels[channel].answer = away(channel)
    story.alert("ApiDown", severity="critical")
    story.until("10s")
    assert "0:00 ana" in story.pages


def test_16_a_slow_receiver_is_served_in_the_end(story: Story):
    """prometheus/alertmanager#2486, #3999: each interval cancelled it before it had answered."""
    one_way = ORGANISATION.replace("contacts: [inbox, email dora@", "contacts: [email dora@")
    story.change(organisation=one_way)
    failures = iter([Failed("unknown", "did not answer within 10 s")] * 6)
    story.channels["email"].answer = lambda _a, _m: next(failures, Sent())
    story.channels["webhook"].answer = lambda _a, _m: DOWN
    story.alert("ApiDown", severity="critical")
    story.until("9m")
    assert story.pages == ["0:03 ana"]


def test_17_one_provider_at_its_limit_delays_nobody_else(story: Story):
    """oncall#4087 (a Slack 429 delayed all teams), #3744, #5178, #5287; PagerDuty 2017."""
    story.channels["email"].answer = lambda _a, _m: Failed("rate-limited", "429", 3600)
    story.alert("ApiDown", severity="critical")
    story.alert("DiskFull", severity="critical")
    story.until("5s")
    assert story.pages == ["0:00 ana", "0:00 ana"]  # through her webhook
    again = [d.due_at for d in _deliveries(story) if d.contact.channel == "email"]
    assert max(again) - story.now <= timedelta(minutes=1)  # and not after an hour


def test_18_a_restart_repeats_nothing_that_has_left(story: Story):
    """Uninett/nav#1276 (100 to 200 SMS), louislam/uptime-kuma#4101: a flood after a crash."""
    for number in range(30):
        story.alert(f"Alert{number}", severity="critical")
    story.until("1m")
    assert len(story.pages) == 30
    story.rules = Rules(story.store)
    story.rules.follow()
    restarted = story.node("node-1")
    story.now += LEASE * 2
    for _ in range(3):
        story.tick(restarted)
    assert len(story.pages) == 30


def test_18_what_an_outage_has_left_over_is_one_message_for_each_person(story: Story):
    """Uninett/nav#1276 (100 to 200 SMS), PagerDuty 2023-01-06: late pages came in floods."""
    for number in range(30):
        story.alert(f"Alert{number}", severity="critical")
    story.now += timedelta(hours=8)
    story.tick()
    left = story.channels["email"].left
    assert sorted(address.partition("@")[0] for address, _ in left) == ["ana", "cleo", "dora"]
    assert all(len({part.incident for part in message.parts}) == 30 for _, message in left)


def test_19_a_reminder_comes_once_per_interval_with_however_many_nodes(story: Story):
    """oncall#5179: reminders of the acknowledgement came in floods."""
    nodes = [story.world, story.node("node-2"), story.node("node-3")]
    story.alert("ApiDown", severity="critical")
    for minute in range(0, 90, 5):
        story.until(f"{minute}m")
        for node in nodes:
            story.tick(node)
    alarms = [line for line in story.pages if line.endswith("alarm")]
    assert alarms == ["0:45 dora alarm", "1:00 dora alarm", "1:15 dora alarm"]


def test_25_nothing_leaves_after_the_acknowledgement(story: Story):
    """oncall#4760, #4654: notifications after somebody had acknowledged."""
    story.channels["email"].answer = lambda _a, _m: DOWN
    story.channels["webhook"].answer = lambda _a, _m: DOWN
    story.alert("ApiDown", severity="critical")
    story.until("20s")
    story.acknowledge("ana")
    story.channels["email"].answer = lambda _a, _m: Sent()
    story.channels["webhook"].answer = lambda _a, _m: Sent()
    story.until("9h")
    assert story.pages == []


def test_25_a_failure_that_comes_after_the_acknowledgement_starts_nothing_new(story: Story):
    """oncall#4760: the attempt was under way, and its failure asked for another channel."""
    story.alert("ApiDown", severity="critical")
    claimed = story.claim_one("email")
    story.acknowledge("ana")
    with story.store.write() as tx:
        deliver.settle(tx, story.world, [(claimed, DOWN)])
    story.until("1h")
    assert story.pages == []


def test_30_the_same_person_is_paged_again_where_the_plan_says_so(
    store_story: Callable[..., Story],
):
    """target/goalert#1764, #1790: what had been sent already was taken for a duplicate."""
    twice = "{page: on-call-engineer, P0: 20m}\n    - {page: cto, P0: 30m}"
    story = store_story(plan=PLAN.replace("{page: cto, P0: 30m}", twice))
    story.alert("ApiDown", severity="critical")
    story.until("21m")
    assert story.pages == ["0:00 ana", "0:10 dora", "0:20 ana"]


def test_30_one_failed_channel_takes_no_other_with_it(story: Story):
    """target/goalert#1879: with several channels some messages were dropped."""
    story.channels["email"].answer = lambda _a, _m: Failed("permanent", "550 no such user")
    story.alert("ApiDown", severity="critical")
    story.until("11m")
    assert story.pages == ["0:00 ana"]  # her webhook; Dora's mail is refused, her inbox is not
    states = {(d.person, d.contact.channel): d.state for d in _deliveries(story)}
    assert states["dora", "inbox"] == "sent"
    assert states["ana", "email"] == states["dora", "email"] == "failed"


def test_31_a_page_overtakes_whatever_else_waits(story: Story):
    """target/goalert#4188: a message came 16 minutes late because others were throttled."""
    both = "- {page: on-call-engineer, P0: immediate, P1: immediate}"
    noted = PLAN.replace(both, f"- {{notify: [cto, team-lead], P0: immediate}}\n    {both}")
    assert story.change(plan=noted) == []
    for number in range(40):
        story.alert(f"Alert{number}", severity="critical")
    story.channels["email"].bundles = False
    first = [story.claim_one("email") for _ in range(40)]
    assert {one.kind for bundle in first for one in bundle.deliveries} == {"page"}


def test_34_a_mail_whose_end_was_not_confirmed_does_not_count_as_sent():
    """prometheus/alertmanager#4006: SMTP was not closed yet, and it was marked as sent."""
    with LineServer(script(end="close")) as server:
        settings = EmailSettings(
            host="127.0.0.1", port=server.port, from_address="t@example.org", security="none"
        )
        outcome = Email(settings, timeout_seconds=1.0).send("al@example.org", PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "unknown"


def test_42_threads_do_not_grow_with_what_hangs(
    store_story: Callable[..., Story],
):
    """target/goalert#4420: goroutines leaked with each message."""
    on_call_now = ORGANISATION.replace("{roster: primary}", "{people: [ben]}")
    story = store_story(organisation=on_call_now)
    story.now = datetime.now(UTC)  # noqa: TID251
    before, release = threading.active_count(), threading.Event()
    hanging: list[str] = []

    def hangs(address: str, _message: Message) -> Outcome:
        hanging.append(address)
        release.wait(30)
        return Sent()

    story.channels["email"].answer = hangs
    story.channels["email"].bundles = False
    for number in range(SLOTS + 8):
        story.alert(f"Alert{number}", severity="critical")
    world = with_changes(story.world, now=lambda: datetime.now(UTC))  # noqa: TID251
    loop = Loop(world, threading.Event())
    loop.start()
    wait_until(lambda: len(hanging) >= 4, 20)
    assert threading.active_count() - before <= len(hanging) + 2 + len(story.channels)
    release.set()
    loop.stop()
    assert threading.active_count() == before


def test_48_each_try_of_a_message_has_the_same_key_for_the_provider():
    """Twilio billing 2013: retries charged again and again, since nothing tied them together."""
    with HttpServer(answers(500)) as server:
        webhook = Webhook({"ops": Endpoint(server.url)})
        for attempt in (1, 2, 3):
            webhook.send("ops", like(attempt=attempt))
        assert {seen.headers["webhook-id"] for seen in server.seen} == {PAGE.id}
        assert len(server.seen) == 3


def test_33_what_is_sent_through_two_channels_is_one_unchangeable_value(story: Story):
    """prometheus/alertmanager#3278 (the title of a template), #4705, #5179, #5241."""
    story.alert("ApiDown", severity="critical")
    (claimed,) = story.claim_one("email").deliveries
    with pytest.raises(AttributeError):
        claimed.message.title = "other"  # type: ignore[misc]
    told = next(one for one in story.timeline() if isinstance(one, e.Told))
    with pytest.raises(AttributeError):
        told.why = "other"  # type: ignore[misc]
    story.do(c.Note(by="ben", text="somebody else writes meanwhile"))
    assert claimed.message.title == "ApiDown"


def _deliveries(story: Story) -> list[Delivery]:
    with story.store.read() as reading:
        return reading.deliveries(1)
