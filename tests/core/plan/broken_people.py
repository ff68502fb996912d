"""Plans with one mistake about people or severities each; see `broken_catalogue`."""

from tests.core.plan.plans import TWO, small

STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate, for: [P0, P1]}\n"


def plan(more: str) -> str:
    return small(STEPS, more=more)


BROKEN: dict[str, str] = {
    "plan.amount": plan("authority: {spend: {may: lead, up_to: 5000}} #! plan.amount\n").replace(
        "5000}", '"5000 dollars"}'
    ),
    "plan.authority": plan("authority: {acknowledge: nobody} #! plan.authority\n"),
    "plan.display": plan('display: "{title}" #! plan.display\n'),
    "plan.example": plan("").replace(
        TWO,
        TWO.replace(
            "  P1: {when: [slow]}\n",
            "  P1:\n    when: [slow]\n    examples:\n"
            "      - {is: all down, facts: {down: true}} #! plan.example\n",
        ),
    ),
    "plan.no-lead": plan(
        "roles: {chief: {from: lead}}\nseveral: {when_open: 3, leads_at_most: 1} #! plan.no-lead\n"
    ),
    "plan.open-role": plan("roles: {chief: {}} #! plan.open-role\nauthority: {close: chief}\n"),
    "plan.role": plan(
        "roles: {chief: {from: lead, default: lead, by_acknowledging: true}} #! plan.role\n"
    ),
    "plan.severity-name": plan("").replace(
        "  P1: {when", "  P1: {aliases: p0, when"
    ).replace("[slow]}", "[slow]} #! plan.severity-name"),
    "plan.two-leads": plan(
        "roles:\n  chief: {from: lead, lead: true}\n"
        "  other: {from: lead, lead: true} #! plan.two-leads\n"
    ),
    "plan.unknown-holder": plan("authority: {close: leed} #! plan.unknown-holder\n"),
    "plan.unknown-verb": plan("authority: {lowr_severity: lead} #! plan.unknown-verb\n"),
}  # fmt: skip
