"""Probing: the run of one probe, from an alert at the door to the answer to its page."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
import structlog

from tocsin.core.delivery import Message, Outcome, Sent, Shown
from tocsin.engine.keys import integration_key
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.probe import PROBE, channel_of, labels_of
from tocsin.engine.world import World

WITHIN = 20.0
"""Seconds in which a probe must be over. Usually it takes two: its page is due after one."""

LOOKS_EVERY = 0.1
"""Seconds between two looks whether the page has come."""

KEPT_FOR = timedelta(days=1)
ABANDONED_AFTER = timedelta(minutes=2)
"""Nobody ends a probe that is as old as that: its node has died, or it has failed."""

REMOVED_AT_ONCE = 100
REMEMBERED = 16
"""Pages that have come and that nobody has taken: those of probes that were given up."""

log = structlog.get_logger()


class ProbeFailed(Exception):
    """A probe has not come through; the text says where it stopped, in a sentence."""


class Door(Protocol):
    """The way in from outside, as other programs and people take it: by HTTP."""

    def alert(self, key: str, body: bytes) -> None:
        """Post an Alertmanager webhook; raises ProbeFailed unless it is taken."""

    def answer(self, path: str) -> None:
        """Open an answering link and press its button; raises ProbeFailed unless that is taken."""


class Loopback:
    """A channel that leads back to this process: it keeps what it is given until it is asked."""

    domain = "local"
    bundles = False

    def __init__(self, node: str) -> None:
        self.name = channel_of(node)
        self._came: deque[Message] = deque(maxlen=REMEMBERED)

    def problem_with(self, address: str) -> str | None:
        """Accept the one address there is."""
        return None

    def send(self, address: str, message: Message) -> Outcome:
        """Keep a message; nothing leaves the process."""
        self._came.append(message)
        return Sent()

    def preview(self, message: Message) -> tuple[Shown, ...]:
        """Return what the message says."""
        return (Shown("text", message.title),)

    def about(self, words: str) -> Message | None:
        """Return the page whose title holds these words, if it has come."""
        return next((one for one in list(self._came) if words in one.title), None)


@dataclass(frozen=True)
class Probed:
    """How one probe went: `failed` is "" if it came through, else where it stopped.

    `ended` and `seconds` are by a clock that nobody sets.
    """

    at: datetime
    ended: float
    seconds: float
    failed: str = ""


@dataclass(frozen=True)
class Means:
    """What a prober works with. `pause` waits for seconds, `elapsed` counts them."""

    door: Door
    loopback: Loopback
    pause: Callable[[float], None]
    elapsed: Callable[[], float]


class Prober:
    """Sends probes for one node."""

    def __init__(self, world: World, means: Means) -> None:
        self._world = world
        self._means = means
        self._key = integration_key(world.secret, PROBE, 1)

    def run(self) -> Probed:
        """Send one probe and follow it to its end. Never raises."""
        at, began = self._world.now(), self._means.elapsed()
        failed = ""
        try:
            self._tidy()
            self._probe(self._world.fresh(), began + WITHIN)
        except ProbeFailed as problem:
            failed = str(problem)
        except (StoreUnavailable, Conflict) as problem:
            failed = f"the store: {problem}"
        except Exception as problem:
            log.exception("probe.fault")
            failed = f"the probe itself failed: {type(problem).__name__}"
        ended = self._means.elapsed()
        if not failed and ended - began > WITHIN:
            failed = f"it took {ended - began:.0f} s, longer than {WITHIN:.0f} s"
        return Probed(at, ended, ended - began, failed)

    def _probe(self, run: str, deadline: float) -> None:
        door = self._means.door
        door.alert(self._key, self._webhook(run, firing=True))
        self._until(lambda: self._means.loopback.about(run) is not None, deadline, _NO_PAGE)
        page = self._means.loopback.about(run)
        if page is None:
            raise ProbeFailed(_NO_PAGE)
        # The door is this process's own: a proxy's base path is none of its paths.
        base = urlsplit(self._world.base_url).path.rstrip("/")
        door.answer(urlsplit(page.link).path.removeprefix(base))
        self._until(lambda: self._is_answered(page), deadline, _NO_ANSWER)
        self._until(lambda: self._is_settled(page), deadline, _NOT_SETTLED)
        door.alert(self._key, self._webhook(run, firing=False))
        self._until(lambda: self._is_over(page), deadline, _NOT_OVER)

    def _until(self, is_so: Callable[[], bool], deadline: float, otherwise: str) -> None:
        while not is_so():
            if self._means.elapsed() > deadline:
                raise ProbeFailed(otherwise)
            self._means.pause(LOOKS_EVERY)

    def _is_answered(self, page: Message) -> bool:
        with self._world.store.read() as reading:
            kept = reading.incident(page.incident)
        return kept is not None and kept.incident.acknowledged_by == PROBE

    def _is_settled(self, page: Message) -> bool:
        with self._world.store.read() as reading:
            delivery = reading.delivery(page.id)
        return delivery is not None and delivery.state == "sent"

    def _is_over(self, page: Message) -> bool:
        with self._world.store.read() as reading:
            kept = reading.incident(page.incident)
        return kept is not None and kept.incident.state == "resolved"

    def _tidy(self) -> None:
        """Remove probes that are old, and those that nobody will end."""
        now = self._world.now()
        with self._world.store.write() as tx:
            left = tx.remove_probes(now - KEPT_FOR, now - ABANDONED_AFTER, REMOVED_AT_ONCE)
        if left.abandoned:
            log.info("probe.removed", abandoned=left.abandoned)

    def _webhook(self, run: str, *, firing: bool) -> bytes:
        status = "firing" if firing else "resolved"
        now = f"{self._world.now():%Y-%m-%dT%H:%M:%S.%fZ}"
        alert = {
            "status": status,
            "labels": labels_of(self._world.node, run),
            "annotations": {"summary": f"Probe {run} of {self._world.node}"},
            "startsAt": now,
            "endsAt": "0001-01-01T00:00:00Z" if firing else now,
        }
        return msgspec.json.encode({"version": "4", "status": status, "alerts": [alert]})


_NO_PAGE = f"its page did not come within {WITHIN:.0f} s: the engine has not sent it"
_NO_ANSWER = "its page was answered, and the incident does not show it"
_NOT_SETTLED = "its page was sent, and nobody has noted that"
_NOT_OVER = "its alert is over, and its incident is not"


def waiting(stopping: threading.Event) -> Callable[[float], None]:
    """Return a pause that ends at once when the process does."""

    def pause(seconds: float) -> None:
        stopping.wait(seconds)

    return pause
