"""Deliveries: claimed once, due again when a claim dies, never claimed after a cancellation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.store.values import MINUTE, NOW, delivery, keep, opening

from tocsin.core.delivery import Contact

LEASE_END = NOW + timedelta(seconds=15)


def add(store, *new):
    with store.write() as tx:
        tx.keep_deliveries(new)


def claim(store, token="t1", limit=100, now=NOW, channel="email"):
    with store.write() as tx:
        return tx.claim_deliveries(channel, limit, token, now, now + timedelta(seconds=15))


def names(found):
    return [each.message.id for each in found]


def read(store, name="m1"):
    with store.read() as reading:
        return reading.delivery(name)


def finish(store, finished):
    with store.write() as tx:
        return tx.finish_delivery(finished)


def test_a_delivery_comes_back_as_it_was_kept(store):
    full = delivery(
        kind="alarm",
        state="sent",
        attempts=3,
        claim="t0",
        detail="accepted",
        sent_at=NOW + MINUTE,
        contact=Contact("slack", "#ops \U0001f514", "ip"),
    )
    add(store, full)
    found = read(store)
    assert replace(found, id=0) == full
    assert read(store, "unheard of") is None
    assert read(store, "\x00") is None


def test_a_message_id_is_kept_once(store):
    add(store, delivery("m1"), delivery("m2"))
    add(store, delivery("m1", person="bo"), delivery("m3"))
    assert read(store, "m1").person == "ann"
    assert read(store, "m3") is not None
    add(store)


def test_pages_come_first_then_alarms_then_the_rest_oldest_first(store):
    add(
        store,
        delivery("ticket", kind="ticket", due_at=NOW - 9 * MINUTE),
        delivery("notice", kind="notice", due_at=NOW - 8 * MINUTE),
        delivery("alarm", kind="alarm", due_at=NOW - 5 * MINUTE),
        delivery("new page", due_at=NOW),
        delivery("old page", due_at=NOW - MINUTE),
        delivery("later", due_at=NOW + MINUTE),
        delivery("other way", contact=Contact("slack", "@ann")),
    )
    assert names(claim(store, "t1", limit=3)) == ["old page", "new page", "alarm"]
    assert names(claim(store, "t2")) == ["ticket", "notice"]
    assert names(claim(store, "t3")) == []
    assert names(claim(store, "t3", channel="slack")) == ["other way"]


def test_a_claim_counts_and_holds_until_its_lease_ends(store):
    add(store, delivery())
    (claimed,) = claim(store, "t1")
    assert (claimed.attempts, claimed.claim, claimed.due_at) == (1, "t1", LEASE_END)
    assert read(store) == claimed
    assert claim(store, "t2", now=LEASE_END - timedelta(microseconds=1)) == []
    (again,) = claim(store, "t2", now=LEASE_END)
    assert (again.attempts, again.claim) == (2, "t2")


def test_a_finished_delivery_is_not_due_again(store):
    add(store, delivery())
    (claimed,) = claim(store)
    sent = replace(claimed, state="sent", sent_at=NOW, detail="250 \x00 ok \ud83d")
    assert finish(store, sent)
    assert read(store) == replace(sent, detail="250 \ufffd ok \ufffd")
    assert claim(store, now=NOW + 60 * MINUTE) == []
    assert not finish(store, sent)


def test_a_delivery_to_try_again_is_due_when_it_says(store):
    add(store, delivery())
    (claimed,) = claim(store)
    assert finish(store, replace(claimed, due_at=NOW + MINUTE, detail="451"))
    assert claim(store, now=NOW + MINUTE - timedelta(microseconds=1)) == []
    assert names(claim(store, now=NOW + MINUTE)) == ["m1"]


def test_an_outcome_after_the_claim_was_lost_changes_nothing(store):
    add(store, delivery())
    (lost,) = claim(store, "t1")
    (current,) = claim(store, "t2", now=LEASE_END)
    assert not finish(store, replace(lost, state="failed"))
    assert read(store) == current
    assert finish(store, replace(current, state="sent"))


def test_what_is_cancelled_can_not_be_claimed_any_more(store):
    add(store, delivery("in flight"))
    (in_flight,) = claim(store)
    add(
        store,
        delivery("page"),
        delivery("alarm", kind="alarm"),
        delivery("notice", kind="notice"),
        delivery("sent", state="sent"),
        delivery("other incident", incident_id=2),
        delivery("third incident", incident_id=3),
    )
    with store.write() as tx:
        assert tx.cancel_deliveries([], ("acknowledged",), "nothing") == 0
        assert tx.cancel_deliveries([1, 3], ("acknowledged",), "ann has it") == 4
        assert tx.cancel_deliveries([1, 3], ("acknowledged",), "bo has it") == 0
    assert not finish(store, replace(in_flight, state="failed"))
    assert finish(store, replace(in_flight, state="sent"))  # It was on its way: that is the truth.
    assert names(claim(store, now=NOW + MINUTE)) == ["other incident", "notice"]
    assert (read(store, "page").state, read(store, "page").detail) == ("cancelled", "ann has it")
    assert read(store, "sent").state == "sent"


def test_deliveries_are_listed_by_incident_and_by_person(store):
    add(
        store,
        delivery("a1"),
        delivery("b1", person="bo"),
        delivery("a2", incident_id=2, contact=Contact("inbox", "", "local")),
        delivery("a3"),
    )
    with store.read() as reading:
        assert names(reading.deliveries(1)) == ["a1", "b1", "a3"]
        assert names(reading.inbox("ann", 2)) == ["a3", "a2"]
        assert names(reading.inbox("bo", 2)) == ["b1"]
        assert reading.inbox("\x00", 2) == []
        assert reading.deliveries(9) == []


def test_a_delivery_can_be_what_is_due_next(store):
    keep(store, opening(1, NOW + 2 * MINUTE))
    add(store, delivery("done", state="sent"), delivery("n", kind="notice", due_at=NOW + MINUTE))
    with store.read() as reading:
        assert reading.next_due().soonest == NOW + MINUTE
        assert reading.counts()["deliveries_due"] == 1


@pytest.mark.parametrize("count", [0, 1, 300])
def test_any_number_is_claimed(store, count):
    add(store, *(delivery(f"m{n}") for n in range(300)))
    assert len(claim(store, limit=count)) == count
    assert len(claim(store, "t2", limit=1000)) == 300 - count


def test_a_lease_is_renewed_by_whoever_holds_it(store):
    with store.write() as tx:
        tx.keep_deliveries([delivery()])
    (first,) = claim(store, "t1")
    with store.write() as tx:
        tx.renew_claims([first], LEASE_END + MINUTE)
    assert claim(store, "t2", now=LEASE_END) == []
    (second,) = claim(store, "t2", now=LEASE_END + MINUTE)
    with store.write() as tx:
        tx.renew_claims([first], LEASE_END + 9 * MINUTE)  # Too late: it is somebody else's.
    with store.read() as reading:
        assert reading.next_due().delivery == second.due_at


def test_only_what_was_wanted_until_then_is_cancelled(store):
    add(store, delivery("until answered"), delivery("until resolved", until="resolved"))
    with store.write() as tx:
        assert tx.cancel_deliveries([1], ("acknowledged",), "ann has it") == 1
    assert read(store, "until resolved").state == "due"
    with store.write() as tx:
        assert tx.cancel_deliveries([1], ("acknowledged", "resolved"), "it is over") == 1


def test_what_a_wrong_clock_has_put_off_is_brought_forward(store):
    """Invariants D1, G1: nobody waits for as long as somebody's clock was ahead."""
    ahead = NOW + 10 * MINUTE
    add(store, delivery("claimed"), delivery("in time", due_at=NOW + timedelta(seconds=1)))
    claim(store, "t1", limit=1, now=ahead)
    add(store, delivery("untried", due_at=ahead))
    with store.read() as reading:
        assert reading.put_off(NOW)
    with store.write() as tx:
        assert tx.bring_forward(NOW) == 2
    with store.read() as reading:
        assert not reading.put_off(NOW)
    assert set(names(claim(store, "t2"))) == {"untried", "claimed"}


def test_what_waits_for_its_next_try_is_not_put_off(store):
    add(store, delivery())
    (claimed,) = claim(store)
    assert finish(store, replace(claimed, due_at=NOW + MINUTE, detail="503"))
    with store.read() as reading:
        assert not reading.put_off(NOW)
        assert reading.put_off(NOW - 10 * MINUTE)


def beside(store, claimed, limit=100, now=NOW):
    with store.write() as tx:
        return tx.claim_beside(claimed, limit, now)


def test_what_is_due_for_the_same_person_by_the_same_contact_is_claimed_together(store):
    exercise = replace(delivery("drill").message, exercise=True)
    add(
        store,
        delivery("first", due_at=NOW - 3 * MINUTE),
        delivery("second", due_at=NOW),
        delivery("third", due_at=NOW - MINUTE),
        delivery("later", due_at=NOW + MINUTE),
        delivery("of another", person="bo"),
        delivery("elsewhere", contact=Contact("email", "ann@home.example", "mail")),
        delivery("other way", contact=Contact("slack", "ann@example.org")),
        delivery("notice", kind="notice"),
        delivery("drill", message=exercise),
        delivery("tried", attempts=1),
        delivery("probe", incident_id=-1),
        delivery("sent", state="sent"),
    )
    (first,) = claim(store, "t1", limit=1)
    found = beside(store, first)
    assert names(found) == ["third", "second"]
    assert {(one.claim, one.due_at, one.attempts) for one in found} == {("t1", LEASE_END, 1)}
    assert [read(store, one.message.id) for one in found] == found
    assert beside(store, first) == []


def test_no_more_than_wanted_are_claimed_together(store):
    add(store, *(delivery(f"m{n}") for n in range(5)))
    (first,) = claim(store, "t1", limit=1)
    assert names(beside(store, first, limit=2)) == ["m1", "m2"]
    assert names(beside(store, first)) == ["m3", "m4"]


def test_exercises_take_no_room_from_what_is_real(store):
    add(
        store,
        delivery("first", due_at=NOW - 9 * MINUTE),
        *(
            delivery(f"d{n}", message=replace(delivery(f"d{n}").message, exercise=True))
            for n in range(3)
        ),
        delivery("real", message=replace(delivery("real").message, title='"exercise":true')),
    )
    (first,) = claim(store, "t1", limit=1)
    assert names(beside(store, first, limit=1)) == ["real"]
    (drill,) = claim(store, "t2", limit=1)
    assert names(beside(store, drill)) == ["d1", "d2"]


def test_which_ways_a_page_went_and_whether_one_has_taken_it(store):
    other = Contact("slack", "ann")
    add(
        store,
        delivery("mail"),
        delivery("slack", contact=other, state="sent"),
        delivery("elsewhere", incident_id=2),
    )
    with store.write() as tx:
        found = tx.tried([1])
        assert [(one.person, one.contact.channel, one.taken) for one in found] == [
            ("ann", "email", False),
            ("ann", "slack", True),
        ]
        assert tx.tried([]) == []
