"""Incidents with their timelines: kept together, found again, and never rewritten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.store.values import MINUTE, NOW, incident, keep, kept, note, opening, rolled_back

import tocsin.store as store_package
from tocsin.core.incident.state import Clock, Fact
from tocsin.core.record import START, first_break
from tocsin.engine.ports import Change, Conflict


def timeline(store, incident_id=1, **limits):
    with store.read() as reading:
        return reading.timeline(incident_id, **limits)


def listed(store, states=(), before=None, limit=50):
    with store.read() as reading:
        return [each.incident.id for each in reading.incidents(states, before, limit)]


def due(store, now=NOW, limit=50):
    with store.write() as tx:
        return [each.incident.id for each in tx.due_incidents(now, limit)]


def latest(store, *groups):
    with store.write() as tx:
        return {group: each.incident.id for group, each in tx.latest_of_groups(groups).items()}


def test_an_incident_comes_back_as_it_was_kept(store):
    clock = Clock(
        name="acknowledge", started_at=NOW, due=NOW + MINUTE, strict=True, state="running", line=7
    )
    full = incident(
        facts={"users_affected": Fact(1200, "ann", NOW)},
        clocks=(clock,),
        told={"2": "P0"},
        holders={"commander": ("bo",)},
        asked=("cto",),
        title='quotes " and \x00 and \U0001f514',
    )
    keep(store, Change(None, (note(),), full, NOW + MINUTE))
    found = kept(store)
    assert found.incident == full
    assert (found.entries, found.look_again_at) == (1, NOW + MINUTE)


def test_an_incident_that_is_not_there_is_none(store):
    with store.write() as tx:
        assert tx.incident("INC-0") is None
        assert tx.incident("INC\x00\ud800") is None
        assert tx.locked("INC-0") is None
        assert tx.locked_by_id([5]) == {}


def test_events_are_chained_in_their_order(store):
    keep(store, opening())
    keep(store, Change(kept(store), (note("third"),), incident(title="Now worse"), None))
    found = kept(store)
    entries = timeline(store)
    assert [each.event().text for each in entries] == ["first", "second", "third"]
    assert first_break("INC-2026-001", entries, found.entries, found.head) is None
    assert found.incident.title == "Now worse"
    assert found.look_again_at is None


def test_a_change_without_events_moves_the_next_look_only(store):
    keep(store, opening())
    before = kept(store)
    keep(store, Change(before, (), before.incident, NOW + MINUTE))
    assert kept(store) == replace(before, look_again_at=NOW + MINUTE)


def test_an_incident_without_any_entry_starts_the_chain(store):
    keep(store, Change(None, (), incident(), None))
    assert (kept(store).entries, kept(store).head) == (0, START)


def test_a_timeline_is_read_in_pieces(store):
    keep(store, Change(None, tuple(note(str(n)) for n in range(10)), incident(), NOW))
    assert [each.number for each in timeline(store, after=3, limit=4)] == [4, 5, 6, 7]
    assert timeline(store, after=10) == []
    assert timeline(store, incident_id=2) == []


def test_many_incidents_change_at_once(store):
    keep(store, *(opening(n) for n in range(1, 301)))
    with store.write() as tx:
        found = tx.locked_by_id(range(1, 301))
        assert list(found) == list(range(1, 301))
        new = [opening(n) for n in range(301, 351)]
        moved = [
            Change(each, (note(f"third of {number}"),), replace(each.incident, severity="P3"), NOW)
            for number, each in found.items()
        ]
        tx.keep(new + moved[::-1])
    assert timeline(store, 299)[-1].event().text == "third of 299"
    assert kept(store, "INC-2026-299").incident.severity == "P3"
    assert len(listed(store, limit=1000)) == 350


def test_a_change_to_an_outdated_incident_is_a_conflict(store):
    keep(store, opening())
    old = kept(store)
    keep(store, Change(old, (note("in between"),), old.incident, NOW))
    with pytest.raises(Conflict):
        keep(store, opening(2), Change(old, (note("too late"),), old.incident, NOW))
    assert [each.event().text for each in timeline(store)] == ["first", "second", "in between"]
    assert listed(store) == [1]


def test_an_incident_can_not_be_opened_twice(store):
    keep(store, opening(1))
    with pytest.raises(Conflict):
        keep(store, opening(1, group="another"))
    with pytest.raises(Conflict):
        keep(store, opening(2, code="INC-2026-001"))


@pytest.mark.parametrize("state", ["open", "acknowledged"])
def test_a_group_has_one_unresolved_incident_at_most(store, state):
    keep(store, opening(1, group="g", state=state))
    with pytest.raises(Conflict):
        keep(store, opening(2, group="g"))
    keep(store, Change(kept(store), (), incident(group="g", state="resolved"), None))
    keep(store, opening(2, group="g"))
    assert latest(store, "g") == {"g": 2}


def test_declared_incidents_have_no_group_and_do_not_meet(store):
    keep(store, opening(1, group=""), opening(2, group=""))
    assert latest(store, "") == {}
    assert listed(store) == [2, 1]


def test_the_newest_incident_of_each_group_is_found_whatever_its_state(store):
    keep(store, opening(1, group="a", state="closed"), opening(2, group="a", state="resolved"))
    keep(store, opening(3, group="b", state="closed"))
    assert latest(store, "a", "b", "c") == {"a": 2, "b": 3}
    assert latest(store) == {}


def test_a_group_may_be_long_and_hold_any_character(store):
    names = ["x" * 20_000, "nul \x00", "bell \U0001f514", "two\nlines"]
    keep(store, *(opening(n, group=name) for n, name in enumerate(names, 1)))
    assert latest(store, *names) == {name: n for n, name in enumerate(names, 1)}


def test_incidents_are_listed_newest_first_by_state_and_page(store):
    states = ["open", "acknowledged", "resolved", "closed"]
    keep(store, *(opening(n, state=states[n % 4]) for n in range(1, 41)))
    assert listed(store, limit=3) == [40, 39, 38]
    assert listed(store, before=38, limit=3) == [37, 36, 35]
    assert listed(store, ["open"], limit=3) == [40, 36, 32]
    assert listed(store, {"open", "closed"}, limit=3) == [40, 39, 36]
    assert listed(store, ["open", "closed"], before=36, limit=3) == [35, 32, 31]
    assert listed(store, states, limit=2) == [40, 39]
    assert listed(store, ["unheard of"]) == []


def test_a_row_of_the_list_holds_what_the_list_shows(store):
    keep(store, opening(1))
    with store.read() as reading:
        (row,) = reading.incidents((), None, 1)
    assert (row.incident, row.look_again_at, row.entries) == (incident(1), NOW, 2)


def test_due_incidents_come_soonest_first(store):
    keep(
        store,
        opening(1, NOW),
        opening(2, NOW - MINUTE),
        opening(3, NOW + MINUTE),
        opening(4, None),
    )
    assert due(store) == [2, 1]
    assert due(store, limit=1) == [2]
    assert due(store, NOW - 2 * MINUTE) == []
    assert due(store, NOW + MINUTE) == [2, 1, 3]


def test_what_is_due_next_is_known(store):
    with store.read() as reading:
        assert reading.next_due().soonest is None
    keep(store, opening(1, NOW + MINUTE), opening(2, NOW + 2 * MINUTE), opening(3, None))
    with store.read() as reading:
        assert reading.next_due().soonest == NOW + MINUTE


def test_an_open_incident_without_a_next_look_is_counted_as_unarmed(store):
    keep(store, opening(1, None), opening(2, NOW), opening(3, None, state="acknowledged"))
    with store.read() as reading:
        counts = reading.counts()
    assert counts["incidents_open"] == 2
    assert counts["incidents_acknowledged"] == 1
    assert counts["unarmed"] == 1


def test_numbers_count_from_one_without_gaps(store):
    with store.write() as tx:
        assert list(tx.numbers("INC-2026-", 2)) == [1, 2]
        assert list(tx.numbers("INC-2026-", 1)) == [3]
        assert list(tx.numbers("#incident", 1)) == [1]
        assert list(tx.numbers("INC-2026-", 0)) == []
    with rolled_back(store) as tx:
        assert list(tx.numbers("INC-2026-", 5)) == [4, 5, 6, 7, 8]
    with store.write() as tx:
        assert list(tx.numbers("INC-2026-", 1)) == [4]


def test_no_method_changes_an_entry_of_a_timeline(store):
    keep(store, opening())
    before = timeline(store)
    own = kept(store)
    for number in (1, 2):
        tampered = replace(own, entries=number - 1)
        with pytest.raises(Conflict):
            keep(store, Change(tampered, (note("rewritten"),), own.incident, NOW))
    assert timeline(store) == before


def test_no_statement_of_the_store_changes_or_removes_an_entry():
    # A journal is a copy, which is made anew; of probes, which are about nothing.
    copies_and_probes = {"journal.py", "probes.py"}
    folder = Path(store_package.__file__).parent
    sources = [one for one in folder.rglob("*.py") if one.name not in copies_and_probes]
    assert len(sources) > 8
    for source in (one.read_text() for one in sources):
        assert not re.search(r"(?i)(update|delete|truncate|drop)\W+(\w+\W+)?timeline", source)
