"""Points in time as people type them: `friday 18:00`, `2026-03-06 18:00 UTC`, RFC 3339."""

import re
from datetime import UTC, date, datetime, time, timedelta

from whenever import Instant

from tocsin.core.document import near, time_zones
from tocsin.core.oncall import first_instant

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_FORMS = (
    "write for example `2026-03-06T18:00:00Z`, `2026-03-06 18:00`, `friday 18:00` or "
    "`tomorrow 09:00`, with a zone such as `Europe/Berlin` behind it if need be"
)
_CLOCK = r"(?P<clock>\d{1,2}:\d{2}(?::\d{2})?)"
_DATE = r"(?P<date>\d{4}-\d{2}-\d{2})"
_DAY = r"(?P<day>[a-z]+)"
_WITH_OFFSET = re.compile(rf"{_DATE}[t ]{_CLOCK}(?:\.\d+)?(?:z|[+-]\d{{2}}:\d{{2}})")
_LOCAL = re.compile(rf"(?:{_DAY},? )?{_DATE}[t ]{_CLOCK}(?: (?P<zone>\S+))?")
_RELATIVE = re.compile(rf"(?:{_DAY} )?{_CLOCK}(?: (?P<zone>\S+))?")


def parse_instant(text: str, now: datetime, time_zone: str) -> datetime:
    """Read a point in time; the answer is aware, in UTC.

    A time without offset or zone is meant on the clocks of `time_zone`. A weekday, or a time of
    day alone, means its first occurrence that is not before `now` (an aware time). A local time
    that occurs twice means the first one; one that does not occur moves forward by what was
    skipped. Raises ValueError that says what is wrong and, after a semicolon, how to write it.
    """
    words = " ".join(text.split())
    plain = words.lower()
    if plain == "now":
        return now.astimezone(UTC)
    if _WITH_OFFSET.fullmatch(plain):
        return _exact(words)
    if match := _LOCAL.fullmatch(plain):
        zone = _zone(match["zone"], words, time_zone)
        day = _date(match["date"])
        if match["day"] and _weekday(match["day"], text) != day.weekday():
            raise ValueError(
                f"{day} is a {WEEKDAYS[day.weekday()].title()}, not a {match['day'].title()}; "
                "correct one of the two"
            )
        return _instant(day, _clock(match["clock"]), zone)
    if match := _RELATIVE.fullmatch(plain):
        zone = _zone(match["zone"], words, time_zone)
        return _coming(match["day"] or "", _clock(match["clock"]), now, zone)
    raise ValueError(f"`{text.strip()}` is no point in time; {_FORMS}")


def _exact(words: str) -> datetime:
    try:
        return datetime.fromisoformat(words.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"`{words}` is a time that no calendar has; {_FORMS}") from None


def _zone(found: str | None, words: str, otherwise: str) -> str:
    """Return the zone as its data spells it; `found` is in small letters, `words` as typed."""
    if found is None:
        return otherwise
    known = {name.lower(): name for name in time_zones()}
    if found not in known:
        typed = words.rsplit(" ", 1)[-1]
        hint = near(typed, known.values()) + "Zones are named by place, as in `Europe/Berlin`"
        raise ValueError(f"there is no time zone `{typed}`; {hint}")
    return known[found]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"`{text}` is a day that no calendar has; {_FORMS}") from None


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text.rjust(5 if text.count(":") == 1 else 8, "0"))
    except ValueError:
        raise ValueError(f"`{text}` is no time of day; write it as `18:00`") from None


def _weekday(word: str, text: str) -> int:
    for number, name in enumerate(WEEKDAYS):
        if len(word) >= 3 and name.startswith(word):
            return number
    raise ValueError(f"`{word}` in `{text.strip()}` is no weekday; {near(word, WEEKDAYS)}{_FORMS}")


def _coming(day: str, clock: time, now: datetime, zone: str) -> datetime:
    today = Instant(now).to_tz(zone).date().to_stdlib()
    if day in ("today", "tomorrow"):
        return _instant(today + timedelta(days=day == "tomorrow"), clock, zone)
    if day:
        ahead, step = (_weekday(day, f"{day} {clock:%H:%M}") - today.weekday()) % 7, 7
    else:
        ahead, step = 0, 1
    at = _instant(today + timedelta(days=ahead), clock, zone)
    return at if at >= now else _instant(today + timedelta(days=ahead + step), clock, zone)


def _instant(day: date, clock: time, zone: str) -> datetime:
    try:
        return first_instant(datetime.combine(day, clock), zone)
    except (ValueError, OverflowError):
        raise ValueError(f"{day} is out of reach; {_FORMS}") from None
