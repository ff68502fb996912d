"""The tables of metrics: all that is in them follows from the record, and can be made anew."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, text

from tocsin.store.schema import incidents, metadata

# Incidents whose entries are more than were counted. No other index is by `opened_at`, so that
# neither database asks another one: of 1,000,000 incidents mostly none is in it.
_uncounted = text("counted_entries <> entries AND id > 0")
Index(
    "incidents_uncounted",
    incidents.c.opened_at,
    sqlite_where=_uncounted,
    postgresql_where=_uncounted,
)

# What each incident adds; days are dates as text, on the clocks of the incident's plan. Of one that
# is left out `group_key` is NULL. `opened_before` is that of the one before it in its group.
metric_shares = Table(
    "metric_shares",
    metadata,
    Column("incident_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Text, nullable=False),
    Column("group_key", LargeBinary),
    Column("opened_at", BigInteger, nullable=False),
    Column("opened_before", BigInteger),
    Column("text", Text, nullable=False),
)
_kept = metric_shares.c
Index("metric_shares_day", _kept.day, _kept.group_key, _kept.incident_id)
_has_group = text("group_key IS NOT NULL")
Index(
    "metric_shares_group",
    _kept.group_key,
    _kept.opened_at,
    _kept.incident_id,
    _kept.day,
    sqlite_where=_has_group,
    postgresql_where=_has_group,
)

# How often each group of alerts came in a month, and its newest incident in it.
metric_groups = Table(
    "metric_groups",
    metadata,
    Column("month", Text, primary_key=True),
    Column("group_key", LargeBinary, primary_key=True),
    Column("times", BigInteger, nullable=False),
    Column("newest", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Days whose shares have changed since they were added up.
metric_days = Table("metric_days", metadata, Column("day", Text, primary_key=True))

# Shares added up: `span` is day or month, and says whether the rows are those of each component.
metric_tallies = Table(
    "metric_tallies",
    metadata,
    Column("span", Text, primary_key=True),
    Column("starts", Text, primary_key=True),
    Column("component", Text, primary_key=True),
    Column("severity", Text, primary_key=True),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)

# What only one node at a time does, who does it, and until when if nothing more is heard of it.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
