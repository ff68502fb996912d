"""The response in its normal form; what is to be done in it are `task.Task`s."""

import msgspec

from tocsin.core.times import AnyTime


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the work, in the order of the plan.

    `starts` is when it should begin, counted from the opening. Its time box `within` counts from
    the moment `counts_from`, or from its beginning if that is empty; None: no limit is set. A
    `parallel` phase may be entered at any time, and the others go on beside it.
    """

    id: str
    name: str
    line: int
    starts: AnyTime | None = None
    within: AnyTime | None = None
    counts_from: str = ""
    parallel: bool = False
    purpose: str = ""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A period after the moment `after` in which `keeps` (CEL; empty: nothing) must hold.

    Until it has passed, `before` is refused: "resolve", "close", "phase ID", "leave ID" or
    "tick TASK". It starts again when `keeps` fails, and with every alert if `restarts_on_alert`.
    `once_begun`: nothing waits for it where its moment has not come.
    """

    id: str
    line: int
    lasts_seconds: int
    after: str
    before: str
    keeps: str = ""
    restarts_on_alert: bool = True
    severities: tuple[str, ...] = ()
    when: str = ""
    once_begun: bool = False


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; `milestones` names the tasks of each planned instant, for a picture of the plan.

    `playbooks` maps ids to names.
    """

    phases: tuple[Phase, ...] = ()
    watches: tuple[Watch, ...] = ()
    playbooks: tuple[tuple[str, str, str, int], ...] = ()
