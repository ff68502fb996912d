"""What a plan can get wrong: each code once, at its line; many at once; and never an exception."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.plan import (
    broken_catalogue,
    broken_communication,
    broken_consequences,
    broken_people,
    broken_response,
)
from tests.core.plan.plans import ALL, BEGIN, CONTACTS, LAST, TWO, codes_of, one, small, text_of

from tocsin.core.plan.read import read

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate}\n"

# `#! code` at the end of a line: this problem, at this line, and no other in the whole text.
BROKEN: dict[str, str] = {
    "plan.name": BEGIN.replace("small", "Small #! plan.name") + TWO,
    "plan.time": small(STEPS + "    - {page: lead, at: soon} #! plan.time\n"),
    "plan.time-zone": small(STEPS, more="time_zone: Berlin #! plan.time-zone\n"),
    "plan.tolerance": small(STEPS.replace("te}", "te} #! plan.tolerance")).replace(
        "tolerance: 5m\n", ""
    ),
    "plan.unspecified": small(STEPS + "    - {page: lead, at: unspecified} #! plan.unspecified\n"),
    "plan.calendar": small(
        STEPS, more="calendars: {business: {holidays: [01.05.2026]}} #! plan.calendar\n"
    ),
    "plan.pattern": small(STEPS, more='ids: {incident: "INC-{n}-{n}"} #! plan.pattern\n'),
    "plan.condition": small(STEPS).replace("when: [down]", "when: [down = 1]").replace(
        "1]}", "1]} #! plan.condition"
    ),
    "plan.fact-values": small(STEPS).replace(
        "facts: {", "facts: {much: one of, "
    ).replace("slow: yes or no}", "slow: yes or no} #! plan.fact-values"),
    "plan.unknown-fact": small(STEPS).replace("[down]}", "[donw]} #! plan.unknown-fact"),
    "plan.unknown-severity": small(
        STEPS + "    - {page: lead, at: 5m, for: [P0, P9]} #! plan.unknown-severity\n"
    ),
    "plan.unknown-recipient": small(
        STEPS + "    - {page: laed, at: 5m} #! plan.unknown-recipient\n"
    ),
    "plan.unknown-calendar": small(
        STEPS + "    - {page: lead, at: next sprint} #! plan.unknown-calendar\n"
    ),
    "plan.unknown-kind": small(STEPS).replace(
        "alerts: {otherwise: P1}",
        "alerts:\n  otherwise: P1\n  rules:\n"
        "    - {match: {a: b}, severity: P0, kind: flood} #! plan.unknown-kind",
    ),
    "plan.alert-rule": small(STEPS).replace(
        "alerts: {otherwise: P1}",
        "alerts:\n  otherwise: P1\n  rules:\n    - {match: {a: b}} #! plan.alert-rule",
    ),
    "plan.regular-expression": small(STEPS).replace(
        "alerts: {otherwise: P1}",
        "alerts:\n  otherwise: P1\n  rules:\n"
        '    - {match: {a: "~["}, severity: P0} #! plan.regular-expression',
    ),
    "plan.rule-never-matches": small(STEPS).replace(
        "alerts: {otherwise: P1}",
        "alerts:\n  otherwise: P1\n  rules:\n"
        '    - {match: {a: [b, "~c.*"]}, severity: P0}\n'
        "    - {match: {a: cd, e: f}, severity: P1} #! plan.rule-never-matches",
    ),
    "plan.alerts-otherwise": small(STEPS).replace(
        "{otherwise: P1}", "{group_by: [alertname]} #! plan.alerts-otherwise"
    ),
    "plan.anchor": small(
        "  steps: #! plan.anchor\n    - {page: on-call, at: 5m}\n    - {page: lead, at: 9m}\n"
    ),
    "plan.chain-order": small(
        STEPS + "    - {page: lead, at: 9m}\n    - {page: cto, at: 5m} #! plan.chain-order\n"
    ),
    "plan.chain-time": small(
        STEPS.replace("start", "previous step")
        + "    - {page: lead, P1: next business day} #! plan.chain-time\n"
    ),
    "plan.step-time": small(STEPS + "    - {page: lead} #! plan.step-time\n"),
    "plan.step-verb": small(STEPS + "    - {page: lead, notify: cto, at: 5m} #! plan.step-verb\n"),
    "plan.matrix-meaning": small(
        "  matrix: #! plan.matrix-meaning\n    rows: [{page: on-call, P0: 5m, P1: 9m}]\n"
    ),
    "plan.matrix-gap": small(
        "  levels: [{level: 1, page: lead, at: 0m}]\n"
        "  matrix:\n    meaning: notify by\n    rows:\n"
        "      - {page: on-call, P0: 5m} #! plan.matrix-gap\n"
    ),
    "plan.precedence": small(
        "  matrix:\n    meaning: notify by\n    rows: [{page: on-call, P0: 5m, P1: 9m}]\n"
    ).replace(
        "[down]}",
        "[down], escalation: [{page: on-call, at: 0m}]} #! plan.precedence",
    ),
    "plan.manual-level": small(STEPS + "  levels: [{level: 2, page: lead}] #! plan.manual-level\n"),
    "plan.unreachable": small(STEPS + "    - {page: lead, at: never} #! plan.unreachable\n"),
    "plan.duplicate-step": small(
        STEPS + "    - {page: on-call, P1: immediate} #! plan.duplicate-step\n"
    ),
    "plan.contradiction": small(STEPS).replace(
        "[down]}", "[down], acknowledge: 10m, done: 5m} #! plan.contradiction"
    )
    + "clocks: {done: {stops_at: resolved}}\n",
    "plan.worse-is-slower": small(STEPS)
    .replace("[down]}", "[down], respond: 10m} #! plan.worse-is-slower")
    .replace("[slow]}", "[slow], respond: 5m}"),
    "plan.no-severities": BEGIN + CONTACTS.replace("P1", "''")
    + "severities: {} #! plan.no-severities\nescalation:\n" + LAST,
    "plan.no-criteria": small(STEPS).replace("P1: {when: [slow]}", "P1: {} #! plan.no-criteria"),
    "plan.duplicate-criterion": small(STEPS).replace(
        "[slow]}", "[slow, down]} #! plan.duplicate-criterion"
    ),
    "plan.required-without-recipient": small(
        STEPS.replace("at: imm", "for: [P0], at: imm")
    ).replace(
        "[slow]}",
        "[slow], escalation_policy: required} #! plan.required-without-recipient",
    ),
    "plan.nobody-told": small(STEPS.replace("at: imm", "for: [P0], at: imm")).replace(
        "[slow]}", "[slow], respond: 5m} #! plan.nobody-told"
    ),
    "plan.told-too-late": small(STEPS.replace("immediate", "30m")).replace(
        "[down]}", "[down], acknowledge: 15m} #! plan.told-too-late"
    ),
    "plan.unfilled-contact": small(STEPS).replace(
        "users: mail}", 'users: "[contact]"} #! plan.unfilled-contact'
    ),
    "plan.no-last-resort": small(STEPS).replace(LAST, "").replace(
        "escalation:", "escalation: #! plan.no-last-resort"
    ),
}  # fmt: skip


def expected(text: str) -> list[tuple[int, str]]:
    return sorted(
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        if "#!" in line
        for code in line.partition("#!")[2].split()
        if re.fullmatch(r"(file|plan)\.[a-z-]+", code)
    )


def found(text: str) -> list[tuple[int, str]]:
    return sorted((problem.line, problem.code) for problem in read(text, "plan.yaml")[1])


@pytest.mark.parametrize("code", BROKEN)
def test_each_code_at_its_line_and_nothing_else(code: str) -> None:
    text = BROKEN[code]
    if code == "plan.name":
        assert (2, code) in found(text)
        return
    assert found(text) == expected(text), "\n".join(map(str, read(text, "plan.yaml")[1]))
    assert [problem.code for problem in read(text, "plan.yaml")[1]] == [code]


@pytest.mark.parametrize("code", BROKEN)
def test_every_problem_says_what_is_wrong_and_what_to_do(code: str) -> None:
    problem = next(p for p in read(BROKEN[code], "plan.yaml")[1] if p.code == code)
    assert len(problem.what) > 15
    assert len(problem.hint) > 15
    assert problem.hint.rstrip().endswith((".", "?"))
    assert problem.column > 0


def test_a_plan_is_there_exactly_if_nothing_is_an_error() -> None:
    for text in BROKEN.values():
        plan, problems = read(text, "plan.yaml")
        assert (plan is None) == any(problem.level == "error" for problem in problems)


def test_twenty_mistakes_are_reported_at_once_each_at_its_line() -> None:
    text = (HERE / "twenty_mistakes.yaml").read_text(encoding="utf-8")
    wanted = expected(text)
    assert len(wanted) > 20
    assert found(text) == wanted, "\n".join(map(str, read(text, "plan.yaml")[1]))


def test_a_slip_in_a_name_is_one_problem_not_one_per_use() -> None:
    """What cannot be read still counts as written: nobody hears of an unknown P0 as well."""
    text = small(STEPS.replace("at: immediate", "P0: immediate, P1: immediate"))
    assert codes_of(text.replace("P0: {when: [down]}", "P0: nonsense")) == ["file.wrong-type"]
    assert codes_of(text.replace("down: yes or no", "down: perhaps")) == ["file.wrong-value"]
    assert codes_of(text.replace("contacts: {", "contacts: 3 #{")) == ["file.wrong-type"]
    assert codes_of(text.replace("severities:", "severities: 3 #").replace("  P", "#")) == [
        "file.wrong-type"
    ]


def test_what_may_stand_in_an_unreadable_step_is_not_missed_elsewhere() -> None:
    """Nobody is said to be told too late, or not at all, while a step cannot be read."""
    limits = small("  steps: [{page: lead, P0: soon, P1: 0m}]\n").replace(
        "[down]", "[down], acknowledge: 5m"
    )
    assert codes_of(limits) == ["plan.time"]
    assert codes_of(limits.replace("P0: soon", "P0: 1h")) == [
        "plan.told-too-late",
        "plan.worse-is-slower",
    ]
    lost = small(STEPS).replace("[down]", "[down], acknowledge: 5m").partition("escalation:")[0]
    assert codes_of(lost + "escalation: nobody\n") == ["file.wrong-type"]


def test_an_unknown_key_that_was_meant_as_the_verb_is_one_problem() -> None:
    assert codes_of(small("  steps: [{pages: lead, at: 0m}]\n")) == ["file.unknown-key"]


def test_a_condition_over_an_unreadable_fact_still_names_other_unknown_ones() -> None:
    text = small(STEPS).replace("down: yes or no", "down: perhaps")
    assert codes_of(text.replace("[down]", "['down > 3']")) == ["file.wrong-value"]
    assert codes_of(text.replace("[down]", "['down && donw']")) == [
        "plan.unknown-fact",
        "file.wrong-value",
    ]


def test_a_number_in_quotes_is_told_to_lose_them() -> None:
    problem = one(small(STEPS).replace("tocsin: 1", 'tocsin: "1"'), "file.wrong-value")
    assert problem.hint == "Write it without quotes: `tocsin: 1`."


def test_a_column_of_a_condition_is_counted_within_the_line() -> None:
    text = small(STEPS).replace("when: [down]", "when: ['slow && donw']")
    problem = one(text, "plan.unknown-fact")
    assert text.splitlines()[problem.line - 1][problem.column - 1 :].startswith("donw")


def test_near_misses_are_proposed() -> None:
    text = small("  steps: [{page: oncall, at: 0m}]\n")
    assert "`on-call`" in one(text, "plan.unknown-recipient").hint
    assert (
        "`acknowledge`"
        in one(small(STEPS).replace("[down]}", "[down], acknowlege: 5m}"), "file.unknown-key").hint
    )
    assert (
        "`Europe/Berlin`"
        in one(small(STEPS, more="time_zone: Europe/Berln\n"), "plan.time-zone").hint
    )


def test_a_clock_is_known_as_soon_as_it_is_written() -> None:
    text = small(STEPS).replace("[down]}", "[down], solve: within 2h}")
    assert codes_of(text) == ["file.unknown-key"]
    assert codes_of(text + "clocks: {solve: {stops_at: resolved}}\n") == []


def test_until_and_unless_must_not_contradict_each_other() -> None:
    step = "    - {page: lead, at: 5m, until: acknowledged, unless: resolved}\n"
    assert codes_of(small(STEPS + step)) == ["plan.contradiction"]


def test_a_clock_must_not_stop_where_it_starts() -> None:
    clock = "clocks: {fix: {starts_at: acknowledged, stops_at: acknowledged}}\n"
    assert codes_of(small(STEPS, more=clock)) == ["plan.contradiction"]


def test_the_last_alarm_is_not_repeated_every_second() -> None:
    text = small(STEPS).replace("{page: cto}", "{page: cto, every: 30s}")
    assert codes_of(text) == ["plan.contradiction"]
    assert codes_of(text.replace("30s", "60s")) == []


def test_facts_that_cannot_be_read_at_all_make_no_condition_wrong() -> None:
    text = small(STEPS).partition("facts:")
    assert codes_of(text[0] + "facts: 3\n" + text[2].partition("\n")[2]) == ["file.wrong-type"]


@pytest.mark.parametrize("value", ["true", "[5m]", "{a: b}", "~"])
def test_a_column_that_is_no_text_is_no_time(value: str) -> None:
    problem = one(small(f"  steps: [{{page: lead, P0: {value}}}]\n"), "plan.time")
    assert problem.what == "`P0` must be a time value"


def test_a_column_that_is_a_bare_number_is_cured_like_any_other() -> None:
    assert "`15m`" in one(small("  steps: [{page: lead, P0: 15}]\n"), "plan.time").hint


def test_an_unknown_key_in_a_list_is_placed_by_the_name_of_the_list() -> None:
    problem = one(small("  steps: [{page: lead, at: 0m, P7: 5m}]\n"), "file.unknown-key")
    assert problem.what == "unknown key `P7` in `steps`"


def test_t_plus_contradicts_a_chain_from_the_previous_step() -> None:
    text = small(STEPS.replace("start", "previous step") + "    - {page: lead, at: T+5m}\n")
    assert codes_of(text) == ["plan.anchor"]


ALPHABET = "abP01 \n:-[]{}'\"#&*!|>%@?~,\\"
LINES = [line + "\n" for name in ALL for line in text_of(name).splitlines()]


@given(st.text(max_size=80) | st.text(alphabet=ALPHABET, max_size=60) | st.binary(max_size=30))
def test_no_text_raises(text: str | bytes) -> None:
    plan, problems = read(text, "plan.yaml")
    assert plan is not None or problems


@given(st.lists(st.sampled_from(LINES), max_size=40).map("".join))
def test_no_shuffled_plan_raises(text: str) -> None:
    read(text, "plan.yaml")


@given(st.sampled_from(ALL), st.data())
def test_no_damaged_plan_raises(name: str, data: st.DataObject) -> None:
    """A real plan with one character replaced, at any place."""
    text = text_of(name)
    position = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("x5 \n:-[]{}'\"#,!"))
    plan, problems = read(text[:position] + character + text[position + 1 :], "plan.yaml")
    assert (plan is None) == any(problem.level == "error" for problem in problems)


CODE = re.compile(r"[\"'](file|plan)\.([a-z]+(?:-[a-z]+)*)[\"']")
NOT_CODES = {"plan.yaml"}


def test_every_code_is_explained_and_every_explained_code_exists() -> None:
    used = {
        f"{match[1]}.{match[2]}"
        for path in (ROOT / "src/tocsin/core").rglob("*.py")
        for match in CODE.finditer(path.read_text(encoding="utf-8"))
    } - NOT_CODES
    pages = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^### `((?:file|plan)\.[a-z-]+)`$", pages, re.M))
    assert used == explained
    tried = set(BROKEN) | set(broken_catalogue.BROKEN) | broken_catalogue.ELSEWHERE
    tried |= set(broken_people.BROKEN) | set(broken_consequences.BROKEN)
    tried |= set(broken_communication.BROKEN) | set(broken_response.BROKEN)
    tried.add("plan.citation")  # test_citations.py: it is found in comments, not by reading
    tried.add("plan.as-written")  # test_rules.py: a plan that can be read, and not be put in force
    assert {code for code in used if code.startswith("plan.")} == tried


@pytest.mark.parametrize("pattern", ["INC/{YYYY}-{n:03}", "../INC {n}", "#{n}", "{n}?", "É{n}"])
def test_the_code_of_an_incident_can_stand_in_an_address(pattern: str) -> None:
    problem = one(small(STEPS, more=f'ids: {{incident: "{pattern}"}}\n'), "plan.pattern")
    assert "cannot stand in an incident's code" in problem.what
    assert codes_of(small(STEPS, more='ids: {incident: "a_B.1-{n}"}\n')) == []
    assert codes_of(small(STEPS, more='channels: {incident: "#a b/{n}"}\n')) == []


def rule(text: str) -> str:
    return small(STEPS).replace(
        "alerts: {otherwise: P1}", f"alerts:\n  otherwise: P1\n  rules:\n    - {text}"
    )


@pytest.mark.parametrize(
    ("text", "code", "cure"),
    [
        (rule("{match: {code: 500}, severity: P0}"), "file.wrong-type", '`code: "500"`'),
        (small(STEPS + "    - {page: lead, at: T+30}\n"), "plan.time", "`T+30m`"),
        (small(STEPS + "    - {page: lead, P0: within 30}\n"), "plan.time", "`within 30m`"),
        (
            small(STEPS).replace("tocsin: 1", "tocsin: 2"),
            "file.wrong-value",
            "This version reads `tocsin: 1`.",
        ),
        (rule("{match: {a: b}, severity: P0, kind: x}"), "plan.unknown-kind", "`kinds: [x]`"),
    ],
)
def test_a_hint_cures(text: str, code: str, cure: str) -> None:
    assert cure in one(text, code).hint


def test_no_zone_is_proposed_for_an_abbreviation() -> None:
    hint = one(small(STEPS, more="time_zone: CEST\n"), "plan.time-zone").hint
    assert "Did you mean" not in hint
    assert "`Europe/Berlin`" in hint


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "nan", "1e999"])
def test_a_number_is_finite(value: str) -> None:
    text = rule(f"{{match: {{a: b}}, facts: {{rate: {value}}}}}")
    assert codes_of(text.replace("facts: {down", "facts: {rate: number, down")) == [
        "plan.fact-values"
    ]
