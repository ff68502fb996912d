"""Charts of metrics: whatever is drawn stays within the chart, and says the truth."""

from __future__ import annotations

import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.metrics.period import Period, months_in
from tocsin.web.pages.metrics.chart import BOTTOM, HIGH, LEFT, TOP, WIDE, Row, stacked, trends
from tocsin.web.pages.metrics.page import words

MONTHS = months_in(Period(date(2026, 1, 1), date(2026, 4, 1)))

values = st.lists(st.none() | st.integers(0, 10**7), min_size=4, max_size=4)


@given(values, values)
def test_bars_stay_within_the_chart_and_upon_each_other(
    low: list[int | None], high: list[int | None]
) -> None:
    chart = stacked(MONTHS, [Row("P0", 0, low), Row("P1", 1, high)])
    floor = HIGH - BOTTOM
    for bar in chart.bars:
        assert LEFT <= bar.x <= bar.x + bar.width <= WIDE
        assert TOP - 1 <= bar.y <= floor
        assert bar.y + bar.height <= floor + 0.2
    drawn = {bar.says for bar in chart.bars}
    assert len(drawn) == sum(1 for value in (*low, *high) if value)


@given(values)
def test_a_trend_has_gaps_where_nothing_is_known(found: list[int | None]) -> None:
    (line,) = trends(MONTHS, [Row("P0", 0, found)], words).trends
    known = [value is not None for value in found]
    starts = sum(1 for n, here in enumerate(known) if here and not (n and known[n - 1]))
    assert line.path.count("M") == starts
    assert len(line.dots) == sum(known)
    for y in re.findall(r"[ML][\d.]+ ([\d.]+)", line.path):
        assert TOP - 1 <= float(y) <= HIGH - BOTTOM + 0.1


def test_lines_across_are_at_values_that_people_count_by() -> None:
    counts = stacked(MONTHS, [Row("P0", 0, [3, 0, 17, 1])])
    assert [line.word for line in counts.lines] == ["0", "5", "10", "15", "20"]
    lengths = trends(MONTHS, [Row("P0", 0, [600, 5400, None, 60])], words)
    assert [line.word for line in lengths.lines] == ["0s", "30m", "1h", "1h30m"]


def test_of_many_months_only_some_are_named() -> None:
    months = months_in(Period(date(2020, 1, 1), date(2026, 1, 1)))
    chart = stacked(months, [Row("P0", 0, [1] * len(months))])
    assert len(chart.marks) <= 12


def test_durations_are_short() -> None:
    seconds = (0, 0.3, 45, 892.4, 7_830, 90_000, 300_000)
    assert [words(one) for one in seconds] == [
        "0s", "<1s", "45s", "14m52s", "2h10m", "25h", "3d11h",
    ]  # fmt: skip
