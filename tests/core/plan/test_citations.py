"""What the comments of a plan say: the lines of its document, and what was decided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.plan.citations import beyond, citations, content, uncovered

PLAN = """\
# Decided: where the document
# says nothing, the starter plan counts.
tocsin: 1
severities:                       # L36
  P0:
    when:
      - data_breach == "confirmed"    # L43
      - "cost # L1"                   # L44, L46-48: the reason
      - 'it''s # L2'
escalation:
  measured_from: start   # L61. Decided: from the start
                         # of the incident.
                         # L62
  # L70

  until: resolved
  steps: [
    {page: cto,
     at: 5m}   # L80
  ]
notes: |   # L90
  # L3 is text
"""


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(PLAN.split("\n"), 1) if text in line)


@pytest.mark.parametrize(
    ("clause", "lines"),
    [
        ("tocsin: 1", ()),
        ("severities:", (36,)),
        ("  P0:", ()),
        ("data_breach", (43,)),
        ("cost", (44, 46, 47, 48)),
        ("it''s", ()),
        ("measured_from", (61, 62)),
        ("until", (70,)),
        ("steps:", (80,)),
        ("at: 5m", (80,)),
        ("notes:", (90,)),
    ],
)
def test_a_clause_cites_what_its_comments_say(clause: str, lines: tuple[int, ...]) -> None:
    assert citations(PLAN).of(line_of(clause)) == lines


def test_decisions_are_kept_whole_and_with_their_clause() -> None:
    read = citations(PLAN)
    assert read.decided(line_of("tocsin")) == (
        "where the document says nothing, the starter plan counts.",
    )
    assert read.decided(line_of("measured")) == ("from the start of the incident.",)
    assert len(read.decisions) == 2
    assert read.problems == ()


def test_a_citation_may_stand_behind_another_comment() -> None:
    read = citations("a: 1   # all days are meant here   # L12   # Decided: so\n")
    assert read.of(1) == (12,)
    assert read.decided(1) == ("so",)
    assert read.every[0].column == 36


@pytest.mark.parametrize(
    "comment",
    ["L50-", "L50-40", "L0", "L17, 18", "L17,", "L17 L18", "L17-L", "L17\u201318", "L5x", "L5 -"],
)
def test_a_malformed_citation_is_a_warning_at_its_place(comment: str) -> None:
    read = citations(f"a: 1\nb: 2   # {comment}\n", "some.yaml")
    (problem,) = read.problems
    assert (problem.file, problem.line, problem.column) == ("some.yaml", 2, 8)
    assert (problem.code, problem.level) == ("plan.citation", "warning")
    assert problem.what
    assert problem.hint
    assert read.of(2) == ()


@pytest.mark.parametrize(
    "comment", ["", "List of things", "L", "see L12", "Load: 5", "decided later", "LL5", "12"]
)
def test_other_comments_cite_nothing_and_are_no_problem(comment: str) -> None:
    read = citations(f"a: 1 # {comment}\n")
    assert (read.every, read.decisions, read.problems) == ((), (), ())


@pytest.mark.parametrize(
    "comment", ["L5", "L5:", "L5: why", "L5 why", "L5. Why", "L5 (why)", "L5; why", "L5 - why"]
)
def test_text_may_follow_the_lines(comment: str) -> None:
    read = citations(f"a: 1 # {comment}\n")
    assert (read.of(1), read.problems) == ((5,), ())


def test_a_citation_with_no_clause_below_covers_nothing() -> None:
    read = citations("a: 1 # L1\n# L2\n")
    assert [problem.line for problem in read.problems] == [2]
    assert uncovered("one\ntwo", read) == [(2, "two")]


def test_a_line_that_the_document_does_not_have_is_an_error() -> None:
    read = citations("a: 1 # L1-2\nb: 2 # L3\n", "plan.yaml")
    assert beyond("one\ntwo\nthree\n", read) == []
    (problem,) = beyond("one\ntwo\n", read)
    assert (problem.code, problem.level, problem.line, problem.column) == (
        "plan.citation", "error", 2, 6,
    )  # fmt: skip
    assert "line 3 is cited, but the document has 2" in problem.what


def test_what_carries_no_content_needs_no_citation() -> None:
    source = (
        "# Heading\n\n---\n- - -\n***\n| a | b |\n|---|:-:|\n| 1 | - |\n"
        "```yaml\ncode\n```\n- item\n  \t\n-\n"
    )
    said = [line for _, line in content(source)]
    assert said == ["# Heading", "| a | b |", "| 1 | - |", "code", "- item", "-"]


def test_what_is_left_out_comes_with_its_line_as_it_is_written() -> None:
    plans = [citations("a: 1 # L1"), citations("b: 1 # L4-99999")]
    assert uncovered("one\r\n\r\n  three\r\nfour\r\n", plans) == [(3, "  three")]


def test_damaged_bytes_are_lines_as_well() -> None:
    source = b"\xef\xbb\xbf# Plan \xf0\x9f\nr\xe9sum\xc3\xa9\n\x00\x85\n"
    assert [number for number, _ in uncovered(source, citations(b"a: 1 # L2"))] == [1, 3]


def test_a_plan_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    assert citations("a: 1 # L1\nb: [ # L2\nc: ] } # L3\nd: 1\n").of(1) == (1,)


@pytest.mark.parametrize("part", ["[ ", "{ ", "- ", "? ", "a: [", "# L1-9999\n", "a: |\n #\n"])
def test_a_flood_of_anything_ends(part: str) -> None:
    read = citations(part * (200_000 // len(part)) + "\nz: 1 # L1\n")
    assert len(uncovered("one\ntwo", read)) <= 2


TEXT = st.text(alphabet="ab #L19-,:'\"", max_size=12).map(str.strip)


def plain(text: str) -> str:
    return "x" + text.replace("#", "").replace(":", "").replace(" ", "")


VALUES = st.one_of(
    TEXT.map(plain),
    TEXT.map(lambda text: f"x#{plain(text)}"),
    TEXT.map(lambda text: "'" + text.replace("'", "''") + "'"),
    TEXT.map(lambda text: '"' + text.replace('"', '\\"') + '"'),
    TEXT.map(lambda text: "['" + text.replace("'", "''") + "', b]"),
    TEXT.map(lambda text: "|\n  # L7\n  " + (text or "x")),
)


@given(st.lists(st.tuples(VALUES, st.integers(1, 99_999) | st.none()), min_size=1, max_size=8))
def test_exactly_the_comments_are_read_whatever_the_texts_contain(
    clauses: list[tuple[str, int | None]],
) -> None:
    text = ""
    expected: dict[int, tuple[int, ...]] = {}
    for number, (value, cited) in enumerate(clauses):
        line = text.count("\n") + 1
        first, *rest = value.split("\n")
        mark = f"  # L{cited}" if cited else ""
        text += "\n".join([f"k{number}: {first}{mark}", *rest]) + "\n"
        expected |= {line: (cited,)} if cited else {}
    read = citations(text)
    assert {line: read.of(line) for line in read.clauses} == expected
    assert read.problems == ()


@given(
    st.text(max_size=60)
    | st.text(alphabet="aL1 -,:#\n'\"[]{}|>", max_size=60)
    | st.binary(max_size=60),
    st.text(max_size=60) | st.binary(max_size=60),
)
def test_no_text_raises(plan: str | bytes, source: str | bytes) -> None:
    read = citations(plan)
    assert all(one.line > 0 and one.column > 0 for one in read.every)
    assert all(one.line > 0 and one.column > 0 for one in read.problems)
    said = content(source)
    assert set(uncovered(source, read)) <= set(said)
    assert uncovered(source, []) == said
