"""One step of a plan, wherever it stands, as a task."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from tocsin.core.document import near
from tocsin.core.plan.catalogue.selection import select
from tocsin.core.plan.response.file import TodoFile
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.shapes import WhoFile
from tocsin.core.plan.task import DoTask, Task
from tocsin.core.times import AnyTime
from tocsin.core.tree import Path

LONGEST_SLUG = 40
GATES = ("resolve", "close", "phase", "leave", "publish", "tick")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What steps have from the place in which they stand."""

    prefix: str
    group: str
    after: str = "opened"
    when: str = ""
    unless: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    in_order: bool = False
    lasting: bool = False
    every_time: bool = False
    at: AnyTime | None = None
    within: AnyTime | None = None
    counts_from: str = ""


def slug(text: str) -> str:
    """Make a short name out of a sentence: small letters, digits and hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if len(words) <= LONGEST_SLUG:
        return words or "step"
    return words[: LONGEST_SLUG + 1].rpartition("-")[0] or words[:LONGEST_SLUG]


def bracket(condition: str) -> str:
    """Put a condition in brackets where `&&` would part it."""
    return f"({condition})" if "||" in condition or "?" in condition else condition


class StepMaker:
    """Makes tasks of the steps of a plan, in its order; `tasks` are all that were made."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.tasks: list[Task] = []
        self._taken: dict[str, int] = {}

    def steps(
        self,
        path: Path,
        todos: Sequence[TodoFile],
        setting: Setting,
        without: frozenset[str] = frozenset(),
    ) -> list[str]:
        """Make tasks of a list of steps, headings included; return their ids.

        Steps with an id or a text in `without` are left out.
        """
        made: list[str] = []
        for number, todo in enumerate(todos):
            if not without & {todo.id, todo.do}:
                made += self.step((*path, number), todo, setting, made)
        return made

    def step(
        self, path: Path, todo: TodoFile, setting: Setting, before: Sequence[str] = ()
    ) -> list[str]:
        """Make the tasks of one step, or of all under a heading; return their ids."""
        if todo.group or todo.steps:
            own = msgspec.structs.replace(
                setting,
                group=f"{setting.group}: {todo.group}" if todo.group else setting.group,
                in_order=setting.in_order or todo.in_order,
            )
            return self.steps((*path, "steps"), todo.steps, own)
        task = self._task(path, todo, setting, before)
        if task is None:
            return []
        self.tasks.append(task)
        if task.undo:
            self.tasks.append(self._undo(task))
        return [task.id]

    def _task(
        self, path: Path, todo: TodoFile, setting: Setting, before: Sequence[str]
    ) -> Task | None:
        scope = self.scope
        verb = self._verb(path, todo)
        if verb is None:
            return None
        do, text = verb
        when = scope.situation((*path, "when"), todo.when) if todo.when else ""
        both = " && ".join(bracket(part) for part in (setting.when, when) if part)
        who = getattr(todo, do) if do in ("page", "notify", "ticket") else None
        behind, holds = self._order(path, todo, before if setting.in_order else ())
        within = scope.time((*path, "within"), todo.within) if todo.within else setting.within
        return Task(
            id=self._unique(f"{setting.prefix}/{todo.id or slug(text)}"),
            text=text,
            line=scope.line(path),
            group=setting.group,
            do=do,
            severities=self.severities(path, todo.for_) or setting.severities,
            when=both if when else setting.when,
            unless=setting.unless,
            lasting=setting.lasting,
            every_time=setting.every_time,
            after=setting.after,
            at=scope.time((*path, "at"), todo.at) if todo.at else setting.at,
            within=within,
            counts_from=(
                scope.moment((*path, "from"), todo.from_) if todo.from_ else setting.counts_from
            ),
            need=todo.need,
            by=self._doer((*path, "by"), todo.by),
            to=self._recipients(path, do, who),
            everyone=bool(who is not None and who.all),
            behind=behind,
            holds=tuple(dict.fromkeys((*setting.holds, *holds))),
            proof=scope.situation((*path, "done_when"), todo.done_when) if todo.done_when else "",
            met_by=self._met_by(path, todo),
            answer=self._fact((*path, "answer"), todo.answer) if todo.answer else "",
            records=tuple(
                self._fact((*path, "records", number), name)
                for number, name in enumerate(todo.records)
            ),
            each=self._members((*path, "each"), todo.each) if todo.each else (),
            one_of=tuple(todo.one_of),
            undo=todo.undo,
            audience=todo.publish or "",
            template=todo.template or "",
            document=todo.write,
            why=todo.why or (f"{setting.group}: {text}" if who is not None else ""),
        )

    def _order(
        self, path: Path, todo: TodoFile, before: Sequence[str]
    ) -> tuple[tuple[str, ...], list[str]]:
        """What must be done before the step, and what has to wait for it."""
        behind = [
            found
            for number, name in enumerate(todo.behind)
            if (found := self._task_id((*path, "behind", number), name))
        ]
        holds = [
            gate
            for number, name in enumerate(todo.before)
            if (gate := self.gate_name((*path, "before", number), name))
        ]
        return tuple(dict.fromkeys((*behind, *before[-1:]))), holds

    def _verb(self, path: Path, todo: TodoFile) -> tuple[DoTask, str] | None:
        """What the step does, and its text; None, with a problem reported, if that is unclear."""
        texts: list[tuple[DoTask, str]] = [
            ("do", todo.do), ("ask", todo.ask), ("act", todo.act), ("write", todo.write),
            ("do", " or ".join(todo.one_of)),
        ]  # fmt: skip
        found = [(do, text) for do, text in texts if text]
        if todo.do and todo.one_of:
            found = [("do", todo.do)]
        verbs: tuple[tuple[DoTask, str], ...] = (
            ("page", "Page"), ("notify", "Notify"), ("ticket", "File a ticket with"),
        )  # fmt: skip
        for do, words in verbs:
            who = getattr(todo, do)
            if who is not None:
                named = f"all of {who.all}" if who.all else " or ".join(who.any_of)
                found.append((do, f"{words} {named}"))
        if todo.publish:
            found.append(("publish", f"Publish an update to {todo.publish}"))
        if len(found) == 2 and found[0][0] == "do" and found[0][1] == todo.do and not todo.one_of:
            return found[1][0], todo.do  # `do` gives the words, the other key the deed
        if len(found) == 1:
            return found[0]
        if not self.scope.document.damaged(path):
            self.scope.error(
                path, "plan.step-verb",
                "this step does several things at once" if found else "this step does nothing",
                "Write a text, or one of `do`, `ask`, `act`, `page`, `notify`, `ticket`, "
                "`publish`, `write`, `one_of` per step.",
            )  # fmt: skip
        return None

    def _undo(self, task: Task) -> Task:
        return Task(
            id=self._unique(f"undo/{task.id}"),
            text=task.undo,
            line=task.line,
            group="To be taken back",
            do="act" if task.do == "act" else "do",
            after=f"done {task.id}",
            need="if applicable",
            by=task.by,
            holds=("close",),
            why=f"takes back: {task.text}",
        )

    def _unique(self, name: str) -> str:
        again = self._taken.get(name, 0) + 1
        self._taken[name] = again
        return name if again == 1 else f"{name}-{again}"

    def _met_by(self, path: Path, todo: TodoFile) -> str:
        return self.scope.moment((*path, "met_by"), todo.met_by) if todo.met_by else ""

    def severities(self, path: Path, codes: Iterable[str]) -> tuple[str, ...]:
        for number, code in enumerate(codes):
            self.scope.knows("severities", self.scope.codes, code, (*path, "for", number))
        return tuple(codes)

    def _recipients(self, path: Path, do: str, who: WhoFile | None) -> tuple[str, ...]:
        if who is None:
            return ()
        recipients = (who.all,) if who.all else tuple(who.any_of)
        for number, recipient in enumerate(recipients):
            at = (*path, do, "all") if who.all else (*path, do, number)
            self.scope.knows("contacts", self.scope.recipients, recipient, at)
        return recipients

    def _doer(self, path: Path, name: str) -> str:
        if not name:
            return ""
        roles = self.scope.document.keys(("roles",))
        if name not in roles:
            self.scope.knows("contacts", (*self.scope.recipients, *roles), name, path)
        return name

    def _fact(self, path: Path, name: str) -> str:
        self.scope.knows("facts", self.scope.document.keys(("facts",)), name, path)
        return name

    def known_phase(self, path: Path, name: str) -> bool:
        phases = self.scope.document.keys(("phases",))
        if name in phases or self.scope.lost("phases"):
            return True
        hint = near(name, phases) + "Known are the ids under `phases:`."
        self.scope.error(path, "plan.unknown-phase", f"unknown phase `{name}`", hint)
        return False

    def gate_name(self, path: Path, text: str) -> str:
        word, _, name = text.partition(" ")
        plain = text in ("resolve", "close")
        if plain or (word == "publish" and name):
            return text
        if word in ("phase", "leave") and name:
            return text if self.known_phase(path, name) else ""
        if word == "tick" and name:
            found = self._task_id(path, name)
            return f"tick {found}" if found else ""
        self.scope.error(
            path, "plan.gate", f"nothing can wait before `{text}`",
            near(word, GATES) + "Write `resolve`, `close`, `phase recovery`, `leave containment`, "
            "`tick STEP` or `publish AUDIENCE`.",
        )  # fmt: skip
        return ""

    def _task_id(self, path: Path, name: str) -> str:
        """A step that was written before: by its id, or by its last part."""
        found = [t.id for t in self.tasks if name in (t.id, t.id.rpartition("/")[2])]
        if found:
            return found[-1]
        self.scope.error(
            path, "plan.unknown-step", f"no step `{name}` stands before this one",
            near(name, [t.id for t in self.tasks]) + "Give that step an `id:` and write it here.",
        )  # fmt: skip
        return ""

    def put_behind(self, path: Path, name: str, first: list[str]) -> None:
        found = [n for n, t in enumerate(self.tasks) if name in (t.id, t.id.rpartition("/")[2])]
        if not found:
            self._task_id(path, name)
        for number in found:
            task = self.tasks[number]
            self.tasks[number] = msgspec.structs.replace(task, behind=(*task.behind, *first))

    def _members(self, path: Path, selector: str) -> tuple[str, ...]:
        return select(self.scope, path, selector)
