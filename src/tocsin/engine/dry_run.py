"""What would become of alerts, without anything being written: the intake itself, rolled back."""

import msgspec

from tocsin.core.alerts import Signal, Unreadable
from tocsin.core.incident.events import Told
from tocsin.core.incident.state import Incident
from tocsin.core.routing import Route
from tocsin.engine.intake import Request, write
from tocsin.engine.world import World


class Becomes(msgspec.Struct, frozen=True, kw_only=True):
    """What one alert would become: where the plan sends it, and what comes of it.

    `disposition` is as the intake would answer, `incident` the incident's id (None for none).
    """

    signal: Signal
    route: Route
    disposition: str
    incident: int | None


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that it would open, or change, and whom it would call at once."""

    incident: Incident
    is_new: bool
    calls: tuple[Told, ...]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    alerts: tuple[Becomes, ...]
    unreadable: tuple[Unreadable, ...]
    incidents: tuple[Touched, ...]


class _Undone(Exception):
    """Leaves the transaction, so that nothing of it is kept; holds what it would have done."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def dry_run(world: World, request: Request) -> Outcome:
    """Say what would become of a request; nothing is kept and nobody is called.

    It takes the store's turn to write for a moment. Raises StoreUnavailable and Conflict.
    """
    try:
        with world.store.write() as tx:
            episodes, steps = write(tx, world, [request])
            signals = [one for one in request if isinstance(one, Signal)]
            alerts = tuple(
                Becomes(
                    signal=signal,
                    route=world.rules.router.route(signal.labels),
                    disposition=episode.alert.disposition,
                    incident=episode.alert.incident_id,
                )
                for signal, episode in zip(signals, episodes, strict=True)
            )
            touched = tuple(
                Touched(
                    incident=step.change.incident,
                    is_new=step.change.kept is None,
                    calls=tuple(one for one in step.change.events if isinstance(one, Told)),
                )
                for step in steps
            )
            unreadable = tuple(one for one in request if isinstance(one, Unreadable))
            raise _Undone(Outcome(alerts=alerts, unreadable=unreadable, incidents=touched))
    except _Undone as undone:
        return undone.outcome
