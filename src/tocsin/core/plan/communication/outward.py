"""What a plan owes to readers, as tasks: announcements, the status page, support."""

from tocsin.core.plan import references as refer
from tocsin.core.plan.communication.file import CareFile, StatusPageFile, SupportFile
from tocsin.core.plan.communication.known import audiences, known, situation, template
from tocsin.core.plan.communication.model import (
    Announcement,
    Maintenance,
    Prepared,
    StatusPage,
    Subscription,
    Support,
)
from tocsin.core.plan.response.steps import slug
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.tree import Path

ANNOUNCEMENTS, STATUS_PAGE, SUPPORT = "Announcements", "Status page", "Support"
STATUS = "status"
"""The moment at which a published update has changed the status."""


def compile_announcements(scope: Scope) -> tuple[list[Announcement], list[Task]]:
    """What audiences are told at certain moments."""
    made: list[Announcement] = []
    tasks: list[Task] = []
    for number, file in enumerate(scope.file.announcements):
        path: Path = ("announcements", number)
        at = scope.moment((*path, "at"), file.at)
        form = template(scope, (*path, "template"), file.template)
        for audience in audiences(scope, (*path, "audience"), file.audience):
            task = Task(
                id=_free(tasks, f"announce/{audience}-{slug(file.at)}"),
                text=f"Tell {audience}" + (f": {form}" if form else ""),
                line=scope.line(path),
                group=ANNOUNCEMENTS,
                do="publish",
                severities=refer.severities(scope, (*path, "for"), file.for_),
                when=situation(scope, (*path, "when"), file.when),
                after=at or "opened",
                within=scope.time((*path, "within"), file.within) if file.within else None,
                need=file.need,
                by=refer.doer(scope, (*path, "by"), file.by),
                holds=refer.gates(scope, (*path, "holds"), file.holds),
                audience=audience,
                template=form,
                every_time=at != "opened",
                why=f"announcement when {file.at}",
            )
            tasks.append(task)
            made.append(
                Announcement(
                    task=task.id, audience=audience, line=task.line, at=task.after,
                    template=form, automatic=file.automatic,
                )
            )  # fmt: skip
    return made, tasks


def compile_status_page(
    scope: Scope,
) -> tuple[StatusPage | None, list[Announcement], list[Task]]:
    """The page, and the entries that it must have: when it opens, changes its status, ends."""
    file, path = scope.file.status_page, ("status_page",)
    if file is None:
        return None, [], []
    _check_url(scope, (*path, "url"), file.url)
    audience = next(iter(known(
        scope, (*path, "audience"), [file.audience], "audience", "audiences"
    )), "") if file.audience else ""  # fmt: skip
    for group, names in file.components.items():
        known(scope, (*path, "components", group), names, "part", "components")
    page = StatusPage(
        line=scope.line(path),
        url=file.url,
        audience=audience,
        severities=refer.severities(scope, (*path, "for"), file.for_),
        when=situation(scope, (*path, "when"), file.when),
        autopublish=file.autopublish,
        template=template(scope, (*path, "template"), file.template),
        components={group: tuple(names) for group, names in file.components.items()},
        history=scope.duration(file.history) if file.history else None,
        subscriptions=_subscriptions(scope, file),
        maintenance=_maintenance(scope, file),
    )
    if not audience:
        return page, [], []
    tasks = _entries(scope, page, file)
    made = [
        Announcement(
            task=task.id, audience=audience, line=page.line, at=task.after,
            template=page.template, automatic=page.autopublish,
        )
        for task in tasks
    ]  # fmt: skip
    return page, made, tasks


def _entries(scope: Scope, page: StatusPage, file: StatusPageFile) -> list[Task]:
    path: Path = ("status_page",)
    entry = Task(
        id="status-page/opened",
        text="Put the incident on the status page",
        line=page.line,
        group=STATUS_PAGE,
        do="publish",
        severities=page.severities,
        when=page.when,
        within=scope.time((*path, "within"), file.within) if file.within else None,
        holds=refer.gates(scope, (*path, "holds"), file.holds),
        audience=page.audience,
        template=page.template,
        until="resolved",
        why="status page",
    )
    changed = Task(
        id="status-page/status", text="Show the new status on the status page", line=page.line,
        group=STATUS_PAGE, do="publish", severities=page.severities, when=page.when,
        after=STATUS, audience=page.audience, template=page.template, every_time=True,
        why="status page",
    )  # fmt: skip
    ended = Task(
        id="status-page/resolved", text="Say on the status page that it is over", line=page.line,
        group=STATUS_PAGE, do="publish", severities=page.severities, when=page.when,
        after="resolved", audience=page.audience, template=page.template, every_time=True,
        holds=("close",), why="status page",
    )  # fmt: skip
    return [entry, changed, ended]


def _check_url(scope: Scope, path: Path, url: str) -> None:
    rest = url.partition("://")[2]
    good = url.startswith(("https://", "http://")) and "." in rest and url.isprintable()
    if url and not (good and not any(c.isspace() for c in url)):
        scope.error(
            path, "plan.address", f"`{url}` is no address of a web page",
            "Write it whole: `url: https://status.example.org`.",
        )  # fmt: skip


def _subscriptions(scope: Scope, file: StatusPageFile) -> tuple[Subscription, ...]:
    path: Path = ("status_page", "subscriptions")
    return tuple(
        Subscription(
            by=one.by,
            line=scope.line((*path, number)),
            severities=refer.severities(scope, (*path, number, "for"), one.for_),
            tiers=tuple(one.tiers),
            confirmed=one.confirmed,
            of=one.of,
        )
        for number, one in enumerate(file.subscriptions)
    )


def _maintenance(scope: Scope, file: StatusPageFile) -> Maintenance | None:
    if file.maintenance is None:
        return None
    announce = file.maintenance.announce
    return Maintenance(
        announce=scope.duration(announce) if announce else None,
        counts_as_downtime=file.maintenance.counts_as_downtime,
        suppresses_alerts=file.maintenance.suppresses_alerts,
    )


def compile_support(scope: Scope) -> tuple[Support | None, list[Task]]:
    """What support does for customers, and what it has ready."""
    file, path = scope.file.support, ("support",)
    if file is None:
        return None, []
    tasks = [_ticket(scope, file)] if file.tickets is not None else []
    for number, care in enumerate(file.care):
        tasks.append(_care(scope, (*path, "care", number), care, tasks))
    audience = known(
        scope, (*path, "audience"), [file.audience], "audience", "audiences"
    ) if file.audience else ()  # fmt: skip
    support = Support(
        line=scope.line(path),
        audience=next(iter(audience), ""),
        prepared=tuple(
            Prepared(
                id=name,
                template=template(scope, (*path, "prepared", name, "template"), one.template),
                line=scope.line((*path, "prepared", name)),
                when=situation(scope, (*path, "prepared", name, "when"), one.when),
            )
            for name, one in file.prepared.items()
        ),
        lines={
            tier: refer.doer(scope, (*path, "lines", tier), to) for tier, to in file.lines.items()
        },
        otherwise=refer.doer(scope, (*path, "otherwise"), file.otherwise),
        tasks=tuple(task.id for task in tasks),
    )
    return support, tasks


def _ticket(scope: Scope, file: SupportFile) -> Task:
    path: Path = ("support", "tickets")
    tickets = file.tickets
    if tickets is None:
        raise AssertionError("asked only where there is one")
    return Task(
        id="support/ticket",
        text="File the ticket for all customers",
        line=scope.line(path),
        group=SUPPORT,
        do="ticket",
        severities=refer.severities(scope, (*path, "for"), tickets.for_),
        when=situation(scope, (*path, "when"), tickets.when),
        to=refer.recipients(scope, (*path, "to"), [tickets.to]),
        why="support: one ticket for all customers",
    )


def _care(scope: Scope, path: Path, file: CareFile, before: list[Task]) -> Task:
    at = scope.moment((*path, "at"), file.at)
    return Task(
        id=_free(before, f"support/{slug(file.do)}"),
        text=file.do,
        line=scope.line(path),
        group=SUPPORT,
        severities=refer.severities(scope, (*path, "for"), file.for_),
        when=situation(scope, (*path, "when"), file.when),
        after=at or "resolved",
        by=refer.doer(scope, (*path, "by"), file.by),
        within=scope.time((*path, "within"), file.within) if file.within else None,
        need=file.need,
        holds=refer.gates(scope, (*path, "holds"), file.holds),
        why="support",
    )


def _free(tasks: list[Task], name: str) -> str:
    """An id that no task has yet."""
    taken = {task.id for task in tasks}
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}-{number}"
    return free
