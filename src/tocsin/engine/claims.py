"""The names of claims, and what was claimed in an emergency, once that is over."""

from msgspec.structs import replace

from tocsin.engine.ports import Delivery, Transaction
from tocsin.engine.world import World


def claim_name(world: World) -> str:
    """Return a name for a claim that none has had; one of an emergency begins with its mark."""
    return f"{_mark(world)}{world.fresh()}"


def as_here(tx: Transaction, world: World, delivery: Delivery) -> Delivery:
    """Return a claimed delivery by the numbers that it has where its outcome is kept.

    What a journal has numbered has other numbers once it was brought back. Without this the outcome
    of a message that was on its way then would be lost, and it would be sent again (D2, H5).
    """
    mark, colon, _ = delivery.claim.rpartition(":")
    if not colon or f"{mark}:" == _mark(world):
        return delivery
    here = tx.delivery(delivery.message.id)
    if here is None:
        return delivery
    return replace(delivery, id=here.id, incident_id=here.incident_id)


def _mark(world: World) -> str:
    emergency = world.emergency()
    return f"{emergency.mark}:" if emergency is not None else ""
