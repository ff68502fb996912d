"""Everything of the outside world that the engine may touch, on one page."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

import msgspec

from tocsin.core.alerts import Signal, Unreadable
from tocsin.core.delivery import Contact, Kind, Message, Outcome, Shown
from tocsin.core.incident.events import Event
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Until
from tocsin.core.record import Entry
from tocsin.engine.accounts import AccountsReading, AccountsWriting
from tocsin.engine.assertions import AssertionsReading
from tocsin.engine.attachments import AttachmentsReading, AttachmentsWriting
from tocsin.engine.audit import AuditReading, AuditWriting
from tocsin.engine.deployments import DeploymentsReading, DeploymentsWriting
from tocsin.engine.heartbeats import HeartbeatsReading, HeartbeatsWriting
from tocsin.engine.journal import JournalReading, JournalWriting
from tocsin.engine.metrics import MetricsReading, MetricsWriting
from tocsin.engine.overrides import OverridesReading, OverridesWriting
from tocsin.engine.probe_records import ProbeWriting
from tocsin.engine.pulse import PulseReading
from tocsin.engine.put_off import PutOffReading, PutOffWriting
from tocsin.engine.quiet import QuietReading, QuietWriting, Spell
from tocsin.engine.status_records import StatusReading, StatusWriting
from tocsin.engine.timelines import TimelinesReading
from tocsin.engine.tried import TriedReading

DeliveryState = Literal["due", "sent", "failed", "cancelled"]
Disposition = str
"""What became of an alert: `opened`, `joined`, `over-before-seen`, `in maintenance 3`."""
What = Literal["plan", "organisation"]


class Channel(Protocol):
    """One way to reach people. A folder in `channels/` implements it."""

    @property
    def name(self) -> str:
        """As in an organisation file's contacts: `email`, `slack`, `webhook`, `inbox`."""

    @property
    def domain(self) -> str:
        """The failure domain, see `core.delivery.Contact`."""

    @property
    def bundles(self) -> bool:
        """Whether one message may name several incidents here, see `core.bundles`."""

    def problem_with(self, address: str) -> str | None:
        """Why `address` can't work in this channel, in a sentence, or None if it can."""

    def send(self, address: str, message: Message) -> Outcome:
        """Send; returns within SEND_TIMEOUT_SECONDS and never raises for a provider's failure."""

    def preview(self, message: Message) -> Sequence[Shown]:
        """Return what `send` would send, in parts that people can look at; sends nothing."""


class Source(Protocol):
    """One kind of machine that sends signals. A folder in `sources/` implements it."""

    @property
    def name(self) -> str:
        """As in an organisation file's integrations: `alertmanager`."""

    def parse(
        self, integration: str, payload: bytes, now: datetime
    ) -> Iterable[Signal | Unreadable]:
        """Understand a request body; total: every byte string gives signals or an Unreadable."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One episode of an alert as it is kept: from its start until its source says it is over.

    `id` is 0 for one that is not stored yet. `text` is the JSON of labels, annotations and link.
    """

    id: int = 0
    integration: str
    fingerprint: bytes
    starts_at: datetime
    ends_at: datetime | None
    firing: bool
    incident_id: int | None
    disposition: Disposition
    text: str
    received_at: datetime
    updated_at: datetime


class AlertView(Protocol):
    """Shows alerts in the words of another system's API, so that its tools can ask us."""

    def alerts(self, parameters: Iterable[tuple[str, str]], alerts: Iterable[Alert]) -> bytes:
        """Return the JSON of the alerts that a query wants; raises ValueError for a bad query."""

    def status(self, version: str, started_at: datetime) -> bytes:
        """Return the JSON that describes this server."""


class Kept(msgspec.Struct, frozen=True):
    """An incident with the end of its timeline: how many entries there are, and the last hash."""

    incident: Incident
    entries: int
    head: bytes
    look_again_at: datetime | None


class Change(msgspec.Struct, frozen=True):
    """What happened to one incident in one transaction.

    `kept` is how it was found (None for a new one), `events` what happened, `incident` what it is
    now, `look_again_at` when the plan has something to say next.
    """

    kept: Kept | None
    events: tuple[Event, ...]
    incident: Incident
    look_again_at: datetime | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one person through one contact, with what became of it.

    `page` numbers the timeline entry that ordered it. `due_at` is when it may be claimed; a
    claim moves it to the end of its lease, so that a claim whose node has died is simply due
    again (invariant D4). `attempts` counts claims; `claim` is the token of the latest one. It is
    not sent any more once the incident is as `until` says.
    """

    id: int = 0
    incident_id: int
    incident: str
    page: int
    kind: Kind
    to: str
    person: str
    contact: Contact
    message: Message
    state: DeliveryState = "due"
    due_at: datetime
    created_at: datetime
    until: Until = "acknowledged"
    attempts: int = 0
    claim: str = ""
    detail: str = ""
    sent_at: datetime | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the incident list."""

    incident: Incident
    look_again_at: datetime | None
    entries: int


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a version of a plan or organisation was put in force.

    `id` is 0 for one that is not stored yet, and rises in the order in which they were made. `by`
    is a person's id, `operator`, or `tocsin` for a changed file; `via` is `file`, or how the API
    was called. What was kept before these were recorded has "" in title, `by`, `via` and `why`.
    """

    id: int = 0
    what: What
    version: str
    file: str
    title: str = ""
    at: datetime
    by: str = ""
    via: str = ""
    why: str = ""


class FileSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The version of a file that a node has last taken account of; `source` is machine and path.

    `refused` is a later version that had errors, "" if there is none; `refused_after` is the id of
    the activation that was the newest of its kind then. `version` is "" if all were refused.
    """

    what: What
    source: str
    version: str
    at: datetime
    refused: str = ""
    refused_after: int = 0


class NextDue(NamedTuple):
    """When there is something to do next; None where nothing waits."""

    incident: datetime | None
    delivery: datetime | None
    window: datetime | None = None
    heartbeat: datetime | None = None

    @property
    def soonest(self) -> datetime | None:
        """The earliest of them."""
        return min((at for at in self if at is not None), default=None)


class Reading(
    AccountsReading,
    AuditReading,
    AttachmentsReading,
    DeploymentsReading,
    TimelinesReading,
    StatusReading,
    OverridesReading,
    PulseReading,
    HeartbeatsReading,
    AssertionsReading,
    QuietReading,
    JournalReading,
    PutOffReading,
    MetricsReading,
    Protocol,
):
    """What can be asked of the store; one consistent view while the context lasts."""

    def incident(self, code: str) -> Kept | None:
        """Return the incident with that code."""

    def incidents(self, states: Collection[str], before: int | None, limit: int) -> list[Summary]:
        """Return incidents in those states (all if empty), newest first, with id < `before`.

        Here as in all lists and figures, probes are left out.
        """

    def timeline(self, incident_id: int, after: int = 0, limit: int = 10_000) -> list[Entry]:
        """Return the entries of a timeline with number > `after`, in order."""

    def alerts(
        self, incident_id: int | None, firing: bool | None, limit: int, after: int = 0
    ) -> list[Alert]:
        """Return alerts with id > `after` by id: of one incident or of all, by state if wanted."""

    def quieted(self, window: int, limit: int, after: int = 0) -> list[tuple[Alert, Spell]]:
        """Return alerts with id > `after` that maintenance has kept quiet, by id, and how long."""

    def deliveries(self, incident_id: int) -> list[Delivery]:
        """Return an incident's deliveries in the order of their ids."""

    def inbox(self, person: str, limit: int) -> list[Delivery]:
        """Return a person's newest messages, over all channels, newest first."""

    def delivery(self, message_id: str) -> Delivery | None:
        """Return the delivery whose message has that id."""

    def unreadable(self, limit: int) -> list[tuple[int, datetime, Unreadable]]:
        """Return what could not be understood, newest first."""

    def counts(self) -> Mapping[str, int]:
        """Return figures for /metrics: incidents_open, incidents_acknowledged, deliveries_due,
        alerts_firing, alerts, unreadable, unarmed (open incidents without a next look, must be 0),
        alerts_quiet (firing, and kept quiet by maintenance), alerts_forgotten (quiet, although no
        maintenance is looked at that could make them loud again, must be 0).
        """

    def strays(self) -> list[tuple[int, str]]:
        """Return (incident id, what is wrong): numbers given out whose incident is not there, and
        timelines without an incident.
        """

    def next_due(self) -> NextDue:
        """Return when the next incident, delivery, planned maintenance and heartbeat are due."""

    def document(self, what: What, version: str) -> tuple[str, str] | None:
        """Return (file name, text) of a kept version."""

    def active(self, what: What) -> tuple[str, str] | None:
        """Return (file name, text) of the version activated last."""

    def activations(self, what: What, before: int | None, limit: int) -> list[Activation]:
        """Return when which version was put in force, newest first, with id < `before`."""

    def files_seen(self, what: What) -> list[FileSeen]:
        """Return what the nodes have last seen of their files, by source."""

    def running(self) -> Mapping[str, int]:
        """Return how many unresolved incidents run by each plan version that has any."""

    def unresolved(self, at_most: int) -> int:
        """Return how many incidents are not resolved, counting no further than `at_most`."""

    def secret(self) -> bytes:
        """Return the installation's secret, from which keys are derived (32 bytes)."""


class Transaction(
    Reading,
    TriedReading,
    AccountsWriting,
    AuditWriting,
    AttachmentsWriting,
    DeploymentsWriting,
    StatusWriting,
    OverridesWriting,
    HeartbeatsWriting,
    ProbeWriting,
    QuietWriting,
    JournalWriting,
    PutOffWriting,
    MetricsWriting,
    Protocol,
):
    """A reading that also writes; all of it is on disk when the context has ended, or none is."""

    def known_alerts(self, fingerprints: Collection[bytes]) -> dict[bytes, Alert]:
        """Return the latest episode of each of these alerts."""

    def keep_alerts(self, new: Sequence[Alert], changed: Sequence[Alert]) -> None:
        """Insert `new` ones, and update state, end, text and incident of `changed` ones by id."""

    def alerts_to_move(self, incident_id: int, ids: Collection[int] | None) -> list[Alert]:
        """Return the alerts of an incident, of `ids` or all, by id, locked for this change."""

    def move_alerts(self, source: int, target: int, ids: Collection[int] | None) -> None:
        """Let alerts of one incident, of `ids` or all, belong to another one."""

    def keep_quiet(self, alerts: Sequence[Alert], window: int, since: datetime) -> None:
        """Note that alerts are kept quiet from now on; one that is already stays as it is."""

    def still_quiet(self, window: int, limit: int, after: int) -> list[Alert]:
        """Return alerts with id > `after` that are kept quiet now, by id, locked."""

    def keep_unreadable(self, items: Sequence[tuple[Unreadable, datetime, int | None]]) -> None:
        """Keep what could not be understood, with the incident it opened or joined."""

    def latest_of_groups(self, groups: Collection[str]) -> dict[str, Kept]:
        """Return the incident of each group that is not resolved, else its newest; locked."""

    def locked(self, code: str) -> Kept | None:
        """Return the incident with that code, locked for this change."""

    def locked_by_id(self, incident_ids: Collection[int]) -> dict[int, Kept]:
        """Return incidents by id, locked for this change, in the order of their ids."""

    def due_incidents(self, now: datetime, limit: int) -> list[Kept]:
        """Return incidents whose next look is due, soonest first, locked; skips locked ones."""

    def keep(self, changes: Sequence[Change]) -> None:
        """Write incidents, append their events to their timelines, and set their next look."""

    def numbers(self, counter: str, count: int) -> range:
        """Give out the next `count` numbers of a counter, without gaps, from 1."""

    def keep_deliveries(self, new: Sequence[Delivery]) -> None:
        """Insert deliveries; one whose message id exists already is left as it is."""

    def cancel_deliveries(
        self, incident_ids: Collection[int], until: Collection[Until], why: str
    ) -> int:
        """Cancel pages and alarms that are still due and wanted `until` then; return how many."""

    def claim_deliveries(
        self, channel: str, limit: int, claim: str, now: datetime, until: datetime
    ) -> list[Delivery]:
        """Take up to `limit` due deliveries of one channel, skipping locked ones.

        Pages come first, then alarms, then the rest, each oldest first. Sets their claim, counts
        an attempt, and makes them due again at `until`.
        """

    def claim_beside(self, claimed: Delivery, limit: int, now: datetime) -> list[Delivery]:
        """Take up to `limit` others of the same kind that are due for the same person by the same
        contact and were tried as many times, with the claim and to the end of the lease of
        `claimed`; skips locked ones.

        Oldest first. Leaves out probes, and exercises where `claimed` is none, or the other way
        round.
        """

    def renew_claims(self, claimed: Sequence[Delivery], until: datetime) -> None:
        """Put off the end of the leases of deliveries that are still claimed as they say.

        Skips locked ones: it waits for nobody.
        """

    def finish_delivery(self, delivery: Delivery) -> bool:
        """Store state, due_at, detail and sent_at of a claimed delivery.

        Returns False, and changes nothing, if another claim or a cancellation came between.
        """

    def lock_rules(self) -> None:
        """Let nobody else change what is in force before this transaction ends."""

    def activate(self, activation: Activation, text: str) -> None:
        """Keep a version for ever and make it the one in force."""

    def keep_file_seen(self, seen: FileSeen) -> None:
        """Remember what was last seen of a file."""


class Store(Protocol):
    """Where the record is kept."""

    def read(self) -> AbstractContextManager[Reading]:
        """Open a view for reading."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Open a transaction: commits at the end, rolls back if an exception leaves it.

        Raises StoreUnavailable if the disk is full or the database can't be reached.
        """

    def is_ready(self) -> str:
        """Return "" if the store answers and its schema is current, else why not."""

    def tidy(self) -> None:
        """Do housekeeping that would hold up a commit later; to be called every half second."""


class Conflict(Exception):
    """Another node changed the same thing at the same time; nothing was kept: do it again."""


class StoreUnavailable(Exception):
    """The store can't take or give anything just now; the caller answers 503 and tries again."""


Now = Callable[[], datetime]
