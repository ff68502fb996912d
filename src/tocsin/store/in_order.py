"""Deliveries that are changed together are locked first, in the order of their ids.

A mere UPDATE locks them in any order it likes, so that two nodes may wait for each other.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from tocsin.store.schema import deliveries

IDS_AT_ONCE = 10_000


def change_deliveries(
    connection: Connection,
    wanted: ColumnElement[bool],
    values: Mapping[str, Any],
    *,
    skip_locked: bool = False,
) -> int:
    """Give the `wanted` deliveries these values; return how many they are.

    `skip_locked`: what somebody else is about is left alone, and not waited for.
    """
    locking = (
        select(deliveries.c.id)
        .where(wanted)
        .order_by(deliveries.c.id)
        .with_for_update(key_share=True, skip_locked=skip_locked)
    )
    ids = list(connection.execute(locking).scalars())
    for start in range(0, len(ids), IDS_AT_ONCE):
        mine = deliveries.c.id.in_(ids[start : start + IDS_AT_ONCE])
        connection.execute(update(deliveries).where(mine).values(**values))
    return len(ids)
