"""From heartbeats that are missing, or expected no more, to alerts: one transaction each."""

from tocsin.core.alerts import Signal
from tocsin.engine.intake import write
from tocsin.engine.listening import expect, fallen_silent
from tocsin.engine.ports import Transaction
from tocsin.engine.world import World


def notice_silence(world: World) -> int:
    """Make an alert of each heartbeat that is due; return how many there were.

    Raises StoreUnavailable or Conflict with nothing changed.
    """
    with world.store.write() as tx:
        alerts = fallen_silent(tx, world, world.now())
        calls = _take_in(tx, world, alerts)
    if calls:
        world.wake()
    return len(alerts)


def listen(world: World, *, starting: bool = False) -> None:
    """Expect the heartbeats that the organisation in force declares, and no others.

    To be called when one was put in force, and, `starting`, before a process notices silences.
    Raises StoreUnavailable or Conflict with nothing changed.
    """
    with world.store.write() as tx:
        _take_in(tx, world, expect(tx, world, starting=starting))


def _take_in(tx: Transaction, world: World, signals: list[Signal]) -> bool:
    """Take in signals as if they had come from outside; return whether anybody is called."""
    if not signals:
        return False
    _, steps = write(tx, world, [signals])
    return any(step.calls for step in steps)
