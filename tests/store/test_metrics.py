"""What the store keeps of metrics, and how it finds what is not counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.store.values import MINUTE, NOW, incident, keep, kept, note, opening

from tocsin.core.metrics.period import Period, parts_of
from tocsin.core.metrics.share import Share
from tocsin.core.metrics.tally import ALL, Cell, tallied
from tocsin.engine.metrics import Behind, Counted, Uncounted
from tocsin.engine.ports import Change
from tocsin.store import rows

DAY = date(2026, 3, 6)
MARCH = date(2026, 3, 1)
WHOLE = Period(MARCH, date(2026, 3, 31))


def share(severity="P0", on=DAY, **changes):
    return Share(day=on, severity=severity, took={"resolve": 60_000}, **changes)


def counting(number=1, group=None, entries=2, gives=None, at=NOW, before=None):
    """An incident of a group (its key) that is counted with a share."""
    return Counted(Uncounted(number, "v1", group, at, entries, None, before), gives)


def count(store, *counted):
    with store.write() as tx:
        tx.keep_shares(counted)


def uncounted(store):
    with store.read() as reading:
        return [one.id for one in reading.uncounted(10)]


def test_an_incident_is_uncounted_until_it_is_counted_as_it_is_now(store):
    keep(store, opening(1), opening(2, opened_at=NOW + MINUTE), opening(-3))
    assert uncounted(store) == [2, 1]
    count(store, counting(1, gives=share()), counting(2))
    assert uncounted(store) == []
    before = kept(store)
    keep(store, Change(before, (note(),), before.incident, NOW))
    assert uncounted(store) == [1]


def test_what_changed_while_it_was_counted_stays_uncounted(store):
    keep(store, opening(1))
    with store.read() as reading:
        (found,) = reading.uncounted(10)
    before = kept(store)
    keep(store, Change(before, (note(),), before.incident, NOW))
    count(store, Counted(found, share()))
    assert uncounted(store) == [1]


def test_an_uncounted_incident_says_when_the_one_before_it_in_its_group_opened(store):
    keep(store, opening(1, group="g", state="resolved"), opening(2, group="h", state="resolved"))
    keep(store, opening(3, group="g", opened_at=NOW + MINUTE))
    with store.read() as reading:
        found = {one.id: one for one in reading.uncounted(10)}
    assert found[3].opened_before == NOW
    assert found[1].opened_before is None
    assert found[3].group_key == rows.group_key("g")
    assert found[3].incident == incident(3, group="g", opened_at=NOW + MINUTE)


def test_what_cannot_be_read_is_listed_without_an_incident(store):
    keep(store, opening(1))
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE incidents SET snapshot = '{}'")
    with store.read() as reading:
        (found,) = reading.uncounted(10)
    assert found.incident is None
    count(store, Counted(found, None))
    assert uncounted(store) == []


def test_days_of_new_shares_are_stale_until_they_are_added_up(store):
    keep(store, opening(1))
    count(store, counting(1, gives=share()))
    with store.read() as reading:
        assert reading.stale_days() == [DAY]
        assert reading.behind(5) == Behind(0, 1)
        shares = reading.shares(DAY)
    assert shares == [share()]
    tallies = tallied(shares)
    with store.write() as tx:
        tx.keep_tallies({DAY: tallies}, MARCH, tallies)
    with store.read() as reading:
        assert reading.behind(5) == Behind(0, 0)
        assert reading.tallies("day", WHOLE, by_component=False) == [
            (DAY, Cell("P0", ALL), tallies[Cell("P0", ALL)])
        ]
        assert [cell.component for _, cell, _ in reading.tallies("month", WHOLE, by_component=True)]
        assert reading.tallies("day", Period(MARCH, MARCH), by_component=False) == []


def test_a_share_that_has_changed_replaces_the_one_before(store):
    keep(store, opening(1))
    count(store, counting(1, b"g" * 16, gives=share()))
    count(store, counting(1, b"g" * 16, gives=share(left_out="false alarm")))
    with store.read() as reading:
        assert [one.left_out for one in reading.shares(DAY)] == ["false alarm"]


def test_tallies_of_cells_that_are_no_more_go(store):
    for severity in ("P0", "P1"):
        tallies = tallied([share(severity)])
        with store.write() as tx:
            tx.keep_tallies({DAY: tallies}, MARCH, tallies)
    with store.read() as reading:
        for span in ("day", "month"):
            found = reading.tallies(span, WHOLE, by_component=False)
            assert [cell.severity for _, cell, _ in found] == ["P1"]


def test_behind_counts_no_further_than_is_asked(store):
    keep(store, *(opening(number) for number in range(1, 6)))
    with store.read() as reading:
        assert reading.behind(3) == Behind(3, 0)
        assert reading.behind(9) == Behind(5, 0)


def parts(first, last, today=date(2026, 5, 9)):
    return parts_of(Period(first, last), today)


def test_groups_that_came_back_are_listed_with_the_most_frequent_first(store):
    groups = {1: b"a", 2: b"b", 3: b"b", 4: b"a", 5: b"b", 6: b"c"}
    keep(store, *(opening(number) for number in groups))
    count(store, *(counting(number, key * 16, gives=share()) for number, key in groups.items()))
    for whole in (parts(*WHOLE), parts(DAY, DAY), parts(date(2026, 2, 9), date(2026, 4, 9))):
        with store.read() as reading:
            assert reading.repeated(whole, 10) == [(3, 5), (2, 4)]
            assert reading.repeated(whole, 1) == [(3, 5)]
    after = parts(DAY + timedelta(days=1), WHOLE.last)
    with store.read() as reading:
        assert reading.repeated(after, 10) == []


def test_a_group_is_counted_over_months_and_single_days_together(store):
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 3, 31), date(2026, 4, 1)]
    keep(store, *(opening(number) for number in range(1, 5)))
    for number, day in enumerate(days, 1):
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        count(store, counting(number, b"a" * 16, gives=share(on=day), at=at))
    with store.read() as reading:
        assert reading.repeated(parts(date(2026, 1, 20), date(2026, 4, 10)), 9) == [(4, 4)]
        assert reading.repeated(parts(date(2026, 2, 1), date(2026, 3, 31)), 9) == [(2, 3)]


def test_what_is_left_out_later_does_not_come_back(store):
    keep(store, opening(1), opening(2))
    count(store, *(counting(number, b"a" * 16, gives=share()) for number in (1, 2)))
    count(store, counting(2, b"a" * 16, gives=share(left_out="false alarm")))
    with store.read() as reading:
        assert reading.repeated(parts(*WHOLE), 9) == []


def in_a_group(*minutes):
    """Incidents of one group that opened at these minutes, all of them over."""
    return [
        opening(number, group="g", state="resolved", opened_at=NOW + minute * MINUTE)
        for number, minute in enumerate(minutes, 1)
    ]


def all_counted(store, *left_out):
    """Count whatever is not counted, until all is; return by number what was before each."""
    before: dict[int, datetime | None] = {}
    for _ in range(9):
        with store.read() as reading:
            found = reading.uncounted(1)
        if not found:
            return before
        (one,) = found
        before[one.id] = one.opened_before
        why = "false alarm" if one.id in left_out else ""
        count(store, Counted(one, share(left_out=why)))
    raise AssertionError("it is never all counted")


def test_what_is_left_out_comes_before_nothing(store):
    keep(store, *in_a_group(0, 5, 9))
    assert all_counted(store, 2) == {1: None, 2: NOW, 3: NOW}


def test_when_one_is_left_out_later_the_next_of_its_group_is_counted_again(store):
    keep(store, *in_a_group(0, 5, 9))
    assert all_counted(store) == {1: None, 2: NOW, 3: NOW + 5 * MINUTE}
    for left_out, expected in (((2,), NOW), ((), NOW + 5 * MINUTE)):
        before = kept(store, "INC-2026-002")
        keep(store, Change(before, (note(),), before.incident, None))
        assert all_counted(store, *left_out)[3] == expected


def test_an_incident_that_was_brought_back_stands_where_it_opened(store):
    """It has a later number than the one that opened after it."""
    keep(store, *in_a_group(0, 9, 5))
    assert all_counted(store) == {1: None, 3: NOW, 2: NOW + 5 * MINUTE}


def test_one_node_at_a_time_holds_a_lease(store, other):
    def take(place, holder, at, until):
        with place.write() as tx:
            return tx.take_lease("metrics", holder, at, until)

    assert take(store, "a", NOW, NOW + MINUTE)
    assert not take(other, "b", NOW, NOW + 2 * MINUTE)
    assert take(store, "a", NOW, NOW + 2 * MINUTE)
    assert take(other, "b", NOW + 3 * MINUTE, NOW + 4 * MINUTE)
    with store.write() as tx:
        assert not tx.keep_lease("metrics", "a", NOW + 9 * MINUTE)
        assert tx.keep_lease("metrics", "b", NOW + 9 * MINUTE)
    assert not take(store, "a", NOW + 5 * MINUTE, NOW + 6 * MINUTE)
