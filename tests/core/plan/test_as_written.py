"""What checking the plan of a document as it was written asks its authors.

The names of the tests say which document of the five leaves what open; the plans themselves stand
under `plans/*/as-written.plan.yaml`.
"""

from tests.core.plan.broken_catalogue import plan
from tests.core.plan.plans import BEGIN, CONTACTS, LAST, TWO, codes_of, problems_of

from tocsin.core.plan.read import read

STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate}\n"
WRITTEN = "standing: as written\n"
ASKED = BEGIN + WRITTEN + TWO + CONTACTS + "escalation:\n" + STEPS + LAST


def asked(more: str = "", text: str = ASKED) -> set[str]:
    before = set(codes_of(text))
    return set(codes_of(text + more)) - before if more else before


def test_a_bare_document_is_asked_what_it_leaves_out() -> None:
    assert asked() == {"plan.unused", "plan.no-channel", "plan.no-acknowledge-limit"}
    assert codes_of(ASKED.replace(WRITTEN, "")) == []


def test_recipients_without_a_clause_are_named() -> None:
    unused = [p.what for p in problems_of(ASKED) if p.code == "plan.unused"]
    assert unused == ["no clause tells `lead` anything", "no clause tells `users` anything"]


def test_a_role_needs_people_and_duties() -> None:
    assert asked("roles: {commander: {name: IC}}\n") == {
        "plan.nobody-fills", "plan.role-without-duties",
    }  # fmt: skip
    assert asked("roles: {commander: {from: lead, duties: [Lead]}}\n") == set()


def test_two_kinds_of_day_for_the_same_severity() -> None:
    text = ASKED.replace("[slow]}", "[slow], respond: next business day}")
    text = text.replace("at: immediate", "P0: immediate, P1: next day")
    (problem,) = [p for p in problems_of(text) if p.code == "plan.days-differ"]
    assert "next business day" in problem.what
    assert "next day" in problem.what
    assert "plan.days-differ" not in codes_of(text.replace("next day", "next business day"))


MATRIX = (
    "  matrix:\n    meaning: notify by\n    rows:\n"
    "      - {page: on-call, P0: 5m, P1: 9m}\n"
    "      - {page: cto, P0: never, P1: 1h}\n"
)


def test_a_matrix_that_tells_more_people_than_the_prose() -> None:
    text = BEGIN + WRITTEN + TWO + CONTACTS + "escalation:\n" + MATRIX + LAST
    text = text.replace("[slow]}", "[slow], escalation: [{page: on-call}]}")
    (problem,) = [p for p in problems_of(text) if p.code == "plan.precedence"]
    assert "cto (line" in problem.what
    decided = text.replace("    meaning", "    precedence: prose\n    meaning")
    assert "plan.precedence" not in codes_of(decided)


# S0: contacts, roles, files


def test_s0_contacts_that_were_never_filled_in_and_roles_from_them() -> None:
    text = ASKED.replace("lead: phone", 'lead: "[contact]"') + "roles: {chief: {from: lead}}\n"
    told = [(p.code, p.what) for p in problems_of(text)]
    assert ("plan.unfilled-contact", "the plan does not say how to reach lead") in told
    assert any(code == "plan.nobody-fills" and "from lead" in what for code, what in told)


def test_s0_a_template_that_is_not_there() -> None:
    text = ASKED + "references: {postmortem: docs/postmortem/template.md}\n"
    _, problems = read(text, "plan.yaml", exists=lambda path: False)
    assert "plan.missing-file" in {p.code for p in problems}


# S1: immediately or after 30 minutes


def test_s1_prose_and_matrix_tell_the_same_person_at_different_times() -> None:
    text = BEGIN + WRITTEN + TWO + CONTACTS + "escalation:\n" + MATRIX + LAST
    text = text.replace("[slow]}", "[slow], escalation: [{page: cto, at: immediate}]}")
    conflicts = [p for p in problems_of(text) if p.code == "plan.precedence"]
    assert any("P1 tells cto here (immediate" in p.what for p in conflicts)


def test_s1_a_limit_that_is_a_choice() -> None:
    text = ASKED.replace("[slow]}", "[slow], respond: 'choice(30m, 1h)'}")
    assert "plan.choice" in codes_of(text)
    assert read(text, "plan.yaml")[0] is not None


# S2: levels, freeze


def test_s2_levels_without_times() -> None:
    text = BEGIN + WRITTEN + TWO + CONTACTS + "escalation:\n  levels: [{level: 2, page: lead}]\n"
    assert "plan.manual-level" in codes_of(text)


def test_s2_a_freeze_without_a_level_holds_at_every_severity() -> None:
    text = ASKED + "freeze: {text: Halt any deployments or changes}\n"
    assert asked("freeze: {text: Halt any deployments or changes}\n") == {"plan.freeze-level"}
    accepted, _ = read(text, "plan.yaml")
    assert accepted is not None
    assert [t.severities for t in accepted.tasks if t.id == "freeze"] == [()]


# S3: figures, windows, names


def test_s3_two_names_and_a_statement_twice() -> None:
    more = (
        "project: Notification Preferences\nsignature: The Advancia Pay Ledger Team\n"
        "principles: [Team preparedness, Team preparedness]\n"
    )
    assert asked(more) == {"plan.signature", "plan.said-twice"}


def test_s3_thresholds_without_window_figure_or_severity() -> None:
    more = (
        "thresholds:\n"
        "  errors: {metric: rate, of: ratio, above: 0.01}\n"
        "  uptime: {metric: up, of: availability, below: 0.99, window: 15m, target: 0.999}\n"
        "terms: {complaints: {means: unspecified, type: number}}\n"
    )
    text = ASKED.replace("[slow]", "['slow || rate > 0.05 || complaints > 3.0']")
    text = text.replace("facts: {", "facts: {rate: number, ") + more
    assert set(codes_of(text)) - asked() == {
        "plan.no-window", "plan.metric-gap", "plan.silent-target", "plan.no-figure",
        "plan.rule-without-level",
    }  # fmt: skip
    assert read(text, "plan.yaml")[0] is not None


def test_s3_the_next_sprint_planning_without_dates() -> None:
    text = ASKED.replace("[slow]}", "[slow], respond: next sprint planning}")
    (problem,) = [p for p in problems_of(text) if p.code == "plan.unknown-calendar"]
    assert problem.level == "warning"
    in_force = text.replace(WRITTEN, "")
    assert {p.level for p in problems_of(in_force) if p.code == problem.code} == {"error"}


# S4: immediate, required escalation, an owner without duties


def test_s4_immediately_and_required_but_to_nobody() -> None:
    text = (
        BEGIN.replace("tolerance: 5m\n", "") + WRITTEN + TWO + CONTACTS
        + "roles: {incident-owner: {assign: immediate}}\n"
    ).replace("[down]}", "[down], escalation_policy: required, respond: immediate}")  # fmt: skip
    assert {
        "plan.tolerance", "plan.required-without-recipient", "plan.role-without-duties",
        "plan.nobody-fills",
    } <= set(codes_of(text))  # fmt: skip


def test_a_plan_in_force_is_not_asked() -> None:
    assert codes_of(plan("")) == []
