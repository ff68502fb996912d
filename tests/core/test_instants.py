"""Points in time as people type them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.instants import parse_instant

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
"""A Monday."""


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("now", "2026-01-05 10:00"),
        ("2026-03-06T18:00:00Z", "2026-03-06 18:00"),
        ("2026-03-06t18:00z", "2026-03-06 18:00"),
        ("2026-03-06 18:00:00+01:00", "2026-03-06 17:00"),
        ("2026-03-06 18:00", "2026-03-06 17:00"),
        ("2026-03-06 18:00 UTC", "2026-03-06 18:00"),
        ("2026-03-06T18:00 america/new_york", "2026-03-06 23:00"),
        ("Friday 2026-03-06 23:00 Europe/Berlin", "2026-03-06 22:00"),
        ("friday 18:00", "2026-01-09 17:00"),
        ("Fri 18:00", "2026-01-09 17:00"),
        ("  friday   18:00  UTC ", "2026-01-09 18:00"),
        ("monday 11:00", "2026-01-05 10:00"),
        ("monday 10:59", "2026-01-12 09:59"),
        ("11:00", "2026-01-05 10:00"),
        ("10:59", "2026-01-06 09:59"),
        ("today 08:00", "2026-01-05 07:00"),
        ("tomorrow 9:30", "2026-01-06 08:30"),
    ],
)
def test_it_means(text: str, utc: str) -> None:
    at = parse_instant(text, NOW, "Europe/Berlin")
    assert f"{at:%Y-%m-%d %H:%M}" == utc
    assert at.tzinfo == UTC


@pytest.mark.parametrize(
    ("text", "utc"),
    [("2026-03-29 02:30", "2026-03-29 01:30"), ("2026-10-25 02:30", "2026-10-25 00:30")],
    ids=["does not occur: moves forward", "occurs twice: the first"],
)
def test_when_clocks_change(text: str, utc: str) -> None:
    assert f"{parse_instant(text, NOW, 'Europe/Berlin'):%Y-%m-%d %H:%M}" == utc


def test_a_day_begins_where_the_zone_is() -> None:
    """At 10:00 UTC it is Monday 23:00 in Auckland."""
    at = parse_instant("tomorrow 00:30", NOW, "Pacific/Auckland")
    assert f"{at:%Y-%m-%d %H:%M}" == "2026-01-05 11:30"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no point in time"),
        ("someday", "`2026-03-06 18:00`"),
        ("2026-03-06", "is no point in time"),
        ("friday", "is no point in time"),
        ("frday 18:00", "Did you mean `friday`?"),
        ("friday 25:00", "no time of day"),
        ("2026-02-30 10:00", "that no calendar has"),
        ("2026-02-30T10:00:00Z", "that no calendar has"),
        ("Thursday 2026-03-06 23:00", "is a Friday, not a Thursday"),
        ("18:00 Europe/Berln", "Did you mean `Europe/Berlin`?"),
        ("9999-12-31 23:59 America/New_York", "out of reach"),
    ],
)
def test_what_is_no_time_is_refused_with_the_cure(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="; ") as refused:
        parse_instant(text, NOW, "UTC")
    assert said in str(refused.value)


@given(st.text(max_size=40) | st.from_regex(r"([a-z]{3,9} )?[0-9]{4}-[0-9]{2}-[0-9]{2}[ T].{0,20}"))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert parse_instant(text, NOW, "Europe/Berlin").tzinfo == UTC
