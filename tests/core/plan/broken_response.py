"""Plans with one mistake about phases, steps and gates each; see `broken_catalogue`."""

from tests.core.plan.plans import small

STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate, for: [P0, P1]}\n"
THREE = (
    "  measured_from: start\n"
    "  steps: #! plan.same-for-all\n"
    "    - {page: on-call, at: immediate}\n"
    "    - {page: lead, at: 20m}\n"
)


def plan(more: str) -> str:
    return small(STEPS, more=more)


BROKEN: dict[str, str] = {
    "plan.moment": plan(
        "phases: {a: {steps: [{do: x, within: 5m, from: the dawn of time}]}} #! plan.moment\n"
    ),
    "plan.unknown-phase": plan("gates: [{before: phase b}] #! plan.unknown-phase\n"),
    "plan.unknown-step": plan("phases: {a: {steps: [{do: x, behind: y}]}} #! plan.unknown-step\n"),
    "plan.gate": plan("gates: [{before: lunch}] #! plan.gate\n"),
    "plan.phase-anchor": plan(
        "phases: {a: {within: {within: 1h, from: unspecified}}} #! plan.phase-anchor\n"
    ),
    "plan.milestone-meaning": plan("milestones: {T+5m: [x]} #! plan.milestone-meaning\n"),
    "plan.milestone-overlap": small(
        "  measured_from: start\n  until: resolved\n  steps:\n"
        "    - {page: on-call, at: immediate, for: [P0, P1]}\n"
        "    - {page: lead, at: 2h, for: [P0]}\n",
        more="milestones: {meaning: by, T+60m: [{do: Written up, met_by: resolved}]}"
        " #! plan.milestone-overlap\n",
    ),
    "plan.playbook-condition": plan("playbooks: {a: {steps: [x]}} #! plan.playbook-condition\n"),
    "plan.watch-length": plan(
        "gates: [{before: close, watch: unspecified}] #! plan.watch-length\n"
    ),
    "plan.step-without-item": plan(
        "phases: {a: {steps: [x], checklist: [y]}} #! plan.step-without-item\n"
    ),
    "plan.same-for-all": small(THREE).replace(
        "  P1: {when: [slow]}\n", "  P1: {when: [slow]}\n  P2: {when: [slow && down]}\n"
    ),
}
