"""Times in words, and back: what is said here, `heard` reads as a value that means the same."""

import re
from collections.abc import Callable
from datetime import timedelta

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
)

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_PART = re.compile(r"(\d+) (day|hour|minute|second)s?")
_SMALL = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh")
_AT_ONCE = "at once"
_LEFT_OPEN = "not specified"
_OPEN_END = "as long as it takes"
_CHOOSE = "still to be chosen: "
_OR = ", or "


def duration(span: timedelta) -> str:
    """Say a duration, to the second: "15 minutes", "1 hour and 30 minutes", "24 hours"."""
    seconds = abs(int(span.total_seconds()))
    parts = []
    for unit, size in _UNITS:
        # One day reads better as 24 hours, as the plan itself would say it.
        if unit == "day" and seconds < 2 * size:
            continue
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'s' * (count != 1)}")
    return " and ".join(parts) or "0 minutes"


def heard_duration(text: str) -> timedelta:
    """Read what `duration` says; raises ValueError for anything else."""
    parts = text.split(" and ")
    found = [_PART.fullmatch(part) for part in parts]
    sizes = dict(_UNITS)
    if not all(found):
        raise ValueError(f"`{text}` is no duration in words")
    return timedelta(seconds=sum(int(one[1]) * sizes[one[2]] for one in found if one))


def limit(value: AnyTime) -> str:
    """Say a time as the limit of a promise: "within 15 minutes"."""
    match value:
        case Within(span, strict):
            return f"{'in less than' if strict else 'within'} {duration(span)}"
        case After(delay):
            # As a limit it is the same: to the end of that time, the end included.
            return f"within {duration(delay)}"
        case BusinessDays(count):
            return f"by the end of the {_ordinal(count)} business day"
        case CalendarDays(count):
            return f"by the end of the {_ordinal(count)} day"
        case NextOccasion(calendar):
            return f"by the next {calendar}"
        case Range(earliest, latest):
            return f"in {duration(earliest)} to {duration(latest)}"
        case _:
            return _either(value, limit)


def point(value: AnyTime) -> str:
    """Say a time as that at which something is done: "after 30 minutes"."""
    match value:
        case Within(span, strict):
            return f"{_AT_ONCE}, {'before' if strict else 'at the latest after'} {duration(span)}"
        case After(delay):
            return f"after {duration(delay)}" if delay else "at the very start"
        case BusinessDays(count):
            return f"when the {_ordinal(count)} business day begins"
        case CalendarDays(count):
            return f"on the {_ordinal(count)} day, when business hours begin"
        case NextOccasion(calendar):
            return f"at the next {calendar}"
        case Range(earliest, latest):
            return f"after {duration(earliest)} to {duration(latest)}"
        case _:
            return _either(value, point)


def _either(value: AnyTime, say: Callable[[AnyTime], str]) -> str:
    match value:
        case Immediate(tolerance):
            return f"{_AT_ONCE} (within {duration(tolerance)})"
        case Never():
            return "never"
        case Unspecified():
            return _LEFT_OPEN
        case Variable():
            return _OPEN_END
        case Choice(options):
            return _CHOOSE + _OR.join(say(option) for option in options)
    raise ValueError(f"no words for {value!r}")


def heard(text: str) -> AnyTime:
    """Read what `limit` or `point` says; raises ValueError for anything else."""
    if text.startswith(_CHOOSE):
        return Choice(tuple(heard(part) for part in text.removeprefix(_CHOOSE).split(_OR)))
    fixed: dict[str, AnyTime] = {
        "never": Never(), _LEFT_OPEN: Unspecified(), _OPEN_END: Variable(),
        "at the very start": After(timedelta()),
    }  # fmt: skip
    if text in fixed:
        return fixed[text]
    for pattern, read in _FORMS:
        if found := pattern.fullmatch(text):
            return read(found)
    raise ValueError(f"`{text}` is no time in words")


def _span(found: "re.Match[str]", group: int = 1) -> timedelta:
    return heard_duration(found[group])


_FORMS = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"{_AT_ONCE} \(within (.+)\)", lambda m: Immediate(_span(m))),
        (r"within (.+)", lambda m: Within(_span(m))),
        (r"in less than (.+)", lambda m: Within(_span(m), True)),
        (rf"{_AT_ONCE}, at the latest after (.+)", lambda m: Within(_span(m))),
        (rf"{_AT_ONCE}, before (.+)", lambda m: Within(_span(m), True)),
        (r"by the end of the (.+) business day", lambda m: BusinessDays(_counted(m[1]))),
        (r"when the (.+) business day begins", lambda m: BusinessDays(_counted(m[1]))),
        (r"by the end of the (.+) day", lambda m: CalendarDays(_counted(m[1]))),
        (r"on the (.+) day, when business hours begin", lambda m: CalendarDays(_counted(m[1]))),
        (r"(?:by|at) the next (.+)", lambda m: NextOccasion(m[1])),
        (r"(?:in|after) (.+) to (.+)", lambda m: Range(_span(m), _span(m, 2))),
        (r"after (.+)", lambda m: After(_span(m))),
    )
)


def _ordinal(count: int) -> str:
    if count == 1:
        return "next"
    if count < len(_SMALL):
        return _SMALL[count]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{'th' if count % 100 in (11, 12, 13) else ending}"


def _counted(word: str) -> int:
    if word == "next":
        return 1
    return _SMALL.index(word) if word in _SMALL else int(re.sub(r"\D", "", word))
