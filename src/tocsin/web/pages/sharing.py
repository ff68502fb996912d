"""Rendering once what many see: a piece of a page as it is for everybody with the same rights.

Pieces are rendered for a reader of whom only the rights are known. If a piece looks at who it is
(a name, an id), it is that person's alone; if it does not, all with the same rights share it. A
piece may also say what of its reader it is made of (`Moment.circle`): then all for whom that is the
same share it, and it must hold nothing else of them.
Tokens of forms are put in at the end, for each reader their own.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from anyio import to_thread

from tocsin.core.people import Person
from tocsin.web.access import Known, Operator
from tocsin.web.live import Fragment
from tocsin.web.pages.rendering import NOBODYS, STAND_IN
from tocsin.web.site import Web

SAME_FOR_ALL = frozenset({"access"})
"""What a piece may know of a person and still be everybody's who has the same rights."""


class Eyes:
    """Stands for a person while a piece is rendered, and remembers whether it mattered who."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self.looked = False

    def __getattr__(self, name: str) -> Any:
        """Give what the person has."""
        if name not in SAME_FOR_ALL:
            self.looked = True
        return getattr(self._person, name)

    def __eq__(self, other: object) -> bool:
        """Compare as the person would."""
        self.looked = True
        return self._person == other

    def __hash__(self) -> int:
        """Count as the person would."""
        self.looked = True
        return hash(self._person)


@dataclass(frozen=True)
class Piece:
    """A rendered part of a page; `has_token` if a reader's own token has yet to be put in."""

    text: bytes
    has_token: bool

    def for_reader(self, token: bytes) -> bytes:
        """Return the text with the reader's own token."""
        return self.text.replace(STAND_IN.encode(), token) if self.has_token else self.text


class Moment(ABC):
    """How something that is watched stands: `mark` counts what has happened to it so far.

    Its pieces are rendered when somebody first wants them. All of it is used by one event loop.
    """

    mark: int

    def __init__(self, web: Web) -> None:
        self.web = web
        self._made: dict[tuple[Hashable, ...], Piece] = {}
        self._circles: dict[tuple[Hashable, ...], Hashable] = {}
        self._making = asyncio.Lock()

    @abstractmethod
    def pieces(self, after: int) -> Sequence[Hashable]:
        """Name the pieces that are new to somebody who knows what was before `after`."""

    @abstractmethod
    def fragments(self, piece: Hashable, caller: Known) -> Sequence[Fragment]:
        """Render a piece as the caller sees it."""

    def circle(self, piece: Hashable, caller: Known) -> Hashable:
        """Return what of a reader a piece is made of beside their rights; None if it says nothing.

        It is asked once for each reader, by the event loop: it must be quick, and ask no store.
        """
        return None

    def may_see(self, caller: Known) -> bool:
        """Whether the caller may see anything of it."""
        return True

    def keep_pieces(self, before: "Moment", names: Collection[Hashable]) -> None:
        """Take over pieces that cannot have changed since the moment before.

        That one may be in use meanwhile: its pieces are copied in one go.
        """
        made, circles = before._made.copy(), before._circles.copy()
        self._made |= {key: piece for key, piece in made.items() if key[0] in names}
        self._circles |= {key: one for key, one in circles.items() if key[0] in names}

    async def pieces_for(self, caller: Known, after: int) -> list[tuple[Hashable, Piece]]:
        """Return the pieces that are new for the caller; renders what nobody has wanted before."""
        names = self.pieces(after)
        if any(self._known(name, caller) is None for name in names):
            async with self._making:
                missing = [name for name in names if self._known(name, caller) is None]
                if missing:
                    threads = self.web.stream_threads
                    await to_thread.run_sync(self._make, missing, caller, limiter=threads)
        found = [(name, self._known(name, caller)) for name in names]
        return [(name, piece) for name, piece in found if piece is not None]

    def _known(self, name: Hashable, caller: Known) -> Piece | None:
        rights = _rights(caller)
        circle = self._circle(name, caller)
        if circle is not None:
            return self._made.get((name, rights, "circle", circle))
        shared = self._made.get((name, rights))
        return shared or self._made.get((name, rights, caller.by))

    def _circle(self, name: Hashable, caller: Known) -> Hashable:
        key = (name, _rights(caller), caller.by)
        if key not in self._circles:
            self._circles[key] = self.circle(name, caller)
        return self._circles[key]

    def _make(self, names: Sequence[Hashable], caller: Known) -> None:
        for name in names:
            seen, eyes = _with_eyes(caller)
            text = b"".join(one.encoded() for one in self.fragments(name, seen))
            is_personal = eyes is not None and eyes.looked
            rights = _rights(caller)
            circle = self._circle(name, caller)
            key: tuple[Hashable, ...] = (name, rights)
            if circle is not None:
                key = (name, rights, "circle", circle)
            elif is_personal:
                key = (name, rights, caller.by)
            self._made[key] = Piece(text, STAND_IN.encode() in text)


def _with_eyes(caller: Known) -> tuple[Known, Eyes | None]:
    """Return the caller as a piece may see them, and what remembers whether it looked."""
    if caller.person is None:
        return caller, None
    eyes = Eyes(caller.person)
    person = cast(Person, eyes)
    if isinstance(caller, Operator):
        return replace(caller, person=person), eyes
    return replace(caller, person=person, token_hash=NOBODYS, session=None), eyes


def _rights(caller: Known) -> Hashable:
    """Return what callers must have in common to be shown the same."""
    if isinstance(caller, Operator):
        return "operator", caller.person is not None
    return "person", caller.person.access, caller.rights
