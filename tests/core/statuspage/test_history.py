"""Laws of the bars: they add up, and it does not matter in what order things were written."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.statuspage.lamps import NOW, SINCE, claim, window

from tocsin.core.statuspage.history import days, spans, state_now, trend, uptime
from tocsin.core.statuspage.model import ORDER, Claim, PageState, Window
from tocsin.core.statuspage.states import rolled_up

STATES = st.sampled_from(ORDER)
CLAIMS = st.lists(
    st.builds(
        lambda source, state, minutes: Claim(
            component="api",
            source=f"incident {source}",
            state=state,
            at=NOW - timedelta(minutes=minutes),
        ),
        st.integers(1, 4),
        STATES,
        st.integers(-500, 60 * 24 * 40),
    ),
    max_size=12,
    unique_by=lambda one: (one.source, one.at),
)
WINDOWS = st.lists(
    st.builds(
        lambda number, start, length: window(start, start + length, id=number, components=("api",)),
        st.integers(1, 5),
        st.integers(-900, 100),
        st.integers(0, 50),
    ),
    max_size=3,
    unique_by=lambda one: one.id,
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])


@given(CLAIMS, WINDOWS, ZONES)
def test_the_bars_add_up_to_the_whole(
    claims: list[Claim], windows: list[Window], zone: str
) -> None:
    past = spans("api", claims, windows, SINCE, NOW)
    bars = days(past, SINCE, NOW, 60, zone)
    whole = (NOW - SINCE).total_seconds()
    assert sum((one.end - one.start).total_seconds() for one in past) == whole
    assert sum(day.counted + day.maintenance for day in bars) == whole
    down = sum(
        (one.end - one.start).total_seconds() for one in past if one.state in ("partial", "major")
    )
    assert sum(day.down for day in bars) == down
    counted = sum(day.counted for day in bars)
    assert uptime(bars) == (1 - down / counted if counted else None)
    for day in bars:
        assert day.down + day.degraded <= day.counted
        assert (day.worst is None) == (not day.counted and not day.maintenance)


@given(CLAIMS, WINDOWS)
def test_spans_have_no_gaps_and_neighbours_differ(
    claims: list[Claim], windows: list[Window]
) -> None:
    past = spans("api", claims, windows, SINCE, NOW)
    assert past[0].start == SINCE
    assert past[-1].end == NOW
    for one, other in pairwise(past):
        assert one.end == other.start
        assert one.state != other.state
    assert past[-1].state == state_now("api", claims, windows, NOW - timedelta(microseconds=1))[0]


@given(CLAIMS, st.randoms(use_true_random=False))
def test_the_order_in_which_sources_wrote_does_not_matter(
    claims: list[Claim], shuffled: object
) -> None:
    others = list(claims)
    shuffled.shuffle(others)  # type: ignore[attr-defined]
    assert spans("api", others, (), SINCE, NOW) == spans("api", claims, (), SINCE, NOW)


@given(st.lists(STATES, min_size=1, max_size=6), st.data())
def test_a_group_never_gets_better_when_a_part_gets_worse(
    states: list[PageState], data: st.DataObject
) -> None:
    which = data.draw(st.integers(0, len(states) - 1))
    worse = data.draw(st.sampled_from(ORDER[ORDER.index(states[which]) :]))
    after = [*states[:which], worse, *states[which + 1 :]]
    assert ORDER.index(rolled_up(after)) >= ORDER.index(rolled_up(states))


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["operational", "major"], "partial"),
        (["major", "major"], "major"),
        (["operational", "degraded"], "degraded"),
        (["operational", "maintenance"], "maintenance"),
        (["operational", "operational"], "operational"),
        ([], "operational"),
    ],
)
def test_a_group_is_out_only_where_all_of_it_is(states: list[PageState], whole: PageState) -> None:
    assert rolled_up(states) == whole


def test_two_incidents_at_once_the_worse_one_shows_until_it_is_over() -> None:
    claims = [
        claim("api", "degraded", 5, "incident 1"),
        claim("api", "major", 4, "incident 2"),
        claim("api", "operational", 3, "incident 2"),
        claim("api", "operational", 1, "incident 1"),
    ]
    past = spans("api", claims, (), SINCE, NOW)
    assert [one.state for one in past] == [
        "operational", "degraded", "major", "degraded", "operational",
    ]  # fmt: skip


def test_days_before_the_record_are_unknown_and_count_nothing() -> None:
    bars = days(spans("api", (), (), SINCE, NOW), SINCE, NOW, 90, "UTC")
    assert [day.worst for day in bars[:59]] == [None] * 59
    assert {day.worst for day in bars[59:]} == {"operational"}
    assert uptime(bars) == 1
    assert trend(bars) is None


def test_maintenance_does_not_count_unless_the_plan_says_so() -> None:
    past = spans("search", (), [window(-4, -2)], SINCE, NOW)
    assert uptime(days(past, SINCE, NOW, 90, "UTC")) == 1
    counted = days(past, SINCE, NOW, 90, "UTC", maintenance_counts=True)
    assert counted[-1].down == 2 * 3600
    assert counted[-1].worst == "maintenance"


def test_an_outage_shows_through_a_maintenance() -> None:
    past = spans("search", [claim("search", "major", 3)], [window(-4, 2)], SINCE, NOW)
    assert [one.state for one in past] == ["operational", "maintenance", "major"]


def test_a_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    now = datetime(2026, 10, 26, 12, tzinfo=UTC)
    since = now - timedelta(days=10)
    bars = days(spans("api", (), (), since, now), since, now, 5, "Europe/Berlin")
    assert bars[-2].day == datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin")).date()
    assert bars[-2].counted == 25 * 3600
    assert days(spans("api", (), (), since, now), since, now, 5, "UTC")[-2].counted == 24 * 3600


def test_a_cancelled_window_changes_nothing() -> None:
    assert state_now("search", (), [window(-1, 1, state="cancelled")], NOW)[0] == "operational"
    assert state_now("search", (), [window(-1, 1)], NOW)[0] == "maintenance"
