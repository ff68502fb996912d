"""A batch of signals, sorted against what is already known. Touches no store."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from tocsin.core.alerts import Signal
from tocsin.core.incident.joining import is_news
from tocsin.core.quiet import disposition_of
from tocsin.core.routing import Route, Router
from tocsin.engine.maintenance import Quieter, nobody
from tocsin.engine.ports import Alert, Disposition, Kept

BACK_AFTER = timedelta(minutes=10)
"""A firing alert so long after its end was heard is back, whatever it says of its start: what is
out of order is not as old as that (invariant A9)."""

A_MOMENT = timedelta(milliseconds=1)
"""Starts that are closer than this are the same start: `_new` may have moved one a little."""

_encode = msgspec.json.Encoder().encode


class _Said(msgspec.Struct):
    """The JSON that is kept of an alert."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    link: str


_said = msgspec.json.Decoder(_Said).decode


class Episode:
    """An alert while a transaction is made: as it will be kept, and the group that collects it."""

    __slots__ = ("alert", "group", "is_new")

    def __init__(self, alert: Alert, group: "Group | None", *, is_new: bool) -> None:
        self.alert = alert
        self.group = group
        self.is_new = is_new


class Group:
    """What one batch brings to one group of alerts, and so to one incident.

    `quiet` says why some of them come only now.
    """

    __slots__ = ("episodes", "name", "names", "quiet", "routes", "source", "title")

    def __init__(self, name: str, title: str, source: str) -> None:
        self.name = name
        self.title = title
        self.source = source
        self.routes: dict[int, Route] = {}
        self.names: list[str] = []
        self.episodes: list[Episode] = []
        self.quiet: list[str] = []

    def collect(self, episode: Episode, name: str, route: Route) -> None:
        """Add an alert, with what it means."""
        episode.group = self
        self.routes[id(route)] = route
        self.names.append(name)
        self.episodes.append(episode)


class Batch:
    """The signals of one transaction, and what they change.

    `new` and `changed` alerts are to be written. `groups` have alerts that want an incident.
    `ended` counts, by incident id, alerts that are over. `heard` are known, firing alerts that
    came again, by the incident they belong to. `quiet` are those that planned maintenance keeps
    quiet, by the number of its window.
    """

    def __init__(
        self,
        router: Router,
        known: Mapping[bytes, Alert],
        now: datetime,
        quieter: Quieter = nobody,
    ) -> None:
        self._router = router
        self._now = now
        self._quieter = quieter
        self._episodes = {fp: Episode(alert, None, is_new=False) for fp, alert in known.items()}
        self.new: list[Episode] = []
        self.changed: dict[int, Episode] = {}
        self.groups: dict[str, Group] = {}
        self.ended: dict[int, int] = {}
        self.heard: dict[int, dict[int, tuple[Episode, Signal]]] = {}
        self.quiet: dict[int, list[Episode]] = {}

    def add(self, signal: Signal) -> Episode:
        """Sort one signal in; stale news changes nothing (invariants A3, A9, E2)."""
        episode = self._episodes.get(signal.fingerprint)
        if episode is None:
            return self._begin(signal) if signal.firing else self._over_before_seen(signal)
        newer = signal.starts_at is None or signal.starts_at > episode.alert.starts_at
        if signal.firing:
            if episode.alert.firing:
                return self._heard_again(signal, episode)
            back = self._now - episode.alert.updated_at >= BACK_AFTER
            return self._begin(signal) if newer or back else episode
        if episode.alert.firing:
            return self._is_over(signal, episode)
        if _promises_more(signal, episode.alert):
            return self._begin(signal)
        said_newer = newer and signal.starts_at is not None
        return self._over_before_seen(signal) if said_newer else episode

    def not_over(self, found: Mapping[int, Kept]) -> None:
        """Give alerts that fire on although their incident was resolved to their group again."""
        for incident_id, heard in self.heard.items():
            kept = found.get(incident_id)
            if kept is None or not is_news(kept.incident, self._now):
                continue
            for episode, signal in heard.values():
                window = self._quieter(self._router.route(signal.labels))
                if window is not None:
                    self.quiet.setdefault(window.id, []).append(episode)
                    continue
                # It moves: whoever brings back what has changed must know (see emergency.carry).
                episode.alert = replace(episode.alert, updated_at=self._now)
                self._collect(episode, signal)
                self.changed[episode.alert.id] = episode

    def take_up(self, alert: Alert, why: str) -> None:
        """Give a known alert to its group as if it began now; `why` says why only now."""
        episode = Episode(alert, None, is_new=False)
        group = self._collect(episode, signal_of(alert))
        if why not in group.quiet:
            group.quiet.append(why)
        self.changed[alert.id] = episode

    def _heard_again(self, signal: Signal, episode: Episode) -> Episode:
        alert = episode.alert
        if alert.incident_id is not None:
            self.heard.setdefault(alert.incident_id, {})[alert.id] = (episode, signal)
        text = text_of(signal)
        if text != alert.text:
            self._change(episode, replace(alert, text=text, updated_at=self._now))
        return episode

    def _is_over(self, signal: Signal, episode: Episode) -> Episode:
        alert = episode.alert
        ends_at = signal.ends_at or self._now
        if ends_at < alert.starts_at and alert.ends_at is None:
            return episode
        if _promises_more(signal, alert):
            self._change(episode, replace(alert, ends_at=ends_at, updated_at=self._now))
            return self._heard_again(signal, episode)
        if alert.incident_id is not None:
            self.ended[alert.incident_id] = self.ended.get(alert.incident_id, 0) + 1
            self.heard.get(alert.incident_id, {}).pop(alert.id, None)
        over = replace(alert, firing=False, ends_at=ends_at, updated_at=self._now)
        self._change(episode, over)
        return episode

    def _begin(self, signal: Signal) -> Episode:
        window = self._quieter(self._router.route(signal.labels))
        if window is not None:
            episode = self._new(signal, disposition_of(window))
            self.quiet.setdefault(window.id, []).append(episode)
            return episode
        episode = self._new(signal, "joined")
        self._collect(episode, signal)
        return episode

    def _over_before_seen(self, signal: Signal) -> Episode:
        return self._new(signal, "over-before-seen")

    def _collect(self, episode: Episode, signal: Signal) -> Group:
        route = self._router.route(signal.labels)
        group = self.groups.get(route.group)
        if group is None:
            title = " ".join(signal.annotations.get("summary", "").split()) or route.title
            group = self.groups[route.group] = Group(route.group, title, signal.integration)
        group.collect(episode, signal.name, route)
        return group

    def _new(self, signal: Signal, disposition: Disposition) -> Episode:
        firing = disposition != "over-before-seen"
        alert = Alert(
            integration=signal.integration,
            fingerprint=signal.fingerprint,
            starts_at=signal.starts_at or self._now,
            ends_at=signal.ends_at if firing else signal.ends_at or self._now,
            firing=firing,
            incident_id=None,
            disposition=disposition,
            text=text_of(signal),
            received_at=self._now,
            updated_at=self._now,
        )
        before = self._episodes.get(signal.fingerprint)
        if before is not None and alert.starts_at <= before.alert.starts_at:
            # Ended and back within one reading of the clock: an episode of its own all the same.
            alert = replace(alert, starts_at=before.alert.starts_at + timedelta(microseconds=1))
        episode = self._episodes[signal.fingerprint] = Episode(alert, None, is_new=True)
        self.new.append(episode)
        return episode

    def _change(self, episode: Episode, alert: Alert) -> None:
        episode.alert = alert
        if not episode.is_new:
            self.changed[alert.id] = episode


def _promises_more(signal: Signal, alert: Alert) -> bool:
    """Whether an end that lies behind us is a promise that moves on, and so no end at all.

    Prometheus gives firing alerts an end some minutes ahead of its own clock, and a later one each
    time. If its clock is slow, these ends are in our past (prometheus#10342). A true end stays
    where it is.
    """
    seen_so_far = alert.firing or alert.disposition == "over-before-seen"
    if not seen_so_far or alert.ends_at is None or signal.ends_at is None:
        return False
    same_episode = signal.starts_at is None or abs(signal.starts_at - alert.starts_at) < A_MOMENT
    return same_episode and signal.ends_at > alert.ends_at


def text_of(signal: Signal) -> str:
    """Return the JSON that is kept of an alert: its labels, annotations and link."""
    said = {"labels": signal.labels, "annotations": signal.annotations, "link": signal.link}
    return _encode(said).decode()


def signal_of(alert: Alert) -> Signal:
    """Return what was last heard of an alert as the signal that said so."""
    said = _said(alert.text)
    return Signal(
        integration=alert.integration,
        fingerprint=alert.fingerprint,
        firing=alert.firing,
        labels=said.labels,
        annotations=said.annotations,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        link=said.link,
    )


def settle(groups: Iterable[Group], incident_ids: Mapping[str, int], opened: set[int]) -> None:
    """Write into each collected alert which incident it opened or joined."""
    for group in groups:
        incident_id = incident_ids[group.name]
        for episode in group.episodes:
            first = incident_id in opened
            opened.discard(incident_id)
            disposition: Disposition = "opened" if first else "joined"
            if not episode.is_new:
                disposition = episode.alert.disposition
            episode.alert = replace(episode.alert, incident_id=incident_id, disposition=disposition)
