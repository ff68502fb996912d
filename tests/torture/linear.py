"""Is a history linearizable? A checker in the manner of Wing and Gong (invariant E1).

A history is what concurrent clients have seen of one thing: each operation with the instants of
its call and of its answer. It is linearizable if the operations can be put in one order, each at a
point between its call and its answer, such that a single thing with no concurrency at all would
have answered just so. An operation whose answer never came may have happened at any later point,
or never.

Each thing is checked by itself: a system is linearizable if each of its things is (Herlihy, Wing,
Linearizability, TOPLAS 12 (1990), theorem 1).

J. M. Wing, C. Gong: Testing and verifying concurrent objects. JPDC 17 (1993).
G. Lowe: Testing for linearizability. Concurrency and Computation 29 (2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)

UNKNOWN = ""
"""The answer of an operation of which nobody can tell what became of it."""

READ = "read"
"""The operation that changes nothing and is answered with the state."""


@dataclass(frozen=True)
class Operation:
    """One call by one client; `called` and `answered` are seconds of one clock.

    `what` is the operation, `answer` what was said of it; UNKNOWN with `answered` infinite.
    `shown` is what a READ by the same call has found, at a later point than the operation itself.
    """

    called: float
    answered: float
    what: str
    answer: str
    shown: str = ""

    @property
    def is_known(self) -> bool:
        """Whether its answer has come."""
        return self.answer != UNKNOWN


Model = Callable[[S, Operation], Iterable[S]]
"""Return the states in which a thing may be after an operation with this answer; none if it can't
have answered so. For an operation without an answer: the states if it does happen, which depend on
`what` alone."""

Used = tuple[int, ...]
"""How many of the unanswered operations of each kind have happened."""


def contradiction(history: Sequence[Operation], start: S, model: Model[S]) -> str:
    """Say where a history can't be explained, or return "" if it is linearizable.

    Goes through the calls and answers in the order of time, with all that may be the case by then.
    An operation is put into the order only when its own answer or another's needs it: what can
    happen later need not happen now. Takes time linear in the length of the history, exponential
    in the number of answered operations that were going on at once, and polynomial in the number
    of those that were never answered.
    """
    known, after = _points(history)
    lost = [one for one in history if not one.is_known]
    # At the same instant a call comes first: so the two may have been in either order.
    steps = sorted(
        [(one.called, False, n) for n, one in enumerate(known)]
        + [(one.answered, True, n) for n, one in enumerate(known)]
    )
    search = _Search(known, after, lost, model)
    cases = _Cases[S]()
    cases.add(frozenset(), search.none_used, start)
    for at, has_answered, number in steps:
        if not has_answered:
            search.going_on.add(number)
            continue
        before, cases = cases, search.explained(cases, number, at)
        if not cases.found:
            return _told(known, number, {str(state) for _, state in before.found})
        search.going_on.remove(number)
    return ""


def _points(history: Sequence[Operation]) -> tuple[list[Operation], dict[int, int]]:
    """Return what has one point in time each, by its answer, and which must come after which."""
    known: list[Operation] = []
    after: dict[int, int] = {}
    for one in sorted((one for one in history if one.is_known), key=lambda one: one.answered):
        known.append(one)
        if one.shown:
            after[len(known)] = len(known) - 1
            known.append(Operation(one.called, one.answered, READ, one.shown))
    return known, after


@dataclass
class _Cases(Generic[S]):
    """What may be the case: which operations going on have happened, and the state.

    Of two cases that differ only in the unanswered operations that have happened, the one with
    fewer of each kind can do all that the other can: only such are kept.
    """

    found: dict[tuple[frozenset[int], S], list[Used]] = field(default_factory=dict)

    def add(self, done: frozenset[int], used: Used, state: S) -> bool:
        """Add a case; say whether it was new."""
        others = self.found.setdefault((done, state), [])
        if any(_at_most(other, used) for other in others):
            return False
        others[:] = [other for other in others if not _at_most(used, other)]
        others.append(used)
        return True

    def __contains__(self, case: tuple[frozenset[int], Used, S]) -> bool:
        done, used, state = case
        return used in self.found.get((done, state), [])


def _at_most(one: Used, other: Used) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


class _Search(Generic[S]):
    def __init__(
        self,
        known: Sequence[Operation],
        after: dict[int, int],
        lost: Sequence[Operation],
        model: Model[S],
    ) -> None:
        self._known = known
        self._after = after
        self._model = model
        kinds = sorted({one.what for one in lost})
        self._kinds = [Operation(0, math.inf, what, UNKNOWN) for what in kinds]
        self._called = [[one.called for one in lost if one.what == what] for what in kinds]
        self.none_used: Used = (0,) * len(kinds)
        self.going_on: set[int] = set()

    def explained(self, cases: _Cases[S], number: int, at: float) -> _Cases[S]:
        """Return the cases in which an operation has happened by `at`, when its answer came."""
        left = [sum(called <= at for called in one) for one in self._called]
        met, after = _Cases[S](), _Cases[S]()
        waiting = [
            (done, used, state)
            for (done, state), all_used in cases.found.items()
            for used in all_used
        ]
        for case in waiting:
            met.add(*case)
        while waiting:
            case = waiting.pop()
            done, used, state = case
            if case not in met:
                continue  # a better one came in the meantime
            if number in done:
                after.add(done - {number}, used, state)
                continue
            for step in self._steps(done, used, state, left):
                if met.add(*step):
                    waiting.append(step)
        return after

    def _steps(
        self, done: frozenset[int], used: Used, state: S, left: Sequence[int]
    ) -> Iterable[tuple[frozenset[int], Used, S]]:
        """Return what may happen next."""
        waiting = self.going_on - done
        for number in waiting:
            if self._after.get(number) in waiting:
                continue
            for after in self._model(state, self._known[number]):
                yield done | {number}, used, after
        for kind, operation in enumerate(self._kinds):
            if used[kind] == left[kind]:
                continue
            more = (*used[:kind], used[kind] + 1, *used[kind + 1 :])
            for after in self._model(state, operation):
                if after != state:
                    yield done, more, after


def _told(known: Sequence[Operation], number: int, states: set[str]) -> str:
    around = known[max(0, number - 3) : number + 3]
    told = "; ".join(
        f"{one.what} -> {one.answer} [{one.called:.3f}, {one.answered:.3f}]" for one in around
    )
    one = known[number]
    return (
        f"{one.what} -> {one.answer} ({number + 1} of {len(known)}) can't be explained by"
        f" {' or '.join(sorted(states))}, near: {told}"
    )


PAGEABLE = ("open", "acknowledged")


def incident(state: str, operation: Operation) -> list[str]:
    """Be one incident: what `acknowledge`, `resolve`, `reopen` and `read` make of it, by contract.

    An answer is the state that was shown, `ok` if it was done and the state is left open, or `no`
    for a refusal. What is so already is done by doing nothing (docs/api.md, "Repeating").
    """
    after = _after(state, operation.what)
    if after is None:
        return [state] if operation.answer in ("no", UNKNOWN) else []
    return [after] if operation.answer in (after, "ok", UNKNOWN) else []


def _after(state: str, what: str) -> str | None:
    """Return the state after an operation, or None if it is refused."""
    match what:
        case "read":
            return state
        case "acknowledge":
            return "acknowledged" if state in PAGEABLE else None
        case "resolve":
            return "resolved"
        case "reopen":
            return state if state in PAGEABLE else "open"
        case _:
            raise ValueError(f"an incident knows no {what!r}")
