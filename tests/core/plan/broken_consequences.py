"""Plans with one mistake each in what an incident obliges to and what comes after it.

`#! code` at the end of a line: this problem, at this line, and no other in the whole text.
"""

from tests.core.plan.plans import small

STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate, for: [P0, P1]}\n"


def plan(more: str, escalation: str = STEPS) -> str:
    return small(escalation, more=more).replace(
        "slow: yes or no}", "slow: yes or no, cost: number}"
    )


def triggered(trigger: str) -> str:
    return plan("", STEPS + f"  triggers:\n    - {trigger}\n")


BROKEN: dict[str, str] = {
    "plan.duty-deadline": plan("duties:\n  users: {tell: users} #! plan.duty-deadline\n"),
    "plan.clock-start": plan("duties:\n  users: {tell: users, within: 48h} #! plan.clock-start\n"),
    "plan.duty-question": plan(
        "duties:\n"
        "  users: {tell: users, within: 1h, from: applies, ask: Criminal?} #! plan.duty-question\n"
    ),
    "plan.duty-warning": plan(
        "duties:\n  users:\n    tell: users\n    within: 1h\n    from: applies\n"
        "    warn_before: 10m #! plan.duty-warning\n"
    ),
    "plan.duty-rule": plan(
        "duties:\n"
        "  users: {tell: users, within: 1h, from: applies, need: if required} #! plan.duty-rule\n"
    ),
    "plan.duty-merged": plan(
        "duties:\n  users: {tell: users, within: 1h, from: applies}\n"
        "  them: {tell: users, within: 2h, from: applies} #! plan.duty-merged\n"
    ),
    "plan.authority-figure": plan(
        "duties:\n  users: {tell: users, within: 72h, from: applies} #! plan.authority-figure\n"
    ),
    "plan.unknown-regulation": plan(
        "duties:\n"
        "  users: {tell: users, within: 1h, from: applies, regulation: gdpr}"
        " #! plan.unknown-regulation\n"
    ),
    "plan.regulation-condition": plan(
        "regulations:\n  gdpr: {law: gdpr-33} #! plan.regulation-condition\n"
    ),
    "plan.law-figure": plan(
        "regulations:\n  gdpr: {law: gdpr-33, when: down, within: 96h} #! plan.law-figure\n"
    ),
    "plan.law-pending": plan(
        "regulations:\n  circia: {law: circia, when: down} #! plan.law-pending\n"
    ),
    "plan.law-unknown": plan(
        "regulations:\n  gdpr: {law: gdpr-38, when: down, within: 72h} #! plan.law-unknown\n"
    ),
    "plan.ladder-rung": plan(
        "ladders:\n  cost: {rungs: {lots: {notify: lead}}} #! plan.ladder-rung\n"
    ),
    "plan.ladder-meaning": plan(
        "ladders:\n  cost: #! plan.ladder-meaning\n"
        "    rungs: {1: {notify: lead}, 2: {notify: cto}}\n"
    ),
    "plan.ladder-at-once": plan(
        "ladders:\n  cost:\n    clock: crossing\n"
        "    rungs: {1: {notify: lead, within: 4h}} #! plan.ladder-at-once\n"
    ),
    "plan.unknown-document": plan(
        "ladders:\n  cost: {rungs: {1: {document: cost-sheet}}} #! plan.unknown-document\n"
    ),
    "plan.trigger": triggered("{on: raised} #! plan.trigger"),
    "plan.unknown-clock": triggered("{on: missed resond, step: next} #! plan.unknown-clock"),
    "plan.formula": plan(
        'finance:\n  total: sum\n  classes:\n    lost: {formula: "cost ** 2"} #! plan.formula\n'
    ),
    "plan.finance-total": plan(
        "finance: #! plan.finance-total\n  total: lost\n  classes: {lost: {}}\n"
    ),
    "plan.recovery-condition": plan(
        "disaster_recovery:\n  region: {actions: [Fail over], rto: 1h} #! plan.recovery-condition\n"
    ),
    "plan.unknown-mode": plan(
        "disaster_recovery:\n  region: {when: down, mode: gone} #! plan.unknown-mode\n"
    ),
    "plan.postmortem-levels": plan(
        "postmortem: {complete: {within: 1 week}} #! plan.postmortem-levels\n"
    ),
    "plan.postmortem-deadline": plan(
        "postmortem: {required_for: all} #! plan.postmortem-deadline\n"
    ),
    "plan.postmortem-attendees": plan(
        "postmortem:\n  required_for: all\n  complete: 1 week\n  attendees:\n"
        "    required: [lead] #! plan.postmortem-attendees\n"
    ),
    "plan.document-condition": plan(
        "documents:\n  report: {within: 24h} #! plan.document-condition\n"
    ),
    "plan.action-items": plan(
        "action_items: {classes: {preventive: required}} #! plan.action-items\n"
    ),
    "plan.metric": plan("metrics:\n  mttr: {from: opened} #! plan.metric\n"),
    "plan.metric-target": plan(
        "metrics:\n  mttr: {from: opened, to: resolved} #! plan.metric-target\n"
        "reports: {monthly: {every: month, metrics: [mttr]}}\n"
    ),
    "plan.interval": plan(
        'programme:\n  drill: {every: unspecified, document: "d-{YYYY}.md"} #! plan.interval\n'
    ),
    "plan.unknown-entry": plan(
        'programme:\n  drill: {every: year, document: "d-{YYYY}.md", satisfies: [other]}'
        " #! plan.unknown-entry\n"
    ),
    "plan.drill-type": plan("assessments:\n  drill: {types: [coordination]} #! plan.drill-type\n"),
    "plan.drill-document": plan("programme:\n  drill: {every: year} #! plan.drill-document\n"),
    "plan.document-collides": plan(
        'programme:\n  drill: {every: month, document: "d-{YYYY}.md"} #! plan.document-collides\n'
    ),
    "plan.safeguards": plan(
        'programme:\n  day: {every: year, document: "d-{YYYY}.md", environment: production}'
        " #! plan.safeguards\n"
    ),
}
