"""What is due for one person at the same time is found together; metrics are added up."""

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, Text, text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let bundles find what goes into them; whatever waits may be in one. Nothing is counted."""
    _let_deliveries_be_bundled()
    _let_incidents_be_counted()
    _create_metrics()


def _let_deliveries_be_bundled() -> None:
    due = text("state = 'due'")
    op.create_index(
        "deliveries_beside", "deliveries",
        ["person", "channel", "kind", "attempts", "due_at", "id"],
        sqlite_where=due, postgresql_where=due,
    )  # fmt: skip


def _let_incidents_be_counted() -> None:
    op.add_column(
        "incidents",
        Column("counted_entries", BigInteger, nullable=False, server_default=text("0")),
    )
    uncounted = text("counted_entries <> entries AND id > 0")
    op.create_index(
        "incidents_uncounted", "incidents", ["opened_at"],
        sqlite_where=uncounted, postgresql_where=uncounted,
    )  # fmt: skip


def _create_metrics() -> None:
    op.create_table(
        "metric_shares",
        Column("incident_id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", Text, nullable=False),
        Column("group_key", LargeBinary),
        Column("opened_at", BigInteger, nullable=False),
        Column("opened_before", BigInteger),
        Column("text", Text, nullable=False),
    )
    op.create_index("metric_shares_day", "metric_shares", ["day", "group_key", "incident_id"])
    has_group = text("group_key IS NOT NULL")
    op.create_index(
        "metric_shares_group", "metric_shares", ["group_key", "opened_at", "incident_id", "day"],
        sqlite_where=has_group, postgresql_where=has_group,
    )  # fmt: skip
    op.create_table(
        "metric_groups",
        Column("month", Text, primary_key=True),
        Column("group_key", LargeBinary, primary_key=True),
        Column("times", BigInteger, nullable=False),
        Column("newest", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("metric_days", Column("day", Text, primary_key=True))
    op.create_table(
        "metric_tallies",
        Column("span", Text, primary_key=True),
        Column("starts", Text, primary_key=True),
        Column("component", Text, primary_key=True),
        Column("severity", Text, primary_key=True),
        Column("text", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        Column("name", Text, primary_key=True),
        Column("holder", Text, nullable=False),
        Column("until", BigInteger, nullable=False),
    )
