"""What the simulator found where things go wrong at the beginning and the end of an emergency."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.engine.apart import Node, Town

from tocsin.core.delivery import Sent
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.engine.emergency import carry, gate
from tocsin.engine.ports import Reading, StoreUnavailable, Transaction
from tocsin.engine.tick import tick
from tocsin.outbound.abandoned import begin
from tocsin.store.sql_store import SqlStore, open_store

Towns = Callable[..., Town]

CRITICAL = {"severity": "critical"}


@pytest.fixture
def towns(tmp_path: Path) -> Iterator[Towns]:
    """`towns("web1", "web2")` makes nodes on one store in a file."""
    with closing(open_store(f"sqlite:///{tmp_path / 'main.sqlite3'}")) as store:
        yield lambda *names: begun(Town(store, tmp_path, *names))


@pytest.fixture
def both(store: SqlStore, tmp_path: Path) -> Towns:
    """As `towns`, on each of the databases."""
    return lambda *names: begun(Town(store, tmp_path, *names))


def begun(town: Town) -> Town:
    town.pass_time("3s")
    return town


class Doubtful:
    """A journal that keeps a change, and says that it has failed, where an emergency turns."""

    def __init__(self, node: Node) -> None:
        self._journal = node.journal
        self.fails = 0
        self._serves = node.is_alone
        node.store.journal = self

    @contextmanager
    def read(self) -> Iterator[Reading]:
        with self._journal.read() as reading:
            yield reading

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._journal.write() as tx:
            yield tx
        with self._journal.read() as reading:
            serves = reading.journal().emergency is not None
        turns, self._serves = serves != self._serves, serves
        if turns and self.fails:
            self.fails -= 1
            raise StoreUnavailable("the disk reports an error")

    def tidy(self) -> None: ...

    def is_ready(self) -> str:
        return ""


def test_a_message_that_is_on_its_way_while_the_store_comes_back_is_not_sent_again(
    both: Towns,
) -> None:
    town = both("web1")
    town.lose_store()
    town.one.alert("ApiDown", **CRITICAL)
    world, room = town.one.world, dict.fromkeys(town.one.channels, 16)
    (claimed,) = tick(world, (), room).claimed
    town.one.heal()
    for _ in range(4):
        town.now += town.second
        town.one.keeper.round()
        town.one.store.look()
    assert not town.one.is_alone
    tick(world, [(claimed, Sent("p-1"))], room)

    town.pass_time("20s")
    assert town.one.pages == [], "it was taken already"
    (code,) = town.codes
    assert "delivered" in town.kinds(code)
    town.assert_sound()


def test_an_alert_that_begins_again_before_it_was_over_is_not_lost(towns: Towns) -> None:
    town = towns("web1")
    town.lose_store()
    town.one.alert("ApiDown", **CRITICAL, starts="16s")
    town.pass_time("10s")
    town.one.over("ApiDown", **CRITICAL, starts="16s")  # heard before the start that it ends
    assert town.one.alert("ApiDown", **CRITICAL, starts="20s").disposition == "joined"
    town.heal()
    with town.main.read() as reading:
        alerts = reading.alerts(None, None, 9)
    assert [one.firing for one in sorted(alerts, key=lambda one: one.starts_at)] == [False, True]
    town.assert_sound()


def test_an_incident_that_is_over_does_not_wait_for_alerts_that_have_another_one(
    towns: Towns,
) -> None:
    town = towns("web1")
    town.one.alert("ApiDown", **CRITICAL, starts="1s")
    town.one.do(c.Resolve(by="ana", via="page", why="mended"))
    town.pass_time("10m", step="30s")
    town.lose_store()
    town.one.alert("ApiDown", **CRITICAL, starts="1s")
    town.heal()
    new = town.codes[-1]
    left = [event for event in town.events() if isinstance(event, e.AlertsLeft)]
    assert [(one.to, one.firing) for one in left] == [(new, 1)]
    assert (town.incident().alerts_firing, town.incident(new).alerts_firing) == (0, 1)
    town.assert_sound()


def test_an_end_that_was_kept_although_it_was_reported_as_failed_is_the_end(towns: Towns) -> None:
    town = towns("web1")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store()
    town.one.acknowledge("ana")
    journal = Doubtful(town.one)
    journal.fails = 1
    town.heal()
    town.pass_time("10s")
    assert journal.fails == 0
    assert town.kinds().count("carried_over") == 1
    assert "happened_apart" not in town.kinds(), "nothing came back twice"
    town.assert_sound()


def test_a_beginning_that_was_kept_although_it_was_reported_as_failed_is_gone_on_with(
    towns: Towns,
) -> None:
    town = towns("web1")
    journal = Doubtful(town.one)
    town.one.cut_off()
    town.pass_time("8s")
    journal.fails = 1
    town.pass_time("8s")
    assert journal.fails == 0
    assert town.one.is_alone
    town.one.alert("ApiDown", **CRITICAL)
    town.heal()
    assert len(town.codes) == 1
    town.assert_sound()


def test_an_alert_that_got_another_incident_in_the_emergency_has_it_afterwards(
    towns: Towns,
) -> None:
    town = towns("web1")
    town.one.alert("ApiDown", **CRITICAL, starts="1s")
    town.one.alert("DbDown", **CRITICAL, starts="1s")
    town.one.do(c.Merge(by="ana", via="page", into="INC-001", why="the same"), "INC-002")
    town.pass_time("20s")
    town.lose_store()
    town.one.do(c.Resolve(by="ana", via="page", why="mended"))
    town.pass_time("10m", step="30s")
    town.one.alert("DbDown", **CRITICAL, starts="1s")
    town.heal()
    new = town.codes[-1]
    with town.main.read() as reading:
        of_new = reading.alerts(town.incident(new).id, None, 9)
    assert new not in ("INC-001", "INC-002")
    assert len(of_new) == town.incident(new).alerts_firing == 1
    town.one.over("DbDown", **CRITICAL, starts="1s")
    assert town.incident(new).state == "resolved"
    town.assert_sound()


@pytest.mark.parametrize("survives", [2, 3, 4, 5])
def test_what_could_not_be_brought_back_as_it_was_is_named_though_it_took_several_goes(
    towns: Towns, monkeypatch: pytest.MonkeyPatch, survives: int
) -> None:
    """`/readyz` names it: somebody must look at the file that was kept aside."""
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.one.alert("DbDown", **CRITICAL)
    town.pass_time("10s")
    town.lose_store(town.one)
    town.one.acknowledge("ana")
    town.two.do(c.Note(by="ben", via="page", text="on it"))
    town.one.acknowledge("ana", "INC-002")
    monkeypatch.setattr(carry, "_put_together", lambda *_: 1 / 0)
    town.one.line.state = "whole"
    town.one.line.changes_left = survives
    town.pass_time("6s", nodes=[town.one])
    town.one.line.changes_left = None
    town.pass_time("8s")

    assert not town.one.is_alone
    assert list(town.one.keeper.not_whole) == ["INC-001"]
    (said,) = town.one.keeper.degraded()
    assert said == "INC-001: not all that was done in an emergency could be brought back"
    assert "happened_apart" in town.kinds()
    town.assert_sound()


def test_whoever_hangs_within_a_change_of_the_journal_does_not_keep_the_others_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A disk that keeps one writer: nobody else may be kept from paging by that."""
    monkeypatch.setattr(gate, "INSIDE_SECONDS", 0.01)
    one = gate.Gate()
    one.enter()

    def bring_back() -> None:
        with one.closed():
            raise AssertionError("somebody is inside")

    with pytest.raises(StoreUnavailable, match="does not end"):
        begin(bring_back, "bring back").result(10)
    monkeypatch.setattr(gate, "PATIENCE_SECONDS", 0)
    one.enter()
    one.leave()
    one.leave()
    with one.closed():
        pass
