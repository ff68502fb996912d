"""Plans with one mistake in the catalogue each; the marked line is where it is told.

`#! code` at the end of a line: this problem, at this line, and no other in the whole text.
"""

from tests.core.plan.plans import small

STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate, for: [P0, P1]}\n"
WATCHED = "components:\n  api: {checks: health}\n"


def plan(more: str) -> str:
    return small(STEPS, more=more)


BROKEN: dict[str, str] = {
    "plan.choice": plan("").replace("at: immediate", 'at: "choice(5m, 9m)"').replace(
        "P1]}", "P1]} #! plan.choice"
    ),
    "plan.unknown-part": plan(
        WATCHED + "  web: {checks: ping, depends_on: apy} #! plan.unknown-part\n"
    ),
    "plan.component-fact": plan(
        "components:\n  api: {checks: health, fact: slow} #! plan.component-fact\n"
    ),
    "plan.circular": plan(
        "components:\n  api: {checks: a}\n"
        "  web: {checks: b, depends_on: web} #! plan.circular\n"
    ),
    "plan.unwatched": plan("components: #! plan.unwatched\n  api: {}\n"),
    "plan.no-figure": plan(
        "thresholds:\n"
        "  e: {metric: x, above: unspecified, window: 5m, states: {slow: true}} #! plan.no-figure\n"
    ),
    "plan.unused": plan("terms:\n  bad: down && slow #! plan.unused\n"),
    "plan.threshold": plan(
        "thresholds:\n  e: {metric: x, window: 5m, states: {slow: true}} #! plan.threshold\n"
    ),
    "plan.no-window": plan(
        "thresholds:\n  e: {metric: x, above: 1, states: {slow: true}} #! plan.no-window\n"
    ),
    "plan.silent-target": plan(
        "thresholds:\n"
        "  up: {metric: up, of: availability, below: 0.99, window: 5m, target: 0.999,"
        " states: {slow: true}}"
        " #! plan.silent-target\n"
    ),
    "plan.metric-gap": plan(
        "thresholds:\n"
        "  e: {metric: rate, above: 0.01, window: 5m, states: {rate: 0.02}} #! plan.metric-gap\n"
    ).replace("[slow]", '["slow || rate > 0.05"]').replace("facts: {", "facts: {rate: number, "),
    "plan.rule-without-level": plan(
        "thresholds: #! plan.rule-without-level\n  errors: {metric: x, above: 1, window: 5m}\n"
    ),
    "plan.only-people": plan(
        "detection: {sources: [Health checks]}\n"
        "thresholds: {errors: {metric: x, above: 1, window: 5m, states: {slow: true}}}\n"
    ).replace("severities:", "severities: #! plan.only-people"),
    "plan.review": plan("review_every: now and then #! plan.review\n"),
    "plan.signature": plan(
        "organisation: Notes\nsignature: The Ledger Team #! plan.signature\n"
    ),
    "plan.open-contradiction": plan(
        "contradictions:\n"
        "  - {about: the CTO, between: [at once, after 30m]} #! plan.open-contradiction\n"
    ),
    "plan.freeze-level": plan("freeze: {lifted_by: lead} #! plan.freeze-level\n"),
    "plan.said-twice": plan("principles:\n  - No blame\n  - no  blame #! plan.said-twice\n"),
    "plan.nobody-fills": plan("roles:\n  scribe: {from: users} #! plan.nobody-fills\n"),
}  # fmt: skip
"""Codes that a plan in force can have; `plan.nobody-fills` comes with `plan.unfilled-contact`."""

ELSEWHERE = {
    "plan.selection", "plan.empty-selection", "plan.missing-file", "plan.review-overdue",
    "plan.no-final-newline", "plan.role-without-duties", "plan.days-differ", "plan.no-channel",
    "plan.no-acknowledge-limit",
}  # fmt: skip
"""Codes that need more than one text: their tests are in test_catalogue and test_as_written."""
