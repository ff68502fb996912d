"""The one table of states: every pair of state and event either moves or changes nothing."""

import pytest
from msgspec.structs import replace
from tests.core.incident.cast import START, opened

from tocsin.core.incident import events as e
from tocsin.core.incident.fold import ImpossibleEvent, fold
from tocsin.core.incident.lifecycle import TRANSITIONS, State, after, ways_out

MOVES = (e.Acknowledged, e.Released, e.Resolved, e.Reopened, e.Closed)


@pytest.mark.parametrize("state", TRANSITIONS)
@pytest.mark.parametrize("move", MOVES)
def test_every_pair_moves_as_the_table_says_or_is_impossible(
    state: State, move: type[e.Event]
) -> None:
    incident = replace(opened(), state=state)
    expected = after(state, move)
    if expected is None:
        with pytest.raises(ImpossibleEvent):
            fold(incident, move(at=START))
    else:
        moved = fold(incident, move(at=START))
        assert moved.state == expected
        assert moved.generation == incident.generation + 1


def test_every_state_but_the_last_has_a_way_out() -> None:
    assert [state for state in TRANSITIONS if not ways_out(state)] == ["closed"]


def test_nothing_leaves_closed() -> None:
    assert TRANSITIONS["closed"] == {}


def test_a_timeline_begins_with_its_opening_and_has_one_only() -> None:
    incident = opened()
    with pytest.raises(ImpossibleEvent, match="begins with"):
        fold(None, e.Noted(at=START, text="hello"))
    again = e.Opened(at=START, number=1, code="X", title="x", severity="P0", plan="v")
    with pytest.raises(ImpossibleEvent, match="opened twice"):
        fold(incident, again)
