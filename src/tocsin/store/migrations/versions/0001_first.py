"""The tables of the first release."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Identity,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    _create_names()
    _create_incidents()
    _create_alerts()
    _create_deliveries()
    _create_documents()
    _create_sessions()


def _id() -> TypeEngine[int]:
    return BigInteger().with_variant(Integer(), "sqlite")


def _partial(name: str, table: str, columns: list[str], where: str, unique: bool = False) -> None:
    condition = text(where)
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _create_names() -> None:
    op.create_table(
        "meta",
        Column("name", Text, primary_key=True),
        Column("value", LargeBinary, nullable=False),
    )
    op.create_table(
        "counters",
        Column("name", Text, primary_key=True),
        Column("value", BigInteger, nullable=False),
    )


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        Column("id", _id(), primary_key=True, autoincrement=False),
        Column("code", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("severity", Text, nullable=False),
        Column("group_key", LargeBinary),
        Column("plan", Text, nullable=False),
        Column("opened_at", BigInteger, nullable=False),
        Column("look_again_at", BigInteger),
        Column("generation", BigInteger, nullable=False),
        Column("entries", BigInteger, nullable=False),
        Column("head", LargeBinary, nullable=False),
        Column("snapshot", Text, nullable=False),
    )
    op.create_index("incidents_code", "incidents", ["code"], unique=True)
    op.create_index("incidents_state", "incidents", ["state", "id"])
    _partial("incidents_look_again_at", "incidents", ["look_again_at"], "look_again_at IS NOT NULL")
    _partial("incidents_group", "incidents", ["group_key", "id"], "group_key IS NOT NULL")
    unresolved = "state IN ('open', 'acknowledged')"
    _partial("incidents_unresolved_group", "incidents", ["group_key"], unresolved, unique=True)
    op.create_table(
        "timeline",
        Column("incident_id", BigInteger, primary_key=True, autoincrement=False),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("text", Text, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        Column("id", _id(), Identity(), primary_key=True),
        Column("integration", Text, nullable=False),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("starts_at", BigInteger, nullable=False),
        Column("ends_at", BigInteger),
        Column("firing", SmallInteger, nullable=False),
        Column("incident_id", BigInteger),
        Column("disposition", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("received_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
    )
    op.create_index("alerts_episode", "alerts", ["fingerprint", "starts_at"], unique=True)
    op.create_index("alerts_incident", "alerts", ["incident_id", "id"])
    _partial("alerts_firing", "alerts", ["id"], "firing = 1")
    op.create_table(
        "unreadable",
        Column("id", _id(), Identity(), primary_key=True),
        Column("integration", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("received_at", BigInteger, nullable=False),
        Column("incident_id", BigInteger),
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        Column("id", _id(), Identity(), primary_key=True),
        Column("message_id", Text, nullable=False),
        Column("incident_id", BigInteger, nullable=False),
        Column("incident", Text, nullable=False),
        Column("page", BigInteger, nullable=False),
        Column("kind", Text, nullable=False),
        Column("wanted_until", Text, nullable=False),
        Column("priority", SmallInteger, nullable=False),
        Column("recipient", Text, nullable=False),
        Column("person", Text, nullable=False),
        Column("channel", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("domain", Text, nullable=False),
        Column("message", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("due_at", BigInteger, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("attempts", BigInteger, nullable=False),
        Column("claim", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("sent_at", BigInteger),
    )
    op.create_index("deliveries_message", "deliveries", ["message_id"], unique=True)
    op.create_index("deliveries_incident", "deliveries", ["incident_id", "id"])
    op.create_index("deliveries_person", "deliveries", ["person", "id"])
    claim = ["channel", "priority", "due_at", "id"]
    _partial("deliveries_claim", "deliveries", claim, "state = 'due'")
    _partial("deliveries_due_at", "deliveries", ["due_at"], "state = 'due'")


def _create_documents() -> None:
    op.create_table(
        "documents",
        Column("what", Text, primary_key=True),
        Column("version", Text, primary_key=True),
        Column("file", Text, nullable=False),
        Column("text", Text, nullable=False),
    )
    op.create_table(
        "activations",
        Column("id", _id(), Identity(), primary_key=True),
        Column("what", Text, nullable=False),
        Column("version", Text, nullable=False),
        Column("activated_at", BigInteger, nullable=False),
        ForeignKeyConstraint(["what", "version"], ["documents.what", "documents.version"]),
    )
    op.create_index("activations_what", "activations", ["what", "id"])


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        Column("token_hash", LargeBinary, primary_key=True),
        Column("person", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
    )
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "sign_ins",
        Column("code_hash", LargeBinary, primary_key=True),
        Column("person", Text, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
    )
    op.create_index("sign_ins_expires_at", "sign_ins", ["expires_at"])
