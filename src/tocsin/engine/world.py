"""What every verb of the engine is given: the ports, the rules in force, and the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tocsin.engine.ports import Channel, Now, Source, Store
from tocsin.engine.rules import Rules


@dataclass(frozen=True)
class World:
    """`wake` tells the engine's loop that something is due; it makes work faster, never correct.

    `base_url` is where people reach the pages, without a slash at the end. `node` names this
    process in claims and logs. `secret` is what keys and answer links are derived from.
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
