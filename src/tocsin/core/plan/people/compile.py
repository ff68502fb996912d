"""The keys about people -> `model.People` and roles; reports what refers to nothing."""

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from tocsin.core.document import listed, near
from tocsin.core.plan.people.file import AuthorityFile, RoleFile, RuleFile, parse_amount
from tocsin.core.plan.people.model import (
    ANYBODY,
    ASSIGNED,
    NOBODY,
    REASON,
    SEVERITY,
    Confidential,
    Floor,
    HandOver,
    Mode,
    People,
    Role,
    Rule,
    Several,
    Team,
)
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path

PLAIN_VERBS = frozenset(AuthorityFile.model_fields)
"""What may be restricted besides the plan's own kinds of decision."""

TASK_VERBS = frozenset({"tick", "waive"})


def compile_roles(scope: Scope) -> dict[str, Role]:
    """Reduce `roles:` to its normal form."""
    roles = {name: _role(scope, name, file) for name, file in scope.file.roles.items()}
    # What does not go together does not go together either way, wherever it is written.
    excluded_by = {
        name: [one.id for one in roles.values() if name in one.not_with] for name in roles
    }
    return {
        name: replace(role, not_with=tuple(dict.fromkeys((*role.not_with, *excluded_by[name]))))
        for name, role in roles.items()
    }


def compile_people(scope: Scope) -> People:
    """Reduce everything else about people to its normal form."""
    return People(
        teams=tuple(_team(scope, name) for name in scope.file.teams),
        authority=_authority(scope),
        modes={name: _mode(scope, name) for name in scope.file.modes},
        confidential=_confidential(scope),
        floors=_floors(scope),
        in_doubt=scope.file.in_doubt or "",
        in_doubt_line=scope.line(("in_doubt",)) if scope.file.in_doubt else 0,
        several=_several(scope),
    )


def _role(scope: Scope, name: str, file: RoleFile) -> Role:
    path: Path = ("roles", name)
    for key, recipient in (
        ("from", file.from_), ("default", file.default), ("relieved_by", file.relieved_by),
        ("shadowed_by", file.shadowed_by),
    ):  # fmt: skip
        if recipient is not None:
            scope.knows("contacts", scope.recipients, recipient, (*path, key))
    _recipients(scope, (*path, "then"), file.then)
    for number, code in enumerate(file.required_for):
        scope.knows("severities", scope.codes, code, (*path, "required_for", number))
    roles = scope.document.keys(("roles",))
    for number, other in enumerate(file.not_with):
        _known(scope, (*path, "not_with", number), other, roles, "role")
    return Role(
        id=name, name=file.name or name, duties=tuple(file.duties), mandate=tuple(file.mandate),
        taken_from=file.from_ or "", on_call=file.on_call, needs=tuple(file.needs),
        not_with=tuple(file.not_with), one=file.one, lead=file.lead,
        assign_within=scope.time((*path, "assign"), file.assign) if file.assign else None,
        required_for=tuple(file.required_for), default=file.default or "",
        by_acknowledging=file.by_acknowledging, then=tuple(file.then),
        hand_over=_hand_over(scope, path, file),
        relieve_after=scope.duration(file.relieve_after) if file.relieve_after else None,
        relieved_by=file.relieved_by or "", shadowed_by=file.shadowed_by or "",
        experts=_experts(scope, path, file), line=scope.line(path),
    )  # fmt: skip


def _hand_over(scope: Scope, path: Path, file: RoleFile) -> HandOver | None:
    if file.hand_over is None:
        return None
    for number, fact in enumerate(file.hand_over.records):
        _fact(scope, (*path, "hand_over", "records", number), fact)
    return HandOver(
        records=tuple(file.hand_over.records), note=file.hand_over.note == "required",
        line=scope.line((*path, "hand_over")),
    )  # fmt: skip


def _experts(scope: Scope, path: Path, file: RoleFile) -> Mapping[str, str]:
    components = scope.document.keys(("components",))
    for component, recipient in file.experts.items():
        _known(scope, (*path, "experts", component), component, components, "component")
        scope.knows("contacts", scope.recipients, recipient, (*path, "experts", component))
    return dict(file.experts)


def _team(scope: Scope, name: str) -> Team:
    file, path = scope.file.teams[name], ("teams", name)
    roles = scope.document.keys(("roles",))
    _known(scope, (*path, "lead"), file.lead, roles, "role")
    for number, role in enumerate(file.roles):
        _known(scope, (*path, "roles", number), role, roles, "role")
    return Team(
        id=name, name=file.name or name, lead=file.lead, line=scope.line(path),
        roles=tuple(file.roles), when=_situation(scope, (*path, "when"), file.when),
    )  # fmt: skip


def _authority(scope: Scope) -> dict[str, tuple[Rule, ...]]:
    file = scope.file.authority
    written: dict[str, list[RuleFile]] = {
        verb: rules for verb in AuthorityFile.model_fields if (rules := getattr(file, verb))
    }
    written |= file.__pydantic_extra__
    return {
        verb: tuple(_rule(scope, verb, number, rule) for number, rule in enumerate(rules))
        for verb, rules in written.items()
    }


def _rule(scope: Scope, verb: str, number: int, file: RuleFile) -> Rule:
    path: Path = ("authority", verb)
    item, keys = (*path, number), [name.rstrip("_") for name in file.model_fields_set]
    if any(scope.document.place((*item, key)) != scope.document.place(item) for key in keys):
        path = item
    _who(scope, path, file.may, (ASSIGNED,) if verb in TASK_VERBS else ())
    for word in file.with_:
        if word not in (REASON, SEVERITY):
            _fact(scope, path, word)
    for code in file.for_:
        scope.knows("severities", scope.codes, code, path)
    if file.up_to is not None and verb in PLAIN_VERBS:
        scope.error(
            path, "plan.authority", f"`{verb}` has no amount", "Put `up_to` on a kind of decision "
            "of your own: `spend: {may: team-lead, up_to: 1 kUSD}`.",
        )  # fmt: skip
    if file.needs_two and verb == "declare":
        scope.error(
            path, "plan.authority", "an incident that two people must declare is declared too late",
            "Leave `needs_two` out here; `close` or `stand_down` may have it.",
        )  # fmt: skip
    amount, currency = parse_amount(file.up_to) if file.up_to else (None, "")
    return Rule(
        may=tuple(file.may), line=scope.line(path), or_with_reason=file.or_with is not None,
        say=tuple(file.with_), needs_two=file.needs_two, up_to=amount, currency=currency,
        severities=tuple(file.for_), when=_situation(scope, (*path, "when"), file.when),
    )  # fmt: skip


def _mode(scope: Scope, name: str) -> Mode:
    file, path = scope.file.modes[name], ("modes", name)
    _who(scope, (*path, "started_by"), file.started_by)
    _recipients(scope, (*path, "notify"), file.notify)
    return Mode(
        id=name, name=file.name or name, line=scope.line(path), about=file.about,
        when=_situation(scope, (*path, "when"), file.when),
        ends_when=_situation(scope, (*path, "ends_when"), file.ends_when),
        started_by=tuple(file.started_by), notify=tuple(file.notify),
    )  # fmt: skip


def _confidential(scope: Scope) -> tuple[Confidential, ...]:
    rules = []
    for number, file in enumerate(scope.file.confidential):
        path: Path = ("confidential", number)
        _who(scope, (*path, "readers"), file.readers)
        rules.append(
            Confidential(
                when=_situation(scope, (*path, "when"), file.when), readers=tuple(file.readers),
                title=file.title, line=scope.line(path),
            )
        )  # fmt: skip
    return tuple(rules)


def _floors(scope: Scope) -> tuple[Floor, ...]:
    floors = []
    for number, file in enumerate(scope.file.floors):
        path: Path = ("floors", number)
        _who(scope, (*path, "unless"), file.unless)
        known = scope.knows("severities", scope.codes, file.at_least, (*path, "at_least"))
        when = _situation(scope, (*path, "when"), file.when)
        if known and when:
            floors.append(
                Floor(
                    when=when, at_least=file.at_least, line=scope.line(path),
                    unless=tuple(file.unless),
                )
            )  # fmt: skip
    return tuple(floors)


def _several(scope: Scope) -> Several | None:
    file = scope.file.several
    if file is None:
        return None
    _recipients(scope, ("several", "page"), file.page)
    return Several(
        when_open=file.when_open, line=scope.line(("several",)), page=tuple(file.page),
        leads_at_most=file.leads_at_most,
    )  # fmt: skip


def _situation(scope: Scope, path: Path, text: str | None) -> str:
    return scope.situation(path, text) if text is not None else ""


def _recipients(scope: Scope, path: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        scope.knows("contacts", scope.recipients, name, (*path, number))


def _who(scope: Scope, path: Path, names: list[str], words: tuple[str, ...] = ()) -> None:
    """Report whoever is neither a role nor a recipient nor somebody with a known qualification."""
    if scope.lost("roles") or scope.lost("contacts"):
        return
    qualifications = {need for role in scope.file.roles.values() for need in role.needs}
    roles = scope.document.keys(("roles",))
    known = (*roles, *scope.recipients, *sorted(qualifications), ANYBODY, NOBODY, *words)
    for name in names:
        if name not in known:
            scope.error(
                path, "plan.unknown-holder",
                f"`{name}` is no role, recipient or qualification of this plan",
                f"{near(name, known)}Known: {listed(known)}.",
            )  # fmt: skip


def _known(scope: Scope, path: Path, name: str, known: Collection[str], noun: str) -> None:
    if name in known or scope.lost(f"{noun}s"):
        return
    scope.error(
        path, "plan.unknown-part", f"unknown {noun} `{name}`",
        f"{near(name, known)}Add `{name}` under `{noun}s:`.",
    )  # fmt: skip


def _fact(scope: Scope, path: Path, name: str) -> None:
    scope.knows("facts", scope.facts, name, path)
