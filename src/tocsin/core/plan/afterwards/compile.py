"""Post-mortem, documents and action items, reduced to tasks and rules."""

from msgspec.structs import replace

from tocsin.core.document import listed, near
from tocsin.core.plan import references as refer
from tocsin.core.plan.afterwards.file import DeadlineFile, DocumentFile, PostmortemFile
from tocsin.core.plan.afterwards.model import (
    Afterwards,
    DocumentRule,
    ItemPolicy,
    Postmortem,
)
from tocsin.core.plan.afterwards.recurring import (
    compile_assessments,
    compile_metrics,
    compile_programme,
    in_time,
)
from tocsin.core.plan.model import FactRule
from tocsin.core.plan.patterns import fault_in
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.tree import Path

RESPONDERS = "responders"
"""Everybody who acted in the incident, as an attendee."""

NO_ANSWER = ("none", "n/a", "na", "nothing", "no", "-", "--", "tbd", "todo", "...")
"""What alone says nothing where the plan wants a thing or the reason why there is none."""

DATE, AUTHOR = "postmortem_date", "postmortem_author"
FOLLOW_UP = "postmortem_follow_up"
PLANNED, TOOK = "postmortem_planned_minutes", "postmortem_minutes"


def imply_facts(scope: Scope) -> None:
    """Make known the facts that these clauses bring along: dates, lengths, what must be said."""
    file = scope.file.postmortem
    if file is None:
        return
    line = scope.line(("postmortem",))
    if file.schedule is not None:
        about = "when the post-mortem is held"
        refer.imply(scope, FactRule(DATE, "text", about=about, line=line))
    if file.follow_up is not None:
        about = "when the post-mortem's decisions are looked at again, and by whom"
        refer.imply(scope, FactRule(FOLLOW_UP, "text", about=about, line=line))
    if file.author == "person":
        about = "who wrote the post-mortem"
        refer.imply(scope, FactRule(AUTHOR, "text", about=about, line=line, not_enough=NO_ANSWER))
    if file.longest is not None:
        limit = scope.duration(file.longest).total_seconds() / 60
        at = scope.line(("postmortem", "longest"))
        refer.imply(
            scope, FactRule(PLANNED, "number", about="minutes planned", line=at, most=limit)
        )
        refer.imply(scope, FactRule(TOOK, "number", about="minutes it took", line=at))
    for name, need in file.needs.items():
        at = scope.line(("postmortem", "needs", name))
        rule = FactRule(
            needed(name), "text", about=need.say, line=at, not_enough=NO_ANSWER,
            sentences=need.sentences,
        )  # fmt: skip
        refer.imply(scope, rule)
    for name in _classes(scope):
        at = scope.line(("action_items", "classes", name))
        about = f"a {name} measure, or none and why"
        rule = FactRule(measure(name), "text", about=about, line=at, not_enough=NO_ANSWER)
        refer.imply(scope, rule)


def needed(name: str) -> str:
    """The fact that says what a post-mortem must say."""
    return f"postmortem_{name}"


def measure(kind: str) -> str:
    """The fact that names the measure of a class, or says why there is none."""
    return f"postmortem_{refer.underscored(kind)}_item"


def _classes(scope: Scope) -> list[str]:
    """The classes of action items of which every post-mortem must name one."""
    items = scope.file.action_items
    return [] if items is None else [n for n, want in items.classes.items() if want == "required"]


def compile_afterwards(scope: Scope) -> tuple[Afterwards, tuple[Task, ...]]:
    """Reduce what comes after and between incidents to its normal form and to tasks."""
    tasks: list[Task] = []
    postmortem = _postmortem(scope, tasks)
    documents = tuple(
        _document(scope, name, file, tasks) for name, file in scope.file.documents.items()
    )
    room = Afterwards(
        postmortem=postmortem,
        documents=documents,
        action_items=_action_items(scope),
        metrics=compile_metrics(scope),
        programme=compile_programme(scope),
        assessments=compile_assessments(scope),
    )
    return room, tuple(tasks)


def _postmortem(scope: Scope, tasks: list[Task]) -> Postmortem | None:
    file, path = scope.file.postmortem, ("postmortem",)
    if file is None:
        return None
    severities, unsettled = _levels(scope, path, file)
    base = Task(
        id="postmortem", text="", line=scope.line(path), group="Post-mortem", after="resolved",
        severities=severities, ever=file.peak and bool(severities),
        when=scope.situation((*path, "when"), file.when) if file.when else "",
        by=refer.doer(scope, (*path, "by"), file.by), why="post-mortem",
    )  # fmt: skip
    made: list[Task] = []
    _meeting(scope, file, base, made)
    _written(scope, file, base, made)
    if file.follow_up is not None:
        task = replace(
            base, id="postmortem/follow-up", records=(FOLLOW_UP,),
            text="Set a day, and somebody, for looking at what the post-mortem decided",
        )  # fmt: skip
        made.append(_by_deadline(scope, "follow_up", file.follow_up, task, "resolved"))
    holds = refer.gates(scope, (*path, "holds"), file.holds)
    made = [replace(task, holds=holds) for task in made]
    made += _invitations(scope, file, base)
    tasks += made
    required, optional = file.attendees.required, file.attendees.optional
    longest = scope.duration(file.longest).total_seconds() / 60 if file.longest else 0
    return Postmortem(
        line=base.line, severities=severities, peak=file.peak, unsettled=unsettled,
        longest_minutes=longest, required=tuple(required), optional=tuple(optional),
        document=file.document or "", sections=tuple(file.sections),
        must_say=tuple((name, need.say) for name, need in file.needs.items()),
        blameless=file.style == "blameless",
        tasks=tuple(task.id for task in made),
    )  # fmt: skip


def _levels(scope: Scope, path: Path, file: PostmortemFile) -> tuple[tuple[str, ...], bool]:
    """The severities that need one, and whether the plan leaves that open."""
    if not file.required_for or file.required_for == ["unspecified"]:
        if not scope.lost(*path, "required_for"):
            scope.warn(
                path, "plan.postmortem-levels",
                "the plan does not say which incidents need a post-mortem; all do",
                "Write `required_for: all`, or the severities: `required_for: [P0, P1]`.",
            )  # fmt: skip
        return (), True
    if file.required_for == ["all"]:
        return (), False
    return refer.severities(scope, (*path, "required_for"), file.required_for), False


def _meeting(scope: Scope, file: PostmortemFile, base: Task, made: list[Task]) -> None:
    if file.schedule is not None:
        limit = (PLANNED,) if file.longest else ()
        task = replace(
            base, id="postmortem/scheduled", text="Set the date of the post-mortem",
            records=(DATE, *limit),
        )  # fmt: skip
        made.append(_by_deadline(scope, "schedule", file.schedule, task, "resolved"))
    if file.hold is not None or (file.schedule is not None and file.longest):
        longest = f" (at most {file.longest})" if file.longest else ""
        who = [name for name in file.attendees.required if name]
        text = f"Hold the post-mortem{longest}" + (f" with {' and '.join(who)}" if who else "")
        task = replace(
            base, id="postmortem/held", text=text, records=(TOOK,) if file.longest else (),
            behind=tuple(t.id for t in made),
        )  # fmt: skip
        hold = file.hold or DeadlineFile.model_construct(within=None, from_="", by=None)
        made.append(_by_deadline(scope, "hold", hold, task, "resolved"))


def _written(scope: Scope, file: PostmortemFile, base: Task, made: list[Task]) -> None:
    path: Path = ("postmortem",)
    document = _known_document(scope, (*path, "document"), file.document)
    author = (AUTHOR,) if file.author == "person" else ()
    said = tuple(needed(name) for name in file.needs)
    items = tuple(measure(name) for name in _classes(scope))
    style = ", blameless" if file.style else ""
    task = replace(
        base, id="postmortem/written", text=f"Write the post-mortem{style}", do="write",
        document=document, records=(*author, *said, *items), each=tuple(file.sections),
        behind=tuple(t.id for t in made),
    )  # fmt: skip
    held = any(t.id == "postmortem/held" for t in made)
    complete = file.complete or DeadlineFile.model_construct(within=None, from_="", by=None)
    made.append(
        _by_deadline(
            scope, "complete", complete, task, "done postmortem/held" if held else "resolved"
        )
    )
    if not any((file.schedule, file.hold, file.complete)):
        scope.warn(
            path, "plan.postmortem-deadline", "nothing says by when the post-mortem is done",
            "Write `complete: {within: 1 week, from: resolved}`, or a date to `hold` it by.",
        )  # fmt: skip
    if file.approve is not None:
        approver = refer.doer(scope, (*path, "approve"), file.approve)
        made.append(
            replace(
                base, id="postmortem/approved", text="Approve the post-mortem", by=approver,
                behind=("postmortem/written",),
            )
        )  # fmt: skip


def _by_deadline(scope: Scope, key: str, file: DeadlineFile, task: Task, default: str) -> Task:
    """A step of the post-mortem with its own deadline, counted from a moment.

    It is asked for from that moment on, if that is a step of the post-mortem or the resolution.
    """
    path: Path = ("postmortem", key)
    start = _start(scope, (*path, "from"), file.from_) or default
    return replace(
        task,
        within=in_time(scope, (*path, "within"), file.within),
        after=start if start.startswith("done postmortem/") else "resolved",
        counts_from=start,
        by=refer.doer(scope, (*path, "by"), file.by) or task.by,
    )


_STEPS = {"scheduled", "held", "written", "approved"}


def _start(scope: Scope, path: Path, text: str) -> str:
    """A moment; the steps of the post-mortem itself may be called `held` or `written`."""
    if not text:
        return ""
    if text in _STEPS:
        return f"done postmortem/{text}"
    return scope.moment(path, text)


def _invitations(scope: Scope, file: PostmortemFile, base: Task) -> list[Task]:
    """Whoever takes part hears of it when there is a date."""
    made = []
    for key, names in (
        ("required", file.attendees.required), ("optional", file.attendees.optional)
    ):  # fmt: skip
        path: Path = ("postmortem", "attendees", key)
        known = [name for name in names if name != RESPONDERS]
        to = refer.recipients(scope, path, known)
        if to and file.schedule is None:
            scope.warn(
                path, "plan.postmortem-attendees",
                "nobody can be invited, since no date is set by any time",
                "Add `schedule: {within: 72h}`.",
            )  # fmt: skip
            continue
        if to:
            asked = "is asked to come to" if key == "required" else "may come to"
            text = f"The post-mortem has a date: {' and '.join(to)} {asked} it"
            made.append(
                replace(
                    base, id=f"postmortem/invited-{key}", text=text, do="notify", to=to, by="",
                    after="done postmortem/scheduled", why=text, line=scope.line(path),
                )
            )  # fmt: skip
    return made


def _known_document(scope: Scope, path: Path, name: str | None) -> str:
    if not name:
        return ""
    known = scope.document.keys(("documents",))
    if name not in known and not scope.lost("documents"):
        scope.error(
            path, "plan.unknown-document", f"unknown document `{name}`",
            near(name, known) + f"Add it under `documents:`; known are: {listed(known) or 'none'}.",
        )  # fmt: skip
    return name


def _document(scope: Scope, name: str, file: DocumentFile, tasks: list[Task]) -> DocumentRule:
    path: Path = ("documents", name)
    title = file.name or name.replace("-", " ")
    if file.path and (fault := fault_in(file.path, numbered=False)) is not None:
        scope.error((*path, "path"), "plan.pattern", *fault)
    made: list[Task] = []
    if file.required_for or file.required_when is not None:
        made = _document_tasks(scope, path, file, title)
    elif file.within is not None:
        scope.warn(
            (*path, "within"), "plan.document-condition",
            f"nothing says which incidents need `{name}`, so its deadline means nothing",
            "Add `required_for: all`, or `required_when:` with a condition.",
        )  # fmt: skip
    if file.audience is not None:
        audiences = scope.document.keys(("audiences",))
        known = (*scope.recipients, *audiences)
        if file.audience not in known and not scope.lost("audiences"):
            scope.knows("contacts", known, file.audience, (*path, "audience"))
    tasks += made
    return DocumentRule(
        id=name, name=title, line=scope.line(path), path=file.path, template=file.template,
        sections=tuple(file.sections), audience=file.audience or "", avoid=tuple(file.avoid),
        tasks=tuple(task.id for task in made),
    )  # fmt: skip


def _document_tasks(scope: Scope, path: Path, file: DocumentFile, title: str) -> list[Task]:
    every = file.required_for == ["all"]
    needs_all = () if every else tuple(file.required_for)
    kept = f" ({file.path})" if file.path else ""
    after = scope.moment((*path, "from"), file.from_) if file.from_ else "resolved"
    holds = refer.gates(scope, (*path, "holds"), file.holds)
    writing = Task(
        id=f"document/{path[-1]}", text=f"Write the {title}{kept}", line=scope.line(path),
        group="Documents", do="write", document=str(path[-1]), each=tuple(file.sections),
        severities=refer.severities(scope, (*path, "required_for"), needs_all),
        when=scope.situation((*path, "required_when"), file.required_when or "")
        if file.required_when else "",
        after=after, within=in_time(scope, (*path, "within"), file.within), counts_from=after,
        by=refer.doer(scope, (*path, "by"), file.by), audience=file.audience or "",
        ever=bool(needs_all), holds=() if file.approve else holds, why=f"document {title}",
    )  # fmt: skip
    if file.approve is None:
        return [writing]
    approving = replace(
        writing, id=f"{writing.id}/approved", text=f"Approve the {title}", do="do", document="",
        each=(), within=None, by=refer.doer(scope, (*path, "approve"), file.approve),
        behind=(writing.id,), holds=holds,
    )  # fmt: skip
    return [writing, approving]


def _action_items(scope: Scope) -> ItemPolicy | None:
    file, path = scope.file.action_items, ("action_items",)
    if file is None:
        return None
    due = [
        (name, in_time(scope, (*path, "due_by_priority", name), text))
        for name, text in file.due_by_priority.items()
    ]
    escalate_to = ""
    if file.escalate_to is not None:
        escalate_to = refer.recipients(scope, (*path, "escalate_to"), [file.escalate_to])[0]
    if _classes(scope) and scope.file.postmortem is None:
        scope.warn(
            (*path, "classes"), "plan.action-items",
            "measures are required, but there is no post-mortem that would name them",
            "Add a `postmortem:`.",
        )  # fmt: skip
    return ItemPolicy(
        line=scope.line(path),
        owner_required=file.owner == "required",
        due_required=file.due == "required",
        evidence_required=file.evidence == "required",
        due_by_priority=tuple((n, time) for n, time in due if time is not None),
        classes=tuple((name, want == "required") for name, want in file.classes.items()),
        remind_every=scope.duration(file.remind_every) if file.remind_every else None,
        escalate_to=escalate_to,
        check_effect=in_time(scope, (*path, "check_effect"), file.check_effect),
        vague=tuple(file.vague),
    )
