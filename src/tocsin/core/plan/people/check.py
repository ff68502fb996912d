"""What does not fit together in what a plan says about people and about its severities."""

from difflib import get_close_matches

from tocsin.core.plan.classify import propose
from tocsin.core.plan.model import Plan, Severity
from tocsin.core.plan.people.compile import PLAIN_VERBS
from tocsin.core.plan.people.model import NOBODY
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path


def check_people(plan: Plan, scope: Scope) -> None:
    """Report what is contradictory, or accepted although it can have no effect."""
    _one_role_leads(plan, scope)
    _roles_agree(plan, scope)
    _authority_can_be_used(plan, scope)
    _verbs_are_meant(plan, scope)
    _names_are_unique(plan, scope)
    _examples_hold(plan, scope)


def _one_role_leads(plan: Plan, scope: Scope) -> None:
    leads = [role for role in plan.roles.values() if role.lead]
    for other in leads[1:]:
        scope.error(
            ("roles", other.id, "lead"), "plan.two-leads",
            f"`{leads[0].id}` leads the response already (line {leads[0].line})",
            "Let one role lead; the other one may have a team with `teams:`.",
        )  # fmt: skip
    several = plan.people.several
    if several is not None and several.leads_at_most is not None and not leads:
        scope.error(
            ("several", "leads_at_most"), "plan.no-lead", "no role of the plan leads the response",
            "Write `lead: true` at the role that does.",
        )  # fmt: skip


def _roles_agree(plan: Plan, scope: Scope) -> None:
    for role in plan.roles.values():
        path: Path = ("roles", role.id)
        if role.default and role.by_acknowledging:
            scope.error(
                (*path, "by_acknowledging"), "plan.role",
                f"`{role.id}` has a holder from the beginning and waits for one",
                "Keep `default` or `by_acknowledging`.",
            )  # fmt: skip
        if role.on_call and not role.taken_from:
            scope.error(
                (*path, "on_call"), "plan.role", f"`{role.id}` does not say who is on call for it",
                "Add `from:` with a recipient that has a roster.",
            )  # fmt: skip
        if role.relieved_by and role.relieve_after is None:
            scope.error(
                (*path, "relieved_by"), "plan.role",
                f"`{role.id}` does not say after how long a relief is due",
                "Add `relieve_after: 8h`.",
            )  # fmt: skip
        if role.id in role.not_with:
            scope.error(
                (*path, "not_with"), "plan.role", f"`{role.id}` cannot go with itself",
                "Name the other role.",
            )  # fmt: skip
        if role.then and not role.one:
            scope.warn(
                (*path, "then"), "plan.role",
                f"several people hold `{role.id}`, so a successor comes only after the last one",
                "Leave `then` out if that is not meant.",
            )  # fmt: skip


def _authority_can_be_used(plan: Plan, scope: Scope) -> None:
    """Nobody is locked out of what keeps people reachable; no open door stands beside a lock."""
    for verb in ("declare", "acknowledge"):
        for rule in plan.people.authority.get(verb, ()):
            if NOBODY in rule.may and not rule.or_with_reason:
                scope.error(
                    ("authority", verb), "plan.authority", f"nobody could ever {verb} an incident",
                    "Name somebody, or leave it out: then everybody may.",
                )  # fmt: skip
    if "give_role" in plan.people.authority:
        return
    for verb, rules in plan.people.authority.items():
        for name in dict.fromkeys(name for rule in rules for name in rule.may):
            role = plan.roles.get(name)
            if role is not None and not (role.taken_from or role.needs):
                scope.warn(
                    ("roles", name), "plan.open-role",
                    f"anybody can become `{name}`, and thereby {verb.replace('_', ' ')}",
                    "Say with `from:` or `needs:` who can hold it.",
                )  # fmt: skip


def _verbs_are_meant(plan: Plan, scope: Scope) -> None:
    for verb in plan.people.authority:
        close = get_close_matches(verb, PLAIN_VERBS, n=1, cutoff=0.8)
        if verb not in PLAIN_VERBS and close:
            scope.error(
                ("authority", verb), "plan.unknown-verb",
                f"`{verb}` would be a kind of decision of your own",
                f"Did you mean `{close[0]}`? If not, choose a name that is less like it.",
            )  # fmt: skip


def _names_are_unique(plan: Plan, scope: Scope) -> None:
    seen: dict[str, Severity] = {}
    for severity in plan.severities:
        for name in dict.fromkeys((severity.code, severity.name, *severity.aliases)):
            other = seen.setdefault(name.casefold(), severity)
            if other is not severity:
                scope.error(
                    ("severities", severity.code), "plan.severity-name",
                    f"`{name}` is {other.code} already (line {other.line})",
                    "Two severities cannot have the same code, name or alias.",
                )  # fmt: skip


def _examples_hold(plan: Plan, scope: Scope) -> None:
    for severity in plan.severities:
        if scope.document.damaged_within(("severities",)) or scope.lost("facts"):
            return  # what is missing may be what the example is about
        for number, example in enumerate(severity.examples):
            proposal = propose(plan, example.facts)
            found = proposal.severity
            if found is not None and found.code == severity.code:
                continue
            outcome = "no condition holds" if found is None else f"its facts make it {found.code}"
            scope.error(
                ("severities", severity.code, "examples", number), "plan.example",
                f"the example \"{example.text}\" stands at {severity.code}, and {outcome}",
                "Correct its facts, or the conditions under `when:`.",
            )  # fmt: skip
