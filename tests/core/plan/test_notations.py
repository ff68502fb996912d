"""Five ways to write an escalation down, and the one form they are reduced to."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.plan.plans import BEGIN, CONTACTS, LAST, TWO, accepted, codes_of, one, small, table

from tocsin.core.plan.notations import nominal
from tocsin.core.times import After, parse_time, words_duration

SAME = [(0, "page", "on-call"), (30, "page", "lead"), (60, "page", "cto")]

NOTATIONS = {
    "a list counted from the start": """
  steps:
    - {page: on-call, at: T+0m}
    - {page: lead, at: T+30m}
    - {page: cto, at: T+60m}
""",
    "a list that says what it counts from": """
  measured_from: start
  steps:
    - {page: on-call, at: 0m}
    - {page: lead, at: 30m}
    - {page: cto, at: 1h}
""",
    "a chain": """
  measured_from: previous step
  steps:
    - {page: on-call, P0: 0m, P1: 0m}
    - {page: lead, P0: 30m, P1: 30m}
    - {page: cto, P0: 30m, P1: 30m}
""",
    "a matrix": """
  matrix:
    meaning: notify by
    rows:
      - {page: on-call, P0: 0m, P1: 0m}
      - {page: lead, P0: 30m, P1: 30m}
      - {page: cto, P0: 1h, P1: 1h}
""",
    "levels with times": """
  levels:
    - {level: 1, page: on-call, at: 0m}
    - {level: 2, page: lead, at: 30m}
    - {level: 3, page: cto, at: 1h}
""",
}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_notation_compiles_to_the_same_steps(notation: str) -> None:
    plan = accepted(small(NOTATIONS[notation]))
    for code in ("P0", "P1"):
        assert table(plan, code) == SAME


def test_own_steps_of_a_severity_compile_to_the_same_steps() -> None:
    own = "[{page: on-call, at: 0m}, {page: lead, at: 30m}, {page: cto, at: 1h}]"
    text = small("  until: resolved\n").replace("[down]", f"[down], escalation: {own}")
    plan = accepted(text)
    assert table(plan, "P0") == SAME
    assert table(plan, "P1") == []


def test_steps_are_sorted_by_time_and_keep_the_order_of_the_file_within_it() -> None:
    plan = accepted(
        small(
            "  steps: [{page: cto, at: T+60m}]\n"
            "  levels:\n"
            "    - {page: users}\n"
            "    - {notify: lead, at: 0m}\n"
            "    - {page: on-call, at: immediate}\n"
        )
    )
    assert [step.to[0] for step in plan.steps["P0"]] == ["lead", "on-call", "cto", "users"]


def test_recipients_everyone_and_any_of() -> None:
    plan = accepted(
        small(
            "  steps:\n"
            "    - {page: {all: on-call}, at: T+0m}\n"
            "    - {page: [lead, cto], at: T+5m}\n"
            "    - {page: {any of: [lead, cto]}, at: T+9m, mandate: [Decide]}\n"
        )
    )
    everyone, either, again = plan.steps["P0"]
    assert (everyone.to, everyone.everyone) == (("on-call",), True)
    assert (either.to, either.everyone) == (("lead", "cto"), False)
    assert (again.to, again.mandate) == (("lead", "cto"), ("Decide",))


@pytest.mark.parametrize(
    ("section", "until"),
    [
        ("  steps: [{page: lead, at: 0m}]\n", "acknowledged"),
        ("  until: resolved\n  steps: [{page: lead, at: 0m}]\n", "resolved"),
        ("  until: resolved\n  steps: [{page: lead, at: 0m, until: acknowledged}]\n",
         "acknowledged"),
        ("  steps: [{page: lead, at: 0m, unless: resolved}]\n", "resolved"),
        ("  until: resolved\n  matrix:\n    meaning: notify by\n"
         "    rows: [{page: lead, at: 0m}]\n", "resolved"),
        ("  matrix:\n    meaning: if unresolved after\n    rows: [{page: lead, at: 0m}]\n",
         "resolved"),
        ("  until: resolved\n  matrix:\n    meaning: if unacknowledged after\n"
         "    rows: [{page: lead, at: 0m}]\n", "acknowledged"),
    ],
)  # fmt: skip
def test_what_ends_a_step(section: str, until: str) -> None:
    assert accepted(small(section)).steps["P0"][0].until == until


def test_for_limits_a_step_to_severities() -> None:
    plan = accepted(small("  steps: [{page: lead, for: [P1], at: 0m}]\n"))
    assert plan.steps["P0"] == ()
    assert len(plan.steps["P1"]) == 1


def test_a_column_overrides_the_time_for_all() -> None:
    plan = accepted(small("  steps: [{page: lead, at: 0m, P1: 20m}]\n"))
    assert table(plan, "P0") == [(0, "page", "lead")]
    assert table(plan, "P1") == [(20, "page", "lead")]


def test_a_single_delay_needs_no_anchor() -> None:
    text = small("  steps: [{page: on-call, at: immediate}, {page: lead, at: 30m}]\n")
    assert codes_of(text) == []


MATRIX = """
  matrix:
    meaning: notify by
    {precedence}
    rows:
      - {{page: on-call, P0: 0m, P1: 1h}}
      - {{page: lead, P0: 20m, P1: never}}
      - {{page: cto, P0: 1h, P1: never}}
"""


def with_prose(prose: str, precedence: str = "") -> str:
    section = MATRIX.format(precedence=precedence or "# none")
    return small(section).replace("[down]", f"[down], escalation: {prose}")


def test_prose_without_a_time_takes_it_from_the_matrix() -> None:
    plan = accepted(with_prose("[{page: on-call}, {page: lead}]"))
    assert [row[0] for row in table(plan, "P0")] == [0, 20, 60]


def test_prose_that_says_the_same_as_the_matrix_is_no_conflict() -> None:
    plan = accepted(with_prose("[{page: lead, at: 20m}]"))
    assert table(plan, "P0") == [(0, "page", "on-call"), (20, "page", "lead"), (60, "page", "cto")]


def test_a_recipient_told_at_two_times_needs_a_precedence() -> None:
    problem = one(with_prose("[{page: cto, at: 0m}]"), "plan.precedence")
    assert problem.what == "P0 tells cto here (0m), but cto on line 18 (1h)"
    assert "precedence: prose" in problem.hint


def test_precedence_decides_recipient_by_recipient() -> None:
    prose = "[{page: [cto, users], at: 5m}]"
    first = accepted(with_prose(prose, "precedence: prose"))
    assert table(first, "P0") == [
        (0, "page", "on-call"), (5, "page", "cto or users"), (20, "page", "lead"),
    ]  # fmt: skip
    second = accepted(with_prose(prose, "precedence: matrix"))
    assert table(second, "P0") == [
        (0, "page", "on-call"), (5, "page", "users"), (20, "page", "lead"), (60, "page", "cto"),
    ]  # fmt: skip


def test_never_in_the_matrix_contradicts_prose_too() -> None:
    section = MATRIX.format(precedence="# none").replace("P0: 1h", "P0: never")
    text = small(section).replace("[down]", "[down], escalation: [{page: cto, at: 0m}]")
    assert "plan.precedence" in codes_of(text)
    plan = accepted(text.replace("# none", "precedence: matrix"))
    assert "cto" not in str(table(plan, "P0"))


def test_prose_against_steps_has_no_precedence_to_offer() -> None:
    text = small("  steps: [{page: lead, at: 9m}]\n")
    text = text.replace("[down]", "[down], escalation: [{page: lead, at: 0m}]")
    assert one(text, "plan.precedence").hint == "Remove one of the two."


def test_the_same_recipient_told_in_another_way_is_no_conflict() -> None:
    plan = accepted(with_prose("[{notify: cto, at: 0m}]"))
    assert (0, "notify", "cto") in table(plan, "P0")
    assert (60, "page", "cto") in table(plan, "P0")


def test_the_last_resort() -> None:
    text = BEGIN + TWO + CONTACTS + "escalation:\n  steps: [{page: lead, at: 0m}]\n"
    plan = accepted(text + "  if_exhausted: {page: [lead, cto], every: 5m}\n")
    assert (plan.exhausted.page, plan.exhausted.every_seconds) == (("lead", "cto"), 300)
    assert accepted(text + LAST).exhausted.every_seconds == 900
    assert accepted(text).exhausted.page == ()


def test_the_clause_in_words_names_notation_recipient_and_time() -> None:
    plan = accepted(small(NOTATIONS["a chain"]))
    assert [step.why for step in plan.steps["P0"]] == [
        "escalation step 1: page on-call at once unless acknowledged",
        "escalation step 2: page lead after 30m unless acknowledged",
        "escalation step 3: page cto after 1h unless acknowledged",
    ]


DELAYS = st.lists(st.integers(0, 600), min_size=1, max_size=6)


@given(DELAYS)
def test_a_chain_of_any_delays_adds_up(delays: list[int]) -> None:
    """From step to step or from the start: the same plan, written in two ways."""
    total, sums = 0, []
    for delay in delays:
        total += delay
        sums.append(total)

    def steps(minutes: list[int]) -> str:
        times = [words_duration(timedelta(minutes=minute)) for minute in minutes]
        lines = [f"    - {{page: lead, at: {time}}}" for time in times]
        return "  steps:\n" + "\n".join(lines) + "\n"

    chain = accepted(small("  measured_from: previous step\n" + steps(delays)))
    flat = accepted(small("  measured_from: start\n" + steps(sums)))
    assert [row[0] for row in table(chain, "P0")] == sums == [row[0] for row in table(flat, "P0")]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("within 5h", 0),
        ("immediate", 0),
        ("2 business days", 48),
        ("next day", 24),
        ("never", None),
    ],
)
def test_times_are_compared_without_knowing_the_day(text: str, hours: int | None) -> None:
    assert nominal(parse_time(text)) == (None if hours is None else timedelta(hours=hours))
    assert nominal(After(timedelta(hours=3))) == timedelta(hours=3)
