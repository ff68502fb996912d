"""Overrides as rows, and the questions of overviews, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.store.values import MINUTE, alert, delivery, keep, opening
from tests.store.values import NOW as FIRST

from tocsin.core.overrides import MadeOverride
from tocsin.engine.overrides import CHANGES
from tocsin.store.sql_store import SqlStore

NOW = datetime(2026, 11, 10, 10, tzinfo=UTC)
LATER = FIRST + 5 * MINUTE


def override(person: str = "ben", hours: int = 6) -> MadeOverride:
    return MadeOverride(
        roster="primary", person=person, start=NOW, end=NOW + timedelta(hours=hours),
        made_by="ana", made_at=NOW, why="nul \x00 and half \ud800",
    )  # fmt: skip


def test_a_row_is_kept_and_comes_back_with_its_number(store: SqlStore, other: SqlStore) -> None:
    with store.write() as tx:
        first, second = tx.keep_override(override()), tx.keep_override(override("cleo", 2))
    assert first.id < second.id
    with other.read() as reading:
        assert reading.overrides() == [first, second]
        assert reading.overrides(NOW + timedelta(hours=3)) == [first]
        assert reading.override(second.id) == second
        assert reading.override(99) is None
    assert first.why == "nul � and half �"


def test_removing_one_keeps_its_row(store: SqlStore) -> None:
    with store.write() as tx:
        made = tx.keep_override(override())
    with store.write() as tx:
        tx.remove_override(made.id, "cleo", NOW + timedelta(hours=1))
    with store.read() as reading:
        (kept,) = reading.overrides()
    assert (kept.removed_by, kept.removed_at) == ("cleo", NOW + timedelta(hours=1))
    assert kept.until == NOW + timedelta(hours=1)


def test_every_change_is_counted(store: SqlStore, other: SqlStore) -> None:
    with other.read() as reading:
        assert reading.in_force().overrides == 0
    with store.write() as tx:
        tx.numbers(CHANGES, 1)
    with other.read() as reading:
        assert reading.in_force().overrides == 1


def test_the_pulse_is_another_one_after_whatever_is_shown(store: SqlStore) -> None:
    def pulse() -> tuple[int, ...]:
        with store.read() as reading:
            return reading.pulse()

    seen = [pulse()]
    keep(store, opening())
    seen.append(pulse())
    with store.write() as tx:
        tx.keep_deliveries([delivery()])
    seen.append(pulse())
    with store.write() as tx:
        tx.numbers(CHANGES, 1)
    seen.append(pulse())
    assert len(set(seen)) == len(seen)
    assert pulse() == seen[-1]


def test_sendings_come_without_their_text_newest_first(store: SqlStore) -> None:
    keep(store, opening())
    with store.write() as tx:
        tx.keep_deliveries([delivery("m1"), delivery("m2", person="ben"), delivery("m3")])
    with store.read() as reading:
        newest, theirs = reading.newest_sendings(2), reading.sendings_to("ann", 9)
    assert [one.person for one in newest] == ["ann", "ben"]
    assert [one.id for one in theirs] == sorted((one.id for one in theirs), reverse=True)
    assert (theirs[0].incident, theirs[0].contact.address) == ("INC-2026-001", "ann@example.org")


def test_what_waits_and_what_was_tried_before(store: SqlStore) -> None:
    with store.read() as reading:
        assert reading.waiting() == (0, 0, None)
    keep(store, opening())
    with store.write() as tx:
        tx.keep_deliveries([delivery("m1"), delivery("m2", created_at=LATER)])
    with store.write() as tx:
        tx.claim_deliveries("email", 1, "claim", LATER, LATER + MINUTE)
    with store.read() as reading:
        assert reading.waiting() == (2, 1, FIRST)


def test_when_each_integration_was_heard_last(store: SqlStore) -> None:
    with store.write() as tx:
        tx.keep_alerts(
            [
                alert("a", updated_at=LATER),
                alert("b"),
                alert("c", integration="uptime", updated_at=FIRST),
            ],
            [],
        )
    with store.read() as reading:
        assert reading.last_received(10) == ({"prometheus": LATER, "uptime": FIRST}, True)
        assert reading.last_received(1) == ({"uptime": FIRST}, False)
