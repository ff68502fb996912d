"""Which plan and organisation a server begins with."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.engine.story import ORGANISATION, PLAN

from tocsin.engine.rules import Rules
from tocsin.rule_files import ServeOptions, find_files
from tocsin.settings import STARTER
from tocsin.store.sql_store import open_store

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_an_empty_store_begins_with_the_starter(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'tocsin.sqlite3'}")) as store:
        files = find_files(ServeOptions(), tmp_path, store)
    assert files.plan.read_text() == (STARTER / "plan.yaml").read_text()


def test_a_restored_store_brings_its_plan_and_organisation_back(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'tocsin.sqlite3'}")) as store:
        Rules(store).activate(("plan.yaml", PLAN), ("org.yaml", ORGANISATION), NOW)
        files = find_files(ServeOptions(), tmp_path, store)
    assert files.plan.read_text() == PLAN
    assert files.organisation.read_text() == ORGANISATION


def test_a_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'tocsin.sqlite3'}")) as store:
        rules = Rules(store)
        latin = PLAN.replace("The plan of the story", "Plan für Störungen").encode("latin-1")
        rules.activate(("plan.yaml", latin), ("org.yaml", ORGANISATION), NOW)
        assert [p.code for p in rules.refused if p.level == "error"] == ["file.not-utf8"]
        assert not rules.complete
