"""What a document leaves open that only its as-written plan shows; in force, somebody has decided.

These are questions to the authors of the document. In a plan in force the same facts are decisions.
"""

from collections.abc import Callable, Iterator

from tocsin.core.plan.model import Plan
from tocsin.core.plan.scope import Scope
from tocsin.core.times import BusinessDays, CalendarDays, Never, words
from tocsin.core.tree import Node


def check_as_written(plan: Plan, scope: Scope) -> None:
    """Report what the authors of the document should be asked; nothing for a plan in force."""
    if scope.as_written:
        for check in CHECKS:
            check(plan, scope)


def _recipients_are_used(plan: Plan, scope: Scope) -> None:
    used = set(_words(scope.document.tree))
    for name in plan.contacts:
        if name not in used:
            scope.warn(
                ("contacts", name), "plan.unused", f"no clause tells `{name}` anything",
                "What is it for? Name it in a clause, or leave it out.",
            )  # fmt: skip


def _words(tree: Node) -> Iterator[str]:
    """Every text and key outside `contacts`, where recipients are only listed."""
    waiting = [node for name, node in tree.fields.items() if name != "contacts"]
    while waiting:
        node = waiting.pop()
        if isinstance(node.scalar, str):
            yield node.scalar
        yield from node.fields
        waiting += [*node.fields.values(), *node.items]


def _roles_can_be_filled(plan: Plan, scope: Scope) -> None:
    for name, role in plan.roles.items():
        if not role.taken_from:
            scope.warn(
                ("roles", name), "plan.nobody-fills",
                f"nothing says who may be {name}, or how they are reached",
                "Write `from:` with the recipient whose people may hold it.",
            )  # fmt: skip
        if not role.duties:
            scope.warn(
                ("roles", name), "plan.role-without-duties", f"nothing says what {name} does",
                "Write `duties:`, or leave the role out.",
            )  # fmt: skip


def _prose_and_matrix_name_the_same(plan: Plan, scope: Scope) -> None:
    matrix = scope.file.escalation.matrix
    if matrix is None or matrix.precedence is not None:
        return
    for code, severity in scope.file.severities.items():
        own = {to for step in severity.escalation for who in _whom(step) for to in who}
        rows: dict[str, int] = {}
        for number, row in enumerate(matrix.rows):
            written = row.__pydantic_extra__.get(code, row.at)
            if written is not None and written != words(Never()):
                line = scope.line(("escalation", "matrix", "rows", number))
                rows |= {to: line for who in _whom(row) for to in who}
        more = [f"{to} (line {line})" for to, line in rows.items() if to not in own]
        if own and more:
            scope.warn(
                ("severities", code, "escalation"), "plan.precedence",
                f"{code} tells {', '.join(sorted(own))} here; the matrix tells {', '.join(more)} "
                "as well", "Say which one counts: `precedence: prose` or `precedence: matrix`.",
            )  # fmt: skip


def _whom(step: object) -> Iterator[tuple[str, ...]]:
    for verb in ("page", "notify", "ticket"):
        who = getattr(step, verb)
        if who is not None:
            yield (who.all,) if who.all else tuple(who.any_of)


def _days_are_of_one_kind(plan: Plan, scope: Scope) -> None:
    """`next business day` here and `next day` there: on a Friday they differ by two days."""
    for severity in plan.severities:
        targets = [t for t in severity.targets if isinstance(t.within, BusinessDays | CalendarDays)]
        for step in plan.steps.get(severity.code, ()):
            for target in targets:
                days = isinstance(step.at, BusinessDays | CalendarDays)
                if days and type(step.at) is not type(target.within):
                    scope.warn(
                        ("severities", severity.code, target.clock), "plan.days-differ",
                        f"{severity.code} must {target.clock}: {words(target.within)}, but line "
                        f"{step.line} tells {' or '.join(step.to)}: {words(step.at)}",
                        "Does the weekend count? Write one of the two in both places.",
                    )  # fmt: skip


def _channel_is_named(plan: Plan, scope: Scope) -> None:
    if not plan.incident_channel:
        scope.warn(
            ("channels",), "plan.no-channel", "nothing says where people talk during an incident",
            'For example `channels: {incident: "#incident-{YYYY}-{n:03}"}`.',
        )  # fmt: skip


def _acknowledgement_has_a_limit(plan: Plan, scope: Scope) -> None:
    limited = any(t.clock == "acknowledge" for s in plan.severities for t in s.targets)
    if plan.severities and not limited:
        scope.warn(
            ("severities",), "plan.no-acknowledge-limit",
            "no severity says how long a call may go unanswered",
            "Write `acknowledge: within 15m` at the severities.",
        )  # fmt: skip


CHECKS: tuple[Callable[[Plan, Scope], None], ...] = (
    _recipients_are_used,
    _roles_can_be_filled,
    _prose_and_matrix_name_the_same,
    _days_are_of_one_kind,
    _channel_is_named,
    _acknowledgement_has_a_limit,
)
