"""Time values as plans write them: never a bare number, always with their meaning."""

import re
from datetime import timedelta
from functools import lru_cache

import msgspec

DEFAULT_TOLERANCE = timedelta(minutes=5)
"""What `immediate` allows where a plan gives no tolerance of its own."""

LONGEST = timedelta(days=3660)
"""Ten years. A longer duration in a plan is a slip of the finger."""


class TimeValue(msgspec.Struct, frozen=True, tag=True):
    """Base of everything a plan can say about "when"."""


class Within(TimeValue, frozen=True):
    """A limit: `within 15m` (the limit itself still counts) or, `strict`, `< 1h` (it does not).

    As the time of a step it means: at once, and at the latest then.
    """

    limit: timedelta
    strict: bool = False


class After(TimeValue, frozen=True):
    """A point: `30m` after the anchor, neither earlier nor later."""

    delay: timedelta


class Immediate(TimeValue, frozen=True):
    """`immediate (within 5m)`: at once; missed when the tolerance is over."""

    tolerance: timedelta


class BusinessDays(TimeValue, frozen=True):
    """`next business day`, `3 business days`: whole days of the business calendar.

    As a limit it ends with that day's business hours, as a step it happens at their start.
    """

    count: int = 1


class CalendarDays(TimeValue, frozen=True):
    """`next day`, `3 calendar days`: whole days of the plan's zone, business or not.

    As a limit it ends with that day, as a step it happens when business hours would start.
    """

    count: int = 1


class NextOccasion(TimeValue, frozen=True):
    """`next sprint planning`: the next date of a named calendar of the plan."""

    calendar: str


class Never(TimeValue, frozen=True):
    """The plan says that it does not happen."""


class Unspecified(TimeValue, frozen=True):
    """The plan does not say, and knows that it does not."""


class Variable(TimeValue, frozen=True):
    """`variable`: it takes as long as it takes; the plan has decided to set no limit."""


class Range(TimeValue, frozen=True):
    """`24h-72h`: a box of time. As a step it happens at its start, as a limit it ends at its end.

    `earliest` is shorter than `latest`; both count from the same moment.
    """

    earliest: timedelta
    latest: timedelta


class Choice(TimeValue, frozen=True):
    """`choice(30m, 1h)`: the document leaves two or more times open (C50).

    Nobody can act on it or measure it before somebody has chosen.
    """

    options: "tuple[AnyTime, ...]"


AnyTime = (
    Within
    | After
    | Immediate
    | BusinessDays
    | CalendarDays
    | NextOccasion
    | Never
    | Unspecified
    | Variable
    | Range
    | Choice
)

_UNITS = {
    "s": 1, "sec": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86400,
    "w": 604800, "week": 604800, "weeks": 604800,
}  # fmt: skip
_AMOUNT = re.compile(r"(\d{1,9})\s*([a-z]+)\s*")
_COUNTED_DAYS = re.compile(r"(\d{1,4}) (business|working|calendar)[ -]days?")
_IMMEDIATE = re.compile(r"immediate(?: ?\( ?within (.+?) ?\))?")
_CHOICE = re.compile(r"choice ?\((.*)\)")
_RANGE = re.compile(r"(\d[\da-z ]*?) ?(?:-|–|to) ?(\d[\da-z ]*)")
_MAX_COUNT = 1000


def parse_time(text: str, tolerance: timedelta = DEFAULT_TOLERANCE) -> AnyTime:
    """Read a time value as a plan writes it; the meaning of each form stands at its class.

    `tolerance` is what a bare `immediate` allows. Raises ValueError with a message that says how
    to write it; a bare number is refused, since nobody can tell minutes from hours later on.
    """
    words = " ".join(text.lower().split())
    fixed: dict[str, AnyTime] = {
        "never": Never(),
        "unspecified": Unspecified(),
        "variable": Variable(),
        "next business day": BusinessDays(1),
        "next working day": BusinessDays(1),
        "next day": CalendarDays(1),
        "next calendar day": CalendarDays(1),
    }
    if words in fixed:
        return fixed[words]
    if match := _CHOICE.fullmatch(words):
        return _choice(match[1], tolerance)
    if match := _RANGE.fullmatch(words):
        return _range(match[1], match[2])
    if match := _IMMEDIATE.fullmatch(words):
        return Immediate(parse_duration(match[1]) if match[1] else tolerance)
    if match := _COUNTED_DAYS.fullmatch(words):
        return _days(int(match[1]), match[2])
    if words.startswith("next "):
        return NextOccasion(words.removeprefix("next "))
    if words.startswith("within "):
        return Within(parse_duration(words.removeprefix("within ")))
    if words.startswith("<"):
        inclusive = words.startswith("<=")
        return Within(parse_duration(words[2 if inclusive else 1 :].strip()), strict=not inclusive)
    if words.startswith("t+"):
        return After(parse_duration(words.removeprefix("t+").strip()))
    return After(parse_duration(words))


def parse_duration(text: str) -> timedelta:
    """Read `15m`, `1h30m`, `90 minutes`, `2d`, `0m`. Raises ValueError with the cure."""
    words = " ".join(text.lower().split())
    if re.fullmatch(r"-?[\d.,]+", words):
        raise ValueError(
            f"`{words}` has no unit; write `{words}m` for minutes or `{words}h` for hours"
        )
    if match := re.fullmatch(r"(\d+) ?days?", words):
        count = match[1]
        raise ValueError(
            f"`{words}` can mean hours on the clock or whole days; "
            f"write `{int(count) * 24}h`, `{count} calendar days` or `{count} business days`"
        )
    position, seconds = 0, 0
    while position < len(words):
        part = _AMOUNT.match(words, position)
        if part is None or part[2] not in _UNITS:
            raise ValueError(f"`{text.strip()}` is no time value; {_FORMS}")
        seconds += int(part[1]) * _UNITS[part[2]]
        position = part.end()
    if position == 0:
        raise ValueError(f"a time value is missing; {_FORMS}")
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"`{text.strip()}` is longer than ten years; check the unit")
    return timedelta(seconds=seconds)


_FORMS = (
    "write for example `15m`, `1h30m`, `within 4h`, `< 1h`, `immediate`, `next business day`, "
    "`never` or `unspecified`"
)


def _choice(inner: str, tolerance: timedelta) -> Choice:
    options = tuple(parse_time(option, tolerance) for option in inner.split(","))
    if len(options) < 2 or any(isinstance(option, Choice) for option in options):
        raise ValueError(
            f"`choice({inner})` leaves nothing to choose; write two or more times with commas "
            "between them, as in `choice(30m, 1h)`"
        )
    return Choice(options)


def _range(earliest: str, latest: str) -> Range:
    # In `24-72h` the unit stands once, for both.
    unit = latest.lstrip("0123456789 ")
    if not unit:
        said = f"{earliest}-{latest}"
        raise ValueError(
            f"`{said}` has no unit; write `{said}m` for minutes or `{said}h` for hours"
        )
    start = parse_duration(earliest if re.search("[a-z]", earliest) else earliest + unit)
    end = parse_duration(latest)
    if start >= end:
        raise ValueError(
            f"`{earliest}-{latest}` ends before it begins; write the shorter time first"
        )
    return Range(start, end)


def _days(count: int, kind: str) -> AnyTime:
    if not 1 <= count <= _MAX_COUNT:
        raise ValueError(f"`{count} {kind} days`: write a count from 1 to {_MAX_COUNT}")
    return CalendarDays(count) if kind == "calendar" else BusinessDays(count)


def leaves_tolerance_open(text: str) -> bool:
    """Whether the text is `immediate` without saying how much time that allows."""
    return text.strip().lower() == "immediate"


def counts_from_start(text: str) -> bool:
    """Whether the text itself says that it counts from the start: `T+15m`."""
    return text.strip().lower().startswith("t+")


@lru_cache(maxsize=1024)
def words(value: AnyTime) -> str:
    """Say a time value as a plan would; `parse_time` reads it back to the same value."""
    match value:
        case Within(limit, strict):
            return f"{'<' if strict else 'within'} {words_duration(limit)}"
        case After(delay):
            return words_duration(delay)
        case Immediate(tolerance):
            return f"immediate (within {words_duration(tolerance)})"
        case BusinessDays(count):
            return "next business day" if count == 1 else f"{count} business days"
        case CalendarDays(count):
            return "next day" if count == 1 else f"{count} calendar days"
        case NextOccasion(calendar):
            return f"next {calendar}"
        case Never():
            return "never"
        case Unspecified():
            return "unspecified"
        case Variable():
            return "variable"
        case Range(earliest, latest):
            return f"{words_duration(earliest)}-{words_duration(latest)}"
        case Choice(options):
            return f"choice({', '.join(words(option) for option in options)})"


def words_duration(duration: timedelta) -> str:
    """Say a duration as a plan would, to the second: `0m`, `45s`, `1h30m`, `24h`, `3d`.

    Fractions of a second are cut off; a negative duration starts with `-`.
    """
    seconds = int(duration.total_seconds())
    if seconds < 0:
        return "-" + words_duration(-duration)
    days = seconds // 86400 if seconds >= 2 * 86400 else 0  # one day reads better as 24h
    rest = seconds - days * 86400
    parts = ((days, "d"), (rest // 3600, "h"), (rest % 3600 // 60, "m"), (rest % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0m"
