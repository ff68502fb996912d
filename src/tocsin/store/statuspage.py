"""What the store keeps of the status page, its planned work and its subscribers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, exists, func, insert, or_, select, update

from tocsin.core.statuspage.entries import OnPage
from tocsin.core.statuspage.model import Claim, PageState, Publication, Said, Window
from tocsin.core.statuspage.subscribers import Subscriber
from tocsin.engine.status_records import STATUS_LINK
from tocsin.store import rows
from tocsin.store.database import ask_alone
from tocsin.store.schema import (
    activations,
    component_states,
    counters,
    maintenances,
    publications,
    subscribers,
)

_texts = msgspec.json.Decoder(tuple[str, ...])
_said = msgspec.json.Decoder(tuple[Said, ...])
_GOOD: PageState = "operational"

# Asked every second by every node: put together once.
_STAMP = select(
    *(
        func.coalesce(part, 0)
        for table in (publications, component_states, maintenances)
        for part in (
            select(func.max(table.c.id)).scalar_subquery(),
            select(func.count()).select_from(table).scalar_subquery(),
        )
    ),
    func.coalesce(select(func.sum(func.length(maintenances.c.updates))).scalar_subquery(), 0),
    func.coalesce(select(func.sum(maintenances.c.ends_at / 1_000_000)).scalar_subquery(), 0),
)


class SqlStatusReading:
    """See engine.status_records.StatusReading."""

    _connection: Connection

    def publications(self, since: datetime) -> list[Publication]:
        """See StatusReading."""
        lately = (
            select(publications.c.incident_id)
            .where(publications.c.at >= rows.micros(since))
            .distinct()
        )
        question = select(publications).where(
            or_(publications.c.incident_id.in_(lately), publications.c.incident_id.in_(_open()))
        )
        return [_publication(row) for row in self._connection.execute(question)]

    def publications_of(self, incident_id: int) -> list[Publication]:
        """See StatusReading."""
        question = (
            select(publications)
            .where(publications.c.incident_id == incident_id)
            .order_by(publications.c.number)
        )
        return [_publication(row) for row in self._connection.execute(question)]

    def untold(self, limit: int) -> list[Publication]:
        """See StatusReading."""
        question = (
            select(publications)
            .where(publications.c.told_at.is_(None))
            .order_by(publications.c.id)
            .limit(limit)
        )
        return [_publication(row) for row in self._connection.execute(question)]

    def claims(self, since: datetime) -> list[Claim]:
        """See StatusReading."""
        later = component_states.alias("later")
        overtaken = exists(
            select(later.c.id).where(
                later.c.component == component_states.c.component,
                later.c.why == component_states.c.why,
                later.c.id > component_states.c.id,
            )
        )
        lasting = (component_states.c.state != _GOOD) & ~overtaken
        question = (
            select(component_states)
            .where(or_(component_states.c.at >= rows.micros(since), lasting))
            .order_by(component_states.c.id)
        )
        return [
            Claim(component=row.component, source=row.why, state=row.state, at=rows.instant(row.at))
            for row in self._connection.execute(question)
        ]

    def on_page(self, incident_id: int, source: str) -> OnPage:
        """See StatusReading."""
        question = (
            select(publications.c.number, publications.c.over)
            .where(publications.c.incident_id == incident_id)
            .order_by(publications.c.number.desc())
            .limit(1)
        )
        last = self._connection.execute(question).first()
        if last is None:
            return OnPage()
        claimed = (
            select(component_states.c.component, component_states.c.state)
            .where(component_states.c.why == source)
            .order_by(component_states.c.id)
        )
        states = {row.component: row.state for row in self._connection.execute(claimed)}
        return OnPage(count=last.number, over=bool(last.over), states=states)

    def windows(self, since: datetime) -> list[Window]:
        """See StatusReading."""
        question = (
            select(maintenances)
            .where(maintenances.c.ends_at >= rows.micros(since))
            .order_by(maintenances.c.starts_at, maintenances.c.id)
        )
        return [to_window(row) for row in self._connection.execute(question)]

    def window(self, window_id: int) -> Window | None:
        """See StatusReading."""
        if not 0 <= window_id <= rows.LARGEST_ID:
            return None
        question = select(maintenances).where(maintenances.c.id == window_id)
        row = self._connection.execute(question).first()
        return None if row is None else to_window(row)

    def told_of(self, window_id: int) -> tuple[str, ...]:
        """See StatusReading."""
        question = select(maintenances.c.told).where(maintenances.c.id == window_id)
        return _texts.decode(self._connection.execute(question).scalar() or "[]")

    def record_begins(self) -> datetime | None:
        """See StatusReading."""
        first = self._connection.execute(select(func.min(activations.c.activated_at))).scalar()
        return rows.instant_or_none(first)

    def status_stamp(self) -> tuple[int, ...]:
        """See StatusReading."""
        return tuple(int(value) for value in ask_alone(self._connection, _STAMP))

    def subscriber(self, subscriber_id: str) -> Subscriber | None:
        """See StatusReading."""
        question = select(subscribers).where(subscribers.c.id == rows.plain(subscriber_id))
        row = self._connection.execute(question).first()
        return None if row is None else _subscriber(row)

    def subscribers(self, how: str, after: str, limit: int) -> list[Subscriber]:
        """See StatusReading."""
        question = (
            select(subscribers)
            .where(
                subscribers.c.how == how,
                subscribers.c.id > after,
                subscribers.c.confirmed_at.is_not(None),
                subscribers.c.ended_at.is_(None),
            )
            .order_by(subscribers.c.id)
            .limit(limit)
        )
        return [_subscriber(row) for row in self._connection.execute(question)]

    def count_subscribers(self) -> dict[str, int]:
        """See StatusReading."""
        question = (
            select(subscribers.c.how, func.count())
            .where(subscribers.c.confirmed_at.is_not(None), subscribers.c.ended_at.is_(None))
            .group_by(subscribers.c.how)
        )
        return {row[0]: row[1] for row in self._connection.execute(question)}

    def status_link(self) -> int:
        """See StatusReading."""
        question = select(counters.c.value).where(counters.c.name == STATUS_LINK)
        return int(self._connection.execute(question).scalar() or 0)


class SqlStatusWriting:
    """See engine.status_records.StatusWriting."""

    _connection: Connection

    def keep_publications(self, new: Sequence[Publication]) -> None:
        """See StatusWriting."""
        if new:
            self._connection.execute(insert(publications), [_publication_row(one) for one in new])

    def keep_claims(self, new: Sequence[Claim]) -> None:
        """See StatusWriting."""
        if new:
            values = [
                {"component": one.component, "state": one.state, "at": rows.micros(one.at),
                 "why": one.source}
                for one in new
            ]  # fmt: skip
            self._connection.execute(insert(component_states), values)

    def drop_claims(self, source: str) -> None:
        """See StatusWriting."""
        mine = component_states.c.why == source
        self._connection.execute(delete(component_states).where(mine))

    def drop_publications(self, incident_id: int) -> None:
        """See StatusWriting."""
        mine = publications.c.incident_id == incident_id
        self._connection.execute(delete(publications).where(mine))

    def told(self, publication_id: int, at: datetime) -> None:
        """See StatusWriting."""
        self._connection.execute(
            update(publications)
            .where(publications.c.id == publication_id)
            .values(told_at=rows.micros(at))
        )

    def locked_window(self, window_id: int) -> Window | None:
        """See StatusWriting."""
        if not 0 <= window_id <= rows.LARGEST_ID:
            return None
        question = select(maintenances).where(maintenances.c.id == window_id).with_for_update()
        row = self._connection.execute(question).first()
        return None if row is None else to_window(row)

    def keep_window(self, window: Window) -> int:
        """See StatusWriting."""
        values = _window_row(window)
        if not window.id:
            making = insert(maintenances).values(**values, told="[]").returning(maintenances.c.id)
            return int(self._connection.execute(making).scalar_one())
        mine = maintenances.c.id == window.id
        self._connection.execute(update(maintenances).where(mine).values(values))
        return window.id

    def told_window(self, window_id: int, told: Sequence[str]) -> None:
        """See StatusWriting."""
        mine = maintenances.c.id == window_id
        text = msgspec.json.encode(list(told)).decode()
        self._connection.execute(update(maintenances).where(mine).values(told=text))

    def keep_subscriber(self, subscriber: Subscriber) -> None:
        """See StatusWriting."""
        mine = subscribers.c.id == subscriber.id
        self._connection.execute(delete(subscribers).where(mine))
        values = {
            "id": subscriber.id,
            "how": subscriber.how,
            "address": rows.plain(subscriber.address),
            "components": msgspec.json.encode(subscriber.components).decode(),
            "token_hash": subscriber.token_hash,
            "made_at": rows.micros(subscriber.made_at),
            "confirmed_at": rows.micros_or_none(subscriber.confirmed_at),
            "ended_at": rows.micros_or_none(subscriber.ended_at),
        }
        self._connection.execute(insert(subscribers).values(values))

    def forget_subscriber(self, subscriber_id: str) -> None:
        """See StatusWriting."""
        self._connection.execute(delete(subscribers).where(subscribers.c.id == subscriber_id))

    def forget_unconfirmed(self, before: datetime) -> int:
        """See StatusWriting."""
        asked = subscribers.c.made_at <= rows.micros(before)
        forgetting = delete(subscribers).where(subscribers.c.confirmed_at.is_(None), asked)
        return self._connection.execute(forgetting).rowcount


def _open() -> Select[Any]:
    """Incidents whose last word is not that they are over."""
    one, later = publications.alias("one"), publications.alias("later")
    overtaken = exists(
        select(later.c.id).where(
            later.c.incident_id == one.c.incident_id, later.c.number > one.c.number
        )
    )
    return select(one.c.incident_id).where(one.c.over == 0, ~overtaken)


def _publication(row: Any) -> Publication:
    return Publication(
        id=row.id,
        incident_id=row.incident_id,
        number=row.number,
        at=rows.instant(row.at),
        status=row.status,
        title=row.title,
        text=row.text,
        impact=row.impact,
        components=_texts.decode(row.components),
        over=bool(row.over),
        ways=_texts.decode(row.ways),
    )


def _publication_row(one: Publication) -> dict[str, Any]:
    return {
        "incident_id": one.incident_id,
        "number": one.number,
        "at": rows.micros(one.at),
        "status": rows.plain(one.status),
        "title": rows.plain(one.title),
        "text": rows.plain(one.text),
        "impact": one.impact,
        "components": msgspec.json.encode(one.components).decode(),
        "over": int(one.over),
        "ways": msgspec.json.encode(one.ways).decode(),
        # What nobody is to be told of counts as told.
        "told_at": None if one.ways else rows.micros(one.at),
    }


def to_window(row: Any) -> Window:
    """Read a row of maintenances."""
    return Window(
        id=row.id,
        title=row.title,
        text=row.text,
        components=_texts.decode(row.components),
        starts_at=rows.instant(row.starts_at),
        ends_at=rows.instant(row.ends_at),
        state=row.state,
        updates=_said.decode(row.updates),
        made_by=row.made_by,
        made_at=rows.instant(row.made_at),
    )


def _window_row(window: Window) -> dict[str, Any]:
    said = msgspec.json.encode(window.updates).decode()
    return {
        "title": rows.plain(window.title),
        "text": rows.plain(window.text),
        "components": msgspec.json.encode(window.components).decode(),
        "starts_at": rows.micros(window.starts_at),
        "ends_at": rows.micros(window.ends_at),
        "state": window.state,
        "updates": rows.plain(said),
        "made_by": rows.plain(window.made_by),
        "made_at": rows.micros(window.made_at),
    }


def _subscriber(row: Any) -> Subscriber:
    return Subscriber(
        id=row.id,
        how=row.how,
        address=row.address,
        components=_texts.decode(row.components),
        token_hash=row.token_hash,
        made_at=rows.instant(row.made_at),
        confirmed_at=rows.instant_or_none(row.confirmed_at),
        ended_at=rows.instant_or_none(row.ended_at),
    )
