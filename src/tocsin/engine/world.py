"""What every verb of the engine is given: the ports, the rules in force, and the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex

from tocsin.core.emergency import Emergency
from tocsin.engine.ports import Channel, Now, Source, Store
from tocsin.engine.rules import Rules
from tocsin.engine.seldom import Seldom


def fresh_claim() -> str:
    """Return a name for a claim that no other claim has ever had."""
    return token_hex(8)


def no_emergency() -> Emergency | None:
    """Say that the store answers, for a world that has no journal beside it."""
    return None


@dataclass(frozen=True)
class World:
    """`wake` tells the engine's loop that something is due; it makes work faster, never correct.

    `base_url` is where people reach the pages, without a slash at the end. `node` names this
    process in claims and logs. `secret` is what keys and answer links are derived from. `fresh`
    gives a text that it has never given before, on any node: the name of a claim. `emergency` says
    in which emergency the calling thread works; None while the node has its store. `seldom` keeps
    what fails again and again from being told each time.
    """

    store: Store
    rules: Rules
    channels: Mapping[str, Channel]
    sources: Mapping[str, Source]
    now: Now
    wake: Callable[[], None]
    base_url: str
    node: str
    secret: bytes = field(repr=False)
    fresh: Callable[[], str] = fresh_claim
    emergency: Callable[[], Emergency | None] = no_emergency
    seldom: Seldom = field(default_factory=Seldom, repr=False)
