"""The catalogue's keys -> `model.Catalogue`; reports what refers to nothing."""

from datetime import date

from tocsin.core.plan.catalogue.detecting import compile_detection, compile_thresholds
from tocsin.core.plan.catalogue.known import only_known
from tocsin.core.plan.catalogue.model import (
    Analysis,
    Applicability,
    Catalogue,
    Component,
    Contradiction,
    Head,
    Member,
    Principle,
    Provider,
    Reference,
    Term,
)
from tocsin.core.plan.catalogue.review import parse_interval
from tocsin.core.plan.catalogue.standing import component_fact, provider_fact
from tocsin.core.plan.catalogue.terms import compile_terms
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.tree import Path


def compile_catalogue(scope: Scope) -> Catalogue:
    """Reduce the catalogue to its normal form; facts and terms must be known to `scope` already."""
    components = _components(scope)
    providers = _providers(scope)
    detection, routes = compile_detection(scope)
    terms = compile_terms(scope)
    return Catalogue(
        head=_head(scope),
        components=components,
        providers=providers,
        inventories=_inventories(scope),
        terms=terms,
        thresholds=compile_thresholds(scope),
        detection=detection,
        analysis=_analysis(scope),
        references={
            name: Reference(
                id=name, path=file.path, about=file.about, line=scope.line(("references", name))
            )
            for name, file in scope.file.references.items()
        },
        principles=_principles(scope),
        contradictions=_contradictions(scope),
        tasks=(*_freeze(scope), *routes, *_questions(terms)),
    )


def _head(scope: Scope) -> Head:
    file = scope.file
    reviewed = None
    if file.reviewed:
        try:
            reviewed = date.fromisoformat(file.reviewed)
        except ValueError:
            scope.error(
                ("reviewed",), "plan.review", f"`{file.reviewed}` is no date",
                "Write year, month and day: `reviewed: 2026-11-01`.",
            )  # fmt: skip
    if file.review_every and parse_interval(file.review_every) is None:
        scope.error(
            ("review_every",), "plan.review", f"`{file.review_every}` is no interval",
            "Write `review_every: 1 year`, `6 months`, `1 quarter` or `2 weeks`.",
        )  # fmt: skip
    return Head(
        document=file.document, purpose=file.purpose, project=file.project,
        signature=file.signature, owner=file.owner, reviewed=reviewed,
        review_every=file.review_every, applies_to=_applies_to(scope),
    )  # fmt: skip


def _applies_to(scope: Scope) -> Applicability | None:
    file = scope.file.applies_to
    if file is None:
        return None
    return Applicability(
        when=scope.situation(("applies_to", "when"), file.when),
        otherwise=file.otherwise, line=scope.line(("applies_to",)),
    )  # fmt: skip


def _components(scope: Scope) -> dict[str, Component]:
    components = {}
    known, providers = scope.document.keys(("components",)), scope.document.keys(("providers",))
    for name, file in scope.file.components.items():
        path: Path = ("components", name)
        components[name] = Component(
            id=name, name=file.name or name, public_name=file.public_name or file.name or name,
            group=file.group or "", importance=file.importance,
            fact=component_fact(name, file), line=scope.line(path),
            depends_on=only_known(
                scope, (*path, "depends_on"), file.depends_on, "component", known
            ),
            providers=only_known(
                scope, (*path, "providers"), file.providers, "provider", providers
            ),
            failover=file.failover, workers=tuple(file.workers), checks=tuple(file.checks),
            runbook=file.runbook,
        )  # fmt: skip
    return components


def _providers(scope: Scope) -> dict[str, Provider]:
    providers = {}
    secrets = scope.document.keys(("inventories", "secrets"))
    for name, file in scope.file.providers.items():
        path: Path = ("providers", name)
        providers[name] = Provider(
            id=name, name=file.name or name, fact=provider_fact(name, file),
            line=scope.line(path), used_for=file.used_for, importance=file.importance,
            status_source=file.status_source, contact=file.contact, contract=file.contract,
            credentials=only_known(
                scope, (*path, "credentials"), file.credentials, "secret", secrets
            ),
        )  # fmt: skip
    return providers


def _inventories(scope: Scope) -> dict[str, tuple[Member, ...]]:
    file = scope.file
    systems = (*scope.document.keys(("components",)), *scope.document.keys(("providers",)))
    inventories = {}
    for inventory, members in file.inventories.items():
        compiled = []
        for name, member in members.items():
            path: Path = ("inventories", inventory, name)
            compiled.append(
                Member(
                    id=name, name=member.name or name, line=scope.line(path), where=member.where,
                    systems=only_known(
                        scope, (*path, "systems"), member.systems, "component or provider", systems
                    ),
                    kind=member.kind, personal=member.personal, owner=member.owner,
                )
            )  # fmt: skip
        inventories[inventory] = tuple(compiled)
    return inventories


def _analysis(scope: Scope) -> Analysis:
    file = scope.file.analysis
    return Analysis(
        logs=tuple(file.logs), code=tuple(file.code), manifests=tuple(file.manifests),
        runbooks=file.runbooks, line=scope.line(("analysis",)),
    )  # fmt: skip


def _principles(scope: Scope) -> tuple[Principle, ...]:
    return tuple(
        Principle(
            text=file.text, line=scope.line(("principles", number)),
            at=scope.moment(("principles", number, "at"), file.at) if file.at else "",
        )
        for number, file in enumerate(scope.file.principles)
    )  # fmt: skip


def _contradictions(scope: Scope) -> tuple[Contradiction, ...]:
    compiled = []
    for number, file in enumerate(scope.file.contradictions):
        path: Path = ("contradictions", number)
        holds = file.precedence if isinstance(file.precedence, int) else 0
        if isinstance(file.precedence, int) and not 1 <= holds <= len(file.between):
            scope.error(
                (*path, "precedence"), "plan.open-contradiction",
                f"there is no statement {holds} among the {len(file.between)} of `between`",
                f"Write a number from 1 to {len(file.between)}, or `unspecified`.",
            )  # fmt: skip
        elif not holds:
            said = " / ".join(f"{text!r}" for text in file.between)
            scope.undecided(
                path, "plan.open-contradiction",
                f"{file.about}: the document says {said}, and nobody has decided",
                f"Add `precedence: 1` or another number up to {len(file.between)}, and `because:`.",
            )  # fmt: skip
        compiled.append(
            Contradiction(
                about=file.about, between=tuple(file.between), holds=holds,
                line=scope.line(path), because=file.because,
            )
        )  # fmt: skip
    return tuple(compiled)


def _questions(terms: dict[str, Term]) -> tuple[Task, ...]:
    """What people are asked because the plan leaves a word open; "not needed" is an answer."""
    return tuple(
        Task(
            id=f"term/{name}", text=_question(term), line=term.line, group="open words",
            do="ask", answer=name, need="if needed", until="resolved",
            why=f"the plan does not say what `{name}` means",
        )
        for name, term in terms.items()
        if term.open
    )  # fmt: skip


def _question(term: Term) -> str:
    about = term.about or term.name.replace("_", " ")
    return f"{about}: how much?" if term.figure else f"{about}: yes or no?"


def _freeze(scope: Scope) -> tuple[Task, ...]:
    file = scope.file.freeze
    if file is None:
        return ()
    path: Path = ("freeze",)
    for number, code in enumerate(file.for_):
        scope.knows("severities", scope.codes, code, (*path, "for", number))
    if not file.for_ and file.when is None and not scope.lost("freeze", "for"):
        scope.undecided(
            path, "plan.freeze-level", "the freeze does not say from which severity on it holds",
            "Write `for: [P0]`, or a condition with `when:`.",
        )  # fmt: skip
    if file.lifted_by:
        holders = (*scope.document.keys(("roles",)), *scope.recipients)
        only_known(scope, path, [file.lifted_by], "role or recipient", holders)
    when = scope.situation((*path, "when"), file.when) if file.when is not None else ""
    task = Task(
        id="freeze", text=file.text, line=scope.line(path), group="freeze", do="act",
        severities=tuple(code for code in scope.codes if code in file.for_), when=when,
        until="resolved",  undo=file.lift, why="change freeze",
    )  # fmt: skip
    lifting = Task(
        id="undo/freeze", text=file.lift, line=task.line, group="freeze", do="act",
        after="done freeze", by=file.lifted_by, holds=("close",), why="the freeze has to be lifted",
    )  # fmt: skip
    return (task, lifting)
