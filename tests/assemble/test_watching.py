"""What a running server takes up by itself: its files, and what other nodes have put in force."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.engine.story import ORGANISATION, PLAN
from tests.servers import wait_until

from tocsin.engine.rules import Offer, Rules
from tocsin.rule_files import Files, Watcher, load
from tocsin.store.sql_store import SqlStore, open_store

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)

BOSS_PLAN = PLAN.replace("team-lead", "boss")
BOSS_PEOPLE = ORGANISATION.replace("team-lead", "boss")
CALLS_NO_CTO = PLAN.replace("    - {page: cto, P0: 30m}\n", "").replace(", cto: org", "")
WITHOUT_CTO = ORGANISATION.replace("  cto: {people: [cleo]}\n", "").replace(
    "owner: cto", "owner: team-lead"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with closing(open_store(f"sqlite:///{tmp_path / 'tocsin.sqlite3'}")) as opened:
        yield opened


class Machine:
    """A server's files, its rules, and the part of it that looks around by itself."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self.files = Files(folder / "plan.yaml", folder / "org.yaml")
        self.files.plan.write_text(PLAN)
        self.files.organisation.write_text(ORGANISATION)
        self.rules = Rules(store)
        load(self.rules, self.files)
        self._watcher = Watcher(self.rules, self.files)

    def look(self) -> None:
        self._watcher._look()

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._watcher.start()
        try:
            yield
        finally:
            self._watcher.stop()


@pytest.fixture
def machine(store: SqlStore, tmp_path: Path) -> Machine:
    return Machine(store, tmp_path)


def apply(rules: Rules, **files: str) -> None:
    named = {what: (f"{what}.yaml", text) for what, text in files.items()}
    rules.apply(Offer(by="ben", via="api", **named), NOW)  # type: ignore[arg-type]


def test_what_another_node_has_put_in_force_is_taken_up(store: SqlStore, machine: Machine) -> None:
    other = Rules(store)
    apply(other, plan=BOSS_PLAN, organisation=BOSS_PEOPLE)
    machine.look()
    assert machine.rules.versions == other.versions


def test_a_refused_file_is_looked_at_again_when_something_else_is_in_force(
    machine: Machine,
) -> None:
    machine.files.organisation.write_text(WITHOUT_CTO)
    machine.look()
    assert [p.code for p in machine.rules.refused if p.level == "error"] == [
        "organisation.missing-recipient"
    ]
    apply(machine.rules, plan=CALLS_NO_CTO)
    machine.look()
    assert machine.rules.refused == ()
    assert "cto" not in machine.rules.organisation.recipients


def test_files_are_told_apart_by_machine_and_path(machine: Machine) -> None:
    plan, organisation = machine.files.sources()
    assert plan != organisation
    assert plan.endswith(f":{machine.files.plan}")
    assert (
        Files(Path("plan.yaml"), Path("org.yaml"))
        .sources()[0]
        .endswith(f":{Path.cwd() / 'plan.yaml'}")
    )


def test_it_looks_again_whatever_a_look_has_raised(
    store: SqlStore, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.rule_files.RULES_LOOKED_AT_EVERY", 0.01)
    follow, failures = machine.rules.follow, [ValueError("not thought of")]

    def follow_at_last() -> None:
        if failures:
            raise failures.pop()
        follow()

    monkeypatch.setattr(machine.rules, "follow", follow_at_last)
    other = Rules(store)
    with machine.watching():
        wait_until(lambda: not failures, 10)
        apply(other, plan=BOSS_PLAN, organisation=BOSS_PEOPLE)
        wait_until(lambda: machine.rules.versions == other.versions, 10)
