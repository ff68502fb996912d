"""The simulated store: what a transaction sees, whom it keeps waiting, what a power cut takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from tests.store.values import NOW, alert, delivery, opening, rolled_back

from tocsin.engine.ports import Conflict
from tocsin.simulation.disk import MustWait, NotSimulated
from tocsin.simulation.own import NotPlayable, stage_of
from tocsin.simulation.standard import ORGANISATION, PLAN
from tocsin.simulation.store import SimStore
from tocsin.store.sql_store import SqlStore


@pytest.fixture
def store() -> SimStore:
    store = SimStore()
    with store.write() as tx:
        tx.keep([opening(1)])
        tx.keep_deliveries([delivery("m1"), delivery("m2")])
    return store


def claim(tx: Any, token: str = "t1") -> list[str]:
    until = NOW + timedelta(seconds=5)
    return [one.message.id for one in tx.claim_deliveries("email", 1, token, NOW, until)]


def test_what_it_does_not_know_it_says_aloud(store: SimStore) -> None:
    with store.read() as reading, pytest.raises(NotSimulated, match="inbox"):
        reading.inbox("ana", 10)


def test_nobody_sees_what_is_not_committed(store: SimStore) -> None:
    with store.write() as tx:
        assert claim(tx) == ["m1"]
        with store.read() as reading:
            assert reading.deliveries(1)[0].claim == ""
    with store.read() as reading:
        assert reading.deliveries(1)[0].claim == "t1"


def test_what_raises_changes_nothing(store: SimStore) -> None:
    with rolled_back(cast("SqlStore", store)) as tx:
        claim(tx)
    with store.write() as tx:
        assert claim(tx) == ["m1"]


def test_a_claim_skips_what_another_one_has_locked(store: SimStore) -> None:
    with store.write() as tx:
        assert claim(tx) == ["m1"]
        with store.write() as other:
            assert claim(other, "t2") == ["m2"]


def test_whoever_wants_a_locked_incident_must_wait(store: SimStore) -> None:
    with store.write() as tx:
        tx.locked("INC-2026-001")
        with pytest.raises(MustWait), store.write() as other:
            other.locked("INC-2026-001")
    with store.write() as tx:
        assert tx.locked("INC-2026-001") is not None


def test_a_second_unresolved_incident_of_a_group_is_a_conflict(store: SimStore) -> None:
    with pytest.raises(Conflict), store.write() as tx:
        tx.keep([opening(2, group="group 1")])


def test_an_alert_episode_is_kept_once(store: SimStore) -> None:
    with store.write() as tx:
        tx.keep_alerts([alert("a")], [])
    with pytest.raises(Conflict), store.write() as tx:
        tx.keep_alerts([alert("a")], [])


def test_a_power_cut_takes_what_was_not_synced() -> None:
    forgetful = SimStore(forgetful=True)
    with forgetful.write() as tx:
        tx.keep([opening(1)])
    forgetful.tidy()
    with forgetful.write() as tx:
        tx.keep([opening(2)])
    forgetful.lose_power()
    with forgetful.read() as reading:
        assert reading.incident("INC-2026-001") is not None
        assert reading.incident("INC-2026-002") is None


NO_CTO = ORGANISATION.replace("  cto: {", "  boss: {")


@pytest.mark.parametrize(("plan", "organisation"), [("tocsin: 1", ""), (PLAN, NO_CTO)])
def test_files_that_do_not_fit_are_no_stage(plan: str, organisation: str) -> None:
    with pytest.raises(NotPlayable):
        stage_of("plan.yaml", plan, organisation)
