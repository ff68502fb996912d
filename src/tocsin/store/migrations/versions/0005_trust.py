"""Alerts that planned maintenance keeps quiet, when it is looked at next; heartbeats awaited."""

from alembic import op
from sqlalchemy import BigInteger, Column, Identity, Integer, SmallInteger, Text, text
from sqlalchemy.types import TypeEngine

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables; planned work that is not over is looked at from now on."""
    _create_quiet()
    _create_heartbeats()
    _create_carried_over()
    unarmed = text("state = 'open' AND look_again_at IS NULL")
    op.create_index(
        "incidents_unarmed", "incidents", ["look_again_at", "id"],
        sqlite_where=unarmed, postgresql_where=unarmed,
    )  # fmt: skip


def _id() -> TypeEngine[int]:
    return BigInteger().with_variant(Integer(), "sqlite")


def _create_quiet() -> None:
    op.create_table(
        "maintenance_looks",
        Column("maintenance_id", BigInteger, primary_key=True, autoincrement=False),
        Column("look_again_at", BigInteger, nullable=False),
    )
    op.create_index("maintenance_looks_at", "maintenance_looks", ["look_again_at"])
    op.create_table(
        "quiet_alerts",
        Column("id", _id(), Identity(), primary_key=True),
        Column("alert_id", BigInteger, nullable=False),
        Column("since", BigInteger, nullable=False),
        Column("maintenance_id", BigInteger, nullable=False),
        Column("until", BigInteger),
    )
    op.create_index("quiet_alerts_alert", "quiet_alerts", ["alert_id", "id"])
    op.create_index("quiet_alerts_maintenance", "quiet_alerts", ["maintenance_id", "alert_id"])
    still = text("until IS NULL")
    op.create_index(
        "quiet_alerts_still", "quiet_alerts", ["alert_id"], unique=True,
        sqlite_where=still, postgresql_where=still,
    )  # fmt: skip
    op.execute(
        "INSERT INTO maintenance_looks (maintenance_id, look_again_at)"
        " SELECT id, starts_at FROM maintenances WHERE state <> 'cancelled'"
    )


def _create_heartbeats() -> None:
    op.create_table(
        "heartbeats",
        Column("integration", Text, primary_key=True),
        Column("heard_at", BigInteger),
        Column("due_at", BigInteger, nullable=False),
        Column("every", BigInteger, nullable=False),
        Column("grace", BigInteger, nullable=False),
        Column("silent", SmallInteger, nullable=False),
        Column("granted", SmallInteger, nullable=False),
    )
    awaited = text("silent = 0")
    op.create_index(
        "heartbeats_due_at", "heartbeats", ["due_at"],
        sqlite_where=awaited, postgresql_where=awaited,
    )  # fmt: skip


def _create_carried_over() -> None:
    op.create_table(
        "carried_over",
        Column("mark", Text, primary_key=True),
        Column("incident", Text, primary_key=True),
        Column("entries", BigInteger, nullable=False),
    )
