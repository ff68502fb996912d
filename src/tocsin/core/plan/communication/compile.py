"""Audiences, channels, statuses, updates, templates and publishing in their normal form."""

from collections.abc import Sequence

import msgspec

from tocsin.core.document import listed, near
from tocsin.core.plan import references as refer
from tocsin.core.plan.communication.file import (
    AudienceFile,
    ChannelFile,
    PublishingFile,
    TemplateFile,
    UpdateRuleFile,
)
from tocsin.core.plan.communication.known import audiences, known, situation, template
from tocsin.core.plan.communication.model import (
    Audience,
    Cadence,
    Channel,
    Communication,
    Example,
    PublishingRule,
    Template,
    TemplateField,
)
from tocsin.core.plan.communication.origins import check_origin
from tocsin.core.plan.communication.outward import (
    compile_announcements,
    compile_status_page,
    compile_support,
)
from tocsin.core.plan.communication.templates import (
    FILTERS,
    PLACEHOLDER,
    SOMETHING_LIKE_ONE,
    names_in,
)
from tocsin.core.plan.model import FactRule
from tocsin.core.plan.patterns import fault_in
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.times import AnyTime, Unspecified
from tocsin.core.tree import Path


def compile_communication(scope: Scope) -> tuple[Communication, tuple[Task, ...]]:
    """Reduce what is said about communication to its normal form and to tasks."""
    statuses = _statuses(scope)
    file = scope.file
    room = Communication(
        audiences={name: _audience(scope, name, one) for name, one in file.audiences.items()},
        channels=_channels(scope),
        statuses=statuses,
        cadences=tuple(
            cadence
            for number, rule in enumerate(file.updates)
            for cadence in _cadences(scope, number, rule, tuple(statuses))
        ),
        templates={
            name: _template(scope, name, one, tuple(statuses))
            for name, one in file.templates.items()
        },
        publishing=tuple(
            _publishing(scope, number, rule) for number, rule in enumerate(file.publishing)
        ),
    )
    announcements, tasks = compile_announcements(scope)
    page, page_announcements, page_tasks = compile_status_page(scope)
    support, support_tasks = compile_support(scope)
    room = msgspec.structs.replace(
        room, announcements=(*announcements, *page_announcements), status_page=page,
        support=support,
    )  # fmt: skip
    return room, (*tasks, *page_tasks, *support_tasks)


def _statuses(scope: Scope) -> dict[str, tuple[str, ...]]:
    written = scope.file.statuses
    words = list(written)
    if isinstance(written, list):
        # Work can fall back, but what is over is only open again once somebody has reopened it.
        return {
            word: tuple(other for other in words if other != word) if word != words[-1] else ()
            for word in words
        }
    for word, following in written.items():
        for number, other in enumerate(following):
            if other not in words:
                scope.error(
                    ("statuses", word, number), "plan.unknown-status", f"unknown status `{other}`",
                    near(other, words) + f"Known: {listed(words)}.",
                )  # fmt: skip
    return {word: tuple(following) for word, following in written.items()}


def _status(scope: Scope, path: Path, word: str, statuses: Sequence[str]) -> str:
    if word and word not in statuses and not scope.lost("statuses"):
        cure = f"Known: {listed(statuses)}." if statuses else "Add it under `statuses:`."
        scope.error(
            path, "plan.unknown-status", f"unknown status `{word}`", near(word, statuses) + cure
        )
    return word


def _audience(scope: Scope, name: str, file: AudienceFile) -> Audience:
    path: Path = ("audiences", name)
    return Audience(
        id=name,
        name=file.name or name,
        line=scope.line(path),
        visibility=file.visibility,
        to=refer.recipients(scope, (*path, "to"), file.to),
        channels=known(scope, (*path, "channels"), file.channels, "channel", "channels"),
        topics=tuple(
            topic
            for number, topic in enumerate(file.topics)
            if _is_topic(scope, (*path, "topics", number), topic)
        ),
        tiers=tuple(file.tiers),
        severities=refer.severities(scope, (*path, "for"), file.for_),
        when=situation(scope, (*path, "when"), file.when),
        silent_close=file.silent_close,
    )


def _is_topic(scope: Scope, path: Path, topic: str) -> bool:
    topics = (
        *scope.document.keys(("components",)), *scope.document.keys(("facts",)), *scope.file.kinds
    )  # fmt: skip
    if topic in topics or any(scope.lost(part) for part in ("components", "facts", "kinds")):
        return True
    scope.error(
        path, "plan.unknown-topic", f"no incident can touch `{topic}`",
        near(topic, topics) + f"Use a component, a fact or a kind: {listed(topics, 20)}.",
    )  # fmt: skip
    return False


def _channels(scope: Scope) -> dict[str, Channel]:
    file = scope.file.channels
    written = {"incident": file.incident, **(file.__pydantic_extra__ or {})}
    if "incident" not in file.model_fields_set:
        del written["incident"]
    return {name: _channel(scope, name, one) for name, one in written.items()}


def _channel(scope: Scope, name: str, file: ChannelFile) -> Channel:
    path: Path = ("channels", name)
    fault = fault_in(file.name, numbered=False) if name != "incident" and file.name else None
    if fault is not None:
        scope.error((*path, "name"), "plan.pattern", *fault)
    parts = (*scope.document.keys(("components",)), *scope.document.keys(("providers",)))
    for number, needed in enumerate(file.depends_on):
        if needed not in parts and not (scope.lost("components") or scope.lost("providers")):
            scope.error(
                (*path, "depends_on", number), "plan.unknown-part",
                f"unknown component or provider `{needed}`",
                near(needed, parts) + f"Known: {listed(parts)}.",
            )  # fmt: skip
    return Channel(
        id=name,
        line=scope.line(path),
        name=file.name,
        kind=_kind(file),
        address=file.address,
        depends_on=tuple(file.depends_on),
        instead=known(scope, (*path, "else"), file.else_, "channel", "channels"),
        severities=refer.severities(scope, (*path, "for"), file.for_),
        when=situation(scope, (*path, "when"), file.when),
        tiers=tuple(file.tiers),
    )


def _kind(file: ChannelFile) -> str:
    """A name with a field in it is each incident's own."""
    if "kind" not in file.model_fields_set and "{" in file.name:
        return "per-incident"
    return file.kind


def _cadences(
    scope: Scope, number: int, file: UpdateRuleFile, statuses: Sequence[str]
) -> list[Cadence]:
    path: Path = ("updates", number)
    rules = tuple(rule.id for rule in scope.file.updates if rule.id)
    for place, name in enumerate(file.before):
        if name != "all" and name not in rules:
            scope.error(
                (*path, "before", place), "plan.unknown-update",
                f"no update rule is called `{name}`",
                near(name, rules) + "Give that rule an `id:`, or write `all`.",
            )  # fmt: skip
    rule = Cadence(
        id=file.id or f"update {number + 1}",
        audience="",
        line=scope.line(path),
        every=_every(scope, path, file),
        first=scope.time((*path, "first"), file.first) if file.first else None,
        promised=file.next_ == "promised",
        severities=refer.severities(scope, (*path, "for"), file.for_),
        when=situation(scope, (*path, "when"), file.when),
        during=tuple(
            name
            for place, name in enumerate(file.during)
            if _is_stretch(scope, (*path, "during", place), name)
        ),
        while_status=tuple(
            _status(scope, (*path, "while_status", place), word, statuses)
            for place, word in enumerate(file.while_status)
        ),
        after=scope.duration(file.after) if file.after else None,
        until=scope.moment((*path, "until"), file.until),
        template=template(scope, (*path, "template"), file.template),
        before=tuple(file.before),
        remind=refer.doer(scope, (*path, "remind"), file.remind),
    )
    names = audiences(scope, (*path, "audience"), file.audience)
    return [msgspec.structs.replace(rule, audience=name) for name in names]


def _every(scope: Scope, path: Path, file: UpdateRuleFile) -> AnyTime:
    if "every" not in file.model_fields_set and (file.next_ or file.first):
        return Unspecified()
    return scope.time((*path, "every"), file.every) or Unspecified()


def _is_stretch(scope: Scope, path: Path, name: str) -> bool:
    stretches = (*scope.document.keys(("phases",)), *scope.document.keys(("modes",)))
    if name in stretches or scope.lost("phases") or scope.lost("modes"):
        return True
    scope.error(
        path, "plan.unknown-phase", f"unknown phase or mode `{name}`",
        near(name, stretches) + f"Known: {listed(stretches)}.",
    )  # fmt: skip
    return False


def _template(scope: Scope, name: str, file: TemplateFile, statuses: Sequence[str]) -> Template:
    path: Path = ("templates", name)
    fields = {
        field: TemplateField(
            name=field,
            line=scope.line((*path, "fields", field)),
            origin=_origin(scope, (*path, "fields", field, "from"), one.from_),
            ask=one.ask,
            one_of=tuple(one.one_of),
            fallback=one.fallback,
            optional=one.optional,
            max_length=one.max_length or 0,
        )
        for field, one in file.fields.items()
    }
    _check_names(scope, path, file)
    return Template(
        id=name,
        line=scope.line(path),
        audiences=audiences(scope, (*path, "audience"), file.audience),
        severities=refer.severities(scope, (*path, "for"), file.for_),
        when=situation(scope, (*path, "when"), file.when),
        subject=file.subject,
        text=file.text,
        file=file.file,
        fields=fields,
        literal=tuple(file.literal),
        display=file.display or "",
        status=_status(scope, (*path, "status"), file.status, statuses),
        max_length=file.max_length or 0,
        must_say=tuple(file.must_say),
        example=(
            Example(
                values=file.example.values,
                reads=file.example.reads,
                line=scope.line((*path, "example")),
            )
            if file.example is not None
            else None
        ),
    )


def _origin(scope: Scope, path: Path, name: str) -> str:
    return name if name and check_origin(scope, path, name) else ""


def _check_names(scope: Scope, path: Path, file: TemplateFile) -> None:
    """Every name in a text is one of its fields, or an origin of the plan."""
    held = scope.text_of(file.file) if file.file and scope.text_of is not None else None
    for key, text in (("subject", file.subject), ("text", file.text), ("file", held or "")):
        for name in names_in(text):
            if name in file.fields or scope.document.damaged((*path, "fields")):
                continue
            if "." in name or name in ("now", "next_update"):
                check_origin(scope, (*path, key), name)
                continue
            scope.error(
                (*path, key), "plan.template-field",
                f"`{{{{ {name} }}}}` is no field of the template",
                near(name, file.fields) + f"Add it: `fields: {{{name}: {{ask: ...}}}}`.",
            )  # fmt: skip
        for match in PLACEHOLDER.finditer(text):
            if match[2] and match[2] not in FILTERS:
                scope.error(
                    (*path, key), "plan.template-filter", f"unknown filter `{match[2]}`",
                    near(match[2], FILTERS) + f"Known: {listed(FILTERS)}.",
                )  # fmt: skip
        strange = SOMETHING_LIKE_ONE.search(PLACEHOLDER.sub("", text))
        if strange is not None:
            scope.error(
                (*path, key), "plan.template-field", f"`{strange[0]}` cannot be filled in",
                "Write `{{ name }}` or `{{ name | filter }}`, in small letters.",
            )  # fmt: skip


def _publishing(scope: Scope, number: int, file: PublishingFile) -> PublishingRule:
    path: Path = ("publishing", number)
    return PublishingRule(
        line=scope.line(path),
        audiences=audiences(scope, (*path, "audience"), file.audience),
        severities=refer.severities(scope, (*path, "for"), file.for_),
        when=situation(scope, (*path, "when"), file.when),
        components=known(scope, (*path, "component"), file.component, "part", "components"),
        may=_whose(scope, (*path, "may"), file.may),
        approved_by=_whose(scope, (*path, "approved_by"), file.approved_by),
        two_people=file.two_people,
        automatic=file.automatic,
        only_when=situation(scope, (*path, "only_when"), file.only_when),
        never=tuple(file.never),
        avoid=tuple(file.avoid),
        max_length=file.max_length or 0,
    )


def _whose(scope: Scope, path: Path, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        refer.doer(scope, (*path, number), name) for number, name in enumerate(names)
    )  # fmt: skip


def imply_facts(scope: Scope) -> None:
    """Make known the facts that messages fill in by themselves, where a template wants them."""
    wanted = "\n".join(
        f"{one.subject}\n{one.text}\n" + "\n".join(field.from_ for field in one.fields.values())
        for one in scope.file.templates.values()
    )
    if "postmortem.date" in wanted:
        rule = FactRule("postmortem_date", "text", about="When the post-mortem is")
        refer.imply(scope, rule)
    if "incident.outage" in wanted:
        rule = FactRule("outage_minutes", "number", about="How long the service was out")
        refer.imply(scope, rule)
    if "incident.started" in wanted:
        about = "When the trouble began, as 2026-03-06 23:00; if not when it was detected"
        refer.imply(scope, FactRule("started_at", "text", about=about))
