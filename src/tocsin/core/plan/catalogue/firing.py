"""Whether an alert rule of the plan fires on samples: what its words mean, exactly.

Tocsin is told of alerts by tools that measure; this is the plan's meaning of a rule, for checking
those tools and for trying a rule on the samples of a past incident.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.core.plan.catalogue.model import Aggregate, Threshold
from tocsin.core.times import words_duration


class Sample(msgspec.Struct, frozen=True):
    """One measurement: `value`; for ratio and availability, `value` out of `of` (counts)."""

    at: datetime
    value: float
    of: float = 1.0


def measured(threshold: Threshold, samples: Iterable[Sample], now: datetime) -> float | None:
    """The figure of the window that ends at `now` (its start excluded), or None.

    None: the window is not known, or holds fewer samples than the rule wants. With a baseline it
    is the factor over what was normal; None if nothing was.
    """
    if threshold.window is None:
        return None
    kept = list(samples)
    start = now - threshold.window
    recent = _between(kept, start, now)
    if _count(threshold.of, recent) < threshold.min_samples:
        return None
    figure = aggregate(threshold.of, recent)
    if figure is None or threshold.baseline is None:
        return figure
    normal = _normal(threshold, _between(kept, start - threshold.baseline, start))
    return figure / normal if normal else None


def fires(threshold: Threshold, samples: Iterable[Sample], now: datetime) -> bool:
    """Whether the rule fires at `now`: strictly above, or strictly below, its limit.

    A rule without a window or figure never does; nor does one on a component's state, which is
    told and not measured.
    """
    figure = measured(threshold, samples, now)
    if figure is None:
        return False
    if threshold.above is not None:
        return figure > threshold.above
    return threshold.below is not None and figure < threshold.below


def in_words(threshold: Threshold) -> str:
    """A threshold as people say it: `ratio of error_rate above 0.01 in 5m, tier critical`."""
    if threshold.state:
        said = f"{threshold.component} is {threshold.state}"
    else:
        word, limit = "above", threshold.above
        if threshold.below is not None:
            word, limit = "below", threshold.below
        figure = f"{word} {limit:g}" if limit is not None else "beyond what nobody has named"
        unit = f" {threshold.unit}" if threshold.unit and limit is not None else ""
        normal = " times what was normal" if threshold.baseline is not None else ""
        said = f"{threshold.of} of {threshold.metric} {figure}{unit}{normal}"
    window = f" in {words_duration(threshold.window)}" if threshold.window else ""
    samples = f", from {threshold.min_samples} samples on" if threshold.min_samples > 1 else ""
    tier = f", tier {threshold.tier}" if threshold.tier else ""
    return f"{said}{window}{samples}{tier}"


def aggregate(of: Aggregate, samples: Sequence[Sample]) -> float | None:
    """One figure of many samples; None if there are none, except that nothing counts 0."""
    if of == "count":
        return sum(sample.value for sample in samples)
    if not samples:
        return None
    if of in ("ratio", "availability"):
        total = sum(sample.of for sample in samples)
        return sum(sample.value for sample in samples) / total if total else None
    if of == "average":
        return sum(sample.value for sample in samples) / len(samples)
    return percentile([sample.value for sample in samples], 95 if of == "p95" else 99)


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` % of all do not exceed (nearest rank)."""
    rank = -(-percent * len(values) // 100)
    return sorted(values)[max(rank, 1) - 1]


def _between(samples: Iterable[Sample], start: datetime, end: datetime) -> list[Sample]:
    return [sample for sample in samples if start < sample.at <= end]


def _count(of: Aggregate, samples: Sequence[Sample]) -> float:
    """How much evidence there is: of shares the requests, of a count no samples are needed."""
    if of == "count":
        return float("inf")
    if of in ("ratio", "availability"):
        return sum(sample.of for sample in samples)
    return len(samples)


def _normal(threshold: Threshold, before: Sequence[Sample]) -> float | None:
    """What was normal; a count is brought to the length of the window."""
    figure = aggregate(threshold.of, before)
    if figure is None or threshold.of != "count":
        return figure
    assert threshold.baseline is not None  # `measured` has looked
    assert threshold.window is not None
    return figure * (_seconds(threshold.window) / _seconds(threshold.baseline))


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()
