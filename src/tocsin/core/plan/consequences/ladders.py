"""Ladders: rungs over a figure (money, complaints) or over time, reduced to tasks.

Each rung is taken once, for ever: its tasks last when the figure falls again. Telling somebody of
a higher rung also meets what a lower one owed to them.
"""

from datetime import timedelta
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from tocsin.core.plan import references as refer
from tocsin.core.plan.consequences.amounts import parse_amount, plain
from tocsin.core.plan.consequences.file import LadderFile, RungFile
from tocsin.core.plan.consequences.model import Ladder, Rung
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.shapes import WhoFile
from tocsin.core.plan.task import Task
from tocsin.core.times import After, words_duration
from tocsin.core.tree import Path

Height = Decimal | timedelta


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rung, read: where it stands, how high it is, and how its height is written."""

    path: Path
    height: Height
    said: str
    file: RungFile


def compile_ladders(scope: Scope, tasks: list[Task]) -> tuple[Ladder, ...]:
    """Reduce the ladders of the plan, lowest rungs first; their tasks are added to `tasks`."""
    return tuple(
        _ladder(scope, name, file, tasks) for name, file in scope.file.ladders.items()
    )  # fmt: skip


def _ladder(scope: Scope, name: str, file: LadderFile, tasks: list[Task]) -> Ladder:
    path: Path = ("ladders", name)
    over = "" if file.since else _figure(scope, path, name, file)
    since = scope.moment((*path, "since"), file.since) if file.since else ""
    # All rungs of a ladder are of one kind: amounts, or durations.
    steps = sorted(_steps(scope, path, file), key=lambda step: step.height)
    _semantics(scope, path, file, steps)
    base = Task(
        id=f"ladder/{name}", text="", line=scope.line(path), group=f"Ladder {name}", after=since,
        severities=refer.severities(scope, (*path, "for"), file.for_), lasting=True,
        when=scope.situation((*path, "when"), file.when) if file.when else "",
        until=scope.moment((*path, "until"), file.until) if file.until else "",
        counts_from="opened" if file.clock == "opened" else "",
        holds=refer.gates(scope, (*path, "holds"), file.holds),
    )  # fmt: skip
    made: list[list[Task]] = []
    for number, step in enumerate(steps):
        above = steps[number + 1] if number + 1 < len(steps) else None
        made.append(_rung(scope, step, _climbed(base, file, over, (step, above)), name))
    tasks += _met_from_above(made)
    return Ladder(
        id=name, line=scope.line(path), over=over, since=since, currency=file.currency,
        basis=file.basis or "", cumulative=file.cumulative is not False,
        rungs=tuple(
            Rung(at=step.said, line=scope.line(step.path), tasks=tuple(t.id for t in own))
            for step, own in zip(steps, made, strict=True)
        ),
    )  # fmt: skip


def _figure(scope: Scope, path: Path, name: str, file: LadderFile) -> str:
    """The fact that a ladder climbs; the one without estimates where only actuals count."""
    over = file.over or name
    finance = scope.file.finance
    if file.basis == "actual" and finance is not None and over == finance.total:
        over = finance.actual or f"{over}_actual"
    known = refer.number_fact(scope, (*path, "over") if file.over else path, over)
    return over if known else ""


def _steps(scope: Scope, path: Path, file: LadderFile) -> list[_Step]:
    steps: list[_Step] = []
    for key, rung in file.rungs.items():
        place: Path = (*path, "rungs", key)
        height = _height(scope, place, key, file)
        if height is None:
            continue
        if any(step.height == height for step in steps):
            scope.error(
                place, "plan.ladder-rung", f"the rung `{key}` stands twice",
                "Put all that follows from it into one rung.",
            )  # fmt: skip
            continue
        unit = f" {file.currency}" if file.currency else ""
        said = words_duration(height) if isinstance(height, timedelta) else plain(height) + unit
        steps.append(_Step(path=place, height=height, said=said, file=rung))
    return steps


def _height(scope: Scope, path: Path, text: str, file: LadderFile) -> Height | None:
    try:
        if file.since:
            return scope.duration(text)
        amount, currency = parse_amount(text)
    except ValueError as error:
        what, _, hint = str(error).partition("; ")
        _bad_rung(scope, path, what, f"{hint[:1].upper()}{hint[1:]}." if hint else "")
        return None
    if currency and currency != file.currency:
        hint = f"Write the amount in {file.currency}." if file.currency else ""
        hint = hint or f"Say it once for the ladder: `currency: {currency}`."
        _bad_rung(scope, path, f"`{text}` is in {currency}, the ladder is not", hint)
        return None
    return amount


def _bad_rung(scope: Scope, path: Path, what: str, hint: str) -> None:
    scope.found.add(scope.document.key_place(path), "plan.ladder-rung", what, hint)


def _semantics(scope: Scope, path: Path, file: LadderFile, steps: list[_Step]) -> None:
    if file.cumulative is None and len(steps) > 1:
        scope.undecided(
            path, "plan.ladder-meaning",
            "the ladder does not say whether a jump takes the lower rungs as well",
            "Write `cumulative: true`, or `cumulative: false` where only the highest counts.",
        )  # fmt: skip
    if file.currency and file.basis is None:
        scope.undecided(
            path, "plan.ladder-meaning", "the ladder does not say whether estimates climb it",
            "Write `basis: estimate`, or `basis: actual` where only known amounts count.",
        )  # fmt: skip
    timed = [step for step in steps if step.file.within is not None]
    if file.clock is None and timed:
        scope.undecided(
            (*timed[0].path, "within"), "plan.ladder-meaning",
            "the ladder does not say what its deadlines count from",
            "Write `clock: crossing`, or `clock: opened`.",
        )  # fmt: skip


def _climbed(base: Task, file: LadderFile, over: str, rungs: tuple[_Step, _Step | None]) -> Task:
    """The base of a rung's tasks, with what arms them: the figure, or the time."""
    step, above = rungs
    only = f" && !({_reached(over, above)})" if above and file.cumulative is False and over else ""
    basis = {"estimate": " (estimates count)", "actual": " (actual amounts only)", None: ""}
    if isinstance(step.height, timedelta):
        return replace(
            base, at=After(step.height), why=f"{step.said} after {file.since}", until=base.until
        )
    # Without a figure there is nothing to compare, and that is reported already.
    reached = f"{_reached(over, step)}{only}" if over else "false"
    return replace(
        base, when=refer.both(reached, base.when),
        why=f"{(file.over or base.id.partition('/')[2]).replace('_', ' ')} has reached "
        f"{step.said}{basis[file.basis]}",
    )  # fmt: skip


def _reached(over: str, step: _Step) -> str:
    assert isinstance(step.height, Decimal)
    return f"{over} >= {plain(step.height)}"


def _rung(scope: Scope, step: _Step, base: Task, name: str) -> list[Task]:
    """The tasks of one rung: Tocsin tells by itself, people tell and write."""
    path, file = step.path, step.file
    base = replace(base, line=scope.line(path), why=f"ladder {name}: {base.why}")
    prefix = f"{base.id}/{step.said.split()[0]}"
    tells: list[tuple[str, WhoFile]] = [
        (verb, who)
        for verb, who in (("page", file.page), ("notify", file.notify), ("ticket", file.ticket))
        if who is not None
    ]
    made = []
    for verb, who in tells:
        named, everyone = refer.told(scope, (*path, verb), who)
        made.append(
            replace(
                base, id=f"{prefix}/{verb}", do=verb, to=named, everyone=everyone, holds=(),
                text=f"{verb.capitalize()} {' and '.join(named)}: {step.said}",
            )
        )  # fmt: skip
    within = scope.time((*path, "within"), file.within) if file.within else None
    owed = replace(
        base, within=within, by=refer.doer(scope, (*path, "by"), file.by),
        records=refer.facts(scope, (*path, "proof"), file.proof),
    )  # fmt: skip
    for to in refer.recipients(scope, (*path, "tell"), file.tell):
        made.append(
            replace(owed, id=f"{prefix}/tell-{to}", text=f"Tell {to}: {step.said}", audience=to)
        )
    if file.document:
        made.append(_document(scope, (*path, "document"), owed, file.document, prefix, step.said))
    if file.within and not (file.tell or file.document):
        _no_deadline(scope, (*path, "within"))
    return made


def _document(
    scope: Scope, path: Path, owed: Task, document: str | bool, prefix: str, said: str
) -> Task:
    if document is True:
        return replace(owed, id=f"{prefix}/document", text=f"Document the impact of {said}")
    known = scope.document.keys(("documents",))
    if document not in known and not scope.lost("documents"):
        scope.error(
            path, "plan.unknown-document", f"unknown document `{document}`",
            "Add it under `documents:`, or write `document: true`.",
        )  # fmt: skip
    return replace(
        owed, id=f"{prefix}/document", do="write", document=str(document),
        text=f"Write {document}: {said}",
    )  # fmt: skip


def _no_deadline(scope: Scope, path: Path) -> None:
    """A time on what Tocsin does itself: at once it is; any other would be a wish."""
    scope.report(
        "note", path, "plan.ladder-at-once",
        ("Tocsin tells at once when the rung is crossed, whatever the time says",
         "Write `tell:` instead of `notify:` where people do it, by that time."),
    )  # fmt: skip


def _met_from_above(made: list[list[Task]]) -> list[Task]:
    """Let the telling of a higher rung meet what a lower one owes to the same recipient."""
    flat = [task for rung in made for task in rung]
    linked: list[Task] = []
    for number, task in enumerate(flat):
        to = task.audience
        above = (t for t in flat[number + 1 :] if to in (t.audience, *t.to))
        higher = next(above, None) if to else None
        linked.append(replace(task, met_by=f"done {higher.id}") if higher else task)
    return linked
