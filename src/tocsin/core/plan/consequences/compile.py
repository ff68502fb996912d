"""Duties, regulations and triggers, reduced to tasks; with ladders, money and disasters beside."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from tocsin.core.document import listed, near
from tocsin.core.plan import references as refer
from tocsin.core.plan.conditions import facts_in
from tocsin.core.plan.consequences.file import (
    DutyFile,
    RegulationFile,
    TriggerFile,
)
from tocsin.core.plan.consequences.ladders import compile_ladders
from tocsin.core.plan.consequences.laws import LAWS, Law
from tocsin.core.plan.consequences.model import Consequences, Duty
from tocsin.core.plan.consequences.money import compile_finance, compile_recoveries, imply_money
from tocsin.core.plan.model import FactRule
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.shapes import WhoFile
from tocsin.core.plan.task import DoTask, Task
from tocsin.core.times import After, AnyTime, Unspecified, parse_time, words, words_duration
from tocsin.core.tree import Path

DUTIES = "Duties"
APPLIES = "applies"
"""The moment from which a duty counts that names no other: when it comes to apply."""


def imply_facts(scope: Scope) -> None:
    """Make known the facts that these clauses bring along: deadlines to find out, amounts."""
    for name, duty in scope.file.duties.items():
        if duty.within is not None and _is_open(duty.within):
            _imply_deadline(scope, ("duties", name))
    for name, law in scope.file.regulations.items():
        if (law.within is None and not _known_law(law).within) or _is_open(law.within):
            _imply_deadline(scope, ("regulations", name))
    imply_money(scope)


def _is_open(text: str | None) -> bool:
    return text is not None and text.strip().lower() == "unspecified"


def _imply_deadline(scope: Scope, path: Path) -> None:
    about = f"By when {path[-1]} must be done, as found out in the incident; or that it need not be"
    name = deadline_fact(str(path[-1]))
    refer.imply(scope, FactRule(name, "text", about=about, line=scope.line(path)))


def deadline_fact(duty: str) -> str:
    """The fact in which people state the deadline that a plan leaves open."""
    return f"deadline_{refer.underscored(duty)}"


def compile_consequences(scope: Scope) -> tuple[Consequences, tuple[Task, ...]]:
    """Reduce what an incident obliges to to its normal form and to tasks, in the plan's order."""
    tasks: list[Task] = []
    duties = [_duty(scope, name, file, tasks) for name, file in scope.file.duties.items()]
    duties += _regulations(scope, tasks)
    _merge(duties, tasks)
    ladders = compile_ladders(scope, tasks)
    triggers = [
        _trigger(scope, number, file, tasks)
        for number, file in enumerate(scope.file.escalation.triggers)
    ]
    tasks += _recommended(scope)
    finance = compile_finance(scope, tasks)
    recoveries = compile_recoveries(scope, tasks)
    room = Consequences(
        duties=tuple(duties),
        ladders=ladders,
        triggers=tuple(name for name in triggers if name),
        finance=finance,
        recoveries=recoveries,
    )
    return room, tuple(tasks)


class _Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What duties and regulations have in common, as the plan says it."""

    path: Path
    id: str
    text: str
    to: tuple[str, ...] = ()
    do: DoTask = "do"
    everyone: bool = False
    when: str = ""
    why: str = ""
    law: str = ""
    within: AnyTime | None = None
    counts_from: str = ""
    severities: tuple[str, ...] = ()


def _duty(scope: Scope, name: str, file: DutyFile, tasks: list[Task]) -> Duty:
    path: Path = ("duties", name)
    do, to, everyone = _who(scope, path, file)
    when = scope.situation((*path, "when"), file.when) if file.when else ""
    law = ""
    if file.regulation is not None:
        law = _cited(scope, (*path, "regulation"), file.regulation)
    said = file.text or (f"tell {_names(to)}" if to else "")
    text = file.do or f"Tell {_names(to)}" + (f": {file.text}" if file.text and to else "")
    if file.contains:
        text += f" (it must say: {'; '.join(file.contains)})"
    asked = _asked(scope, path, name, file, when, tasks)
    owed = _Owed(
        path=path, id=f"duty/{name}", text=text, to=to, do=do, everyone=everyone,
        when=refer.both(when, asked), why=f"duty {name}: {said}" if said else f"duty {name}",
        law=law,
        within=scope.time((*path, "within"), file.within) if file.within else None,
        counts_from=_from(scope, path, file.from_),
        severities=refer.severities(scope, (*path, "for"), file.for_),
    )  # fmt: skip
    if file.within is None and do == "do":
        scope.warn(
            path, "plan.duty-deadline", f"nothing says by when `{name}` must be done",
            "Write `within: 72h`, or `within: unspecified` to have it asked in the incident.",
        )  # fmt: skip
    return _made(scope, owed, file, tasks)


def _who(scope: Scope, path: Path, file: DutyFile) -> tuple[DoTask, tuple[str, ...], bool]:
    if file.page:
        return "page", *refer.told(scope, (*path, "page"), file.page)
    if file.notify:
        return "notify", *refer.told(scope, (*path, "notify"), file.notify)
    return "do", refer.recipients(scope, (*path, "tell"), file.tell), False


def _made(scope: Scope, owed: _Owed, file: DutyFile | RegulationFile, tasks: list[Task]) -> Duty:
    """The duty itself, with what comes before it and the warnings that go out for it."""
    before = len(tasks)
    path, line = owed.path, scope.line(owed.path)
    is_open = isinstance(owed.within, Unspecified)
    by = refer.doer(scope, (*path, "by"), file.by)
    holds: tuple[str, ...] = ("close",)
    behind: tuple[str, ...] = ()
    need, approve = "always", None
    if isinstance(file, DutyFile):
        holds = refer.gates(scope, (*path, "holds"), file.holds)
        behind = tuple(
            found
            for number, name in enumerate(file.behind)
            if (found := _earlier(scope, (*path, "behind", number), name))
        )
        need, approve = file.need, file.approve
    if is_open:
        tasks.append(_open_deadline(owed, line))
    base = Task(
        id=owed.id, text=owed.text, line=line, group=DUTIES, severities=owed.severities,
        when=owed.when, after="", why=f"{owed.why} ({owed.law})" if owed.law else owed.why,
    )  # fmt: skip
    if approve is not None:
        approver = refer.doer(scope, (*path, "approve"), approve)
        first = f"{owed.id}/approved"
        tasks.append(
            replace(
                base, id=first, text=f"Approve: {owed.text}", by=approver, holds=holds,
                behind=behind,
            )
        )  # fmt: skip
        behind = (first,)
    tells = owed.do != "do"
    task = replace(
        base, do=owed.do, to=owed.to if tells else (), everyone=owed.everyone,
        at=owed.within if tells and isinstance(owed.within, After) else None,
        within=None if is_open or tells else owed.within, counts_from=owed.counts_from, need=need,
        by=by, behind=behind, holds=() if tells else holds,
        records=refer.facts(scope, (*path, "proof"), file.proof),
    )  # fmt: skip
    tasks.append(task)
    _warnings(scope, owed, file, task, tasks)
    return Duty(
        id=owed.id, line=line, to=owed.to, within=None if is_open else owed.within,
        counts_from=owed.counts_from, legal=bool(owed.law), law=owed.law, when=owed.when,
        tasks=tuple(task.id for task in tasks[before:]),
        note=file.note if isinstance(file, RegulationFile) else "",
    )  # fmt: skip


def _asked(
    scope: Scope, path: Path, name: str, file: DutyFile, when: str, tasks: list[Task]
) -> str:
    """The question on which a duty depends, as a task; returns the condition it adds."""
    if not file.ask and file.answer is None:
        return ""
    if not file.ask or file.answer is None:
        scope.error(
            path, "plan.duty-question", f"`{name}` has {'a question' if file.ask else 'an answer'} "
            f"without {'the fact that answers it' if file.ask else 'the question'}",
            "Write both: `ask: Is it criminal?` and `answer: criminal_activity`.",
        )  # fmt: skip
        return ""
    refer.facts(scope, (*path, "answer"), [file.answer])
    rule = scope.facts.get(file.answer)
    if rule is not None and rule.kind != "bool":
        scope.error(
            (*path, "answer"), "plan.duty-question",
            f"`{file.answer}` does not answer a question with yes or no",
            f"Write `{file.answer}: yes or no` under `facts:`.",
        )  # fmt: skip
        return ""
    tasks.append(
        Task(
            id=f"duty/{name}/asked", text=file.ask, line=scope.line((*path, "ask")), group=DUTIES,
            do="ask", answer=file.answer, when=when, after="", holds=("close",),
            severities=tuple(file.for_), why=f"duty {name} depends on it",
        )
    )  # fmt: skip
    return file.answer if rule is not None else ""


def _open_deadline(owed: _Owed, line: int) -> Task:
    """What asks, in the incident, for a deadline that the plan leaves open."""
    return Task(
        id=f"{owed.id}/deadline", text=f"By when? {owed.text}", line=line, group=DUTIES, do="ask",
        answer=deadline_fact(owed.id.partition("/")[2]), severities=owed.severities,
        when=owed.when, after="", holds=("close",),
        why=f"{owed.why}: the plan leaves the deadline open",
    )  # fmt: skip


def _warnings(
    scope: Scope, owed: _Owed, file: DutyFile | RegulationFile, task: Task, tasks: list[Task]
) -> None:
    if not file.warn_before:
        if file.warn:
            _no_warning(scope, (*owed.path, "warn"), "when to warn", "Add `warn_before: [4h]`.")
        return
    allowed = refer.lasts(owed.within)
    path: Path = (*owed.path, "warn_before")
    if allowed is None or task.do != "do":
        _no_warning(
            scope, path, "what to warn of: there is no deadline in hours",
            "Give `within` as a duration, such as `72h`, on something that people do.",
        )  # fmt: skip
        return
    to = _warned(scope, owed.path, file)
    if not to:
        _no_warning(scope, path, "who is warned", "Add `warn: RECIPIENT`, or `by:`.")
        return
    for number, text in enumerate(file.warn_before):
        ahead = scope.duration(text)
        if ahead >= allowed:
            _no_warning(
                scope, (*path, number), f"how to warn {text} before the end of {words(owed.within)}"
                if owed.within else "when to warn", "Warn later than the duty begins.",
            )  # fmt: skip
            continue
        tasks.append(_warning(task, to, ahead, allowed))


def _warning(task: Task, to: str, ahead: timedelta, allowed: timedelta) -> Task:
    left = words_duration(ahead)
    return Task(
        id=f"{task.id}/warned-{left}", text=f"{left} left: {task.text}", line=task.line,
        group=DUTIES, do="page", to=(to,), severities=task.severities, when=task.when,
        after=task.counts_from or f"armed {task.id}", at=After(allowed - ahead),
        until=f"done {task.id}", why=f"{left} left: {task.text}",
    )  # fmt: skip


def _warned(scope: Scope, path: Path, file: DutyFile | RegulationFile) -> str:
    """Whom warnings go to: who is named, else the people who do it."""
    if file.warn:
        return refer.recipients(scope, path, [file.warn])[0]
    if file.by in scope.recipients:
        return file.by or ""
    role = scope.file.roles.get(file.by or "")
    return (role.from_ if role is not None else "") or ""


def _no_warning(scope: Scope, path: Path, what: str, hint: str) -> None:
    scope.error(path, "plan.duty-warning", f"it cannot be known {what}", hint)


def _from(scope: Scope, path: Path, text: str) -> str:
    if not text or text == APPLIES:
        return ""
    return scope.moment((*path, "from"), text)


def _earlier(scope: Scope, path: Path, name: str) -> str:
    """The task behind which another comes: a duty by its name, or any task by its id."""
    if name in scope.document.keys(("duties",)):
        return f"duty/{name}"
    if name in scope.document.keys(("regulations",)):
        return f"regulation/{name}"
    if "/" in name:
        return name  # checked once all tasks of the plan are known
    known = (*scope.document.keys(("duties",)), *scope.document.keys(("regulations",)))
    scope.error(
        path, "plan.unknown-step", f"no duty `{name}` is known",
        near(name, known) + f"Known: {listed(known)}; or write a task's id: `recovery/check`.",
    )  # fmt: skip
    return ""


def _regulations(scope: Scope, tasks: list[Task]) -> list[Duty]:
    """A duty to the authority of each law, and the questions whether the laws apply."""
    asked: dict[str, list[tuple[str, int]]] = {}
    made: list[Duty] = []
    later: list[Task] = []
    for name, file in scope.file.regulations.items():
        path: Path = ("regulations", name)
        when = scope.situation((*path, "when"), file.when) if file.when else ""
        applies = (
            scope.situation((*path, "applies_when"), file.applies_when) if file.applies_when else ""
        )
        if not when and not applies and not (file.when or file.applies_when):
            scope.warn(
                path, "plan.regulation-condition", f"nothing says when {name} applies",
                'Add `when: data_breach == "confirmed"`, and `applies_when:` for whom it is law.',
            )  # fmt: skip
        for fact in sorted(facts_in(applies) - facts_in(when)) if when else ():
            if fact in scope.facts:
                asked.setdefault(fact, []).append((when, scope.line((*path, "applies_when"))))
        made.append(_regulation(scope, name, file, refer.both(when, applies), later))
    for fact, reasons in asked.items():
        rule = scope.facts[fact]
        tasks.append(
            Task(
                id=f"regulation/asked/{fact}", text=rule.about or f"{fact.replace('_', ' ')}?",
                line=reasons[0][1], group=DUTIES, do="ask", answer=fact, after="",
                when=" || ".join(dict.fromkeys(f"({when})" for when, _ in reasons)),
                holds=("close",), why="which laws apply depends on it",
            )
        )  # fmt: skip
    tasks += later
    return made


def _known_law(file: RegulationFile) -> Law:
    nothing = Law(id="", name="", citation=file.law, authority="", starts="", within="")
    return LAWS.get(file.law, nothing)


def _regulation(
    scope: Scope, name: str, file: RegulationFile, when: str, tasks: list[Task]
) -> Duty:
    path: Path = ("regulations", name)
    law = _known_law(file)
    authority = file.authority or law.authority or "the authority"
    said = file.within or law.within or "unspecified"
    # An open deadline is asked for in the incident; the plan need not be blamed for the law.
    within = parse_time(said, scope.tolerance) if _is_open(said) else scope.time(
        (*path, "within"), said
    )  # fmt: skip
    contains = tuple(file.contains) or law.contains
    text = f"Tell {authority} ({file.name or law.name or name})"
    if contains:
        text += f" (it must say: {'; '.join(contains)})"
    starts = f", counted from: {law.starts}" if law.starts else ""
    owed = _Owed(
        path=path, id=f"regulation/{name}", text=text, to=(authority,), when=when,
        why=f"{file.name or law.name or name}{starts}", law=law.citation or name, within=within,
        counts_from=_from(scope, path, file.from_),
    )  # fmt: skip
    return _made(scope, owed, file, tasks)


def _cited(scope: Scope, path: Path, name: str) -> str:
    file = scope.file.regulations.get(name)
    if file is not None:
        return _known_law(file).citation or file.name or name
    known = scope.document.keys(("regulations",))
    if name not in known and not scope.lost("regulations"):
        scope.error(
            path, "plan.unknown-regulation", f"unknown regulation `{name}`",
            near(name, known) + (f"Known: {listed(known)}." if known else
                                 f"Add it: `regulations: {{{name}: {{authority: ...}}}}`."),
        )  # fmt: skip
    return name


def _merge(duties: Sequence[Duty], tasks: list[Task]) -> None:
    """Let one telling meet all duties to tell the same people of the same thing."""
    for number, duty in enumerate(duties):
        same = [d for d in duties if same_telling(d, duty)]
        if len(same) < 2:
            continue
        following = same[(same.index(duty) + 1) % len(same)]
        place = next(i for i, task in enumerate(tasks) if task.id == duties[number].id)
        tasks[place] = replace(tasks[place], met_by=f"done {following.id}")


def same_telling(one: Duty, other: Duty) -> bool:
    """Whether two duties tell the same people of the same thing."""
    return bool(one.to) and (set(one.to), one.when) == (set(other.to), other.when)


def _trigger(scope: Scope, number: int, file: TriggerFile, tasks: list[Task]) -> str:
    path: Path = ("escalation", "triggers", number)
    known: tuple[DoTask, ...] = ("page", "notify", "ticket")
    verbs: list[DoTask] = [verb for verb in known if getattr(file, verb)]
    verbs += ["escalate"] if file.step else []
    if len(verbs) != 1 or not (file.on or file.when):
        scope.error(
            path, "plan.trigger", "this trigger does not say what happens, or what brings it about",
            "For example `{on: raised, page: team-lead}`, `{on: missed respond, step: next}` or "
            "`{when: complaints >= 20, notify: cto}`.",
        )  # fmt: skip
        return ""
    after = scope.moment((*path, "on"), file.on) if file.on else ""
    when = scope.situation((*path, "when"), file.when) if file.when else ""
    if (file.on and not after) or (file.when and not when):
        return ""
    who: WhoFile | None = file.page or file.notify or file.ticket
    do = verbs[0]
    to, everyone = refer.told(scope, (*path, do), who) if who else ((), False)
    name = file.name or " and ".join(part for part in (file.on, file.when) if part)
    task = Task(
        id=f"trigger/{_slug(file.name or file.on or file.when or '')}-{number + 1}",
        text=name, line=scope.line(path), group="Escalation triggers", do=do, to=to,
        everyone=everyone, after=after, when=when,
        severities=refer.severities(scope, (*path, "for"), file.for_), every_time=not file.once,
        until=scope.moment((*path, "until"), file.until), why=f"trigger: {name}",
    )  # fmt: skip
    tasks.append(task)
    return task.id


def _recommended(scope: Scope) -> list[Task]:
    """What reminds of an escalation that the plan recommends: done, or left out for a reason."""
    severities = scope.file.severities
    codes = [c for c, one in severities.items() if one.escalation_policy == "recommended"]
    if not codes:
        return []
    line = scope.line(("severities", codes[0], "escalation_policy"))
    return [
        Task(
            id="escalation/recommended", text="Escalate, or say why not", line=line,
            group="Escalation",
            severities=tuple(codes), until="resolved", need="if needed", met_by="escalated",
            why="the plan recommends it",
        )
    ]  # fmt: skip


def _slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())[:40]


def _names(to: Sequence[str]) -> str:
    return " and ".join(name.replace("-", " ") for name in to)
