"""What does not fit together in a plan whose parts are all readable.

Every check looks at one thing and is listed in `CHECKS`; docs/problems.md explains each code.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from tocsin.core.plan.afterwards.check import check_afterwards
from tocsin.core.plan.catalogue.check import check_catalogue
from tocsin.core.plan.catalogue.placeholders import is_unfilled
from tocsin.core.plan.communication.check import check_communication
from tocsin.core.plan.consequences.check import check_consequences
from tocsin.core.plan.model import Plan, Severity, Target
from tocsin.core.plan.notations import nominal
from tocsin.core.plan.people.check import check_people
from tocsin.core.plan.response.check import check_response
from tocsin.core.plan.rule_order import never_matching
from tocsin.core.plan.scope import Scope
from tocsin.core.times import (
    After,
    AnyTime,
    BusinessDays,
    CalendarDays,
    Immediate,
    Range,
    Within,
    words,
)
from tocsin.core.tree import Path

_ORDER = {"opened": 0, "acknowledged": 1, "assessed": 2, "resolved": 3}


def check_plan(plan: Plan, scope: Scope) -> None:
    """Report everything that is contradictory, unreachable or left open to `scope`."""
    for check in CHECKS:
        check(plan, scope)
    check_catalogue(plan, scope)
    check_response(plan, scope)
    check_communication(plan, scope)


def limit(value: AnyTime) -> timedelta | None:
    """How long a promise leaves, where that does not depend on the day; None otherwise."""
    match value:
        case Within(duration) | After(duration) | Immediate(duration):
            return duration
        case Range(_, latest):
            return latest
        case _:
            return None


def _severities_exist(plan: Plan, scope: Scope) -> None:
    if not scope.codes and not scope.lost("severities"):
        scope.error(
            ("severities",), "plan.no-severities", "the plan has no severities",
            "List them under `severities:`, worst first.",
        )  # fmt: skip


def _severities_have_criteria(plan: Plan, scope: Scope) -> None:
    for severity in plan.severities:
        path: Path = ("severities", severity.code)
        written = scope.file.severities[severity.code]
        open_yet = not (written.when or written.not_an_incident) and not scope.lost(*path, "when")
        if open_yet and not scope.document.damaged((*path, "when")):
            scope.warn(
                path, "plan.no-criteria", f"nothing says when an incident is {severity.code}",
                f"Add `when:` with conditions over facts; until then only people and alert rules "
                f"choose {severity.code}.",
            )  # fmt: skip


def _criteria_differ(plan: Plan, scope: Scope) -> None:
    seen: dict[str, tuple[str, int]] = {}
    for severity in plan.severities:
        for number, text in enumerate(scope.file.severities[severity.code].when):
            path = ("severities", severity.code, "when", number)
            plain = " ".join(text.split())
            if plain in seen:
                code, line = seen[plain]
                where = "again" if code == severity.code else f"at {code} already"
                scope.warn(
                    path, "plan.duplicate-criterion", f"this condition stands {where}, line {line}",
                    "The worst severity counts, so it has no effect here. Remove or narrow it.",
                )  # fmt: skip
            seen.setdefault(plain, (severity.code, scope.line(path)))


def _limits_agree(plan: Plan, scope: Scope) -> None:
    """A later event cannot be due before an earlier one."""
    for severity, one, other in _pairs_of_targets(plan):
        first, then = plan.clocks[one.clock], plan.clocks[other.clock]
        if first.starts_at != then.starts_at or first.stops_at == then.stops_at:
            continue
        if not {first.stops_at, then.stops_at} <= _ORDER.keys():
            continue  # which of two other moments comes first, nobody can say
        if _ORDER[first.stops_at] > _ORDER[then.stops_at]:
            one, other, first, then = other, one, then, first
        sooner, later = limit(one.within), limit(other.within)
        if sooner is not None and later is not None and later < sooner:
            scope.undecided(
                ("severities", severity.code, other.clock), "plan.contradiction",
                f"{severity.code} must be {then.stops_at} ({other.clock}: {words(other.within)}) "
                f"before it must be {first.stops_at} ({one.clock}: {words(one.within)})",
                f"Give `{other.clock}` at least as long as `{one.clock}`.",
            )  # fmt: skip


def _pairs_of_targets(plan: Plan) -> Iterator[tuple[Severity, Target, Target]]:
    for severity in plan.severities:
        known = [target for target in severity.targets if target.clock in plan.clocks]
        for position, one in enumerate(known):
            for other in known[position + 1 :]:
                yield severity, one, other


def _worse_is_not_slower(plan: Plan, scope: Scope) -> None:
    """A promise for a severity should not be longer than the same one for a lesser severity."""
    for worse, lesser in zip(plan.severities, plan.severities[1:], strict=False):
        promised = {target.clock: target.within for target in lesser.targets}
        for target in worse.targets:
            other = promised.get(target.clock)
            if other is not None and _longer(target.within, other):
                scope.warn(
                    ("severities", worse.code, target.clock), "plan.worse-is-slower",
                    f"{worse.code} has more time ({words(target.within)}) to {target.clock} than "
                    f"the lesser {lesser.code} ({words(other)})",
                    "Is one of the two times a slip?",
                )  # fmt: skip
        times = {step.key: step.at for step in plan.steps.get(lesser.code, ())}
        for step in plan.steps.get(worse.code, ()):
            other = times.get(step.key)
            if other is not None and not step.manual and _longer(step.at, other):
                scope.found.add(
                    (step.line, 1), "plan.worse-is-slower",
                    f"{worse.code} tells {' or '.join(step.to)} later ({words(step.at)}) than the "
                    f"lesser {lesser.code} ({words(other)})",
                    "Is one of the two times a slip?", "warning",
                )  # fmt: skip


def _longer(one: AnyTime, other: AnyTime) -> bool:
    if isinstance(one, BusinessDays | CalendarDays):
        return type(one) is type(other) and one.count > getattr(other, "count", 0)
    # `2h` tells at 2h what `within 4h` tells at once: as limits they compare all the same.
    mine, theirs = limit(one), limit(other)
    return mine is not None and theirs is not None and mine > theirs


def _somebody_is_told_in_time(plan: Plan, scope: Scope) -> None:
    if not scope.steps_are_whole:
        return  # whoever seems to be left out may stand in the step that could not be read
    for severity in plan.severities:
        code, steps = severity.code, [s for s in plan.steps.get(severity.code, ()) if not s.manual]
        if severity.policy == "required" and not plan.steps.get(code):
            scope.warn(
                ("severities", code), "plan.required-without-recipient",
                f"{code} requires escalation, but nobody is named to escalate to",
                "Add a step for it under `escalation:`, even one without a time under `levels:`.",
            )  # fmt: skip
        elif severity.targets and not steps and severity.policy != "not required":
            scope.warn(
                ("severities", code), "plan.nobody-told",
                f"{code} has a time limit, but no step tells anybody",
                f"Add a step for {code}, or `escalation_policy: not required` if that is meant.",
            )  # fmt: skip
        for target in severity.targets:
            clock = plan.clocks.get(target.clock)
            allowed = limit(target.within)
            if clock is None or clock.stops_at != "acknowledged" or allowed is None or not steps:
                continue
            first = min((t for s in steps if (t := nominal(s.at)) is not None), default=None)
            if first is not None and first > allowed:
                scope.warn(
                    ("severities", code, target.clock), "plan.told-too-late",
                    f"nobody is told of a {code} before its limit ({words(target.within)}) is over",
                    "Let the first step come at once: `at: immediate`.",
                )  # fmt: skip


def _severities_are_told_apart(plan: Plan, scope: Scope) -> None:
    """A chain that does not look at the severity calls the same people for a trifle."""
    paged = [
        [(step.key, step.at) for step in plan.steps.get(severity.code, ()) if not step.manual]
        for severity in plan.severities
    ]
    same = len(paged) > 2 and all(steps == paged[0] for steps in paged[1:]) and len(paged[0]) > 1
    steps = scope.file.escalation.steps
    chosen = any(step.for_ is not None or step.__pydantic_extra__ for step in steps)
    if same and steps and not chosen:
        least, last = plan.severities[-1], plan.steps[plan.severities[-1].code][-1]
        scope.warn(
            ("escalation", "steps"), "plan.same-for-all",
            f"the escalation is the same at every severity: a {least.code} reaches "
            f"{' or '.join(last.to)} after {words(last.at)} like a {plan.severities[0].code}",
            "Write a time per severity (`P0: 30m, P1: 2h`), or `for: [...]` with all of them if "
            "that is meant.",
        )  # fmt: skip


def _contacts_are_filled(plan: Plan, scope: Scope) -> None:
    for name, text in plan.contacts.items():
        if is_unfilled(text):
            scope.warn(
                ("contacts", name), "plan.unfilled-contact",
                f"the plan does not say how to reach {name}",
                "Write how, or `see the organisation file` once that file has the contact.",
            )  # fmt: skip


def _last_resort_exists(plan: Plan, scope: Scope) -> None:
    readable = not scope.lost("escalation") and not scope.lost("escalation", "if_exhausted")
    if plan.exhausted.line == 0 and readable:
        scope.report(
            "note", ("escalation",), "plan.no-last-resort",
            ("nothing is said about an escalation that ends with nobody answering",
             "Whoever was told last is alarmed every 15 minutes. Say otherwise with "
             "`if_exhausted: {page: cto, every: 15m}`."),
        )  # fmt: skip


def _alert_rules_can_match(plan: Plan, scope: Scope) -> None:
    rules = plan.alerts.rules
    for number, earlier in never_matching(rules):
        # By line, since thresholds stand among the rules as well.
        scope.found.add(
            (rules[number].line, 1), "plan.rule-never-matches",
            f"the rule on line {earlier.line} already takes every alert that this one could match",
            "Put the narrower rule first, or remove this one.", "warning",
        )  # fmt: skip


def _codes_are_no_step_keys(plan: Plan, scope: Scope) -> None:
    taken = {"page", "notify", "ticket", "at", "for", "until", "unless", "mandate", "when", "level"}
    for code in scope.codes:
        if code in taken:
            scope.error(
                ("severities", code), "plan.name", f"`{code}` cannot be the code of a severity",
                "It has a meaning of its own in steps. Use a code such as `P0`.",
            )  # fmt: skip


CHECKS: tuple[Callable[[Plan, Scope], None], ...] = (
    _severities_exist,
    _severities_have_criteria,
    _criteria_differ,
    _limits_agree,
    _worse_is_not_slower,
    _severities_are_told_apart,
    _somebody_is_told_in_time,
    _contacts_are_filled,
    _last_resort_exists,
    _alert_rules_can_match,
    _codes_are_no_step_keys,
    check_people,
    check_consequences,
    check_afterwards,
)
