"""What the five documents leave open about duties, ladders and drills is told, and not guessed."""

from tests.core.plan.broken_consequences import BROKEN, plan
from tests.core.plan.plans import accepted, codes_of, problems_of

from tocsin.core.programme import exercises


def written(more: str) -> str:
    return plan(more).replace("plan: small\n", "plan: small\nstanding: as written\n")


def told(more: str) -> list[tuple[str, str]]:
    """What is said of these clauses; a plan of three lines lacks much else."""
    found = problems_of(written(more))
    return [(problem.level, problem.code) for problem in found if problem.code in BROKEN]


def test_72_hours_for_users_without_a_beginning_and_regulators_without_a_figure() -> None:
    found = told(
        "duties:\n  users: {tell: users, when: down, within: 72h}\n"
        "regulations:\n  applicable: {authority: regulators, when: down}\n"
    )
    assert ("warning", "plan.clock-start") in found
    assert ("note", "plan.authority-figure") in found


def test_a_ladder_without_its_meaning_can_be_kept_as_written_and_not_be_put_in_force() -> None:
    text = (
        "ladders:\n  cost:\n    currency: USD\n    rungs:\n"
        "      1000: {notify: lead, document: true}\n      50000: {tell: users, within: 4h}\n"
    )
    assert told(text) == [("warning", "plan.ladder-meaning")] * 3
    assert {(p.level, p.code) for p in problems_of(plan(text))} == {
        ("error", "plan.ladder-meaning")
    }  # fmt: skip
    made = accepted(written(text))
    assert made.consequences.ladders[0].cumulative, "what is assumed until somebody decides"


def test_a_post_mortem_of_which_only_the_name_is_known() -> None:
    assert set(told("postmortem: {}\n")) == {
        ("warning", "plan.postmortem-levels"), ("warning", "plan.postmortem-deadline")
    }  # fmt: skip


def test_regular_drills_and_audits() -> None:
    found = codes_of(
        plan(
            "programme:\n"
            '  drills: {every: unspecified, document: "d-{YYYY}.md"}\n'
            "  audits: {kind: audit, every: unspecified}\n"
        )
    )
    assert found == ["plan.interval", "plan.interval"]


def test_a_type_of_drill_that_is_only_in_the_form() -> None:
    text = plan(
        "programme:\n"
        '  tabletop: {every: month, type: tabletop, document: "docs/t-{YYYY}-{MM}.md"}\n'
        '  gameday: {every: quarter, type: game day, document: "docs/g-{YYYY}-{QX}.md"}\n'
        '  chaos: {kind: chaos, every: month, environment: staging, document: "c-{YYYY}-{MM}.md"}\n'
        "assessments:\n  drill: {types: [Tabletop, Game Day, Chaos, Coordination]}\n"
    )
    found = problems_of(text)
    assert [(p.level, p.code) for p in found] == [("note", "plan.drill-type")]
    assert "Coordination" in found[0].what
    assert exercises(accepted(text).afterwards.programme, 2026) == 28


def test_a_report_that_compares_with_a_target_nobody_has_set() -> None:
    found = problems_of(plan(
        "metrics:\n  mttr: {from: opened, to: resolved}\n"
        "reports: {monthly: {every: month, metrics: [mttr]}}\n"
    ))  # fmt: skip
    assert [p.code for p in found] == ["plan.metric-target"]
    assert "report/monthly" in found[0].what
