"""The schema arrives by two roads, created at once or step by step, and they must meet."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from tests.engine import story as stories
from tests.engine.story import Story

from tocsin.core.incident.commands import TakeRole
from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.verify import verify_all
from tocsin.store import refold, schema, upgrade
from tocsin.store.sql_store import open_store
from tocsin.store.upgrade import MIGRATIONS, migrate

ROLE = """\
roles:
  incident-commander: {name: Commander, duties: [Coordinate], from: on-call-engineer}
"""


@contextmanager
def engine(url: str) -> Iterator[Engine]:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    opened = create_engine(parsed)
    try:
        yield opened
    finally:
        opened.dispose()


def described(connection: Connection) -> list[str]:
    """Everything the database knows about its tables and indexes, in words that can be compared."""
    if connection.dialect.name == "sqlite":
        question = "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_master"
    else:
        question = """
            SELECT indexname || ': ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL
            SELECT concat_ws(' ', table_name, column_name, ordinal_position, data_type,
                             character_maximum_length, is_nullable, column_default, is_identity)
            FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL
            SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        """
    return sorted(re.sub(r"\s+", " ", row[0]) for row in connection.execute(text(question)))


def step_by_step(url: str) -> None:
    with engine(url) as opened, opened.begin() as connection:
        migrate(connection)


def become_older(connection: Connection) -> None:
    """Take away what the newest migration brought; what it changed it makes anew."""
    newest = next((MIGRATIONS / "versions").glob(f"{schema.REVISION}_*.py")).read_text()
    for table in re.findall(r'create_table\(\s*"(\w+)"', newest):
        if f'drop_table("{table}")' not in newest:
            connection.execute(text(f"DROP TABLE {table}"))
    for index in re.findall(r'create_index\(\s*"(\w+)"', newest):
        connection.execute(text(f"DROP INDEX IF EXISTS {index}"))
    for table, column in re.findall(r'add_column\(\s*"(\w+)",\s*Column\("(\w+)"', newest):
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
    before = f"{int(schema.REVISION) - 1:04}"
    connection.execute(text(f"UPDATE alembic_version SET version_num = '{before}'"))


def test_the_migrations_give_the_tables_that_the_code_describes(empty_url):
    step_by_step(empty_url)
    with engine(empty_url) as opened, opened.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_a_new_store_is_what_the_migrations_give(empty_url, tmp_path, request):
    if empty_url.startswith("sqlite"):
        other_url = f"sqlite:///{tmp_path}/other.db"
    else:
        other_url = request.getfixturevalue("postgres").new_database()
    step_by_step(empty_url)
    open_store(other_url).close()
    with engine(empty_url) as opened, opened.connect() as connection:
        migrated = described(connection)
    with engine(other_url) as opened, opened.connect() as connection:
        assert migrated == described(connection)


def test_the_newest_migration_is_the_one_that_the_code_expects():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.REVISION]


def test_a_store_that_was_migrated_is_ready_and_has_a_secret(empty_url):
    step_by_step(empty_url)
    with closing(open_store(empty_url)) as store, store.read() as reading:
        assert store.is_ready() == ""
        assert len(reading.secret()) == 32


def test_what_was_in_force_before_the_second_migration_still_is(empty_url):
    with engine(empty_url) as opened, opened.begin() as connection:
        migrate(connection, "0001")
        kept = "('plan', 'v1', 'plan.yaml', 'text')"
        connection.execute(text(f"INSERT INTO documents VALUES {kept}"))
        for at in (1, 2):
            columns = "(what, version, activated_at)"
            values = f"('plan', 'v1', {at})"
            connection.execute(text(f"INSERT INTO activations {columns} VALUES {values}"))
    with closing(open_store(empty_url)) as store:
        with store.write() as tx:
            before = tx.activations("plan", None, 10)
            assert [(one.id, one.version) for one in before] == [(2, "v1"), (1, "v1")]
            assert {one.by for one in before} == {""}
            tx.activate(before[0], "text")
        with store.read() as reading:
            assert [one.id for one in reading.activations("plan", None, 10)] == [3, 2, 1]


def test_what_an_older_tocsin_kept_of_an_incident_is_folded_anew(empty_url):
    """The first release kept who holds a role in another field, and no moments at all."""
    with closing(open_store(empty_url)) as store:
        story = Story(store, stories.PLAN.replace("alerts:\n", ROLE + "alerts:\n", 1))
        story.declare("Down", severity="P0")
        story.do(TakeRole(by="ana", role="incident-commander", person="ana", why="first here"))
        story.acknowledge("ana")
    with engine(empty_url) as opened, opened.begin() as connection:
        kept = json.loads(connection.execute(text("SELECT snapshot FROM incidents")).scalar_one())
        kept["roles"] = {"incident-commander": "ana"}
        del kept["holders"], kept["moments"]
        connection.execute(text("UPDATE incidents SET snapshot = :s"), {"s": json.dumps(kept)})
        become_older(connection)
    with closing(open_store(empty_url)) as store:
        with store.read() as reading:
            after = reading.incident("INC-001")
        assert after is not None
        assert after.incident.roles == {"incident-commander": "ana"}
        assert "acknowledged" in after.incident.moments
        assert verify_all(store).first_broken is None


def test_a_timeline_that_cannot_be_read_keeps_no_store_from_opening(empty_url):
    with closing(open_store(empty_url)) as store:
        Story(store).declare("Down", severity="P0")
    with engine(empty_url) as opened, opened.begin() as connection:
        connection.execute(text("UPDATE timeline SET text = '{}' WHERE number = 1"))
        become_older(connection)
    with closing(open_store(empty_url)) as store:
        assert verify_all(store).first_broken is not None


def test_an_upgrade_that_is_broken_off_goes_on_at_the_next_start(empty_url, monkeypatch):
    """The tables are changed and free again by then; what was folded anew stays so."""
    monkeypatch.setattr(refold, "AT_ONCE", 1)
    with closing(open_store(empty_url)) as store:
        story = Story(store)
        for title in ("One", "Two", "Three"):
            story.declare(title, severity="P0")
    with engine(empty_url) as opened, opened.begin() as connection:
        connection.execute(text("UPDATE incidents SET severity = 'old', counted_entries = 1"))
        become_older(connection)

    def severities():
        with engine(empty_url) as opened, opened.connect() as connection:
            question = text("SELECT severity FROM incidents ORDER BY id")
            return list(connection.execute(question).scalars())

    class KilledError(Exception):
        pass

    pieces = []

    def killed(connection):
        pieces.append(refold.refold_some(connection))
        if len(pieces) == 2:
            raise KilledError
        return pieces[-1]

    with monkeypatch.context() as patched:
        patched.setattr(upgrade, "refold_some", killed)
        with pytest.raises(KilledError):
            open_store(empty_url)
    assert severities() == ["P0", "old", "old"]
    open_store(empty_url).close()
    assert severities() == ["P0", "P0", "P0"]
    with engine(empty_url) as opened, opened.connect() as connection:
        assert not refold.is_refolding(connection)
        counted = text("SELECT DISTINCT counted_entries FROM incidents")
        assert list(connection.execute(counted).scalars()) == [0]


def test_a_store_of_a_newer_version_is_not_touched(url):
    open_store(url).close()
    with engine(url) as opened, opened.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        before = described(connection)
    with pytest.raises(StoreUnavailable, match="newer Tocsin"):
        open_store(url)
    with engine(url) as opened, opened.connect() as connection:
        assert described(connection) == before


def test_a_store_whose_schema_is_changed_under_it_says_that_it_is_not_ready(url, store):
    with engine(url) as opened, opened.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert store.is_ready() == f"the schema is at revision 9999, not {schema.REVISION}"


def test_opening_a_store_that_is_current_does_not_load_alembic(url):
    open_store(url).close()
    program = (
        "import sys; from tocsin.store.sql_store import open_store;"
        "open_store(sys.argv[1]).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, url], check=False).returncode == 0
