"""The tables, the same for SQLite and PostgreSQL.

Instants are BIGINT microseconds since the epoch, hashes are bytes, JSON is text exactly as it was
encoded. What is indexed beyond its primary key is indexed for a question that `reading.py` or
`writing.py` asks; every index costs each commit something, so a new one needs a reason.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

REVISION = "0006"
"""The newest migration; what `alembic_version` holds when the schema below is in place."""

metadata = MetaData()

_id = BigInteger().with_variant(Integer(), "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# group_key is a hash of the group (see rows.group_key), NULL for an incident that has none: a
# group consists of labels, which may be longer than an index takes and hold any character.
incidents = Table(
    "incidents",
    metadata,
    Column("id", _id, primary_key=True, autoincrement=False),
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
    Column("counted_entries", BigInteger, nullable=False, server_default=text("0")),
)
Index("incidents_code", incidents.c.code, unique=True)
Index("incidents_state", incidents.c.state, incidents.c.id)
_look_again = text("look_again_at IS NOT NULL")
Index(
    "incidents_look_again_at",
    incidents.c.look_again_at,
    sqlite_where=_look_again,
    postgresql_where=_look_again,
)
# What must never be there is found without looking at what is (invariant C1).
_unarmed = text("state = 'open' AND look_again_at IS NULL")
Index(
    "incidents_unarmed",
    incidents.c.look_again_at,
    incidents.c.id,
    sqlite_where=_unarmed,
    postgresql_where=_unarmed,
)
_has_group = text("group_key IS NOT NULL")
Index(
    "incidents_group",
    incidents.c.group_key,
    incidents.c.id,
    sqlite_where=_has_group,
    postgresql_where=_has_group,
)
# At most one unresolved incident of a group, whoever tries (invariant A4). NULLs differ.
_unresolved = text("state IN ('open', 'acknowledged')")
Index(
    "incidents_unresolved_group",
    incidents.c.group_key,
    unique=True,
    sqlite_where=_unresolved,
    postgresql_where=_unresolved,
)

timeline = Table(
    "timeline",
    metadata,
    Column("incident_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
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
Index("alerts_episode", alerts.c.fingerprint, alerts.c.starts_at, unique=True)
Index("alerts_incident", alerts.c.incident_id, alerts.c.id)
_firing = text("firing = 1")
Index("alerts_firing", alerts.c.id, sqlite_where=_firing, postgresql_where=_firing)

unreadable = Table(
    "unreadable",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
    Column("integration", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("incident_id", BigInteger),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
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
Index("deliveries_message", deliveries.c.message_id, unique=True)
Index("deliveries_incident", deliveries.c.incident_id, deliveries.c.id)
Index("deliveries_person", deliveries.c.person, deliveries.c.id)
_due = text("state = 'due'")
Index(
    "deliveries_claim",
    deliveries.c.channel,
    deliveries.c.priority,
    deliveries.c.due_at,
    deliveries.c.id,
    sqlite_where=_due,
    postgresql_where=_due,
)
Index(
    "deliveries_beside",
    deliveries.c.person,
    deliveries.c.channel,
    deliveries.c.kind,
    deliveries.c.attempts,
    deliveries.c.due_at,
    deliveries.c.id,
    sqlite_where=_due,
    postgresql_where=_due,
)
Index(
    "deliveries_due_at",
    deliveries.c.due_at,
    sqlite_where=_due,
    postgresql_where=_due,
)

# Every version of a plan or organisation that was ever in force, and when each was activated.
documents = Table(
    "documents",
    metadata,
    Column("what", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("text", Text, nullable=False),
)

activations = Table(
    "activations",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
    Column("what", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("activated_at", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("activated_by", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("why", Text, nullable=False),
    ForeignKeyConstraint(["what", "version"], ["documents.what", "documents.version"]),
)
Index("activations_what", activations.c.what, activations.c.id)

# What was last seen of the files that nodes watch: a file counts again when its text has changed.
files_seen = Table(
    "files_seen",
    metadata,
    Column("what", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("refused", Text, nullable=False),
    Column("refused_after", BigInteger, nullable=False),
)

# `how` is the way in which somebody signed in, `agent` and `address` what their browser said then.
sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("how", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("address", Text, nullable=False),
)
Index("sessions_expires_at", sessions.c.expires_at)
Index("sessions_person", sessions.c.person)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("sign_ins_expires_at", sign_ins.c.expires_at)

# What may be used once and has been: kept until it would be too old anyway.
spent = Table(
    "spent",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
)

# What people can show to prove who they are; `data` is JSON and holds hashes and public keys only.
credentials = Table(
    "credentials",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)
Index("credentials_person", credentials.c.person, credentials.c.id)

api_keys = Table(
    "api_keys",
    metadata,
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

# Who did what outside of incidents, whose timelines say it themselves; never changed.
audit = Table(
    "audit",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("address", Text, nullable=False),
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
    Column("incident_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
)
Index("attachments_incident", attachments.c.incident_id, attachments.c.id)

deployments = Table(
    "deployments",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
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
Index("deployments_key", deployments.c.integration, deployments.c.key, unique=True)
Index("deployments_at", deployments.c.at)

# Exceptions from a rotation that people make while it runs, beside those of the organisation file.
overrides = Table(
    "overrides",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
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
Index("overrides_ends_at", overrides.c.ends_at)

# What the status page says of an incident, in the order in which it was said. `ways` are those in
# which subscribers hear of it, and `told_at` is when all their messages were ordered.
publications = Table(
    "publications",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
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
Index("publications_number", publications.c.incident_id, publications.c.number, unique=True)
Index("publications_at", publications.c.at)

# How a component was from `at` on as `why` says, which names an incident; the worst of all counts.
component_states = Table(
    "component_states",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
    Column("component", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
)
Index("component_states_component", component_states.c.component, component_states.c.at)

# Planned work; `told` lists what subscribers have heard of it.
maintenances = Table(
    "maintenances",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
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
Index("maintenances_ends_at", maintenances.c.ends_at)

# Planned work that is not over: when it is looked at next, since it may keep alerts quiet. Without
# its row it never does again, whatever any clock says (invariant B2).
maintenance_looks = Table(
    "maintenance_looks",
    metadata,
    Column("maintenance_id", BigInteger, primary_key=True, autoincrement=False),
    Column("look_again_at", BigInteger, nullable=False),
)
Index("maintenance_looks_at", maintenance_looks.c.look_again_at)

# From when until when planned work kept an alert quiet; `until` NULL: it still does.
quiet_alerts = Table(
    "quiet_alerts",
    metadata,
    Column("id", _id, Identity(), primary_key=True),
    Column("alert_id", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("maintenance_id", BigInteger, nullable=False),
    Column("until", BigInteger),
)
Index("quiet_alerts_maintenance", quiet_alerts.c.maintenance_id, quiet_alerts.c.alert_id)
Index("quiet_alerts_alert", quiet_alerts.c.alert_id, quiet_alerts.c.id)
_still = text("until IS NULL")
Index(
    "quiet_alerts_still",
    quiet_alerts.c.alert_id,
    unique=True,
    sqlite_where=_still,
    postgresql_where=_still,
)

# How much of what a node wrote in an emergency is on the record by now: `mark` is the emergency's,
# `entries` how many of that timeline's. So nothing is brought back twice (invariant H4).
carried_over = Table(
    "carried_over",
    metadata,
    Column("mark", Text, primary_key=True),
    Column("incident", Text, primary_key=True),
    Column("entries", BigInteger, nullable=False),
)

# Readers of the status page who want to hear of changes; `components` empty: of all.
subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("how", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("components", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger),
    Column("ended_at", BigInteger),
)

# What integrations have promised to be heard of: `every` and `grace` are microseconds.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("heard_at", BigInteger),
    Column("due_at", BigInteger, nullable=False),
    Column("every", BigInteger, nullable=False),
    Column("grace", BigInteger, nullable=False),
    Column("silent", SmallInteger, nullable=False),
    Column("granted", SmallInteger, nullable=False),
)
_awaited = text("silent = 0")
Index(
    "heartbeats_due_at",
    heartbeats.c.due_at,
    sqlite_where=_awaited,
    postgresql_where=_awaited,
)

alembic_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, described here so that start-up can read it without Alembic."""
