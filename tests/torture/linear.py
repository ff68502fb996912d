"""Is a history linearizable? The checker of Wing and Gong, with Lowe's memory (invariant E1).

A history is what concurrent clients have seen of one thing: each operation with the instants of
its call and of its answer. It is linearizable if the operations can be put in one order, each at a
point between its call and its answer, such that a single thing with no concurrency at all would
have answered just so. An operation whose answer never came may have happened at any later point,
or never.

J. M. Wing, C. Gong: Testing and verifying concurrent objects. JPDC 17 (1993).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

S = TypeVar("S", bound=Hashable)

UNKNOWN = ""
"""The answer of an operation of which nobody can tell what became of it."""


@dataclass(frozen=True)
class Operation:
    """One call by one client; `called` and `answered` are seconds of one clock.

    `what` is the operation, `answer` what was said of it; UNKNOWN with `answered` infinite.
    """

    called: float
    answered: float
    what: str
    answer: str

    @property
    def is_known(self) -> bool:
        """Whether its answer has come."""
        return self.answer != UNKNOWN


Model = Callable[[S, Operation], Iterable[S]]
"""Return the states in which a thing may be after an operation with this answer; none if it can't
have answered so. For an operation without an answer: the states if it does happen."""


def contradiction(history: Sequence[Operation], start: S, model: Model[S]) -> str:
    """Say where a history can't be explained, or return "" if it is linearizable.

    Takes time exponential in the number of operations that are going on at once, in the worst
    case; a state that was met before with the same operations done is not looked into again.
    """
    operations = sorted(history, key=lambda one: one.called)
    everything = sum(1 << n for n, one in enumerate(operations) if one.is_known)
    met: set[tuple[int, S]] = {(0, start)}
    waiting: list[tuple[int, S]] = [(0, start)]
    furthest, ended_in = 0, {start}
    while waiting:
        done, state = waiting.pop()
        if done & everything == everything:
            return ""
        count = (done & everything).bit_count()
        if count > furthest:
            furthest, ended_in = count, set()
        if count == furthest:
            ended_in.add(state)
        for number in _next(operations, done):
            for after in model(state, operations[number]):
                step = (done | 1 << number, after)
                if step not in met:
                    met.add(step)
                    waiting.append(step)
    return _explained(operations, furthest, {str(state) for state in ended_in})


def _next(operations: Sequence[Operation], done: int) -> list[int]:
    """Return what may come next of what is not done: called before all of it has answered."""
    first_answer = math.inf
    found = []
    for number, one in enumerate(operations):
        if done >> number & 1:
            continue
        if one.called > first_answer:
            break
        found.append(number)
        first_answer = min(first_answer, one.answered)
    found = [number for number in found if operations[number].called <= first_answer]
    # What is tried first comes last: first what answered soonest, last what nobody has heard of.
    return sorted(found, key=lambda number: -operations[number].answered)


def _explained(operations: Sequence[Operation], furthest: int, states: set[str]) -> str:
    known = sorted((one for one in operations if one.is_known), key=lambda one: one.answered)
    around = known[max(0, furthest - 2) : furthest + 3]
    told = "; ".join(
        f"{one.what} -> {one.answer} [{one.called:.3f}, {one.answered:.3f}]" for one in around
    )
    return f"after {furthest} of {len(known)} in {' or '.join(sorted(states))}, near: {told}"


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
