"""Alerts: episodes by fingerprint and start, and what could not be understood."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.store.values import MINUTE, NOW, alert, keep, key, opening

from tocsin.core.alerts import Unreadable
from tocsin.engine.ports import Conflict


def add(store, *new):
    with store.write() as tx:
        tx.keep_alerts(new, [])


def everything(store, incident_id=None, firing=None, limit=100, after=0):
    with store.read() as reading:
        return reading.alerts(incident_id, firing, limit, after)


def known(store, *fingerprints):
    with store.write() as tx:
        return tx.known_alerts(fingerprints)


def test_an_alert_comes_back_as_it_was_kept(store):
    kept = alert(ends_at=NOW + MINUTE, firing=False, incident_id=7, disposition="over-before-seen")
    add(store, kept, alert("b", text='{"labels": {"x": "\\u0000 ü \U0001f514"}}'))
    first, second = everything(store)
    assert replace(first, id=0) == kept
    assert second.text == '{"labels": {"x": "\\u0000 ü \U0001f514"}}'
    assert 0 < first.id < second.id


def test_an_instant_before_the_epoch_and_one_far_ahead_come_back(store):
    early = NOW.replace(year=1901)
    late = NOW.replace(year=9999)
    add(store, alert(starts_at=early, ends_at=late))
    assert (everything(store)[0].starts_at, everything(store)[0].ends_at) == (early, late)


def test_the_latest_episode_of_each_alert_is_known(store):
    later = alert("a", starts_at=NOW + MINUTE)
    add(store, later, alert("a"), alert("b"), alert("c"))
    found = known(store, key("a"), key("b"), key("unheard of"), key("a"))
    assert set(found) == {key("a"), key("b")}
    assert replace(found[key("a")], id=0) == later


def test_nothing_is_known_of_nothing(store):
    assert known(store) == {}


def test_thousands_of_alerts_are_looked_up_at_once(store):
    add(store, *(alert(n) for n in range(3000)))
    assert len(known(store, *(key(n) for n in range(1000, 5000)))) == 2000


def test_a_fingerprint_of_another_length_is_refused(store):
    with pytest.raises(ValueError, match="16 bytes"):
        known(store, b"short", key("a") + b"!")
    with pytest.raises(ValueError, match="16 bytes"):
        add(store, alert(fingerprint=b"short"))


def test_changes_reach_the_alerts_they_are_for(store):
    add(store, alert("a"), alert("b"), alert("c"))
    a, b, c = everything(store)
    ended = replace(
        a, firing=False, ends_at=NOW + MINUTE, text="{}", incident_id=3, updated_at=NOW + MINUTE
    )
    moved = replace(c, incident_id=4)
    with store.write() as tx:
        tx.keep_alerts([alert("d")], [moved, ended])
    assert everything(store)[:3] == [ended, b, moved]
    assert len(everything(store)) == 4


def test_a_change_leaves_alone_what_an_alert_is(store):
    add(store, alert())
    found = everything(store)[0]
    with store.write() as tx:
        other = replace(found, fingerprint=key("x"), starts_at=NOW + MINUTE, integration="other")
        tx.keep_alerts([], [other])
    assert everything(store) == [found]


def test_the_same_episode_twice_is_a_conflict_and_nothing_is_kept(store):
    add(store, alert("a"))
    with pytest.raises(Conflict):
        add(store, alert("b"), alert("a"))
    assert len(everything(store)) == 1


def test_alerts_are_listed_by_incident_by_state_and_by_page(store):
    add(store, *(alert(n, incident_id=1 + n % 2, firing=n < 6) for n in range(10)))
    ids = [each.id for each in everything(store)]
    assert [each.id for each in everything(store, incident_id=2)] == ids[1::2]
    assert [each.id for each in everything(store, incident_id=2, firing=True)] == ids[1:6:2]
    assert [each.id for each in everything(store, firing=False)] == ids[6:]
    assert [each.id for each in everything(store, firing=True, limit=2, after=ids[1])] == ids[2:4]
    assert everything(store, incident_id=9) == []


def test_what_could_not_be_understood_is_kept_as_it_was(store):
    keep(store, opening(1))
    first = Unreadable(integration="grafana", why="not JSON", payload=b"\x00\xff{")
    second = Unreadable(integration="grafana\x00", why="half a \ud83d sign", payload=b"")
    with store.write() as tx:
        tx.keep_unreadable([(first, NOW, 1), (second, NOW + MINUTE, None)])
        tx.keep_unreadable([])
    with store.read() as reading:
        newest, oldest = reading.unreadable(10)
        assert reading.unreadable(1) == [newest]
    assert oldest[1:] == (NOW, first)
    assert newest[1] == NOW + MINUTE
    assert newest[2].why == "half a \ufffd sign"
    assert newest[2].integration == "grafana\ufffd"


def test_the_figures_count_what_there_is(store):
    add(store, alert("a"), alert("b", firing=False))
    with store.write() as tx:
        tx.keep_unreadable([(Unreadable(integration="i", why="w", payload=b"p"), NOW, None)])
    with store.read() as reading:
        counts = reading.counts()
    assert counts == {
        "incidents_open": 0,
        "incidents_acknowledged": 0,
        "deliveries_due": 0,
        "alerts_firing": 1,
        "alerts": 2,
        "unreadable": 1,
        "unarmed": 0,
        "alerts_quiet": 0,
        "alerts_forgotten": 0,
    }
