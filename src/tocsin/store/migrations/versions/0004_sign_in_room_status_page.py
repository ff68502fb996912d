"""Sign-in by more than links, the room's attachments and deployments, and the status page."""

from alembic import op
from sqlalchemy import BigInteger, Column, Identity, Integer, LargeBinary, Text
from sqlalchemy.types import TypeEngine

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables. Whoever is signed in signs in anew: how they did was not kept before."""
    op.drop_table("sessions")
    op.drop_table("sign_ins")
    _create_sessions()
    _create_sign_in()
    _create_for_the_room()
    _create_status_page()


def _id() -> TypeEngine[int]:
    return BigInteger().with_variant(Integer(), "sqlite")


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        Column("token_hash", LargeBinary, primary_key=True),
        Column("person", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        Column("how", Text, nullable=False),
        Column("agent", Text, nullable=False),
        Column("address", Text, nullable=False),
    )
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("sessions_person", "sessions", ["person"])
    op.create_table(
        "sign_ins",
        Column("code_hash", LargeBinary, primary_key=True),
        Column("person", Text, nullable=False),
        Column("how", Text, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
    )
    op.create_index("sign_ins_expires_at", "sign_ins", ["expires_at"])
    op.create_table(
        "spent",
        Column("hash", LargeBinary, primary_key=True),
        Column("expires_at", BigInteger, nullable=False),
    )


def _create_sign_in() -> None:
    op.create_table(
        "credentials",
        Column("id", Text, primary_key=True),
        Column("person", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("data", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("used_at", BigInteger),
    )
    op.create_index("credentials_person", "credentials", ["person", "id"])
    op.create_table(
        "api_keys",
        Column("id", Text, primary_key=True),
        Column("key_hash", LargeBinary, nullable=False),
        Column("name", Text, nullable=False),
        Column("person", Text, nullable=False),
        Column("scopes", Text, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger),
        Column("used_at", BigInteger),
        Column("revoked_at", BigInteger),
    )
    op.create_table(
        "audit",
        Column("id", _id(), Identity(), primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("by", Text, nullable=False),
        Column("via", Text, nullable=False),
        Column("act", Text, nullable=False),
        Column("about", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("address", Text, nullable=False),
    )


def _create_for_the_room() -> None:
    op.create_table(
        "attachments",
        Column("id", _id(), Identity(), primary_key=True),
        Column("incident_id", BigInteger, nullable=False),
        Column("name", Text, nullable=False),
        Column("media_type", Text, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("content", LargeBinary, nullable=False),
        Column("added_by", Text, nullable=False),
        Column("added_at", BigInteger, nullable=False),
    )
    op.create_index("attachments_incident", "attachments", ["incident_id", "id"])
    op.create_table(
        "deployments",
        Column("id", _id(), Identity(), primary_key=True),
        Column("integration", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("service", Text, nullable=False),
        Column("environment", Text, nullable=False),
        Column("version", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("deployed_by", Text, nullable=False),
        Column("link", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("received_at", BigInteger, nullable=False),
    )
    op.create_index("deployments_at", "deployments", ["at"])
    op.create_index("deployments_key", "deployments", ["integration", "key"], unique=True)
    op.create_table(
        "overrides",
        Column("id", _id(), Identity(), primary_key=True),
        Column("roster", Text, nullable=False),
        Column("person", Text, nullable=False),
        Column("starts_at", BigInteger, nullable=False),
        Column("ends_at", BigInteger, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("why", Text, nullable=False),
        Column("removed_by", Text, nullable=False),
        Column("removed_at", BigInteger),
    )
    op.create_index("overrides_ends_at", "overrides", ["ends_at"])


def _create_status_page() -> None:
    op.create_table(
        "publications",
        Column("id", _id(), Identity(), primary_key=True),
        Column("incident_id", BigInteger, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("status", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("impact", Text, nullable=False),
        Column("components", Text, nullable=False),
        Column("over", BigInteger, nullable=False),
        Column("ways", Text, nullable=False),
        Column("told_at", BigInteger),
    )
    op.create_index("publications_at", "publications", ["at"])
    op.create_index("publications_number", "publications", ["incident_id", "number"], unique=True)
    op.create_table(
        "component_states",
        Column("id", _id(), Identity(), primary_key=True),
        Column("component", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("why", Text, nullable=False),
    )
    op.create_index("component_states_component", "component_states", ["component", "at"])
    op.create_table(
        "maintenances",
        Column("id", _id(), Identity(), primary_key=True),
        Column("title", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("components", Text, nullable=False),
        Column("starts_at", BigInteger, nullable=False),
        Column("ends_at", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("updates", Text, nullable=False),
        Column("told", Text, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
    )
    op.create_index("maintenances_ends_at", "maintenances", ["ends_at"])
    op.create_table(
        "subscribers",
        Column("id", Text, primary_key=True),
        Column("how", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("components", Text, nullable=False),
        Column("token_hash", LargeBinary, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("confirmed_at", BigInteger),
        Column("ended_at", BigInteger),
    )
