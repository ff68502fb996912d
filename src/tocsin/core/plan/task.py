"""A task: the one form to which every "this must be done" of a plan is reduced.

Steps of phases and playbooks, outcomes of milestones, checks of gates, duties, rungs of ladders,
triggers, questions, evidence and post-mortem rules all compile to tasks; `core.incident.tasks`
arms them, waits for them and refuses what they hold up.
"""

from typing import Literal

import msgspec

from tocsin.core.times import AnyTime

DoTask = Literal[
    "do", "ask", "page", "notify", "ticket", "act", "publish", "write", "escalate"
]  # fmt: skip
Need = Literal["always", "if needed", "if possible", "if applicable", "if required"]

TELLING: frozenset[DoTask] = frozenset({"page", "notify", "ticket"})
"""What Tocsin does itself, by telling people; the rest waits for somebody."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the plan wants done in an incident.

    `do` says how: `do` waits for a person to tick it; `ask` for the fact `answer` to be stated;
    `page`, `notify` and `ticket` are done by telling `to`; `act` orders an action on systems and
    waits for its tick; `publish` waits for an update to `audience`; `write` for `document`;
    `escalate` takes the next step of the escalation at once.

    It applies at `severities` (empty: all) while `when` (CEL over the situation; empty: always)
    holds and none of `unless` does. The moment `after` arms it ("" means: as soon as it applies),
    `at` later; from the moment `until` on it is not armed any more. The deadline `within` runs
    from the arming, or from the moment `counts_from`; its clock bears the task's id.

    `need` other than `always` lets people answer "not needed", with a reason. `behind` are tasks
    that must be done first. While it is open it `holds` up: "phase ID" (entering it), "leave ID"
    (leaving that phase), "resolve", "close", "publish AUDIENCE", "tick TASK". It is done by itself
    once `proof` holds or the moment `met_by` has come; it cannot be ticked while `proof` is known
    not to hold, or before the facts `records` are stated. With `each`, every member is ticked
    singly; with `one_of`, the tick says which way was taken. Once done, `undo` is owed.
    `lasting`: once asked for, it stays so even when `when` holds no more. `ever`: a severity
    counts that the incident had at any time. `every_time`: it is asked for again whenever the
    moment `after` comes again.
    `how` are the steps that an item of a checklist stands for.
    """

    id: str
    text: str
    line: int
    group: str = ""
    do: DoTask = "do"
    severities: tuple[str, ...] = ()
    when: str = ""
    unless: tuple[str, ...] = ()
    after: str = "opened"
    at: AnyTime | None = None
    within: AnyTime | None = None
    counts_from: str = ""
    until: str = ""
    need: Need = "always"
    by: str = ""
    to: tuple[str, ...] = ()
    everyone: bool = False
    behind: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    proof: str = ""
    met_by: str = ""
    answer: str = ""
    records: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    undo: str = ""
    audience: str = ""
    template: str = ""
    document: str = ""
    how: tuple[str, ...] = ()
    why: str = ""
    lasting: bool = False
    ever: bool = False
    every_time: bool = False

    @property
    def waivable(self) -> bool:
        """Whether people may answer that it is not needed."""
        return self.need != "always"
