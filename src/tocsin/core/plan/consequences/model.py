"""What an incident obliges to, in its normal form; what is done about it are `task.Task`s."""

from datetime import timedelta
from typing import Literal

import msgspec

from tocsin.core.times import AnyTime

Group = Literal["direct", "indirect", "recovery"]


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody must be told; `tasks` are what it takes, the last of them the duty itself.

    `within` None: the plan leaves the deadline open and asks for it in the incident. `legal`:
    it follows from a law, cited in `law`.
    """

    id: str
    line: int
    to: tuple[str, ...]
    within: AnyTime | None
    counts_from: str = ""
    legal: bool = False
    law: str = ""
    when: str = ""
    tasks: tuple[str, ...] = ()
    note: str = ""


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of a ladder: its figure as the plan writes it, and the tasks that it brings."""

    at: str
    line: int
    tasks: tuple[str, ...]


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """Rungs, lowest first, over the number fact `over` or the time since the moment `since`."""

    id: str
    line: int
    over: str = ""
    since: str = ""
    currency: str = ""
    basis: Literal["estimate", "actual", ""] = ""
    cumulative: bool = True
    rungs: tuple[Rung, ...] = ()


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of cost; `fact` holds its amount, which `formula` gives where it is not empty.

    `tiers` are (from which figure of the fact `tiers_by` on, amount), lowest first; as texts of
    decimal numbers.
    """

    fact: str
    name: str
    line: int
    group: Group = "direct"
    formula: str = ""
    tiers: tuple[tuple[str, str], ...] = ()
    tiers_by: str = ""
    estimated: bool = False
    credit: bool = False

    @property
    def derived(self) -> bool:
        """Whether the plan works the amount out by itself."""
        return bool(self.formula or self.tiers)


class Finance(msgspec.Struct, frozen=True, kw_only=True):
    """What an incident costs: `total` is the fact of the net sum, `gross` of the costs alone,
    `actual` of the net sum without estimates; the last two may be empty."""

    line: int
    total: str
    gross: str = ""
    actual: str = ""
    currency: str = ""
    costs: tuple[Cost, ...] = ()


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """The way back from a disaster; None: the plan sets no target, and no verdict is given."""

    id: str
    name: str
    line: int
    rpo: timedelta | None = None
    rto: AnyTime | None = None
    lost_data: str = ""
    tasks: tuple[str, ...] = ()


class Consequences(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    duties: tuple[Duty, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    triggers: tuple[str, ...] = ()
    finance: Finance | None = None
    recoveries: tuple[Recovery, ...] = ()
