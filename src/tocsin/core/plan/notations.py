"""The notations of escalation - list, chain, matrix, levels, prose - reduced to one: steps.

A plan may use several at once. For each severity the result is a sequence of `Step`s in the order
of their time, each counted from the start of the escalation.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec

from tocsin.core.plan.file import StepFile
from tocsin.core.plan.model import Do, Step
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.shapes import Until
from tocsin.core.times import (
    After,
    AnyTime,
    BusinessDays,
    CalendarDays,
    Choice,
    Immediate,
    Never,
    NextOccasion,
    Range,
    Unspecified,
    Variable,
    Within,
    counts_from_start,
    parse_time,
    words,
)
from tocsin.core.tree import Path

Origin = Literal["steps", "matrix", "levels", "prose"]
STEP_KEYS = tuple(field.alias or name for name, field in StepFile.model_fields.items())
START = timedelta()
BY_HAND = (Unspecified, Variable, Choice)
"""Times at which no step comes by itself."""


class Clause(msgspec.Struct, frozen=True):
    """One step as the file has it: where it stands, in which notation, and what ends it there."""

    entry: StepFile
    path: Path
    origin: Origin
    until: Until


class Rung(msgspec.Struct, frozen=True):
    """A step on its way into the normal form: where it stands and which notation it comes from."""

    step: Step
    path: Path
    origin: Origin
    timed: bool = True

    @property
    def place_in_time(self) -> timedelta:
        """Its time, as far as it can be compared without knowing the day."""
        return nominal(self.step.at) or START


Rungs = dict[str, list[Rung]]


def compile_escalation(scope: Scope) -> dict[str, tuple[Step, ...]]:
    """Reduce all notations of the plan to steps per severity code; report what does not fit."""
    escalation = scope.file.escalation
    shared: Rungs = {code: [] for code in scope.codes}
    _chain(scope, shared)
    if escalation.matrix is not None:
        _matrix(scope, shared)
    for number, entry in enumerate(escalation.levels):
        _levels(scope, shared, number, entry)
    result = {}
    for code in scope.codes:
        own = _prose(scope, code)
        rungs = _merge(scope, code, shared[code], own)
        rungs = [rung for rung in rungs if not isinstance(rung.step.at, Never)]
        _report_duplicates(scope, code, rungs)
        # Stable: what has the same time stays in the order of the file; manual steps come last.
        rungs = sorted(rungs, key=lambda rung: (rung.step.manual, rung.place_in_time))
        result[code] = tuple(rung.step for rung in rungs)
    return result


def nominal(value: AnyTime) -> timedelta | None:
    """A time as hours on the clock, days taken as 24 h; None if it never comes or is unknown."""
    match value:
        case After(delay) | Range(delay):
            return delay
        case Within() | Immediate():
            return START
        case BusinessDays(count) | CalendarDays(count):
            return timedelta(days=count)
        case NextOccasion():
            return timedelta(days=7)
        case Never() | Unspecified() | Variable() | Choice():
            return None


def _chain(scope: Scope, shared: Rungs) -> None:
    escalation = scope.file.escalation
    steps = escalation.steps
    _check_anchor(scope)
    reached: dict[str, timedelta] = {}
    for number, entry in enumerate(steps):
        path: Path = ("escalation", "steps", number)
        times = _times(scope, entry, path)
        if not _says_when(scope, entry, path):
            scope.undecided(
                path, "plan.step-time", "this step does not say when",
                "Add `at: 30m`, or a time per severity: `P0: 30m, P1: 2h`. A step without a time "
                "belongs under `levels:`.",
            )  # fmt: skip
            # As written it is taken like a level: when somebody asks for it.
            times = {code: Unspecified() for code in _concerned(scope, entry, path)}
        if escalation.measured_from == "previous step":
            times = _added_up(scope, path, times, reached)
        else:
            _check_order(scope, path, times, reached)
        _place(scope, shared, Clause(entry, path, "steps", escalation.until), times)


def _added_up(
    scope: Scope, path: Path, times: Mapping[str, AnyTime], reached: dict[str, timedelta]
) -> dict[str, AnyTime]:
    """Turn times since the previous step into times since the start; `reached` is moved on."""
    result: dict[str, AnyTime] = {}
    for code, value in times.items():
        own = nominal(value)
        if own is None:
            result[code] = value
        elif isinstance(value, BusinessDays | CalendarDays | NextOccasion):
            scope.error(
                _time_path(scope, path, code), "plan.chain-time",
                f"`{words(value)}` cannot count from the previous step",
                "Write hours, or `measured_from: start`.",
            )  # fmt: skip
        else:
            reached[code] = reached.get(code, START) + own
            result[code] = value if reached[code] == START else After(reached[code])
    return result


def _check_order(
    scope: Scope, path: Path, times: Mapping[str, AnyTime], reached: dict[str, timedelta]
) -> None:
    """Report a step that comes before the one above it; `reached` is moved on."""
    early: dict[Path, list[str]] = {}
    for code, value in times.items():
        own, before = nominal(value), reached.get(code, START)
        if own is not None and own < before:
            early.setdefault(_time_path(scope, path, code), []).append(code)
        reached[code] = max(before, own or START)
    for at, codes in early.items():
        scope.undecided(
            at, "plan.chain-order",
            f"at {', '.join(codes)} this step comes earlier ({words(times[codes[0]])}) than the "
            "one above it",
            "Write steps in the order of time. If each time counts from the step before, say "
            "`measured_from: previous step`.",
        )  # fmt: skip


def _time_path(scope: Scope, path: Path, code: str) -> Path:
    """Where the time of a step for a severity stands: in its own column, or at `at`."""
    return (*path, code) if code in scope.document.keys(path) else (*path, "at")


def _check_anchor(scope: Scope) -> None:
    """Two or more delays can be read in two ways, unless the plan says what they count from."""
    anchor = scope.file.escalation.measured_from
    delays: dict[str, int] = {}
    for number, entry in enumerate(scope.file.escalation.steps):
        for key, text in _times_written(entry).items():
            path = ("escalation", "steps", number, key)
            if counts_from_start(str(text)):
                if anchor == "previous step":
                    scope.error(
                        path, "plan.anchor", f"`{text}` counts from the start, the chain does not",
                        "Write the time since the previous step, or `measured_from: start`.",
                    )  # fmt: skip
            elif _is_delay(str(text)):
                delays[key] = delays.get(key, 0) + 1
    open_question = anchor is None and not scope.lost("escalation", "measured_from")
    if open_question and max(delays.values(), default=0) > 1:
        # As written they are taken to count from the start.
        scope.undecided(
            ("escalation", "steps"), "plan.anchor",
            "the plan does not say what the times of the steps count from",
            "Write `measured_from: start` or `measured_from: previous step` above `steps:`; "
            "or write times as `T+30m`, which always count from the start.",
        )  # fmt: skip


def _is_delay(text: str) -> bool:
    try:
        value = parse_time(text)
    except ValueError:
        return False  # reported where the time is used
    return isinstance(value, After) and value.delay > START


def _matrix(scope: Scope, shared: Rungs) -> None:
    matrix = scope.file.escalation.matrix
    assert matrix is not None  # the caller has looked
    if matrix.meaning is None and not scope.lost("escalation", "matrix", "meaning"):
        # As written a cell is taken as a limit, ended by what ends the escalation.
        scope.undecided(
            ("escalation", "matrix"), "plan.matrix-meaning",
            "the matrix does not say what its times mean",
            "Write `meaning: notify by`, `meaning: if unresolved after` or "
            "`meaning: if unacknowledged after`.",
        )  # fmt: skip
    ends: dict[str | None, Until] = {
        "if unresolved after": "resolved", "if unacknowledged after": "acknowledged",
    }  # fmt: skip
    until = ends.get(matrix.meaning, scope.file.escalation.until)
    for number, entry in enumerate(matrix.rows):
        path: Path = ("escalation", "matrix", "rows", number)
        times = _times(scope, entry, path)
        silent = [code for code in scope.codes if code not in _columns(scope, entry)]
        if silent and entry.at is None and entry.for_ is None:
            scope.warn(
                path, "plan.matrix-gap", f"this row says nothing for {', '.join(silent)}",
                "Write a time, `never` or `unspecified` in each column.",
            )  # fmt: skip
        _place(scope, shared, Clause(entry, path, "matrix", until), times)


def _levels(scope: Scope, shared: Rungs, number: int, entry: StepFile) -> None:
    path: Path = ("escalation", "levels", number)
    times = _times(scope, entry, path)
    if not _says_when(scope, entry, path):
        name = f"level {entry.level}" if entry.level else "this level"
        if not entry.manual:
            scope.warn(
                path, "plan.manual-level",
                f"{name} has no time: it is taken only if somebody asks",
                "Add `at: 1h` if it should come by itself when nobody reacts; `manual: true` if "
                "it should not.",
            )  # fmt: skip
        times = {code: Unspecified() for code in _concerned(scope, entry, path)}
    _place(scope, shared, Clause(entry, path, "levels", scope.file.escalation.until), times)


def _prose(scope: Scope, code: str) -> list[Rung]:
    """The own steps of a severity; those without a time are told apart by `timed`."""
    severity = scope.file.severities.get(code)
    rungs: list[Rung] = []
    for number, entry in enumerate(severity.escalation if severity else ()):
        path: Path = ("severities", code, "escalation", number)
        for key in (*_columns(scope, entry), *(("for",) if entry.for_ is not None else ())):
            scope.error(
                (*path, key), "plan.step-time", f"`{key}` has no meaning inside severity {code}",
                "Write `at:` for the time; the step belongs to this severity only.",
            )  # fmt: skip
        written = _times(scope, entry, path, own=code)
        times = {code: written.get(code, Unspecified())}
        placed: Rungs = {code: []}
        _place(scope, placed, Clause(entry, path, "prose", scope.file.escalation.until), times)
        timed = _says_when(scope, entry, path)
        rungs += [msgspec.structs.replace(rung, timed=timed) for rung in placed[code]]
    return rungs


def _columns(scope: Scope, entry: StepFile) -> dict[str, object]:
    """The keys of a step that are severities of the plan."""
    return {key: value for key, value in entry.__pydantic_extra__.items() if key in scope.codes}


def _times_written(entry: StepFile) -> dict[str, object]:
    return entry.__pydantic_extra__ | ({"at": entry.at} if entry.at is not None else {})


def _says_when(scope: Scope, entry: StepFile, path: Path) -> bool:
    """Whether a step has a time, be it one that cannot be read."""
    return bool(_times_written(entry)) or scope.lost(*path, "at")


def _concerned(scope: Scope, entry: StepFile, path: Path) -> list[str]:
    """The severities that a step is for, in the order of the plan."""
    if entry.for_ is None:
        return list(scope.codes)
    for number, code in enumerate(entry.for_):
        scope.knows("severities", scope.codes, code, (*path, "for", number))
    return [code for code in scope.codes if code in entry.for_]


def _times(scope: Scope, entry: StepFile, path: Path, own: str | None = None) -> dict[str, AnyTime]:
    """The time of a step per severity; what cannot be read is reported and left out."""
    for key in entry.__pydantic_extra__:
        if key not in scope.codes and not scope.lost("severities"):
            scope.unknown_key(path, key, (*STEP_KEYS, *scope.codes))
    concerned = [own] if own else _concerned(scope, entry, path)
    times: dict[str, AnyTime] = {}
    if entry.at is not None and (at := scope.time((*path, "at"), entry.at)) is not None:
        times = dict.fromkeys(concerned, at)
    for code, text in _columns(scope, entry).items():
        if code not in concerned and entry.for_ is not None:
            scope.warn(
                (*path, code), "plan.unreachable", f"`for:` leaves out {code}, yet it has a time",
                f"Add {code} to `for:` or remove its time.",
            )  # fmt: skip
        elif (value := scope.time((*path, code), text)) is not None:
            times[code] = value
    return times


def _place(scope: Scope, into: Rungs, clause: Clause, times: Mapping[str, AnyTime]) -> None:
    """Add a step to every severity that has a time for it, `never` included."""
    template = _template(scope, clause)
    if template is None:
        return
    if times and all(isinstance(value, Never) for value in times.values()):
        scope.warn(
            clause.path, "plan.unreachable", "this step never happens",
            "Remove it, or give it a time at some severity.",
        )  # fmt: skip
    for code, value in times.items():
        step = msgspec.structs.replace(
            template, at=value, manual=isinstance(value, BY_HAND),
            why=_in_words(template, value, clause),
        )  # fmt: skip
        into.setdefault(code, []).append(Rung(step, clause.path, clause.origin))


def _template(scope: Scope, clause: Clause) -> Step | None:
    """A step without its time; None if it is not clear what it does."""
    entry, path = clause.entry, clause.path
    verbs: list[Do] = [do for do in ("page", "notify", "ticket") if getattr(entry, do) is not None]
    broken = [do for do in ("page", "notify", "ticket") if scope.lost(*path, do)]
    if len(verbs) != 1:
        # An unknown key is told already, and was probably meant as the verb.
        unknown = entry.__pydantic_extra__.keys() - set(scope.codes)
        if not broken and (verbs or not unknown):
            scope.error(
                path, "plan.step-verb",
                "this step does several things at once" if verbs else "this step does nothing",
                "Write one of `page:`, `notify:` and `ticket:` per step, with a recipient.",
            )  # fmt: skip
        return None
    who = getattr(entry, verbs[0])
    recipients = (who.all,) if who.all else tuple(who.any_of)
    for number, recipient in enumerate(recipients):
        at = (*path, verbs[0], "all") if who.all else (*path, verbs[0], number)
        scope.knows("contacts", scope.recipients, recipient, at)
    if entry.until and entry.unless and entry.until != entry.unless:
        scope.undecided(
            (*path, "unless"), "plan.contradiction", "`until` and `unless` contradict each other",
            "Keep one of them: both say what makes the step superfluous.",
        )  # fmt: skip
    if entry.when is not None:
        scope.condition((*path, "when"), entry.when)
    return Step(
        do=verbs[0], to=recipients, at=Unspecified(),
        until=entry.until or entry.unless or clause.until,
        line=scope.line(path), why="", everyone=bool(who.all), level=entry.level or 0,
        mandate=tuple(entry.mandate), when=entry.when or "",
    )  # fmt: skip


def _in_words(step: Step, at: AnyTime, clause: Clause) -> str:
    """The step in words, for the timeline: `page team-lead after 30m unless acknowledged`."""
    who = " or ".join(step.to)
    who = f"everyone of {who}" if step.everyone else who
    match at:
        case After(delay) if delay == START:
            when = "at once"
        case After():
            when = f"after {words(at)}"
        case Immediate():
            when = "at once"
        case Within(limit):
            when = f"within {words(After(limit))}"
        case Unspecified() | Variable() | Choice():
            when = "on request"
        case _:
            when = words(at)
    verb = {"page": "page", "notify": "notify", "ticket": "file a ticket with"}[step.do]
    where = {
        "steps": "escalation step", "matrix": "escalation matrix, row",
        "levels": "escalation level", "prose": f"escalation of {clause.path[1]}, step",
    }[clause.origin]  # fmt: skip
    number = step.level or int(clause.path[-1]) + 1
    return f"{where} {number}: {verb} {who} {when} unless {step.until}"


def _merge(scope: Scope, code: str, shared: list[Rung], own: list[Rung]) -> list[Rung]:
    """Join the plan-wide steps with the own steps of a severity, recipient by recipient."""
    matrix = scope.file.escalation.matrix
    precedence = matrix.precedence if matrix else None
    for mine in own:
        for recipient in mine.step.to:
            rivals = [r for r in shared if recipient in r.step.to and r.step.do == mine.step.do]
            if not mine.timed and rivals and not isinstance(rivals[0].step.at, Never):
                own = _without(own, mine, recipient)
            elif same := [r for r in rivals if _agree(r, mine)]:
                shared = _without(shared, same[0], recipient)
            elif rivals and precedence == "matrix":
                own = _without(own, mine, recipient)
            elif rivals and precedence == "prose":
                for rival in rivals:
                    shared = _without(shared, rival, recipient)
            elif rivals:
                _report_conflict(scope, code, recipient, mine, rivals[0])
        if not mine.timed and any(rung.path == mine.path for rung in own):
            scope.warn(
                mine.path, "plan.step-time", f"at {code} this step does not say when",
                "It is taken only if somebody asks for it. Add `at: immediate`, for example.",
            )  # fmt: skip
    return shared + own


def _agree(one: Rung, other: Rung) -> bool:
    return one.step.at == other.step.at and one.step.everyone == other.step.everyone


def _without(rungs: list[Rung], rung: Rung, recipient: str) -> list[Rung]:
    """The rungs, with one of them no longer telling `recipient`; gone if nobody is left."""
    result = []
    for each in rungs:
        if each.path != rung.path:
            result.append(each)
            continue
        rest = tuple(to for to in each.step.to if to != recipient)
        if rest:
            result.append(
                msgspec.structs.replace(each, step=msgspec.structs.replace(each.step, to=rest))
            )
    return result


def _report_conflict(scope: Scope, code: str, recipient: str, mine: Rung, rival: Rung) -> None:
    if scope.lost("escalation", "matrix", "precedence"):
        return
    choice = (
        "Say which one counts: `precedence: prose` (this one) or `precedence: matrix`, in the "
        "matrix." if rival.origin == "matrix" else "Remove one of the two."
    )  # fmt: skip
    # As written both are kept.
    scope.undecided(
        mine.path, "plan.precedence",
        f"{code} tells {_who(mine, recipient)} here ({words(mine.step.at)}), but "
        f"{_who(rival, recipient)} on line {rival.step.line} ({words(rival.step.at)})", choice,
    )  # fmt: skip


def _who(rung: Rung, recipient: str) -> str:
    return f"everyone of {recipient}" if rung.step.everyone else recipient


def _report_duplicates(scope: Scope, code: str, rungs: list[Rung]) -> None:
    seen: dict[tuple[str, AnyTime], Rung] = {}
    for rung in rungs:
        identity = (rung.step.key, rung.step.at)
        first = seen.setdefault(identity, rung)
        if first is not rung and not rung.step.manual:
            scope.warn(
                rung.path, "plan.duplicate-step",
                f"at {code} this step repeats the one on line {first.step.line}",
                "Remove one of them.",
            )  # fmt: skip
