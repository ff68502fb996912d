"""One message for all that is due for a person at the same time (invariants C8, D2, D3, D7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.engine.story import ORGANISATION, PLAN, Answer, Remembering, Story

from tocsin.core.bundles import AT_MOST
from tocsin.core.delivery import LEASE, Failed, Message, Outcome, Sent
from tocsin.core.incident.commands import Acknowledge, SetSeverity
from tocsin.engine.bundles import Bundle
from tocsin.engine.cycle import Cycle, attempted
from tocsin.engine.keys import answer_token
from tocsin.engine.ports import Delivery
from tocsin.engine.trial import trial_call

HOURS = timedelta(hours=1)
DOWN = Failed("temporary", "503 from the provider")
REFUSED = Failed("refused", "552 too much")
DEAD = Failed("permanent", "550 no such user")


def storm(story: Story, count: int, **labels: str) -> None:
    for number in range(count):
        story.alert(f"Alert{number}", severity="critical", **labels)


def named(message: Message) -> list[str]:
    return [part.incident for part in message.parts]


def letters(story: Story, channel: str = "email") -> list[tuple[str, list[str]]]:
    """What left through a channel: to whom, and which incidents it names."""
    return [(address, named(message)) for address, message in story.channels[channel].left]


def deliveries(story: Story, code: str = "INC-001") -> list[Delivery]:
    with story.store.read() as reading:
        return reading.deliveries(story.incident(code).id)


def codes(first: int, last: int) -> list[str]:
    return [f"INC-{number:03}" for number in range(first, last + 1)]


def test_after_an_outage_each_person_gets_one_message_that_names_all_incidents(
    story: Story,
) -> None:
    """C8: eight hours without an engine; steps 1, 2 and 3 of twenty incidents are overdue."""
    storm(story, 20)
    story.now += 8 * HOURS
    story.tick()
    assert sorted(letters(story)) == [
        ("ana@example.org", codes(1, 20)),
        ("cleo@example.org", codes(1, 20)),
        ("dora@example.org", codes(1, 20)),
    ]
    late = {
        address: {part.late for part in message.parts}
        for address, message in story.channels["email"].left
    }
    assert late == {
        "ana@example.org": {"8h"},
        "dora@example.org": {"7h50m"},
        "cleo@example.org": {"7h30m"},
    }
    (_, message) = story.channels["email"].left[0]
    assert message.subject == "[P0 Critical] 20 incidents need you: INC-001 Alert0, and 19 more"
    for code in codes(1, 20):
        assert {one.state for one in deliveries(story, code)} == {"sent"}
        assert story.kinds(code).count("delivered") == 4  # Dora's inbox is one of them


def test_each_incident_is_acknowledged_by_its_own_link(story: Story) -> None:
    storm(story, 3)
    story.tick()
    ((_, message),) = story.channels["email"].left
    for part in message.parts:
        token = part.link.rpartition("/a/")[2]
        assert token == answer_token(b"s" * 32, part.id, "ana")
        with story.store.read() as reading:
            delivery = reading.delivery(part.id)
        assert delivery is not None
        assert delivery.incident == part.incident
        story.do(Acknowledge(by=delivery.person, via="link"), delivery.incident)
    story.until("9h")
    assert [line for line in story.pages if not line.endswith(" ana")] == []


def test_a_quiet_night_is_as_if_there_were_no_bundles(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.tick()
    ((_, message),) = story.channels["email"].left
    (delivery,) = [one for one in deliveries(story) if one.contact.channel == "email"]
    assert message.holds == ()
    assert message.id == delivery.message.id
    assert message.late == ""


def test_a_single_message_that_waited_says_how_late_it_is(story: Story) -> None:
    story.channels["email"].answer = lambda _a, _m: DOWN
    story.channels["webhook"].answer = lambda _a, _m: DOWN
    story.alert("ApiDown", severity="critical")
    story.until("5m")
    story.channels["email"].answer = lambda _a, _m: Sent()
    story.until("6m")
    ((_, message),) = story.channels["email"].left
    assert message.late.startswith("5m")


def test_what_does_not_fit_leaves_in_the_next_message(story: Story) -> None:
    """D7: the limit drops nothing."""
    storm(story, 2 * AT_MOST + 3)
    story.tick()
    assert [len(found) for _, found in letters(story)] == [AT_MOST, AT_MOST, 3]
    together = [code for _, found in letters(story) for code in found]
    assert sorted(together) == sorted(codes(1, 2 * AT_MOST + 3))


def test_the_worst_comes_first_and_then_who_has_waited_longest(story: Story) -> None:
    for minute, severity in ((0, "warning"), (1, "critical"), (2, "warning"), (3, "critical")):
        story.now += timedelta(minutes=minute)
        story.alert(f"Alert{minute}", severity=severity)
    story.tick()
    assert letters(story) == [("ana@example.org", ["INC-002", "INC-004", "INC-001", "INC-003"])]


def test_nothing_else_is_bundled(story: Story) -> None:
    """Not another person's, not another kind, not the inbox; exercises only with exercises."""
    storm(story, 2)
    trial_call(story.world, "ana", by="ben", via="cli")
    trial_call(story.world, "ana", by="ben", via="cli")
    story.until("11m")
    assert letters(story) == [
        ("ana@example.org", ["INC-001", "INC-002"]),
        ("ana@example.org", ["INC-003", "INC-004"]),
        ("dora@example.org", ["INC-001", "INC-002"]),
    ]
    inbox = [message for _, message in story.channels["inbox"].left]
    assert [named(message) for message in inbox] == [["INC-001"], ["INC-002"]]


def test_what_fails_together_goes_on_together(story: Story) -> None:
    """D5: the outcome is that of each; the next contact gets one message too."""
    story.channels["email"].answer = lambda _a, _m: DOWN
    storm(story, 5)
    story.tick()
    assert letters(story, "webhook") == [("ana", codes(1, 5))]
    assert all("not_delivered" in story.kinds(code) for code in codes(1, 5))
    story.channels["email"].answer = lambda _a, _m: Sent()
    story.until("3s")
    assert letters(story) == [("ana@example.org", codes(1, 5))]
    (_, message) = story.channels["email"].left[0]
    assert message.attempt == 2


def test_the_same_set_has_the_same_id_and_another_one_another(story: Story) -> None:
    """D2: who takes each id only once must neither repeat what is known nor drop what is new."""
    tries: list[Message] = []

    def fails(_address: str, message: Message) -> Outcome:
        tries.append(message)
        return Failed("unknown", "no answer in time")

    story.channels["email"].answer = fails
    story.channels["webhook"].answer = fails
    storm(story, 2)
    story.until("1s")
    story.until("4s")
    story.alert("One more", severity="critical")
    story.until("20s")
    ids: dict[str, set[frozenset[str]]] = {}
    for message in tries:
        held = frozenset(part.id for part in message.parts)
        ids.setdefault(message.id, set()).add(held)
        if len(held) == 1:
            assert {message.id} == held
    assert all(len(sets) == 1 for sets in ids.values())
    assert len(ids) < len(tries), "the same set came again, under its id"
    assert len({message.short_code for message in tries}) == len(ids)


def test_who_takes_each_id_once_drops_nothing_that_is_new(story: Story) -> None:
    """D7: the first page left before its node died; it comes again, with another one."""
    turns = Turns(story)
    story.alert("First", severity="critical")
    turns.cycle.turn()
    attempted(story.world, turns.handed[0])
    story.now += LEASE
    story.alert("Second", severity="critical")
    story.tick(story.node("node-2"))
    taken: dict[str, list[str]] = {}
    for _, message in story.channels["email"].left:
        taken.setdefault(message.id, named(message))
    assert {code for found in taken.values() for code in found} == {"INC-001", "INC-002"}


def poisoned(story: Story, count: int, fails: Answer) -> None:
    """Let both ways to Ana fail for what names INC-003, and let a storm come."""

    def answer(address: str, message: Message) -> Outcome:
        return fails(address, message) if "INC-003" in named(message) else Sent()

    for channel in ("email", "webhook"):
        story.channels[channel].answer = answer
    storm(story, count)


def raises(_address: str, _message: Message) -> Outcome:
    raise ValueError("can't be rendered")


@pytest.mark.parametrize(
    "fails", [lambda _a, _m: DOWN, lambda _a, _m: REFUSED, raises], ids=["451", "552", "raises"]
)
def test_one_message_that_can_not_leave_silences_no_other(story: Story, fails: Answer) -> None:
    """D1: it is parted from the others after two tries, which costs them seven seconds."""
    poisoned(story, 12, fails)
    story.until("8s")
    for channel in ("email", "webhook"):
        heard = [code for _, found in letters(story, channel) for code in found]
        assert sorted(heard) == [code for code in codes(1, 12) if code != "INC-003"]
    # What comes now never meets what was tried.
    story.alert("Fresh", severity="critical")
    story.tick()
    assert letters(story)[-1] == ("ana@example.org", ["INC-013"])


def test_what_was_refused_alone_is_given_up_and_nothing_else(story: Story) -> None:
    poisoned(story, 3, lambda _a, _m: REFUSED)
    story.until("10s")
    states = {code: {one.state for one in deliveries(story, code)} for code in codes(1, 3)}
    assert states == {"INC-001": {"sent"}, "INC-002": {"sent"}, "INC-003": {"failed"}}


def test_a_dead_way_counts_for_each_message_at_once(story: Story) -> None:
    tries: list[Message] = []

    def dead(_address: str, message: Message) -> Outcome:
        tries.append(message)
        return DEAD

    story.channels["email"].answer = dead
    storm(story, 20)
    story.until("5m")
    assert [len(message.parts) for message in tries] == [20]
    assert letters(story, "webhook") == [("ana", codes(1, 20))]
    for code in codes(1, 20):
        states = {one.contact.channel: one.state for one in deliveries(story, code)}
        assert states == {"email": "failed", "webhook": "sent"}


@pytest.mark.parametrize("failure", [DOWN, DEAD])
def test_what_one_contact_has_taken_goes_to_no_third(
    store_story: Callable[..., Story], failure: Failed
) -> None:
    contacts = "[email ana@example.org, webhook ana"
    organisation = ORGANISATION.replace(contacts, f"{contacts}, email ana2@example.org")
    story = store_story(organisation=organisation)
    story.channels["email"].answer = lambda address, _m: (
        failure if address == "ana@example.org" else Sent()
    )
    storm(story, 2)
    story.until("1m")
    assert letters(story) == []
    assert letters(story, "webhook") == [("ana", codes(1, 2))]


def test_after_an_outage_of_the_provider_what_waited_meets_again(story: Story) -> None:
    """C8, D7: each was tried alone meanwhile; a few messages name them all."""
    tries: list[Message] = []

    def down(_address: str, message: Message) -> Outcome:
        tries.append(message)
        story.now += timedelta(milliseconds=30)
        return DOWN

    story.channels["email"].answer = story.channels["webhook"].answer = down
    storm(story, 20)
    story.until("19s")
    assert sum(len(message.parts) == 1 for message in tries) == 40, "on both ways, each alone"
    story.channels["email"].answer = lambda _a, _m: Sent()
    story.until("30s")
    assert letters(story) == [("ana@example.org", codes(1, 20))]
    (_, message) = story.channels["email"].left[0]
    assert message.subject.endswith("(attempt 4)")


def test_a_page_that_a_worse_severity_orders_is_not_late(story: Story) -> None:
    """C8: the step's time is long over, but nobody could have taken it before."""
    story.alert("Slow", severity="warning")
    story.tick()
    story.now += timedelta(minutes=25)
    story.do(SetSeverity(by="ana", via="web", severity="P0", why="worse"))
    story.tick()
    assert len(story.channels["email"].left) == 3, "Ana again, and the step of ten minutes"
    assert {message.late for _, message in story.channels["email"].left} == {""}


def test_notices_are_not_bundled_since_nothing_would_lead_to_the_rest(story: Story) -> None:
    paging = "- {page: on-call-engineer, P0: immediate, P1: immediate}"
    noted = PLAN.replace(paging, f"{paging}\n    - {{notify: [cto], P0: immediate}}")
    assert story.change(plan=noted) == []
    storm(story, 2)
    story.tick()
    assert [found for address, found in letters(story) if address == "cleo@example.org"] == [
        ["INC-001"],
        ["INC-002"],
    ]


class Turns:
    """A node whose messages leave when the test says so."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.handed: list[Bundle] = []
        self.cycle = Cycle(story.world, self.handed.append)

    def send(self) -> None:
        handed, self.handed[:] = list(self.handed), []
        for bundle in handed:
            self.cycle.back(bundle, attempted(self.story.world, bundle))


def test_what_queues_up_behind_a_message_leaves_together(story: Story) -> None:
    """D7: no delay is made for it; the first page leaves alone and at once."""
    turns = Turns(story)
    story.alert("First", severity="critical")
    turns.cycle.turn()
    storm(story, 7)
    turns.cycle.turn()
    turns.send()
    turns.cycle.turn()
    turns.send()
    turns.cycle.turn()
    assert letters(story) == [
        ("ana@example.org", ["INC-001"]),
        ("ana@example.org", codes(2, 8)),
    ]


def test_what_is_answered_before_a_bundle_is_claimed_is_not_in_it(story: Story) -> None:
    """D3; what is answered after the claim is on its way, as a single message would be."""
    turns = Turns(story)
    storm(story, 3)
    story.acknowledge("ana", "INC-002")
    turns.cycle.turn()
    story.acknowledge("ana", "INC-003")
    turns.send()
    turns.cycle.turn()
    assert letters(story) == [("ana@example.org", ["INC-001", "INC-003"])]
    assert {one.state for one in deliveries(story, "INC-002")} == {"cancelled"}
    assert story.kinds("INC-003")[-1] == "delivered"


def test_a_bundle_whose_claim_is_over_does_not_leave(story: Story) -> None:
    turns = Turns(story)
    storm(story, 3)
    turns.cycle.turn()
    story.now += timedelta(seconds=60)
    turns.send()
    assert letters(story) == []
    turns.cycle.turn()
    turns.send()
    turns.cycle.turn()
    assert letters(story) == [("ana@example.org", codes(1, 3))]


def test_the_lease_of_all_is_renewed_while_a_bundle_is_on_its_way(story: Story) -> None:
    """D2: nobody takes a part of it meanwhile."""
    turns = Turns(story)
    storm(story, 3)
    turns.cycle.turn()
    outcome = attempted(story.world, turns.handed[0])  # its provider takes nine seconds for it
    other = story.node("node-2")
    for _ in range(18):
        story.now += timedelta(seconds=0.5)
        turns.cycle.turn()
        story.tick(other)
    turns.cycle.back(turns.handed[0], outcome)
    turns.cycle.turn()
    story.now += LEASE
    story.tick(other)
    assert letters(story) == [("ana@example.org", codes(1, 3))]
    assert [story.kinds(code).count("delivered") for code in codes(1, 3)] == [1, 1, 1]


def test_a_node_that_dies_with_a_bundle_repeats_it_once_with_all_that_it_held(story: Story) -> None:
    """D2, D4."""
    turns = Turns(story)
    storm(story, 3)
    turns.cycle.turn()
    attempted(story.world, turns.handed[0])
    story.now += LEASE
    story.tick(story.node("node-2"))
    story.until("1m")
    assert letters(story) == [("ana@example.org", codes(1, 3))] * 2
    first, again = (message.id for _, message in story.channels["email"].left)
    assert first == again


def test_a_restricted_incident_hides_in_a_bundle_what_it_hides_alone(
    store_story: Callable[..., Story],
) -> None:
    secret = (
        "confidential:\n  - {when: 'severity == \"P0\"', readers: [team-lead],"
        " title: Something is being looked into}\n"
    )
    story = store_story(plan=PLAN + secret)
    storm(story, 3)
    story.until("11m")
    hidden, shown = (message for _, message in story.channels["email"].left)
    assert [len(message.parts) for message in (hidden, shown)] == [3, 3]
    assert {part.title for part in hidden.parts} == {"Something is being looked into"}
    assert "Alert" not in repr(hidden)
    assert [part.title for part in shown.parts] == ["Alert0", "Alert1", "Alert2"]


def test_a_channel_that_bundles_nothing_gets_each_by_itself(story: Story) -> None:
    mail = Remembering("email", "mail", story.sent)
    mail.bundles = False
    world = replace(story.world, channels={**story.channels, "email": mail})
    storm(story, 3)
    story.tick(world)
    assert [named(message) for _, message in mail.left] == [[code] for code in codes(1, 3)]


@pytest.mark.parametrize("takes", [0.1, 1.0])
def test_200_incidents_of_one_storm_are_few_messages(story: Story, takes: float) -> None:
    """Figures for the record: how many messages, and when the last incident was named."""
    turns = Turns(story)
    storm(story, 200)
    began, sent = story.now, 0
    while turns.cycle.turn() == 0 or turns.handed:
        sent += len(turns.handed)
        story.now += timedelta(seconds=takes)
        turns.send()
    took = (story.now - began).total_seconds()
    assert {code for _, found in letters(story) for code in found} == set(codes(1, 200))
    assert sent == 200 / AT_MOST
    assert took <= (sent + 1) * takes
