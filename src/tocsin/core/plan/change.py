"""One thing that is different for somebody between two plans."""

from typing import Literal

import msgspec

Effect = Literal["tighter", "looser", "other"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is different for somebody.

    `about` is the part of the plan ("escalation", "promises", "templates"), `what` a sentence,
    `who` those whom it concerns. `effect` says whether the plan demands more or less than before;
    `line` is the new plan's line, `was_line` the old one's, 0 where there is none.
    """

    about: str
    what: str
    effect: Effect = "other"
    severity: str = ""
    who: tuple[str, ...] = ()
    line: int = 0
    was_line: int = 0
