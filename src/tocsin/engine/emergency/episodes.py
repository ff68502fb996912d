"""What two stores say of one alert: a journal, and the main store of its latest episode."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from tocsin.core.alerts import Signal
from tocsin.engine.ports import Alert, Transaction
from tocsin.engine.sorting import BACK_AFTER

_said = msgspec.json.Decoder(dict[str, Any])


def one_episode(here: Alert, mine: Alert) -> Alert:
    """Put together what two stores say of one episode: an end counts, whenever it was heard.

    What it was to its incident is said by whoever knows it as an alert of that incident.
    """
    said = max(here, mine, key=lambda one: (not one.firing, one.updated_at))
    of = here if here.incident_id == mine.incident_id else mine
    return replace(
        said,
        id=here.id,
        incident_id=mine.incident_id,
        starts_at=here.starts_at,
        disposition=of.disposition,
    )


def over_already(tx: Transaction, alerts: Sequence[Alert]) -> list[Alert]:
    """Return those of an incident's alerts of which the main store knows the end alone.

    Whoever heard it had heard of no start, and so of no incident (invariant A2).
    """
    known = dict(tx.known_alerts({alert.fingerprint for alert in alerts}))
    found = {
        here.id: here
        for alert in alerts
        if (here := known.get(alert.fingerprint)) is not None
        and here.disposition == "over-before-seen"
        and here.incident_id is None
        and not begins_anew(alert, here)
    }
    return list(found.values())


def begins_anew(alert: Alert, here: Alert) -> bool:
    """Whether an alert began after the end of the main store's last episode.

    An end after the start of a firing alert is its end: whoever heard it may not have heard of that
    start, and so has kept it as the end of an earlier episode.
    """
    if here.firing or _is_an_end_alone(alert):
        return False
    is_back = alert.firing and alert.received_at - here.updated_at >= BACK_AFTER
    ended_at = here.ends_at or here.updated_at
    return is_back or (alert.starts_at > here.starts_at and alert.starts_at >= ended_at)


def _is_an_end_alone(alert: Alert) -> bool:
    """Whether of an episode no more was heard than that it is over, not even since when it was.

    It is the end of whatever another node has heard of: its sender has said it to both (A2).
    """
    return alert.disposition == "over-before-seen" and alert.starts_at == alert.received_at


def start_of(alert: Alert, here: Alert | None) -> datetime:
    """Return when an episode began, which is after the one before it."""
    if here is None:
        return alert.starts_at
    return max(alert.starts_at, here.starts_at + timedelta(microseconds=1))


def is_news(alert: Alert, here: Alert | None) -> bool:
    """Whether an alert of a journal says something that the main store does not know (A9, E2).

    The source's times decide, as in the intake. When it was heard does not: what comes from
    another journal is written in the main store long after that.
    """
    if here is None or not here.firing:
        return here is None or begins_anew(alert, here)
    if alert.firing:
        return alert.starts_at > here.starts_at or alert.updated_at > here.updated_at
    ends_at = alert.ends_at or alert.updated_at
    return alert.starts_at >= here.starts_at or ends_at > here.starts_at


def signals_of(alert: Alert) -> list[Signal]:
    said = _said.decode(alert.text)
    fires = Signal(
        integration=alert.integration,
        fingerprint=alert.fingerprint,
        firing=True,
        labels=said.get("labels", {}),
        annotations=said.get("annotations", {}),
        starts_at=alert.starts_at,
        ends_at=alert.ends_at if alert.firing else None,
        link=said.get("link", ""),
    )
    if alert.firing:
        return [fires]
    over = replace(fires, firing=False, ends_at=alert.ends_at)
    if alert.disposition == "over-before-seen":
        return [over]
    # The journal knows that this end is true: said twice, it is taken for no promise, see sorting.
    return [fires, over, over]
