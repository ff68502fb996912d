"""The checker itself: histories that are linearizable, and histories that are not."""

from __future__ import annotations

import math
import random
from itertools import permutations

import pytest
from tests.torture.linear import UNKNOWN, Operation, contradiction, incident


def op(called: float, answered: float, what: str, answer: str) -> Operation:
    return Operation(called, answered, what, answer)


def lost(called: float, what: str) -> Operation:
    return Operation(called, math.inf, what, UNKNOWN)


GOOD = {
    "nothing happened": [],
    "one after the other": [
        op(0, 1, "read", "open"),
        op(2, 3, "acknowledge", "acknowledged"),
        op(4, 5, "resolve", "resolved"),
        op(6, 7, "reopen", "open"),
        op(8, 9, "read", "open"),
    ],
    "a read beside a change may see either": [
        op(0, 9, "acknowledge", "acknowledged"),
        op(1, 2, "read", "open"),
        op(3, 4, "read", "acknowledged"),
        op(5, 6, "read", "acknowledged"),
    ],
    "acknowledged too late is refused": [
        op(0, 5, "resolve", "resolved"),
        op(0, 5, "acknowledge", "no"),
    ],
    "acknowledged just before it was resolved": [
        op(0, 5, "resolve", "resolved"),
        op(0, 5, "acknowledge", "acknowledged"),
        op(6, 7, "read", "resolved"),
    ],
    "a lost answer may have been a change": [
        lost(0, "acknowledge"),
        op(1, 2, "read", "open"),
        op(3, 4, "read", "acknowledged"),
    ],
    "a lost answer may have been none": [
        lost(0, "acknowledge"),
        op(1, 2, "read", "open"),
        op(99, 100, "read", "open"),
    ],
    "a lost answer may change things much later": [
        lost(0, "resolve"),
        op(1, 2, "read", "open"),
        op(3, 4, "acknowledge", "acknowledged"),
        op(5, 6, "read", "acknowledged"),
        op(7, 8, "read", "resolved"),
    ],
    "done, and the answer shows what came after": [
        op(0, 5, "acknowledge", "ok"),
        op(0, 5, "read", "resolved"),
        op(1, 4, "resolve", "ok"),
    ],
    "said twice": [
        op(0, 3, "acknowledge", "acknowledged"),
        op(1, 4, "acknowledge", "acknowledged"),
    ],
}

BAD = {
    "a stale read": [
        op(0, 1, "acknowledge", "acknowledged"),
        op(2, 3, "read", "open"),
    ],
    "there and back again": [
        op(0, 9, "acknowledge", "acknowledged"),
        op(1, 2, "read", "acknowledged"),
        op(3, 4, "read", "open"),
    ],
    "an acknowledgement that brings back the dead": [
        op(0, 1, "resolve", "resolved"),
        op(2, 3, "acknowledge", "acknowledged"),
    ],
    "a change that was answered and is lost": [
        op(0, 1, "resolve", "resolved"),
        op(2, 3, "reopen", "open"),
        op(4, 5, "acknowledge", "acknowledged"),
        op(6, 7, "read", "open"),
    ],
    "done although it was impossible": [
        op(0, 1, "resolve", "ok"),
        op(2, 3, "acknowledge", "ok"),
    ],
    "refused without a reason": [
        op(0, 1, "acknowledge", "no"),
        op(2, 3, "read", "open"),
    ],
    "a lost call that acted before it was made": [
        op(0, 1, "read", "acknowledged"),
        lost(2, "acknowledge"),
    ],
    "two readers that disagree about the order": [
        op(0, 9, "acknowledge", "acknowledged"),
        op(0, 9, "resolve", "resolved"),
        op(1, 2, "read", "resolved"),
        op(3, 4, "read", "acknowledged"),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_history_is_accepted(name: str) -> None:
    assert contradiction(GOOD[name], "open", incident) == ""


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_is_refused(name: str) -> None:
    assert contradiction(BAD[name], "open", incident) != ""


def by_trying_all_orders(history: list[Operation]) -> bool:
    """The definition itself, for few operations that have all answered."""
    for order in permutations(history):
        if any(
            later.answered < one.called for n, one in enumerate(order) for later in order[n + 1 :]
        ):
            continue
        states = ["open"]
        for one in order:
            states = [after for state in states for after in incident(state, one)]
        if states:
            return True
    return False


def test_it_agrees_with_the_definition() -> None:
    chance = random.Random(5)
    answers = {
        "read": ["open", "acknowledged", "resolved"],
        "acknowledge": ["acknowledged", "acknowledged", "no"],
        "resolve": ["resolved"],
        "reopen": ["open", "acknowledged"],
    }
    seen = {True: 0, False: 0}
    for _ in range(400):
        history = []
        for _ in range(chance.randint(2, 5)):
            called = chance.uniform(0, 10)
            what = chance.choice(list(answers))
            answer = chance.choice(answers[what])
            history.append(op(called, called + chance.uniform(0.1, 6), what, answer))
        expected = by_trying_all_orders(history)
        assert (contradiction(history, "open", incident) == "") is expected, history
        seen[expected] += 1
    assert min(seen.values()) > 50, seen


def test_long_histories_with_many_clients_are_checked_soon() -> None:
    chance = random.Random(6)
    state, history = "open", []
    for n in range(400):
        what = chance.choice(["read", "acknowledge", "resolve", "reopen"])
        if what == "acknowledge" and state == "resolved":
            answer = "no"
        else:
            (state,) = incident(state, op(0, 0, what, UNKNOWN))
            answer = state
        history.append(op(n - chance.uniform(0, 3), n + chance.uniform(0, 3), what, answer))
    assert contradiction(history, "open", incident) == ""


def test_many_lost_answers_are_no_trouble() -> None:
    history = [lost(n / 10, "acknowledge") for n in range(30)]
    history += [op(4 + n, 4.5 + n, "read", "open") for n in range(30)]
    history += [op(90, 91, "read", "acknowledged"), op(92, 93, "resolve", "resolved")]
    history += [op(94, 95, "reopen", "open"), op(96, 97, "read", "acknowledged")]
    assert contradiction(history, "open", incident) == ""
