"""What a plan says about people and severities: its normal form, and the mistakes it can hold."""

import pytest
from tests.core.plan.broken_people import BROKEN
from tests.core.plan.plans import accepted, codes_of, one, problems_of, small

from tocsin.core.plan.people.file import parse_amount
from tocsin.core.plan.people.model import Rule
from tocsin.core.simulation import everybody_reachable

STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate, for: [P0, P1]}\n"


def plan(more: str) -> str:
    return small(STEPS, more=more)


@pytest.mark.parametrize("code", BROKEN)
def test_each_mistake_is_told_at_its_line_and_nothing_else(code: str) -> None:
    text = BROKEN[code]
    line = next(n for n, row in enumerate(text.splitlines(), 1) if f"#! {code}" in row)
    found = problems_of(text)
    assert [(problem.code, problem.line) for problem in found] == [(code, line)], found
    assert found[0].hint


def rules(text: str) -> tuple[Rule, ...]:
    return accepted(plan(f"authority: {{{text}}}\n")).people.authority["close"]


def test_a_rule_may_be_written_short() -> None:
    for text in ("close: lead", "close: [lead]", "close: {may: lead}", "close: [{may: lead}]"):
        assert [rule.may for rule in rules(text)] == [("lead",)]
    assert [rule.may for rule in rules("close: [lead, cto]")] == [("lead", "cto")]
    assert [rule.may for rule in rules("close: [{may: lead}, {may: cto}]")] == [("lead",), ("cto",)]


def test_what_is_not_said_is_not_in_the_normal_form() -> None:
    assert accepted(plan("")).people.authority == {}


def test_an_amount_has_a_currency() -> None:
    assert parse_amount("5000 USD") == (5000.0, "USD")
    assert parse_amount("5 kUSD") == (5000.0, "USD")
    assert parse_amount("1.5 MEUR") == (1_500_000.0, "EUR")
    for wrong in ("5000", "5 k", "USD 5", "5 usd", ""):
        with pytest.raises(ValueError, match="amount"):
            parse_amount(wrong)


def test_everybody_the_rules_name_must_be_in_the_organisation() -> None:
    text = plan(
        "roles: {chief: {from: lead, needs: [senior], then: [cto]}}\n"
        "authority: {close: [chief, users, senior, anybody]}\n"
    )
    assert {"lead", "cto", "users", "on-call"} <= accepted(text).recipients()
    assert not {"chief", "senior", "anybody"} & accepted(text).recipients()
    people = everybody_reachable(accepted(text)).people
    assert all(person.qualifications == ("senior",) for person in people.values())


def test_a_role_excludes_the_other_one_wherever_it_is_written() -> None:
    text = plan("roles: {chief: {from: lead, not_with: [scribe]}, scribe: {from: lead}}\n")
    roles = accepted(text).roles
    assert roles["chief"].not_with == ("scribe",)
    assert roles["scribe"].not_with == ("chief",)


def test_severities_are_shown_as_the_plan_wants_it() -> None:
    """S1.06."""
    named = plan("").replace("P0: {", "P0: {name: Critical, ")
    assert accepted(named).shown("P0") == "P0 Critical"
    assert accepted(named + 'display: "{code} - {name}"\n').shown("P0") == "P0 - Critical"
    assert accepted(named + 'display: "{name}"\n').shown("P0") == "Critical"
    assert accepted(named + 'display: "{code} - {name}"\n').shown("P1") == "P1"


def test_severities_are_known_by_name_and_alias() -> None:
    """S2.02."""
    text = plan("").replace("P0: {", "P0: {name: Critical, aliases: [sev1, red alert], ")
    for word in ("P0", "p0", "critical", "SEV1", " Red Alert "):
        assert accepted(text).named(word) == "P0"
    assert accepted(text).named("P9") == "P9"


def test_an_example_without_any_condition_that_holds_is_wrong_too() -> None:
    text = plan("").replace(
        "P1: {when: [slow]}", "P1: {when: [slow], examples: [{is: calm, facts: {slow: false}}]}"
    )
    assert "no condition holds" in one(text, "plan.example").what


def test_references_that_lead_nowhere_are_told() -> None:
    for clause, code in {
        "roles: {chief: {from: led}}": "plan.unknown-recipient",
        "roles: {chief: {from: lead, not_with: [scrib]}}": "plan.unknown-part",
        "roles: {chief: {from: lead, experts: {db: lead}}}": "plan.unknown-part",
        "roles: {chief: {from: lead, hand_over: {records: [x]}}}": "plan.unknown-fact",
        "teams: {net: {lead: chef}}": "plan.unknown-part",
        "floors: [{when: down, at_least: P7}]": "plan.unknown-severity",
        "modes: {dr: {when: lost}}": "plan.unknown-fact",
        "confidential: [{when: down, readers: [them]}]": "plan.unknown-holder",
        "authority: {close: {with: [cause]}}": "plan.unknown-fact",
        "authority: {close: assigned}": "plan.unknown-holder",
        "several: {when_open: 2, page: [them]}": "plan.unknown-recipient",
    }.items():
        assert codes_of(plan(clause + "\n")) == [code], clause
