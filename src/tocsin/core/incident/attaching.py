"""Files kept with an incident, and the moments of its timeline that tell the story."""

from datetime import datetime

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan

AT_MOST = 10 * 1024 * 1024
"""Bytes of one file."""

FILES_AT_MOST = 50
"""Files of one incident."""

PINS_AT_MOST = 100
"""Pinned moments of one incident: a story has no more."""

NAME_AT_MOST = 200
"""Characters of a file's name; of a longer one the end is kept, which says what kind it is."""

PICTURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""Media types that are shown in place -> how such a file begins."""

Decision = list[e.Event] | Refusal


def is_picture(media_type: str) -> bool:
    """Whether a file of this kind can be shown in place, if its content is what it says."""
    return media_type in PICTURES


def shows_as(media_type: str, content: bytes) -> bool:
    """Whether the content is the picture that its media type says."""
    if media_type == "image/webp" and content[8:12] != b"WEBP":
        return False
    return content.startswith(PICTURES.get(media_type, ()))


def file_name(given: str) -> str:
    """Return a name without folders and without what does not print; `file` if nothing is left."""
    last = given.replace("\\", "/").rpartition("/")[2]
    plain = "".join(ch if ch.isprintable() else " " for ch in last)
    plain = " ".join(plain.split())[-NAME_AT_MOST:].strip(". ")
    return plain or "file"


def attach(_plan: Plan, incident: Incident, command: c.Attach, now: datetime) -> Decision:
    """Return what it is that a file is kept with the incident; the same one again is nothing."""
    if any((one.name, one.hash) == (command.name, command.hash) for one in incident.attachments):
        return []
    if not command.size:
        return Refusal(
            "incident.empty-file", "the file is empty", "attach one that has something in it"
        )
    if command.size > AT_MOST:
        return Refusal(
            "incident.file-too-large",
            f"the file has {command.size} bytes, more than {AT_MOST >> 20} MiB",
            "attach a part of it, or note where it lies",
        )
    if len(incident.attachments) >= FILES_AT_MOST:
        return Refusal(
            "incident.too-many-files", f"{incident.code} has {FILES_AT_MOST} files already",
            "note where it lies instead",
        )  # fmt: skip
    return [
        e.FileAttached(
            at=now, by=command.by, via=command.via, why=command.why,
            attachment=command.attachment, name=command.name, media_type=command.media_type,
            size=command.size, sha256=command.hash,
        )
    ]  # fmt: skip


def pin(_plan: Plan, incident: Incident, command: c.Pin, now: datetime) -> Decision:
    """Return what it is that an entry of the timeline is pinned."""
    if not 1 <= command.number <= command.entries:
        return Refusal(
            "incident.unknown-entry",
            f"the timeline of {incident.code} has no entry {command.number}",
            f"it has the entries 1 to {command.entries}: tocsin show {incident.code}",
        )
    if command.number in incident.pinned:
        return []
    if len(incident.pinned) >= PINS_AT_MOST:
        return Refusal(
            "incident.too-many-pins", f"{incident.code} has {PINS_AT_MOST} pinned moments already",
            "take one off that matters less",
        )  # fmt: skip
    return [
        e.MomentPinned(
            at=now, by=command.by, via=command.via, why=command.why, entry=command.number
        )
    ]


def unpin(_plan: Plan, incident: Incident, command: c.Unpin, now: datetime) -> Decision:
    """Return what it is that an entry is not pinned any more."""
    if command.number not in incident.pinned:
        return []
    return [
        e.MomentUnpinned(
            at=now, by=command.by, via=command.via, why=command.why, entry=command.number
        )
    ]
