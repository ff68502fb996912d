"""Attachments in their table: added and read, never changed."""

from collections.abc import Callable

from sqlalchemy import Connection, insert, select

from tocsin.engine.attachments import Attachment
from tocsin.engine.ports import StoreUnavailable
from tocsin.store import rows
from tocsin.store.schema import attachments


class SqlAttachmentsReading:
    """See engine.attachments.AttachmentsReading."""

    _connection: Connection

    def attachment(self, incident_id: int, attachment_id: int) -> Attachment | None:
        """See AttachmentsReading."""
        if not 0 <= attachment_id <= rows.LARGEST_ID:
            return None
        question = select(attachments).where(
            attachments.c.id == attachment_id, attachments.c.incident_id == incident_id
        )
        row = self._connection.execute(question).first()
        if row is None:
            return None
        return Attachment(
            id=row.id,
            incident_id=row.incident_id,
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            hash=bytes(row.hash),
            content=bytes(row.content),
            by=row.added_by,
            at=rows.instant(row.added_at),
        )


class SqlAttachmentsWriting:
    """See engine.attachments.AttachmentsWriting."""

    _connection: Connection
    _lacks_room: Callable[[], str]

    def keep_attachment(self, attachment: Attachment) -> int:
        """See AttachmentsWriting. The last of a disk is for calls, and not for files."""
        if why := self._lacks_room():
            raise StoreUnavailable(why)
        values = {
            "incident_id": attachment.incident_id,
            "name": rows.plain(attachment.name),
            "media_type": rows.plain(attachment.media_type),
            "size": attachment.size,
            "hash": attachment.hash,
            "content": attachment.content,
            "added_by": rows.plain(attachment.by),
            "added_at": rows.micros(attachment.at),
        }
        statement = insert(attachments).values(values).returning(attachments.c.id)
        return int(self._connection.execute(statement).scalar_one())
