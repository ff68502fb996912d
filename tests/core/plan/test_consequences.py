"""Duties, regulations, ladders, triggers, money and disasters: what a plan makes of them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.plan.broken_consequences import BROKEN, plan, triggered
from tests.core.plan.plans import accepted, codes_of, one, problems_of

from tocsin.core.plan.consequences.amounts import parse_amount, plain
from tocsin.core.plan.consequences.laws import LAWS
from tocsin.core.plan.model import Plan
from tocsin.core.plan.task import Task
from tocsin.core.times import After, Immediate, Unspecified, parse_time


def task(made: Plan, name: str) -> Task:
    found = [task for task in made.tasks if task.id == name]
    assert len(found) == 1, [task.id for task in made.tasks]
    return found[0]


@pytest.mark.parametrize("code", BROKEN)
def test_each_mistake_is_told_once_at_its_line(code: str) -> None:
    text = BROKEN[code]
    line = next(n for n, row in enumerate(text.splitlines(), 1) if f"#! {code}" in row)
    assert [(p.code, p.line) for p in problems_of(text)] == [(code, line)]
    assert all(problem.hint for problem in problems_of(text))


def test_a_duty_is_a_task_with_a_deadline_and_proof() -> None:
    made = accepted(plan(
        "duties:\n  users:\n    {tell: users, text: what happened, when: down, within: 48h,"
        " from: applies, proof: cost, by: lead}\n"
    ))  # fmt: skip
    duty = task(made, "duty/users")
    assert (duty.do, duty.text, duty.when) == ("do", "Tell users: what happened", "down")
    assert (duty.within, duty.records, duty.holds) == (
        After(timedelta(hours=48)), ("cost",), ("close",)
    )  # fmt: skip
    assert duty.by == "lead"


def test_tocsin_tells_by_itself_what_the_plan_lets_it_tell() -> None:
    made = accepted(plan(
        "duties:\n  now: {notify: lead, when: down, within: immediate}\n"
        "  later: {page: {all: lead}, when: down, within: 30m}\n"
    ))  # fmt: skip
    now, later = task(made, "duty/now"), task(made, "duty/later")
    assert (now.do, now.to, now.at, now.within) == ("notify", ("lead",), None, None)
    assert (later.do, later.everyone, later.at) == ("page", True, After(timedelta(minutes=30)))


def test_what_comes_first_and_who_approves() -> None:
    made = accepted(plan(
        "duties:\n  legal: {do: Ask the lawyers, when: down, within: 1h, from: applies,"
        " need: if possible}\n"
        "  users: {tell: users, when: down, within: 2h, from: applies, approve: cto,"
        " behind: legal}\n"
    ))  # fmt: skip
    approval = task(made, "duty/users/approved")
    assert (approval.by, approval.behind) == ("cto", ("duty/legal",))
    assert task(made, "duty/users").behind == ("duty/users/approved",)
    assert task(made, "duty/legal").waivable


def test_a_duty_that_is_never_done_warns_before() -> None:
    made = accepted(plan(
        "duties:\n  users: {tell: users, when: down, within: 48h, from: applies, by: lead,"
        " warn_before: [24h, 4h]}\n"
    ))  # fmt: skip
    first, last = task(made, "duty/users/warned-24h"), task(made, "duty/users/warned-4h")
    assert (first.at, last.at) == (After(timedelta(hours=24)), After(timedelta(hours=44)))
    assert (first.do, first.to, first.until) == ("page", ("lead",), "done duty/users")
    assert first.after == "armed duty/users"


def test_an_open_deadline_is_asked_for_in_the_incident() -> None:
    text = plan("duties:\n  users: {tell: users, when: down, within: unspecified}\n")
    made = accepted(text)
    asked = task(made, "duty/users/deadline")
    assert (asked.do, asked.answer, asked.holds) == ("ask", "deadline_users", ("close",))
    assert made.facts["deadline_users"].kind == "text"
    assert codes_of(text) == ["plan.unspecified"]


def test_a_question_decides_whether_there_is_a_duty() -> None:
    made = accepted(plan(
        "duties:\n  police: {tell: cto, when: down, within: 1h, from: applies,"
        " ask: Is it criminal?, answer: slow}\n"
    ))  # fmt: skip
    asked = task(made, "duty/police/asked")
    assert (asked.do, asked.text, asked.answer) == ("ask", "Is it criminal?", "slow")
    assert asked.holds == ("close",)
    assert task(made, "duty/police").when == "(down) && (slow)"


def test_two_duties_to_tell_the_same_people_are_met_by_one_telling() -> None:
    made = accepted(BROKEN["plan.duty-merged"].replace(" #! plan.duty-merged", ""))
    assert task(made, "duty/users").met_by == "done duty/them"
    assert task(made, "duty/them").met_by == "done duty/users"


LAW = "regulations:\n  gdpr: {law: gdpr-33, when: down, applies_when: slow, proof: cost}\n"


def test_a_law_gives_deadline_authority_and_contents() -> None:
    made = accepted(plan(LAW))
    filed = task(made, "regulation/gdpr")
    assert filed.within == parse_time("within 72h")
    assert filed.text.startswith("Tell supervisory authority (GDPR) (it must say: nature")
    assert "Art. 33" in filed.why
    assert (filed.when, filed.records) == ("(down) && (slow)", ("cost",))
    assert made.consequences.duties[0].legal


def test_whether_a_law_applies_is_asked_once_for_all_laws() -> None:
    made = accepted(plan(LAW + "  uk: {law: uk-gdpr-33, when: down, applies_when: slow}\n"))
    asked = task(made, "regulation/asked/slow")
    assert (asked.do, asked.when, asked.holds) == ("ask", "(down)", ("close",))
    assert [t.id for t in made.tasks if t.do == "ask"] == ["regulation/asked/slow"]


def test_a_law_without_a_figure_is_a_question_that_holds_the_closing() -> None:
    made = accepted(plan("regulations:\n  ours: {authority: the regulator, when: down}\n"))
    asked = task(made, "regulation/ours/deadline")
    assert (asked.do, asked.answer, asked.holds) == ("ask", "deadline_ours", ("close",))
    assert task(made, "regulation/ours").within is None


@pytest.mark.parametrize("law", LAWS.values(), ids=lambda law: law.id)
def test_every_law_of_the_table_has_a_readable_deadline_and_a_source(law: object) -> None:
    rule = LAWS[law.id]  # type: ignore[attr-defined]
    assert all((rule.citation, rule.authority, rule.starts, rule.reviewed))
    if rule.within:
        assert not isinstance(parse_time(rule.within), Unspecified)


MONEY = """\
ladders:
  cost:
    currency: USD
    basis: estimate
    cumulative: true
    clock: crossing
    rungs:
      $5K: {notify: cto}
      1000: {notify: lead, document: true}
      50 kUSD: {tell: users, within: 4h}
      100,000: {tell: users, within: immediate, page: [cto, lead]}
"""


def test_a_ladder_stands_from_its_lowest_rung_up() -> None:
    ladder = accepted(plan(MONEY)).consequences.ladders[0]
    assert [rung.at for rung in ladder.rungs] == ["1000 USD", "5000 USD", "50000 USD", "100000 USD"]


def test_a_rung_becomes_what_it_says() -> None:
    made = accepted(plan(MONEY))
    told = task(made, "ladder/cost/1000/notify")
    assert (told.do, told.to, told.when, told.lasting) == (
        "notify",
        ("lead",),
        "cost >= 1000",
        True,
    )
    assert task(made, "ladder/cost/1000/document").text == "Document the impact of 1000 USD"
    board = task(made, "ladder/cost/50000/tell-users")
    assert (board.do, board.within, board.need) == ("do", After(timedelta(hours=4)), "always")
    assert board.met_by == "done ladder/cost/100000/tell-users"
    assert isinstance(task(made, "ladder/cost/100000/tell-users").within, Immediate)
    assert "estimates count" in told.why


def test_a_ladder_that_is_not_cumulative_takes_only_the_highest_rung() -> None:
    made = accepted(plan(MONEY.replace("cumulative: true", "cumulative: false")))
    assert task(made, "ladder/cost/1000/notify").when == "cost >= 1000 && !(cost >= 5000)"
    assert task(made, "ladder/cost/100000/page").when == "cost >= 100000"


def test_only_actual_amounts_climb_a_ladder_of_actuals() -> None:
    text = MONEY.replace("basis: estimate", "basis: actual") + (
        "finance: {currency: USD, total: cost, classes: {fees: {}, guess: {estimated: true}}}\n"
    )
    made = accepted(plan(text))
    assert task(made, "ladder/cost/1000/notify").when == "cost_actual >= 1000"


def test_a_ladder_over_time_ends_with_the_trouble() -> None:
    made = accepted(plan(
        "ladders:\n  outage: {since: opened, until: resolved, rungs: {4h: {notify: cto}}}\n"
    ))  # fmt: skip
    told = task(made, "ladder/outage/4h/notify")
    assert (told.after, told.at, told.until) == ("opened", After(timedelta(hours=4)), "resolved")


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1000", "1000", ""), ("1 kUSD", "1000", "USD"), ("$50K", "50000", "USD"),
        ("100,000", "100000", ""), ("2.5 MEUR", "2500000", "EUR"), ("$100K+", "100000", "USD"),
        ("€7.5", "7.5", "EUR"), ("1 000 000", "1000000", ""),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(text: str, amount: str, currency: str) -> None:
    read, unit = parse_amount(text)
    assert (plain(read), unit) == (amount, currency)


@pytest.mark.parametrize("text", ["", "lots", "1,00", "-5", "5 dollars", "1e9"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        parse_amount(text)


def test_the_currency_of_a_rung_is_the_ladders() -> None:
    text = plan(MONEY.replace("$5K", "5 kEUR"))
    assert "EUR" in one(text, "plan.ladder-rung").what


def test_triggers_of_all_kinds() -> None:
    made = accepted(triggered("{on: raised, page: lead, once: false, name: worse}"))
    worse = task(made, "trigger/worse-1")
    assert (worse.do, worse.after, worse.every_time, worse.until) == (
        "page", "raised", True, "resolved"
    )  # fmt: skip
    made = accepted(triggered("{when: cost > 20, notify: cto}"))
    assert [t.when for t in made.tasks] == ["cost > 20"]
    text = triggered("{on: missed respond, step: next}").replace(
        "{when: [down]}", "{when: [down], respond: 1h}"
    )
    assert [(t.do, t.after) for t in accepted(text).tasks] == [("escalate", "missed respond")]


def test_a_trigger_on_a_clock_without_a_limit_is_told() -> None:
    assert codes_of(triggered("{on: missed respond, step: next}")) == ["plan.unknown-clock"]


def test_the_actions_of_a_disaster_come_one_after_the_other() -> None:
    made = accepted(plan(
        "disaster_recovery:\n  region: {when: down, actions: [Promote the replica, Change DNS],"
        " rpo: 15m, rto: 1h, watch: 24h}\n"
    ))  # fmt: skip
    first, then = task(made, "recovery/region/1"), task(made, "recovery/region/2")
    assert (first.do, first.behind) == ("act", ())
    assert (then.text, then.behind) == ("Change DNS", ("recovery/region/1",))
    back = task(made, "recovery/region/restored")
    assert (back.within, back.records) == (
        After(timedelta(hours=1)), ("data_lost_minutes_region",)
    )  # fmt: skip
    watch = made.response.watches[0]
    assert (watch.lasts_seconds, watch.before, watch.once_begun) == (86400, "close", True)


def test_facts_that_the_plan_defines_itself_stay_as_they_are() -> None:
    text = "finance: {total: cost, classes: {fees: {}}}\n"
    made = accepted(plan(text).replace("cost: number", "cost: {type: number, about: Ours}"))
    assert made.facts["cost"].about == "Ours"


@given(st.integers(0, 10**9), st.sampled_from(["", " ", "_"]))
def test_an_amount_is_read_back_as_it_is_written(number: int, mark: str) -> None:
    grouped = f"{number:,}".replace(",", mark)
    assert plain(parse_amount(grouped)[0]) == str(number)
