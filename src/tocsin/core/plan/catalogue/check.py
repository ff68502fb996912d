"""What does not fit together in the catalogue, and what it leaves open."""

from collections.abc import Callable, Iterable

from tocsin.core.plan.catalogue.as_written import check_as_written
from tocsin.core.plan.catalogue.gaps import metrics_have_no_gaps
from tocsin.core.plan.catalogue.known import only_known
from tocsin.core.plan.catalogue.model import Catalogue, Tier
from tocsin.core.plan.catalogue.placeholders import is_unfilled
from tocsin.core.plan.catalogue.review import review_due
from tocsin.core.plan.conditions import facts_in
from tocsin.core.plan.model import Plan
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Node, Path


def check_catalogue(plan: Plan, scope: Scope) -> None:
    """Report what the catalogue leaves open, repeats or contradicts."""
    for check in CHECKS:
        check(plan, scope)
    check_as_written(plan, scope)


def _signature_is_ours(plan: Plan, scope: Scope) -> None:
    head = plan.catalogue.head
    names = [name for name in (plan.organisation, head.project) if name]
    if head.signature and names and not any(_within(name, head.signature) for name in names):
        scope.warn(
            ("signature",), "plan.signature",
            f"messages are signed `{head.signature}`, but the plan is of `{names[0]}`",
            "Is one of the two a name from another document?",
        )  # fmt: skip


def _within(name: str, text: str) -> bool:
    return name.casefold() in text.casefold()


def _review_is_not_overdue(plan: Plan, scope: Scope) -> None:
    due = review_due(plan.catalogue.head)
    if due is not None and scope.today is not None and scope.today > due:
        scope.report(
            "note", ("reviewed",), "plan.review-overdue",
            (f"the review of this plan was due on {due.isoformat()}",
             "Go through it with those who use it, and write the day under `reviewed:`."),
        )  # fmt: skip


def _terms_have_figures(plan: Plan, scope: Scope) -> None:
    for term in plan.catalogue.terms.values():
        if term.open:
            scope.warn(
                ("terms", term.name), "plan.no-figure", f"nobody has said what `{term.name}` means",
                "In an incident people are asked for it. Write a condition or a figure when you "
                f"can: `{term.name}: error_rate > 0.1`.",
            )  # fmt: skip


def _terms_are_used(plan: Plan, scope: Scope) -> None:
    texts = [text for _, text in _texts(scope.document.tree)]
    for name in plan.catalogue.terms:
        # Conditions stand in many rooms; a word of the plan is not likely to be anything else.
        if not any(name in text and name in facts_in(text) for text in texts):
            scope.warn(
                ("terms", name), "plan.unused", f"no condition uses the word `{name}`",
                "Use it in a `when:`, or remove it.",
            )  # fmt: skip


def _components_do_not_go_round(plan: Plan, scope: Scope) -> None:
    catalogue = plan.catalogue
    for name, component in catalogue.components.items():
        round_about = [other for other in component.depends_on if _reaches(catalogue, other, name)]
        if round_about:
            scope.warn(
                ("components", name, "depends_on"), "plan.circular",
                f"`{name}` depends on `{round_about[0]}`, which depends on `{name}`",
                "Neither can be brought back first. Is one of the two the wrong way round?",
            )  # fmt: skip


def _reaches(catalogue: Catalogue, start: str, goal: str) -> bool:
    return start == goal or start in catalogue.dependents(goal)


def _components_are_watched(plan: Plan, scope: Scope) -> None:
    catalogue = plan.catalogue
    watched = {threshold.component for threshold in catalogue.thresholds.values()}
    watched |= {name for source in catalogue.detection.sources for name in source.components}
    bare = [
        name for name, component in catalogue.components.items()
        if not component.checks and name not in watched
    ]  # fmt: skip
    if bare:
        scope.report(
            "note", ("components",), "plan.unwatched",
            (f"nothing notices by itself that these fail: {_named(bare)}",
             "Name their `checks:`, or thresholds and sources with their `component:`."),
        )  # fmt: skip


def _targets_are_heard(plan: Plan, scope: Scope) -> None:
    """Between what is promised and what raises an alert, a promise is broken in silence."""
    for name, threshold in plan.catalogue.thresholds.items():
        low, high, target = threshold.below, threshold.above, threshold.target
        silent = target is not None and (
            (low is not None and target > low) or (high is not None and target < high)
        )
        if silent and threshold.baseline is None:
            figure = low if low is not None else high
            scope.report(
                "note", ("thresholds", name, "target"), "plan.silent-target",
                (f"`{name}` alerts at {figure:g}, but the target is {target:g}: what lies "
                 "between breaks the target and nobody is alerted",
                 "Add a threshold at the target, or accept it."),
            )  # fmt: skip


def _alerts_say_something(plan: Plan, scope: Scope) -> None:
    """A threshold whose alert neither states a fact nor has a severity is like any unknown one."""
    tiers = plan.catalogue.detection.tiers
    silent = [
        name for name, threshold in plan.catalogue.thresholds.items()
        if not threshold.states and not (tiers.get(threshold.tier) or _NO_TIER).severity
    ]  # fmt: skip
    if silent:
        scope.report(
            "note", ("thresholds",), "plan.rule-without-level",
            (f"the alerts of {_named(silent)} do not say how bad they are; unless a rule under "
             f"`alerts:` does, they are {plan.alerts.otherwise or 'what is assumed otherwise'}",
             "Add the facts that they state, `states: {...}`, or a tier with a severity."),
        )  # fmt: skip


def _alert_kinds_are_tiers(plan: Plan, scope: Scope) -> None:
    tiers = plan.catalogue.detection.tiers
    for severity in plan.severities:
        kind = severity.alert_kind
        if tiers and kind and kind.lower() not in tiers:
            path = ("severities", severity.code, "alert_kind")
            only_known(scope, path, [kind], "tier", tuple(tiers))


def _criteria_can_be_noticed(plan: Plan, scope: Scope) -> None:
    """Where a plan says how incidents are noticed: which criteria only people can notice."""
    if not plan.catalogue.detection.sources:
        return
    stated = {fact for rule in plan.alerts.rules for fact in rule.facts}
    looked_at = {
        fact: None
        for severity in plan.severities
        for criterion in severity.criteria
        for fact in sorted(facts_in(criterion.text))
    }
    bare = [fact for fact in looked_at if fact not in stated and fact in plan.facts]
    if bare:
        scope.report(
            "note", ("severities",), "plan.only-people",
            (f"no alert states {_named(bare)}: criteria that look at them wait for people",
             "That may be meant. Otherwise let a threshold or an alert rule state them."),
        )  # fmt: skip


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_NO_TIER = Tier(id="", line=0)


def _files_exist(plan: Plan, scope: Scope) -> None:
    if scope.exists is None:
        return
    catalogue = plan.catalogue
    named: list[tuple[Path, str]] = [
        (("references", name, "path"), reference.path)
        for name, reference in catalogue.references.items()
    ]
    named += [
        (("components", name, "runbook"), component.runbook)
        for name, component in catalogue.components.items()
    ]
    named += [(("analysis", "runbooks"), catalogue.analysis.runbooks)]
    named += _listed_files("code", catalogue.analysis.code)
    named += _listed_files("manifests", catalogue.analysis.manifests)
    for path, file in (*named, (("document",), catalogue.head.document)):
        if file and not _is_address(file) and not scope.exists(file.partition("#")[0]):
            scope.warn(
                path, "plan.missing-file", f"there is no `{file}`",
                "Paths count from the folder of the plan. Write the file, or correct the path.",
            )  # fmt: skip


def _listed_files(key: str, files: Iterable[str]) -> list[tuple[Path, str]]:
    return [(("analysis", key, number), file) for number, file in enumerate(files)]


def _is_address(text: str) -> bool:
    return "://" in text or text.startswith("mailto:")


def _holders_can_be_reached(plan: Plan, scope: Scope) -> None:
    """A role whose people cannot be reached is one that nobody can fill."""
    for name, role in plan.roles.items():
        contact = plan.contacts.get(role.taken_from)
        if contact is not None and is_unfilled(contact):
            scope.warn(
                ("roles", name), "plan.nobody-fills",
                f"{name} comes from {role.taken_from}, whom the plan does not say how to reach",
                f"Fill in the contact of {role.taken_from}.",
            )  # fmt: skip


def _nothing_is_said_twice(plan: Plan, scope: Scope) -> None:
    """The same statement twice in one list; criteria have a check of their own."""
    for path, node in _lists(scope.document.tree):
        if path[:1] == ("severities",) and path[-1:] == ("when",):
            continue
        seen: dict[str, int] = {}
        for number, item in enumerate(node.items):
            text = _statement(item)
            if text is None:
                continue
            if text in seen:
                scope.warn(
                    (*path, number), "plan.said-twice",
                    f"this stands on line {seen[text]} already", "Remove one of the two.",
                )  # fmt: skip
            else:
                seen[text] = item.line


def _statement(item: Node) -> str | None:
    """The text of a list item that is a statement: a text, or a part that says `text` or `do`."""
    if item.kind == "map":
        keys = item.fields.keys()
        said = next((item.fields[key] for key in ("text", "do") if key in keys), None)
        return None if said is None or len(item.fields) > 1 else _statement(said)
    if isinstance(item.scalar, str) and item.scalar.strip():
        return " ".join(item.scalar.split()).casefold()
    return None


def _lists(node: Node, path: Path = ()) -> Iterable[tuple[Path, Node]]:
    if node.kind == "list":
        yield path, node
    for name, child in node.fields.items():
        yield from _lists(child, (*path, name))
    for number, child in enumerate(node.items):
        yield from _lists(child, (*path, number))


def _texts(node: Node, path: Path = ()) -> Iterable[tuple[Path, str]]:
    if isinstance(node.scalar, str):
        yield path, node.scalar
    for name, child in node.fields.items():
        yield from _texts(child, (*path, name))
    for number, child in enumerate(node.items):
        yield from _texts(child, (*path, number))


CHECKS: tuple[Callable[[Plan, Scope], None], ...] = (
    _signature_is_ours,
    _review_is_not_overdue,
    _terms_have_figures,
    _terms_are_used,
    _components_do_not_go_round,
    _components_are_watched,
    _targets_are_heard,
    _alerts_say_something,
    _alert_kinds_are_tiers,
    _criteria_can_be_noticed,
    _files_exist,
    _nothing_is_said_twice,
    metrics_have_no_gaps,
    _holders_can_be_reached,
)
