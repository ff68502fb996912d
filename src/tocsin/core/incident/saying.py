"""What somebody says in one line of the incident room, understood: total over every text.

A line that begins with a slash is a command, `//` stands for a slash that is meant as one, and
everything else is a note. Whether the plan lets it pass is not judged here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from tocsin.core.document import listed, near
from tocsin.core.incident import commands as c
from tocsin.core.incident.relations import INVERSE
from tocsin.core.incident.sayings import ALSO, Saying
from tocsin.core.incident.sayings import SAYINGS as SAYINGS
from tocsin.core.incident.state import Incident
from tocsin.core.incident.tasks import open_tasks
from tocsin.core.incident.typed import choices, value_of
from tocsin.core.plan.model import Plan
from tocsin.core.plan.task import Task

TEXT_AT_MOST = 10_000
"""Characters of one line, as of a note by the API."""

NUMBER_AT_MOST = 9
"""Digits of an entry's number; no timeline is that long."""

SHOWN = 20
"""So many ways to go on are offered."""

_BECAUSE = re.compile(r"(?:^|\s)because(?:\s|$)")

BY_VERB: Mapping[str, Saying] = {one.verb: one for one in SAYINGS}


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is said, and by whom: `people` maps ids to names, `entries` numbers the
    newest entry of the timeline."""

    plan: Plan
    incident: Incident
    by: str
    via: str = "page"
    people: Mapping[str, str] = {}
    entries: int = 0


class Help(msgspec.Struct, frozen=True):
    """Somebody wants to know what can be said; `verb` "" means: everything."""

    verb: str = ""


class Mistake(msgspec.Struct, frozen=True):
    """Why a line can't be understood, and what to say instead. `code` is stable."""

    code: str
    what: str
    hint: str


Said = c.Command | Help | Mistake


class _Unclear(Exception):
    """Leaves the reading of a line with the mistake in it."""

    def __init__(self, code: str, what: str, hint: str) -> None:
        super().__init__(what)
        self.mistake = Mistake(code, what, hint)


def said(text: str, here: Here) -> Said:
    """Return what a line asks for: a command with `by` and `via` filled in, help, or a mistake."""
    text = text.strip()
    if not text or text == "/":
        return Mistake("saying.empty", "nothing is said", "write a note, or /help")
    if len(text) > TEXT_AT_MOST:
        return Mistake(
            "saying.too-long", f"this line has {len(text)} characters",
            f"{TEXT_AT_MOST} are taken; attach the rest as a file",
        )  # fmt: skip
    if not text.startswith("/") or text.startswith("//"):
        return c.Note(by=here.by, via=here.via, text=text.removeprefix("/"))
    first, rest = _two(text[1:])
    verb = ALSO.get(first.casefold(), first.casefold())
    if verb not in BY_VERB:
        known = near(verb, [*BY_VERB, *ALSO])
        hint = f"{known}/help lists what can be said; // writes a slash"
        return Mistake("saying.unknown", f"there is no /{first[:40]}", hint)
    try:
        return _READ[verb](rest.strip(), here)
    except _Unclear as unclear:
        return unclear.mistake


def completions(text: str, here: Here) -> tuple[str, ...]:
    """Return whole lines that begin like `text`: the words first, then what they may be about."""
    if not text.startswith("/") or text.startswith("//"):
        return ()
    first, space, rest = _word(text[1:])
    if not space:
        begun = first.casefold()
        return tuple(f"/{verb} " for verb in BY_VERB if verb.startswith(begun))[:SHOWN]
    verb = ALSO.get(first.casefold(), first.casefold())
    known = _first_arguments(verb, here)
    begun = rest.lstrip().casefold()
    found = [one for one in known if one.casefold().startswith(begun)]
    end = "=" if verb == "fact" else " "
    return tuple(f"/{verb} {one}{end}" for one in found)[:SHOWN]


def _first_arguments(verb: str, here: Here) -> Iterable[str]:
    plan, incident = here.plan, here.incident
    candidates: dict[str, Callable[[], Iterable[str]]] = {
        "ack": lambda: (one.code for one in plan.severities),
        "severity": lambda: (one.code for one in plan.severities),
        "page": plan.recipients,
        "fact": lambda: plan.facts,
        "update": lambda: plan.communication.audiences,
        "approve": lambda: incident.proposals,
        "withdraw": lambda: incident.proposals,
        "role": lambda: plan.roles,
        "handover": lambda: plan.roles,
        "tick": lambda: (task.id for task in open_tasks(plan, incident)),
        "waive": lambda: (task.id for task in open_tasks(plan, incident)),
        "phase": lambda: (phase.id for phase in plan.response.phases),
        "mode": lambda: (*plan.people.modes, "none"),
        "decide": lambda: _subjects(plan),
        "help": lambda: BY_VERB,
    }
    return candidates[verb]() if verb in candidates else ()


def _word(text: str) -> tuple[str, str, str]:
    """Part a text at its first space of any kind; as `str.partition`."""
    for place, sign in enumerate(text):
        if sign.isspace():
            return text[:place], sign, text[place + 1 :].lstrip()
    return text, "", ""


def _two(text: str) -> tuple[str, str]:
    first, _, rest = _word(text)
    return first, rest


def _needed(verb: str, *parts: str) -> None:
    """Raise _Unclear where a part is missing."""
    if not all(parts):
        saying = BY_VERB[verb]
        raise _Unclear(
            "saying.incomplete", f"/{verb} needs: {saying.arguments}",
            f"for example: {saying.example}",
        )  # fmt: skip


def _picked(word: str, known: Iterable[str], what: str) -> str:
    """Return the one of `known` that is meant: as it is, in other capitals, or by its beginning.

    What is none of them comes back as it is: the plan says what it thinks of that.
    """
    names = list(dict.fromkeys(known))
    if word in names:
        return word
    lower = word.casefold()
    same = [name for name in names if name.casefold() == lower]
    begun = same or [name for name in names if name.casefold().startswith(lower)]
    if len(begun) == 1:
        return begun[0]
    if len(begun) > 1 and lower:
        raise _Unclear(
            "saying.ambiguous", f"`{word}` is the beginning of {len(begun)} {what}",
            f"say which: {listed(begun)}",
        )  # fmt: skip
    return word


def _who(here: Here, why: str = "") -> dict[str, Any]:
    return {"by": here.by, "via": here.via, "why": why}


def _severity_of(word: str, here: Here) -> str:
    words = {code: code for code in (one.code for one in here.plan.severities)}
    words |= {one.name: one.code for one in here.plan.severities if one.name not in words}
    return words.get(found := _picked(word, words, "severities"), found)


def _person(word: str, here: Here) -> str:
    """Return a person's id; people may be called by name too, and with an @."""
    word = word.removeprefix("@")
    names = {name.casefold(): one for one, name in here.people.items()}
    return names.get(word.casefold()) or _picked(word, here.people, "people")


def _subjects(plan: Plan) -> list[str]:
    mandated = [kind for role in plan.roles.values() for kind in role.mandate]
    return list(dict.fromkeys((*plan.people.authority, *mandated)))


def _task(word: str, here: Here) -> tuple[str, Task | None]:
    """Return a task's id: of one that is open, rather than of any other."""
    for tasks in (open_tasks(here.plan, here.incident), here.plan.tasks):
        by_name = {task.id: task for task in tasks}
        short: dict[str, list[Task]] = {}
        for task in tasks:
            short.setdefault(task.id.rpartition("/")[2], []).append(task)
        by_name |= {n: found[0] for n, found in short.items() if len(found) == 1}
        found = _picked_task(word, by_name)
        if found is not None:
            return found.id, found
    return word, None


def _picked_task(word: str, by_name: Mapping[str, Task]) -> Task | None:
    lower = word.casefold()
    for fits in (
        [task for name, task in by_name.items() if name.casefold() == lower],
        [task for name, task in by_name.items() if lower and name.casefold().startswith(lower)],
    ):
        different = {task.id: task for task in fits}
        if len(different) == 1:
            return fits[0]
        if different:
            raise _Unclear(
                "saying.ambiguous", f"`{word}` is the beginning of {len(different)} tasks",
                f"say which: {listed(different)}",
            )  # fmt: skip
    return None


def _ack(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    severity = _severity_of(word, here) if word else ""
    return c.Acknowledge(severity=severity, **_who(here, why))


def _severity(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    _needed("severity", word)
    return c.SetSeverity(severity=_severity_of(word, here), **_who(here, why))


def _page(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    _needed("page", word)
    number, after = _two(why)
    if word.casefold() == "level" and number.isdigit():
        return c.Escalate(to=f"level {number}", **_who(here, after))
    return c.Escalate(to=_picked(word, here.plan.recipients(), "recipients"), **_who(here, why))


def _fact(rest: str, here: Here) -> Said:
    name, sign, value = rest.partition("=")
    if not sign or len(name.split()) != 1:
        name, value = _two(rest)
    name, value = name.strip(), value.strip()
    _needed("fact", name, value)
    name = _picked(name, here.plan.facts, "facts")
    rule = here.plan.facts.get(name)
    if rule is not None and value != "?":
        value = _picked(value, choices(rule), "values")
    return c.RecordFact(name=name, value=value_of(here.plan, name, value), **_who(here))


def _update(rest: str, here: Here) -> Said:
    audiences = here.plan.communication.audiences
    word, text = _two(rest)
    _needed("update", word)
    try:
        audience = _picked(word, audiences, "audiences")
    except _Unclear:
        if len(audiences) == 1:
            raise
        audience = ""
    if audience in audiences:
        _needed("update", text)
        return c.Publish(audience=audience, text=text, **_who(here))
    if len(audiences) == 1:
        return c.Publish(audience=next(iter(audiences)), text=rest, **_who(here))
    raise _Unclear(
        "saying.audience", f"`{word[:40]}` is no audience of the plan",
        f"say whom you tell: /update AUDIENCE TEXT; it has {listed(audiences) or 'none'}",
    )  # fmt: skip


def _approve(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    _needed("approve", word)
    return c.Approve(update=_picked(word, here.incident.proposals, "updates"), **_who(here, why))


def _withdraw(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    _needed("withdraw", word)
    return c.Withdraw(update=_picked(word, here.incident.proposals, "updates"), **_who(here, why))


def _role(rest: str, here: Here) -> Said:
    word, person = _two(rest)
    _needed("role", word)
    role = _picked(word, here.plan.roles, "roles")
    who = _person(person, here) if person else here.by
    return c.TakeRole(role=role, person=who, **_who(here))


def _handover(rest: str, here: Here) -> Said:
    word, others = _two(rest)
    person, why = _two(others)
    _needed("handover", word, person)
    role = _picked(word, here.plan.roles, "roles")
    return c.HandOver(role=role, person=_person(person, here), **_who(here, why))


def _tick(rest: str, here: Here) -> Said:
    word, choice = _two(rest)
    _needed("tick", word)
    name, task = _task(word, here)
    if task is not None and task.each:
        return c.Tick(task=name, member=_picked(choice, task.each, "members"), **_who(here))
    if task is not None and task.one_of:
        return c.Tick(task=name, choice=_picked(choice, task.one_of, "ways"), **_who(here))
    return c.Tick(task=name, **_who(here, choice))


def _waive(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    _needed("waive", word)
    return c.Waive(task=_task(word, here)[0], **_who(here, why))


def _phase(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    _needed("phase", word)
    phases = [phase.id for phase in here.plan.response.phases]
    return c.EnterPhase(phase=_picked(word, phases, "phases"), **_who(here, why))


def _mode(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    _needed("mode", word)
    mode = _picked(word, (*here.plan.people.modes, "none"), "modes")
    return c.SetMode(mode="" if mode == "none" else mode, **_who(here, why))


def _decide(rest: str, here: Here) -> Said:
    word, choice = _two(rest)
    choice, *reason = _BECAUSE.split(choice, maxsplit=1)
    why = reason[0] if reason else ""
    _needed("decide", word, choice.strip())
    about = _picked(word, _subjects(here.plan), "kinds of decision")
    return c.TakeDecision(about=about, choice=choice.strip(), **_who(here, why.strip()))


def _entry(word: str) -> int | None:
    """Read the number of an entry, with a # before it or not; None if it is none."""
    digits = word.removeprefix("#")
    fits = digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_AT_MOST
    return int(digits) if fits else None


def _pin(rest: str, here: Here) -> Said:
    word, why = _two(rest)
    number = _entry(word)
    if number is None:
        number, why = here.entries, rest
    return c.Pin(number=number, **_who(here, why))


def _unpin(rest: str, here: Here) -> Said:
    number = _entry(_two(rest)[0])
    _needed("unpin", "" if number is None else rest)
    return c.Unpin(number=number or 0, **_who(here))


def _link(rest: str, here: Here) -> Said:
    to, others = _two(rest)
    _needed("link", to)
    word, why = _two(others)
    relation = word.casefold().replace("-", "_")
    if relation not in INVERSE:
        relation, why = "relates", others
    return c.Link(to=_code(to, here), relation=relation, **_who(here, why))


def _merge(rest: str, here: Here) -> Said:
    into, why = _two(rest)
    _needed("merge", into)
    return c.Merge(into=_code(into, here), **_who(here, why))


def _code(word: str, here: Here) -> str:
    """Return an incident's code in the capitals that this incident's own has."""
    own = here.incident.code
    return word.upper() if own == own.upper() else word.lower() if own == own.lower() else word


def _note(rest: str, here: Here) -> Said:
    _needed("note", rest)
    return c.Note(text=rest, **_who(here))


def _help(rest: str, _here: Here) -> Said:
    word = rest.removeprefix("/").casefold()
    word = ALSO.get(word, word)
    return Help(word if word in BY_VERB else "")


def _just(kind: type[c.Command]) -> Callable[[str, Here], Said]:
    return lambda rest, here: kind(**_who(here, rest))


_READ: Mapping[str, Callable[[str, Here], Said]] = {
    "ack": _ack,
    "release": _just(c.Release),
    "severity": _severity,
    "page": _page,
    "fact": _fact,
    "update": _update,
    "approve": _approve,
    "withdraw": _withdraw,
    "role": _role,
    "handover": _handover,
    "tick": _tick,
    "waive": _waive,
    "phase": _phase,
    "mode": _mode,
    "decide": _decide,
    "resolve": _just(c.Resolve),
    "stand-down": _just(c.StandDown),
    "false-alarm": lambda rest, here: c.StandDown(false_alarm=True, **_who(here, rest)),
    "reopen": _just(c.Reopen),
    "close": _just(c.Close),
    "pin": _pin,
    "unpin": _unpin,
    "link": _link,
    "merge": _merge,
    "note": _note,
    "help": _help,
}
