"""Time values: what is read, what is refused and how, and that words come back as values."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.times import (
    After,
    AnyTime,
    BusinessDays,
    CalendarDays,
    Choice,
    Immediate,
    Never,
    NextOccasion,
    Range,
    Unspecified,
    Variable,
    Within,
    counts_from_start,
    leaves_tolerance_open,
    parse_duration,
    parse_time,
    words,
    words_duration,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("15m", After(15 * MINUTE)),
        ("T+15m", After(15 * MINUTE)),
        ("t+0m", After(0 * MINUTE)),
        ("1h30m", After(90 * MINUTE)),
        ("90 minutes", After(90 * MINUTE)),
        ("1 hour 30 min", After(90 * MINUTE)),
        ("45s", After(timedelta(seconds=45))),
        ("2d", After(2 * DAY)),
        ("1 week", After(7 * DAY)),
        ("within 15m", Within(15 * MINUTE)),
        ("  Within   15m ", Within(15 * MINUTE)),
        ("< 1h", Within(HOUR, strict=True)),
        ("<1h", Within(HOUR, strict=True)),
        ("<= 1h", Within(HOUR)),
        ("<=1h", Within(HOUR)),
        ("next calendar day", CalendarDays(1)),
        ("next working day", BusinessDays(1)),
        ("immediate (within 2m)", Immediate(2 * MINUTE)),
        ("next business day", BusinessDays(1)),
        ("3 business days", BusinessDays(3)),
        ("next day", CalendarDays(1)),
        ("3 calendar days", CalendarDays(3)),
        ("next sprint planning", NextOccasion("sprint planning")),
        ("never", Never()),
        ("unspecified", Unspecified()),
        ("Variable", Variable()),
        ("24-72h", Range(DAY, 3 * DAY)),
        ("24h - 72h", Range(DAY, 3 * DAY)),
        ("15m to 1h", Range(15 * MINUTE, HOUR)),
        ("1h30m-2h", Range(90 * MINUTE, 2 * HOUR)),
        ("0-15 minutes", Range(0 * MINUTE, 15 * MINUTE)),
        ("choice(30m, 1h)", Choice((After(30 * MINUTE), After(HOUR)))),
        ("choice(next business day, next day)", Choice((BusinessDays(1), CalendarDays(1)))),
        ("choice(immediate (within 2m), never)", Choice((Immediate(2 * MINUTE), Never()))),
    ],
)
def test_what_a_plan_may_write(text: str, value: AnyTime) -> None:
    assert parse_time(text) == value


@pytest.mark.parametrize(
    ("units", "length"),
    [
        ("s sec second seconds", timedelta(seconds=1)),
        ("m min mins minute minutes", MINUTE),
        ("h hr hrs hour hours", HOUR),
        ("d", DAY),
        ("w week weeks", 7 * DAY),
    ],
)
def test_every_unit(units: str, length: timedelta) -> None:
    for unit in units.split():
        assert parse_duration(f"3 {unit}") == parse_duration(f"3{unit}") == 3 * length


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("15", "write `15m` for minutes"),
        ("1.5", "has no unit"),
        ("-5", "has no unit"),
        ("3 days", "write `72h`, `3 calendar days` or `3 business days`"),
        ("within 1 day", "write `24h`"),
        ("soon", "write for example `15m`"),
        ("15x", "write for example `15m`"),
        ("m15", "write for example `15m`"),
        ("1h, 30m", "write for example `15m`"),
        ("immediate (< 15m)", "write for example"),
        ("", "a time value is missing"),
        ("next ", "write for example"),
        ("0 business days", "a count from 1"),
        ("1001 business days", "a count from 1"),
        ("9999999h", "ten years"),
        ("72-24h", "write the shorter time first"),
        ("1h-1h", "write the shorter time first"),
        ("24-72", "write `24-72m` for minutes or `24-72h`"),
        ("choice(30m)", "two or more times"),
        ("choice()", "a time value is missing"),
        ("choice(1h, choice(2h, 3h))", "write"),
        ("choice(1h, 3)", "write `3m` for minutes"),
    ],
)
def test_what_is_refused_says_what_to_write(text: str, cure: str) -> None:
    with pytest.raises(ValueError, match=re.escape(cure)):
        parse_time(text)


def test_a_bare_immediate_takes_the_tolerance_of_the_plan() -> None:
    assert parse_time("immediate", 2 * MINUTE) == Immediate(2 * MINUTE)
    assert parse_time("immediate (within 9m)", 2 * MINUTE) == Immediate(9 * MINUTE)
    assert leaves_tolerance_open(" Immediate ")
    assert not leaves_tolerance_open("immediate (within 9m)")


def test_only_t_plus_says_itself_what_it_counts_from() -> None:
    assert counts_from_start("T+15m")
    assert not counts_from_start("15m")


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (0 * MINUTE, "0m"),
        (90 * MINUTE, "1h30m"),
        (DAY, "24h"),
        (36 * HOUR, "36h"),
        (3 * DAY, "3d"),
        (2 * DAY + HOUR, "2d1h"),
        (timedelta(seconds=61.7), "1m1s"),
        (-5 * MINUTE, "-5m"),
    ],
)
def test_durations_in_words(duration: timedelta, said: str) -> None:
    assert words_duration(duration) == said


DURATIONS = st.integers(0, 3600 * 24 * 3660).map(lambda seconds: timedelta(seconds=seconds))
COUNTS = st.integers(1, 1000)
NAMES = st.from_regex(r"[a-z]{2,9}( [a-z]{2,9})?", fullmatch=True).filter(
    lambda name: name not in ("day", "business day", "working day", "calendar day")
)
VALUES: st.SearchStrategy[AnyTime] = st.one_of(
    st.builds(Within, DURATIONS, st.booleans()),
    st.builds(After, DURATIONS),
    st.builds(Immediate, DURATIONS),
    st.builds(BusinessDays, COUNTS),
    st.builds(CalendarDays, COUNTS),
    st.builds(NextOccasion, NAMES),
    st.just(Never()),
    st.just(Unspecified()),
    st.just(Variable()),
    st.tuples(DURATIONS, DURATIONS)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: Range(min(pair), max(pair))),
)
CHOICES = st.lists(VALUES, min_size=2, max_size=4).map(lambda options: Choice(tuple(options)))


@given(VALUES | CHOICES)
def test_words_are_read_back_as_the_same_value(value: AnyTime) -> None:
    assert parse_time(words(value)) == value


@given(DURATIONS)
def test_durations_are_read_back_as_the_same_duration(duration: timedelta) -> None:
    assert parse_duration(words_duration(duration)) == duration


@given(st.text() | st.text(alphabet="0123456789 <=T+mhdswithinexybucoe,-()."))
def test_any_text_is_a_value_or_a_value_error_with_words(text: str) -> None:
    value = refusal = None
    try:
        value = parse_time(text)
    except ValueError as refused:
        refusal = str(refused)
    assert parse_time(words(value)) == value if value else len(refusal or "") > 10
