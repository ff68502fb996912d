"""How this node is, and who is heard, as the API says it."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from tocsin.core.people import Organisation
from tocsin.engine.checkup import Health
from tocsin.engine.heartbeats import SOURCE, Heartbeat
from tocsin.engine.pulse import Heard


class ProbeDocument(BaseModel):
    """The last page that this node has sent to itself."""

    at: datetime
    seconds: float
    came_through: bool
    failed: str = Field(description="Where it stopped, if it did.")


class ViolationDocument(BaseModel):
    """An assertion about the store that does not hold."""

    assertion: str
    invariant: str
    means: str
    count: int = Field(description="How many were found; no more than 5 are looked for.")
    found: list[str] = Field(description="Which they are; empty for all but administrators.")


class HealthDocument(BaseModel):
    """How the last check-up found this node; `reasons` are why it is not well."""

    at: datetime | None = Field(description="When the last check-up was; null before the first.")
    is_well: bool
    reasons: list[str]
    warnings: list[str]
    probe: ProbeDocument | None
    last_probe_through: datetime | None
    engine_lag_seconds: float
    violations: list[ViolationDocument]
    watchdog: str = Field(description="The host that expects the heartbeat; empty for nobody.")
    heartbeat_heard_at: datetime | None
    heartbeat_unheard: str = Field(description="Why the last heartbeat was not heard.")


class SourceDocument(BaseModel):
    """An integration, and when it was heard last, among the newest alerts."""

    id: str
    source: str
    heard_at: datetime | None
    silent: bool


def health_document(health: Health | None, *, in_detail: bool) -> HealthDocument | None:
    """Return a node's health as a document; what assertions found is named only `in_detail`.

    It may be a restricted incident, or a message to somebody.
    """
    if health is None:
        return None
    probe = health.probe
    return HealthDocument(
        at=health.at,
        is_well=health.is_well,
        reasons=list(health.reasons),
        warnings=list(health.warnings),
        probe=ProbeDocument(
            at=probe.at,
            seconds=round(probe.seconds, 3),
            came_through=not probe.failed,
            failed=probe.failed,
        )
        if probe is not None
        else None,
        last_probe_through=health.probed_at,
        engine_lag_seconds=round(health.lag, 3),
        violations=[
            ViolationDocument(
                assertion=one.assertion.name,
                invariant=one.assertion.invariant,
                means=one.assertion.means,
                count=len(one.found),
                found=list(one.found) if in_detail else [],
            )
            for one in health.violations
        ],
        watchdog=health.watchdog,
        heartbeat_heard_at=health.heard_at,
        heartbeat_unheard=health.unheard,
    )


def source_documents(
    organisation: Organisation, heard: Heard, heartbeats: Sequence[Heartbeat]
) -> list[SourceDocument]:
    """Return the integrations of an organisation with when each was heard last."""
    beats = {one.integration: one for one in heartbeats}
    found = []
    for one in organisation.integrations.values():
        beat = beats.get(one.id) if one.source == SOURCE else None
        found.append(
            SourceDocument(
                id=one.id,
                source=one.source,
                heard_at=beat.heard_at if beat is not None else heard.last.get(one.id),
                silent=beat is not None and beat.silent,
            )
        )
    return found
