"""The five plans as they were decided: who is told when, and what the same facts mean in each."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.core.plan.plans import ALL, accepted, codes_of, plan_of, problems_of, table, text_of

from tocsin.core.calendars import due_at
from tocsin.core.plan.classify import propose
from tocsin.core.plan.model import FactValue
from tocsin.core.times import Immediate, Within

ON_CALL = "on-call-engineer"
VPN, SYNC, PRACTICES, PREFERENCES, R3MES = (
    "vpn-payments", "provider-sync", "engineering-practices", "notification-preferences",
    "r3mes-network",
)  # fmt: skip
DAY = 24 * 60

VPN_STEPS = [
    (0, "page", ON_CALL),
    (15, "page", "team-lead"),
    (30, "page", "engineering-manager"),
    (60, "page", "cto or vp-engineering"),
]
GOLDEN: dict[tuple[str, str], list[tuple[int, str, str]]] = {
    (VPN, "P0"): VPN_STEPS,
    (VPN, "P1"): VPN_STEPS,
    (VPN, "P2"): VPN_STEPS,
    (SYNC, "P1"): [
        (0, "page", f"all {ON_CALL}"),
        (0, "page", "cto"),
        (15, "page", "team-lead"),
        (60, "notify", "affected-users"),
    ],
    (SYNC, "P2"): [
        (0, "page", ON_CALL),
        (120, "page", "team-lead"),
        (240, "page", "cto"),
        (240, "notify", "affected-users"),
    ],
    (SYNC, "P3"): [(0, "page", ON_CALL)],
    # From Monday 10:00 to the opening on Tuesday 09:00.
    (SYNC, "P4"): [(0, "ticket", "sprint-board"), (23 * 60, "notify", ON_CALL)],
    (PRACTICES, "P0"): [(0, "notify", "stakeholders"), (0, "page", ON_CALL)],
    (PRACTICES, "P1"): [(0, "notify", "stakeholders"), (0, "page", ON_CALL)],
    (PRACTICES, "P2"): [(0, "page", ON_CALL)],
    (PRACTICES, "P3"): [(23 * 60, "page", ON_CALL)],
    (PREFERENCES, "P0"): [
        (0, "page", ON_CALL),
        (30, "page", "team-lead"),
        (60, "page", "engineering-manager"),
        (120, "page", "cto"),
        (240, "page", "ceo"),
    ],
    (PREFERENCES, "P1"): [
        (0, "page", ON_CALL),
        (120, "page", "team-lead"),
        (240, "page", "engineering-manager"),
        (480, "page", "cto"),
        (1440, "page", "ceo"),
    ],
    (PREFERENCES, "P2"): [],
    (PREFERENCES, "P3"): [],
    (R3MES, "P0"): [(0, "page", ON_CALL)],
    (R3MES, "P1"): [(0, "page", ON_CALL)],
    (R3MES, "P2"): [(0, "notify", ON_CALL)],
    (R3MES, "P3"): [(0, "notify", ON_CALL)],
    ("starter", "P0"): [
        (0, "page", ON_CALL),
        (10, "page", "team-lead"),
        (30, "page", "engineering-manager"),
    ],
}


@pytest.mark.parametrize(("plan", "code"), GOLDEN)
def test_who_is_told_when_nobody_reacts(plan: str, code: str) -> None:
    assert table(plan_of(plan), code) == GOLDEN[plan, code]


def test_a_matrix_that_takes_precedence_over_the_prose() -> None:
    text = text_of(SYNC).replace("precedence: prose", "precedence: matrix")
    assert table(accepted(text), "P1") == [
        (0, "page", ON_CALL),
        (15, "page", "team-lead"),
        (30, "page", "cto"),
        (60, "notify", "affected-users"),
    ]


@pytest.mark.parametrize(
    ("code", "minutes"),
    [("P0", [0, 30, 90, 210, 450]), ("P1", [0, 120, 360, 840, 2280])],
)
def test_a_chain_measured_from_the_previous_step(code: str, minutes: list[int]) -> None:
    text = text_of(PREFERENCES).replace("measured_from: start", "measured_from: previous step")
    assert [row[0] for row in table(accepted(text), code)] == minutes


def test_levels_without_a_time_wait_for_somebody_to_ask() -> None:
    manual = [step for step in plan_of(PRACTICES).steps["P0"] if step.manual]
    assert [(step.level, step.to) for step in manual] == [
        (2, ("team-lead",)),
        (2, ("additional-engineers",)),
        (3, ("management",)),
        (3, ("external-resources",)),
        (4, ("ceo", "cto")),
    ]
    assert manual[-1].when == "business_critical"
    assert "plan.manual-level" not in codes_of(text_of(PRACTICES)), "it says that it is meant"


def test_what_ends_each_escalation() -> None:
    def ends(plan: str, code: str) -> set[tuple[str, str]]:
        return {(step.do, step.until) for step in plan_of(plan).steps[code]}

    assert ends(VPN, "P0") == {("page", "resolved")}
    assert ends(PREFERENCES, "P1") == {("page", "resolved")}
    assert ends(SYNC, "P1") == {("page", "acknowledged"), ("notify", "resolved")}


MINUTES: dict[tuple[str, str], dict[str, int]] = {
    # From Friday 18:00 UTC.
    (SYNC, "P1"): {"respond": 15},
    (SYNC, "P2"): {"respond": 60},
    (SYNC, "P3"): {"respond": 240},
    (SYNC, "P4"): {"respond": 3 * DAY - 60},  # Monday at closing time
    (PRACTICES, "P0"): {"respond": 15},
    (PRACTICES, "P1"): {"respond": 60},
    (PRACTICES, "P2"): {"respond": 240},
    (PRACTICES, "P3"): {"respond": 3 * DAY - 60},
    (PREFERENCES, "P0"): {"acknowledge": 15, "respond": 60, "service-level": 180},
    (PREFERENCES, "P1"): {"acknowledge": 60, "respond": 240, "service-level": 720},
    (PREFERENCES, "P2"): {"acknowledge": 240, "respond": DAY},
    (PREFERENCES, "P3"): {"acknowledge": DAY, "respond": 10 * DAY - 9 * 60},  # the 16th, 09:00
    (R3MES, "P0"): {"respond": 5},
    (R3MES, "P1"): {"respond": 60},
    (R3MES, "P2"): {"respond": 240},
    (R3MES, "P3"): {"respond": DAY},  # Saturday: this clock knows no weekend
    (VPN, "P2"): {"assess": 5, "recover": 30},
}


@pytest.mark.parametrize(("plan", "code"), MINUTES)
def test_when_the_clocks_run_out_on_a_friday_evening(plan: str, code: str) -> None:
    friday = datetime(2026, 3, 6, 18, 0, tzinfo=UTC)
    minutes = {}
    for target in plan_of(plan).severity(code).targets:
        due = due_at(target.within, friday, plan_of(plan).calendars)
        assert due is not None
        minutes[target.clock] = (due - friday) // timedelta(minutes=1)
    assert minutes == MINUTES[plan, code]


def test_a_limit_knows_whether_its_last_instant_counts() -> None:
    def respond(plan: str, code: str) -> object:
        return plan_of(plan).severity(code).targets[-1].within

    assert respond(PRACTICES, "P0") == Within(timedelta(minutes=15), strict=True)
    assert respond(PRACTICES, "P1") == Within(timedelta(hours=1))
    assert respond(R3MES, "P0") == Immediate(timedelta(minutes=5))
    assert respond(R3MES, "P3") == Within(timedelta(hours=24), strict=True)


def test_what_stops_the_initial_response() -> None:
    assert plan_of(PREFERENCES).clocks["respond"].stops_at == "assessed"
    assert plan_of(SYNC).clocks["respond"].stops_at == "acknowledged"


def test_the_words_on_escalation() -> None:
    policies = [severity.policy for severity in plan_of(R3MES).severities]
    assert policies == ["required", "recommended", "optional", "not required"]


# One row per set of facts, one column per plan: the severity proposed, None where the plan has
# no clause for them. In the comparison of the plans some cells say "by judgement" (a plan without
# a figure); they are None too, since a judgement belongs to a person.
VERDICTS: list[tuple[str, dict[str, FactValue], list[str | None]]] = [
    ("payments are down", {"payment_processing": "down", "service_availability": "full"},
     ["P0", "P2", "P1", "P1", "P1"]),
    # P0 in the first plan once somebody reports it as a security incident: see the next row.
    ("a vulnerability, no attack", {"vulnerability": True},
     [None, None, None, "P2", "P1"]),
    ("a security incident", {"security_incident": True},
     ["P0", "P1", "P0", "P0", "P1"]),
    ("a breach is suspected", {"data_breach": "suspected"},
     ["P0", "P1", "P0", "P2", "P0"]),
    ("a breach is confirmed", {"data_breach": "confirmed"},
     ["P0", "P1", "P0", "P0", "P0"]),
    ("data is lost", {"data_loss": True, "data_breach": "no"},
     [None, None, "P0", None, None]),
    ("3 % of requests fail", {"error_rate": 0.03},
     [None, None, None, None, None]),
    ("6 % of requests fail", {"error_rate": 0.06},
     [None, "P2", None, "P1", None]),
    ("costs rise", {"cost_anomaly": True},
     ["P1", None, None, None, None]),
    ("a cosmetic bug", {"cosmetic": True},
     ["P2", "P4", "P3", "P3", "P3"]),
    ("a compliance violation", {"compliance_violation": True},
     [None, None, None, "P0", None]),
    ("a feature request", {"feature_request": True},
     [None, None, None, "P3", None]),
    ("everything is down", {"service_availability": "none"},
     ["P0", "P1", "P0", "P0", "P0"]),
    ("nothing is known", {}, [None] * 5),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "verdicts"), [row[1:] for row in VERDICTS], ids=[row[0] for row in VERDICTS]
)
def test_the_same_facts_five_verdicts(
    facts: dict[str, FactValue], verdicts: list[str | None]
) -> None:
    proposed = [
        propose(plan_of(plan), facts).severity
        for plan in (VPN, SYNC, PRACTICES, PREFERENCES, R3MES)
    ]
    assert [severity and severity.code for severity in proposed] == verdicts


def test_a_feature_request_is_recorded_but_no_incident() -> None:
    plan = plan_of(PREFERENCES)
    assert propose(plan, {"feature_request": True}).excluded
    both = propose(plan, {"feature_request": True, "cosmetic": True})
    assert not both.excluded
    assert [criterion.text for criterion in both.because] == ["cosmetic"]


def test_a_proposal_names_every_criterion_of_its_severity_with_its_line() -> None:
    plan = plan_of(VPN)
    proposal = propose(
        plan, {"payment_processing": "down", "security_incident": True, "cosmetic": True}
    )
    lines = text_of(VPN).splitlines()
    assert [criterion.text for criterion in proposal.because] == [
        'payment_processing == "down"',
        "security_incident",
    ]
    for criterion in proposal.because:
        assert criterion.text in lines[criterion.line - 1]


def test_alerts_of_the_notification_plan_state_facts() -> None:
    rules = plan_of(PREFERENCES).alerts.rules
    assert rules[0].facts == {"service_availability": "none"}
    assert rules[1].facts == {"core_features_unusable": True}


@pytest.mark.parametrize("name", ALL)
def test_the_plans_have_no_errors_and_no_warnings_but_decided_ones(name: str) -> None:
    problems = [one for one in problems_of(text_of(name)) if one.level != "note"]
    assert {problem.code for problem in problems} <= {"plan.manual-level"}


@pytest.mark.parametrize("name", ALL)
def test_every_decision_gives_its_reason(name: str) -> None:
    """A comment `Decided:` says more than that it was decided."""
    for line in text_of(name).splitlines():
        _, marker, reason = line.partition("Decided:")
        assert not marker or len(reason) > 10, line


@pytest.mark.parametrize("name", ALL)
def test_steps_and_clauses_carry_their_line(name: str) -> None:
    lines = text_of(name).splitlines()
    for steps in plan_of(name).steps.values():
        for step in steps:
            clause = " ".join(lines[step.line - 1 : step.line + 1])
            assert all(to in clause for to in step.to), (step, clause)
            assert step.why
