"""What incidents cost, and the way back from disasters, reduced to their normal form."""

from decimal import Decimal

import msgspec

from tocsin.core.document import listed, near
from tocsin.core.plan import references as refer
from tocsin.core.plan.consequences.amounts import names_in, parse_amount, plain
from tocsin.core.plan.consequences.file import CostFile, RecoveryFile
from tocsin.core.plan.consequences.model import Cost, Finance, Recovery
from tocsin.core.plan.model import FactRule
from tocsin.core.plan.response.model import Watch
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.tree import Path

TIER = "tier"
"""What a formula calls the amount of the highest tier reached."""


def imply_money(scope: Scope) -> None:
    """Make known the facts that hold amounts, and the one that holds the data lost."""
    finance = scope.file.finance
    if finance is not None:
        line = scope.line(("finance",))
        unit = finance.currency or "money"
        for name, about in (
            (finance.total, "what the incident costs, net"),
            (finance.gross, "what the incident costs, without credits"),
            (finance.actual or f"{finance.total}_actual", "what it costs, without estimates"),
        ):
            if name:
                about = f"{about}, in {unit}; worked out by the plan"
                refer.imply(scope, FactRule(name, "number", about=about, line=line))
        for name, cost in finance.classes.items():
            path: Path = ("finance", "classes", name)
            said = cost.name or name.replace("_", " ")
            marks = ("", "_low", "_high") if cost.estimated else ("",)
            for mark in marks:
                about = f"{said}{mark.replace('_', ', ')}, in {unit}"
                refer.imply(
                    scope, FactRule(f"{name}{mark}", "number", about=about, line=scope.line(path))
                )
    for name, recovery in scope.file.disaster_recovery.items():
        if recovery.rpo is not None:
            about = f"minutes of data lost ({recovery.name or name})"
            line = scope.line(("disaster_recovery", name))
            refer.imply(scope, FactRule(lost_data(name), "number", about=about, line=line))


def lost_data(name: str) -> str:
    """The fact that holds the minutes of data lost in a disaster."""
    return f"data_lost_minutes_{refer.underscored(name)}"


def compile_finance(scope: Scope, tasks: list[Task]) -> Finance | None:
    """Reduce the money of the plan; what must be stated with an amount becomes questions."""
    file = scope.file.finance
    if file is None:
        return None
    path: Path = ("finance",)
    for name in (file.total, file.gross):
        if name:
            refer.number_fact(scope, path, name)
    costs = []
    for name, cost in file.classes.items():
        costs.append(_cost(scope, name, cost))
        tasks += _needs(scope, name, cost)
    totals = [name for name in (file.total, file.gross, file.actual) if name]
    named = [*totals, *file.classes]
    if twice := next((name for name in totals if named.count(name) > 1), ""):
        scope.error(
            path, "plan.finance-total", f"`{twice}` is a total and something else besides",
            "Give each total a name of its own: `total: financial_impact`.",
        )  # fmt: skip
    return Finance(
        line=scope.line(path), total=file.total, gross=file.gross or "",
        actual=file.actual or f"{file.total}_actual", currency=file.currency,
        costs=tuple(costs),
    )  # fmt: skip


def _cost(scope: Scope, name: str, file: CostFile) -> Cost:
    path: Path = ("finance", "classes", name)
    refer.number_fact(scope, path, name)
    tiers = _tiers(scope, path, file)
    formula = file.formula
    try:
        names = names_in(formula) if formula else frozenset()
    except ValueError as error:
        scope.error(
            (*path, "formula"), "plan.formula", str(error),
            "For example `lost_transactions * average_value`.",
        )  # fmt: skip
        names, formula = frozenset(), ""
    for fact in sorted(names - {TIER} if tiers else names):
        rule = scope.facts.get(fact)
        if fact == name or rule is None or rule.kind != "number":
            numbers = [fact for fact, rule in scope.facts.items() if rule.kind == "number"]
            said = "is the amount itself" if fact == name else "is no fact that holds a number"
            scope.error(
                (*path, "formula"), "plan.formula", f"`{fact}` {said}",
                near(fact, numbers) + f"Add `{fact}: number` under `facts:`, or use: "
                f"{listed(numbers)}.",
            )  # fmt: skip
            formula = ""
    return Cost(
        fact=name, name=file.name or name.replace("_", " "), line=scope.line(path),
        group=file.group, formula=formula, tiers=tiers, tiers_by=file.over or "",
        estimated=file.estimated, credit=file.sign == "credit",
    )  # fmt: skip


def _tiers(scope: Scope, path: Path, file: CostFile) -> tuple[tuple[str, str], ...]:
    if not file.tiers:
        return ()
    if file.over is None or not refer.number_fact(scope, (*path, "over"), file.over):
        if file.over is None:
            scope.error(
                path, "plan.formula", "the tiers do not say what they are counted by",
                "Name the figure: `over: outage_minutes`.",
            )  # fmt: skip
        return ()
    read: list[tuple[Decimal, Decimal]] = []
    for key, amount in file.tiers.items():
        try:
            read.append((parse_amount(key)[0], Decimal(repr(amount))))
        except ValueError as error:
            scope.error((*path, "tiers", key), "plan.formula", str(error), "Write a number: `60`.")
    return tuple((plain(at), plain(amount)) for at, amount in sorted(read))


def _needs(scope: Scope, name: str, file: CostFile) -> list[Task]:
    path: Path = ("finance", "classes", name, "needs")
    return [
        Task(
            id=f"finance/{name}/{fact}", text=f"{fact} of {name}?".replace("_", " "),
            line=scope.line(path), group="Finance", do="ask", answer=fact, after="",
            when=f"{name} > 0", holds=("close",), why=f"{name} is not accepted without {fact}",
        )
        for fact in refer.facts(scope, path, file.needs)
    ]  # fmt: skip


class _Way(msgspec.Struct, frozen=True, kw_only=True):
    """The base of a recovery's tasks, and what they are called."""

    base: Task
    name: str
    path: Path


def compile_recoveries(scope: Scope, tasks: list[Task]) -> tuple[Recovery, ...]:
    """Reduce what is done in disasters; the actions are ordered one after the other."""
    return tuple(
        _recovery(scope, name, file, tasks) for name, file in scope.file.disaster_recovery.items()
    )


def _recovery(scope: Scope, name: str, file: RecoveryFile, tasks: list[Task]) -> Recovery:
    path: Path = ("disaster_recovery", name)
    line, title = scope.line(path), file.name or name.replace("-", " ")
    when = scope.situation((*path, "when"), file.when) if file.when else ""
    if file.mode is not None:
        _known_mode(scope, (*path, "mode"), file.mode)
    if not file.when and file.mode is None:
        scope.undecided(
            path, "plan.recovery-condition", f"nothing says when `{name}` has come about",
            "Add `when: region_down`, or `mode: disaster-recovery`.",
        )  # fmt: skip
    base = Task(
        id=f"recovery/{name}", text=title, line=line, group=f"Disaster recovery: {title}",
        when=when or (f'mode == "{file.mode}"' if file.mode else "false"), after="",
        by=refer.doer(scope, (*path, "by"), file.by), holds=("close",), lasting=True,
        why=f"disaster recovery: {title}" + (f" ({file.book})" if file.book else ""),
    )  # fmt: skip
    made = _actions(file, _Way(base=base, name=title, path=path), scope)
    rto = scope.time((*path, "rto"), file.rto) if file.rto else None
    lost = (lost_data(name),) if file.rpo is not None else ()
    restored = msgspec.structs.replace(
        base, id=f"{base.id}/restored", text=f"Service is back ({title})", within=rto, records=lost,
        counts_from=scope.moment((*path, "from"), file.from_) if file.from_ else "",
        behind=tuple(task.id for task in made[-1:]),
    )  # fmt: skip
    made.append(restored)
    tasks += made
    rpo = None if file.rpo is None else scope.duration(file.rpo)
    return Recovery(
        id=name, name=title, line=line, rpo=rpo, rto=rto,
        lost_data=lost[0] if lost else "", tasks=tuple(task.id for task in made),
    )  # fmt: skip


def _actions(file: RecoveryFile, way: _Way, scope: Scope) -> list[Task]:
    made: list[Task] = []
    if file.mode and file.when:
        made.append(
            msgspec.structs.replace(
                way.base, id=f"{way.base.id}/mode", text=f"Enter the mode {file.mode}",
                met_by=f"mode {file.mode}", line=scope.line((*way.path, "mode")),
            )
        )  # fmt: skip
    for number, action in enumerate(file.actions):
        made.append(
            msgspec.structs.replace(
                way.base, id=f"{way.base.id}/{number + 1}", text=action, do="act",
                line=scope.line((*way.path, "actions", number)),
                behind=tuple(task.id for task in made[-1:] if task.do == "act"),
            )
        )  # fmt: skip
    return made


def _known_mode(scope: Scope, path: Path, mode: str) -> None:
    known = scope.document.keys(("modes",))
    if mode not in known and not scope.lost("modes"):
        scope.error(
            path, "plan.unknown-mode", f"unknown mode `{mode}`",
            near(mode, known) + f"Add it under `modes:`; known are: {listed(known) or 'none'}.",
        )  # fmt: skip


def recovery_watches(scope: Scope) -> tuple[Watch, ...]:
    """How long things must stay well after a disaster before its incident may be closed."""
    return tuple(
        Watch(
            id=f"recovery {name}", line=scope.line(("disaster_recovery", name, "watch")),
            lasts_seconds=int(scope.duration(file.watch).total_seconds()),
            after=f"done recovery/{name}/restored", before="close", once_begun=True,
        )
        for name, file in scope.file.disaster_recovery.items()
        if file.watch is not None
    )  # fmt: skip
