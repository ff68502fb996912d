"""Adding up: in whatever order, and however it is cut, the same comes out."""

from datetime import date
from itertools import pairwise
from statistics import mean, median

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.metrics.share import Share
from tocsin.core.metrics.tally import ALL, NONE, WIDTH, Cell, Tally, figure, merged, tallied

DAY = date(2026, 3, 6)
YEAR = 366 * 86_400_000

values = st.integers(0, 3 * YEAR)
shares = st.builds(
    Share,
    day=st.just(DAY),
    severity=st.sampled_from(["P0", "P1"]),
    components=st.sets(st.sampled_from(["api", "web"])).map(sorted).map(tuple),
    left_out=st.sampled_from(["", "", "", "exercise", "merged"]),
    repeats=st.booleans(),
    took=st.dictionaries(st.sampled_from(["detect", "resolve"]), values),
    unknown=st.dictionaries(st.sampled_from(["acknowledge"]), st.sampled_from(["not yet"])),
    kept=st.dictionaries(st.sampled_from(["acknowledge"]), st.booleans()),
)


def took(*milliseconds: int, measure: str = "resolve") -> Tally:
    tally = Tally()
    for one in milliseconds:
        tally.add_share(Share(day=DAY, severity="P0", took={measure: one}))
    return tally


@given(st.lists(shares), st.lists(st.integers(0, 20)))
def test_adding_up_parts_is_adding_up_all(found: list[Share], cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(found)) for cut in cuts), len(found)]
    pieces = [found[start:end] for start, end in pairwise(edges)]
    assert merged([tallied(piece) for piece in pieces]) == tallied(found)


@given(st.lists(shares), st.lists(shares), st.lists(shares))
def test_the_order_of_additions_makes_no_difference(
    one: list[Share], two: list[Share], three: list[Share]
) -> None:
    a, b, c = tallied(one), tallied(two), tallied(three)
    left = merged([merged([a, b]), c])
    assert left == merged([a, merged([b, c])]) == merged([c, b, a])


@given(st.lists(values, min_size=1, max_size=60))
def test_means_are_exact_and_medians_nearly(found: list[int]) -> None:
    said = figure(took(*found), "resolve")
    assert said.measured == len(found)
    assert said.mean == mean(found)
    assert said.median is not None
    true = median(found)
    assert abs(said.median - true) <= max((WIDTH - 1) * true, 1000)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20, unique=True))
def test_medians_of_values_that_are_apart_are_exact(steps: list[int]) -> None:
    found = [round(1000 * 1.2**step) for step in steps]
    assert figure(took(*found), "resolve").median == median(found)


def test_what_was_not_measured_is_none_and_not_zero() -> None:
    tally = Tally()
    tally.add_share(Share(day=DAY, severity="P0", unknown={"acknowledge": "never acknowledged"}))
    said = figure(tally, "acknowledge")
    assert (said.measured, said.mean, said.median) == (0, None, None)
    assert said.unknown == {"never acknowledged": 1}


def test_what_is_left_out_is_counted_apart_and_in_no_figure() -> None:
    drill = Share(day=DAY, severity="P0", left_out="exercise", took={"resolve": 5000}, repeats=True)
    found = tallied([drill, drill])
    assert found == {Cell("P0", ALL): Tally(left_out={"exercise": 2})}


def test_an_incident_counts_in_each_of_its_components_and_once_in_all() -> None:
    both = Share(day=DAY, severity="P0", components=("api", "web"))
    bare = Share(day=DAY, severity="P0")
    found = {cell.component: tally.count for cell, tally in tallied([both, bare]).items()}
    assert found == {ALL: 2, "api": 1, "web": 1, NONE: 1}
