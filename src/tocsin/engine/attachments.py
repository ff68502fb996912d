"""Files that are kept with incidents, as values, and what the store can do with them."""

from datetime import datetime
from typing import Protocol

import msgspec


class File(msgspec.Struct, frozen=True):
    """A file as somebody hands it in: what it is called, what kind it is, and what is in it."""

    name: str
    media_type: str
    content: bytes


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is kept; `hash` is the SHA-256 of its content, `id` 0 before it is stored."""

    id: int = 0
    incident_id: int
    name: str
    media_type: str
    size: int
    hash: bytes
    content: bytes
    by: str
    at: datetime


class AttachmentsReading(Protocol):
    """What can be asked of the files; which ones there are is said by the incident itself."""

    def attachment(self, incident_id: int, attachment_id: int) -> Attachment | None:
        """Return one file of an incident with its content, None if it has none of that id."""


class AttachmentsWriting(Protocol):
    """What changes the files: they are added, and never changed."""

    def keep_attachment(self, attachment: Attachment) -> int:
        """Insert a file and return the id that it was given."""
