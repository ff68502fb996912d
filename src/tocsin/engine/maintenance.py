"""Which planned maintenance keeps the alerts of a transaction quiet."""

from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.core.alerts import Signal
from tocsin.core.quiet import quieted_by, wants_quiet
from tocsin.core.routing import Route
from tocsin.core.statuspage.model import Window
from tocsin.engine.ports import Transaction
from tocsin.engine.world import World

Quieter = Callable[[Route], Window | None]
"""Says which window keeps an alert quiet, None if none does."""


def nobody(_route: Route) -> None:
    """Keep nothing quiet."""


def quieter_of(tx: Transaction, world: World, signals: Sequence[Signal], now: datetime) -> Quieter:
    """Return what says who keeps these alerts quiet at `now`.

    To be asked before alerts and incidents are locked. Windows that run can't end before the
    transaction does: otherwise an alert could fall silent just after the last look at them.
    """
    rules = world.rules
    plan = rules.plan
    concerned = wants_quiet(plan) and any(
        signal.firing and rules.router.route(signal.labels).components for signal in signals
    )
    windows = tx.acting_windows(now) if concerned else []
    if not windows:
        return nobody
    return lambda route: quieted_by(plan, route.components, windows, now)
