"""A roster as an iCalendar file (RFC 5545), for the calendars that people use anyway."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from tocsin.core.oncall import shifts
from tocsin.core.people import Organisation, Roster
from tocsin.web.pages.words.sentences import Names

BEFORE, AFTER = timedelta(days=30), timedelta(days=180)
"""How far a file reaches back and ahead."""

LONGEST_LINE = 75
"""Bytes of a line before it is folded (RFC 5545, 3.1)."""


def feed(organisation: Organisation, roster: Roster, now: datetime, base_url: str) -> str:
    """Return the shifts of a roster around `now`; times are in UTC, so that nothing is doubtful."""
    names, host = Names(organisation), urlsplit(base_url).hostname or "tocsin"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tocsin//On call//EN",
        f"X-WR-CALNAME:{_text(f'On call: {roster.id}')}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
    ]
    for shift in shifts(roster, now - BEFORE, now + AFTER) if roster.rotation else ():
        what = " (override)" if shift.why == "override" else ""
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(roster.id)}-{_utc(shift.start)}@{host}",
            f"DTSTAMP:{_utc(now)}",
            f"DTSTART:{_utc(shift.start)}",
            f"DTEND:{_utc(shift.end)}",
            f"SUMMARY:{_text(f'{names(shift.person)} on call: {roster.id}{what}')}",
            f"URL:{base_url}/on-call",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(_folded(line) for line in lines)


def _utc(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")


def _text(words: str) -> str:
    """Escape a text (RFC 5545, 3.3.11); what is no printable character becomes a space."""
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    for special in ("\\", ";", ","):
        plain = plain.replace(special, f"\\{special}")
    return plain


def _folded(line: str) -> str:
    """Break a line between characters where it is too long."""
    parts, room = [""], LONGEST_LINE
    for letter in line:
        size = len(letter.encode())
        if size > room:
            parts.append(" ")
            room = LONGEST_LINE - 1
        parts[-1] += letter
        room -= size
    return "\r\n".join(parts) + "\r\n"
