"""What an incident costs: exact to the cent, and worked out by the plan."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.incident.obliged import START, Story, the_plan

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.decide import decide
from tocsin.core.incident.finance import breakdown
from tocsin.core.plan.consequences.amounts import compute, names_in


def test_an_amount_follows_once_all_that_it_needs_is_known() -> None:
    story = Story()
    story.say(1, lost_transactions=3)
    assert story.fact("lost_revenue") is None
    story.say(2, average_value=19.99)
    assert story.fact("lost_revenue") == 59.97
    assert story.fact("financial_impact") == 59.97


def test_the_plan_says_how_it_came_to_an_amount() -> None:
    story = Story()
    story.say(1, lost_transactions=3, average_value=19.99)
    said = [x for x in story.timeline if isinstance(x, e.FactRecorded) and x.name == "lost_revenue"]
    assert said[0].by == e.BY_PLAN
    assert "average_value = 19.99" in said[0].why
    assert said[0].line


def test_credits_lower_the_net_and_not_the_gross() -> None:
    story = Story()
    story.say(1, vendor_support=1000, provider_credits=300.55)
    assert (story.fact("financial_impact"), story.fact("gross_impact")) == (699.45, 1000)


def test_an_investment_is_no_loss() -> None:
    story = Story()
    story.say(1, vendor_support=100, prevention=9000)
    assert story.fact("financial_impact") == 100


def test_estimates_are_left_out_of_what_is_known() -> None:
    story = Story()
    story.say(1, vendor_support=100, reputation=900)
    assert (story.fact("financial_impact"), story.fact("financial_impact_actual")) == (1000, 100)


@pytest.mark.parametrize(
    ("minutes", "penalty"), [(0, 0), (59, 0), (60, 1500), (239, 1500), (240, 6001.5)]
)
def test_penalties_come_in_tiers(minutes: int, penalty: float) -> None:
    story = Story()
    story.say(1, outage_minutes=minutes)
    assert story.fact("penalties") == penalty


def test_what_people_say_of_the_total_holds_until_a_part_changes() -> None:
    story = Story()
    story.say(1, vendor_support=100)
    story.say(2, financial_impact=500)
    assert story.fact("financial_impact") == 500
    story.say(3, vendor_support=150)
    assert story.fact("financial_impact") == 150


def test_amounts_are_worked_out_for_an_incident_that_opens_with_them() -> None:
    opening = c.Open(
        by="t", number=1, code="I", title="x", facts={"reputation": 300_000.0}
    )  # fmt: skip
    decision = decide(the_plan(), None, opening, START)
    assert isinstance(decision, list)
    opened = decision[0]
    assert isinstance(opened, e.Opened)
    assert opened.severity == "P0"
    assert [x.value for x in decision if isinstance(x, e.FactRecorded)][-1] == 300_000


def test_a_cost_that_needs_an_invoice_holds_the_closing() -> None:
    story = Story()
    story.say(1, vendor_support=100)
    story.do(2, c.Resolve(by="ana"))
    refused = story.refusal(3, c.Close(by="ana"))
    assert refused is not None
    assert "invoice" in refused.reason
    story.say(4, invoice="R-77")
    story.do(5, c.Close(by="ana"))


def test_costs_that_come_after_the_end_count_too() -> None:
    story = Story()
    story.do(2, c.Resolve(by="ana"))
    story.say(900, vendor_support=6000)
    assert (900, "notice", "cto") in story.told()


def test_a_breakdown_has_groups_bounds_and_reasons() -> None:
    story = Story()
    story.say(1, vendor_support=100, provider_credits=30, reputation=500, prevention=70)
    story.say(2, reputation_low=200, reputation_high=900, lost_transactions=2, average_value=0.105)
    found = breakdown(story.plan, story.incident)
    assert found is not None
    assert found.groups == {
        "direct": Decimal("70.00"), "indirect": Decimal("500.21"), "recovery": Decimal("70.00")
    }  # fmt: skip
    assert (found.net, found.gross) == (Decimal("570.21"), Decimal("600.21"))
    assert (found.low, found.high) == (Decimal("270.21"), Decimal("970.21"))
    revenue = next(line for line in found.lines if line.fact == "lost_revenue")
    assert revenue.how.endswith("(average_value = 0.105, lost_transactions = 2)")
    assert not revenue.estimated


@given(st.lists(st.integers(0, 10**9).map(lambda cents: cents / 100), min_size=1, max_size=6))
def test_sums_are_exact_to_the_cent(amounts: list[float]) -> None:
    story = Story("P2")
    total = Decimal(0)
    for name, amount in zip(("vendor_support", "reputation"), amounts, strict=False):
        story.say(1, **{name: amount})
        total += Decimal(repr(amount))
    assert Decimal(repr(story.fact("financial_impact"))) == total


@pytest.mark.parametrize(
    ("formula", "value"),
    [("1.115 * 3", "3.345"), ("a + b / 4", "2.75"), ("-(a - 5) * 2", "6"), ("b / 0", None),
     ("a + c", None)],
)  # fmt: skip
def test_formulas_are_exact(formula: str, value: str | None) -> None:
    known = {"a": Decimal(2), "b": Decimal(3)}
    found = compute(formula, known)
    assert found == (None if value is None else Decimal(value))


@pytest.mark.parametrize("formula", ["a ** 2", "f(a)", "a if b else c", "a.b", "'x'", "a,", "True"])
def test_what_is_no_formula(formula: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be read|more than"):
        names_in(formula)
