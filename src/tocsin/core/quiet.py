"""Which planned maintenance keeps an alert quiet, and why: a plan's word, not a silence.

Where it is not certain, an alert calls: one that names no component, one that names a component
beside those that are worked on, and any at all where the plan says nothing of maintenance.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from tocsin.core.plan.catalogue.standing import UP
from tocsin.core.plan.model import AlertRule, Plan
from tocsin.core.statuspage.model import Window

IN_MAINTENANCE = "in maintenance "
"""How the disposition of an alert that was kept quiet begins; the window's number follows."""


def wants_quiet(plan: Plan) -> bool:
    """Whether the plan has maintenance keep alerts quiet (`maintenance.suppresses_alerts`)."""
    page = plan.communication.status_page
    return page is not None and page.maintenance is not None and page.maintenance.suppresses_alerts


def components_named(plan: Plan, rule: AlertRule) -> tuple[str, ...]:
    """Return the components that an alert names by its rule, in the order of the plan.

    Those are the ones of whose state it says that they are not up, and the one that its
    threshold watches.
    """
    return tuple(
        one.id
        for one in plan.catalogue.components.values()
        if one.id == rule.component or rule.facts.get(one.fact, "up") not in UP
    )


def quieted_by(
    plan: Plan, components: Iterable[str], windows: Iterable[Window], at: datetime
) -> Window | None:
    """Return the window that keeps an alert of these components quiet at an instant, None if none.

    It runs then and is about all of them; of several it is the one that lasts longest.
    """
    named = set(components)
    if not named or not wants_quiet(plan):
        return None
    able = [
        one for one in windows if one.state_at(at) == "in_progress" and named <= set(one.components)
    ]
    return max(able, key=lambda one: (one.ends_at, -one.id), default=None)


def disposition_of(window: Window) -> str:
    """Return the disposition of an alert that the window keeps quiet: `in maintenance 3`."""
    return f"{IN_MAINTENANCE}{window.id}"


def maintenance_in(disposition: str) -> int | None:
    """Return the number of the window that a disposition names, None if it names none."""
    number = disposition.removeprefix(IN_MAINTENANCE)
    return int(number) if number != disposition and number.isdecimal() else None


def was_quiet(window: Window, until: datetime) -> str:
    """Say on a timeline why an alert comes only now (invariant B3)."""
    by = f", planned by {window.made_by}," if window.made_by else ""
    end = until.astimezone(UTC)
    return f"was kept quiet by maintenance {window.id}{by} until {end:%Y-%m-%d %H:%M} UTC"
