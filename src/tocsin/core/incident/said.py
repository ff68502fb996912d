"""What was said to whom: updates as a timeline holds them, which remembers all of them."""

from collections.abc import Iterable

import msgspec

from tocsin.core.incident import events as e


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One update that went out; `number` is its entry in the timeline.

    `proposal` is how it was written, where somebody had to approve it. `sent` are the numbers of
    the entries that ordered its messages, `unreached` the recipients of whom nobody was reached.
    """

    number: int
    update: e.UpdatePublished
    proposal: e.UpdateProposed | None = None
    sent: tuple[int, ...] = ()
    unreached: tuple[e.NobodyReached, ...] = ()

    @property
    def writer(self) -> str:
        """Who wrote it."""
        return self.proposal.by if self.proposal is not None else self.update.by


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """One update that was held back; nobody ever read it."""

    number: int
    withdrawal: e.UpdateWithdrawn
    proposal: e.UpdateProposed


def said(entries: Iterable[tuple[int, e.Event]]) -> list[Said]:
    """Return all updates of a timeline, newest first; `entries` are its (number, event)."""
    known = list(entries)
    proposals = _proposals(known)
    sent: dict[str, list[int]] = {}
    unreached: dict[str, list[e.NobodyReached]] = {}
    for number, event in known:
        if isinstance(event, e.Told) and event.message == "update":
            sent.setdefault(event.step, []).append(number)
        elif isinstance(event, e.NobodyReached) and event.message == "update":
            unreached.setdefault(event.step, []).append(event)
    told = [
        Said(
            number=number, update=event, proposal=proposals.get(event.update),
            sent=tuple(sent.get(event.update, ())),
            unreached=tuple(unreached.get(event.update, ())),
        )
        for number, event in known
        if isinstance(event, e.UpdatePublished)
    ]  # fmt: skip
    return told[::-1]


def withheld(entries: Iterable[tuple[int, e.Event]]) -> list[Withheld]:
    """Return all updates that were held back, newest first."""
    known = list(entries)
    proposals = _proposals(known)
    return [
        Withheld(number=number, withdrawal=event, proposal=proposals[event.update])
        for number, event in reversed(known)
        if isinstance(event, e.UpdateWithdrawn) and event.update in proposals
    ]


def _proposals(entries: Iterable[tuple[int, e.Event]]) -> dict[str, e.UpdateProposed]:
    return {event.update: event for _, event in entries if isinstance(event, e.UpdateProposed)}
