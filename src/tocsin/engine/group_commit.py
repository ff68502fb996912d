"""Group commit: requests that arrive while one transaction is written share the next one.

Nothing waits for company: a lone request is written at once. What can't be processed is taken
apart until the culprit is alone, and that is kept as unreadable, so that it neither delays nor
loses the others (invariant A6).
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import structlog

from tocsin.core.alerts import Beat, Signal, Unreadable
from tocsin.engine.intake import Receipt, Request, take_in
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.engine.world import World

SIGNALS_AT_ONCE = 2048
"""Size of a group: large enough to spread one sync over many, small enough to stay quick."""

WAITING_AT_MOST = 100_000
"""Signals that may wait; beyond it the sender is asked to come again (invariant A5)."""

TRIES = 5

log = structlog.get_logger()

Result = list[Receipt] | Exception
Done = Callable[[list[tuple[object, Result]]], None]


class Overloaded(Exception):
    """More is waiting than can be taken in soon; the sender should come again."""


class GroupCommit:
    """One thread that writes what others submit. `done` is told the results, a group at a time."""

    def __init__(self, world: World, done: Done) -> None:
        self._world = world
        self._done = done
        self._waiting: deque[tuple[object, Request]] = deque()
        self._signals = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is waiting, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def submit(self, ticket: object, request: Request) -> None:
        """Have `request` written; `done` is told its result under `ticket`. Raises Overloaded."""
        with self._changed:
            if self._stopping or self._signals > WAITING_AT_MOST:
                raise Overloaded("too many alerts are waiting to be written")
            self._waiting.append((ticket, request))
            self._signals += len(request)
            self._changed.notify()

    def _run(self) -> None:
        while group := self._next_group():
            tickets = [ticket for ticket, _ in group]
            results = written(self._world, [request for _, request in group])
            self._done(list(zip(tickets, results, strict=True)))

    def _next_group(self) -> list[tuple[object, Request]]:
        """Wait for requests; return them, or nothing when all is written and the end has come."""
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            group: list[tuple[object, Request]] = []
            size = 0
            while self._waiting and size < SIGNALS_AT_ONCE:
                group.append(self._waiting.popleft())
                size += len(group[-1][1])
            self._signals -= size
            return group


def written(world: World, requests: Sequence[Request]) -> list[Result]:
    """Write requests in one transaction, and say what became of each. Never raises.

    Where that fails they are taken apart until the culprit is alone.
    """
    try:
        return _write(world, requests)
    except Exception as problem:
        # A thread that dies of it would leave every sender waiting.
        log.exception("intake.failed", requests=len(requests))
        return [problem] * len(requests)


def _write(world: World, requests: Sequence[Request]) -> list[Result]:
    try:
        return list(_take_in(world, requests))
    except (StoreUnavailable, Conflict, NoRules) as problem:
        return [problem] * len(requests)
    except Exception as problem:
        log.exception("intake.poison", requests=len(requests))
        if len(requests) > 1:
            return [result for request in requests for result in _write(world, [request])]
        return [_apart(world, requests[0], problem)]


def _apart(world: World, request: Request, problem: Exception) -> Result:
    """Process a request signal by signal; what still fails is kept as unreadable."""
    if len(request) > 1:
        receipts: list[Receipt] = []
        for signal in request:
            result = _write(world, [[signal]])[0]
            if isinstance(result, Exception):
                return result
            receipts += result
        return receipts
    signal = request[0]
    if isinstance(signal, Unreadable | Beat):
        return problem
    bad = Unreadable(
        integration=signal.integration,
        why=f"processing failed: {type(problem).__name__}",
        payload=msgspec.json.encode(_plain(signal)),
    )
    return _write(world, [[bad]])[0]


def _take_in(world: World, requests: Sequence[Request]) -> list[list[Receipt]]:
    for _ in range(TRIES - 1):
        try:
            return take_in(world, requests)
        except Conflict:
            continue
    return take_in(world, requests)


def _plain(signal: Signal) -> dict[str, object]:
    return {"labels": dict(signal.labels), "annotations": dict(signal.annotations)}
