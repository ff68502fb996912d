"""Bundles: what is due for one person at the same time leaves as one message that names it all.

After an outage, or in a storm, twenty incidents must not be twenty messages (invariants C8, D7).
Each message in a bundle stands there with its own link, its own code, its deadlines and how late
it is; what else it says is behind its link. Severity decides the order, then who has waited
longest.
"""

from collections.abc import Collection, Sequence
from hashlib import blake2b

from msgspec.structs import replace

from tocsin.core.delivery import Kind, Message
from tocsin.core.message import short_code

AT_MOST = 40
"""Messages in one bundle; the rest goes into the next one. Slack takes 50 blocks in a message."""

TOGETHER: frozenset[Kind] = frozenset({"page", "alarm"})
"""Kinds that may be bundled: those with a link, behind which is what a bundle leaves out."""

IN_TURN = (AT_MOST, 5, 1)
"""So many may go together at the first try, the second and the third; then from the start again."""


def most_together(attempts: int) -> int:
    """Return how many messages may leave as one that were tried so many times before (from 0).

    In an outage of the provider few messages are tried. But one that it will not take, whatever
    the reason, is parted from the others after two tries, which costs them seven seconds; else it
    would silence them for as long as they are tried with it (invariants D1, D7).
    """
    return IN_TURN[attempts % len(IN_TURN)]


def bundled(messages: Sequence[Message]) -> Message:
    """Return the one message that says what `messages` (one or more) say, as they leave now.

    A single one stays as it is. All must be of one kind, for one person through one contact, tried
    as many times, and all of them exercises or none.
    """
    found = sorted(messages, key=lambda message: (message.rank, message.due_since))
    if len(found) == 1:
        return found[0]
    name = bundle_id([message.id for message in found])
    return replace(found[0], id=name, short_code=short_code(name), holds=tuple(found))


def bundle_id(ids: Collection[str]) -> str:
    """Name a message by all that it holds: the same for the same, another one for anything else.

    Who takes each id only once must not drop what is new (invariant D2). One alone keeps its id.
    """
    if len(ids) == 1:
        return next(iter(ids))
    digest = blake2b("\n".join(sorted(ids)).encode("utf-8", "surrogatepass"), digest_size=16)
    return f"bundle.{digest.hexdigest()}"
