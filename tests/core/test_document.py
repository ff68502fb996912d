"""Reading what a user wrote: every mistake with its place, all at once, never an exception."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from tocsin.core.document import Document, near, read_document, salvage_document
from tocsin.core.problem import Problem
from tocsin.core.tree import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read_tree, repair_mojibake


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Person(Part):
    name: str = Field(examples=["Anna"], description="What people call them.")
    emails: list[str] = []
    kind: Literal["boss", "worker"] = "worker"
    floor: int = Field(1, ge=1)


class Office(Part):
    title: str = "Office"
    people: dict[str, Person] = {}
    rooms: list[Person] = []


def read(text: str | bytes) -> list[Problem]:
    found = read_document(text, "office.yaml", Office)
    return found if isinstance(found, list) else found.problems


def only(text: str | bytes) -> Problem:
    problems = read(text)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_a_document_gives_the_model_and_the_place_of_everything() -> None:
    text = "title: Here\npeople:\n  anna:\n    name: Anna\n    emails: [a, b]\n"
    found = read_document(text, "office.yaml", Office)
    assert isinstance(found, Document)
    assert found.model.people["anna"].emails == ["a", "b"]
    assert found.place(("title",)) == (1, 8)
    assert found.place(("people", "anna")) == (3, 3)
    assert found.place(("people", "anna", "emails", 1)) == (5, 17)
    assert found.place(("people", "anna", "emails")) == (5, 5)
    assert found.key_place(("people", "anna", "name")) == (4, 5)
    assert found.place(("people", "nobody", "name")) == (2, 1)
    assert found.keys(("people",)) == ("anna",)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("titel: x", "file.unknown-key", (1, 1)),
        ("title: [x]", "file.wrong-type", (1, 1)),
        ("title: 3", "file.wrong-type", (1, 8)),
        ("people: {a: {}}", "file.missing-key", (1, 10)),
        ("people: {a: {name: A, kind: bos}}", "file.wrong-value", (1, 29)),
        ("people: {a: {name: A, floor: 0}}", "file.wrong-value", (1, 30)),
        ("rooms:\n- name: A\n- 3", "file.wrong-type", (3, 3)),
        ("- a\n- b", "file.not-a-map", (1, 1)),
        ("just words", "file.not-a-map", (1, 1)),
        ("", "file.empty", (1, 1)),
        ("# nothing", "file.empty", (1, 1)),
        ("title: a\ntitle: b", "file.duplicate-key", (2, 1)),
        ("people:\n\t- a", "file.tab", (2, 1)),
        ("title: a: b", "file.syntax", (1, 9)),
        ("title: [a", "file.syntax", (1, 8)),
        ("title: 'a", "file.syntax", (1, 8)),
        ("title: a\n---\ntitle: b", "file.syntax", (2, 1)),
        ("title: *a", "file.alias", (1, 8)),
        ("title: &a b", "file.alias", (1, 8)),
        ("title: !!python/name:os.system b", "file.tag", (1, 8)),
        ("? [a]\n: b", "file.key", (1, 3)),
        ("title: a\x00b", "file.control-character", (1, 9)),
        ("\ud800", "file.control-character", (1, 1)),
        ("title: a\u2028b", "file.control-character", (1, 9)),
        ("title: a\x85b", "file.control-character", (1, 9)),
        ("title: a\r\n\x1bb: c", "file.control-character", (2, 1)),
        ("title: a\rtitle: b", "file.duplicate-key", (2, 1)),
        ("title: [" + "a," * MAX_VALUES, "file.too-large", (1, 2 * MAX_VALUES + 5)),
        (b"title: \xff", "file.not-utf8", (1, 1)),
        ("title: " + "[" * (MAX_DEPTH + 1), "file.too-deep", (1, MAX_DEPTH + 7)),
        ("title: " + "x" * MAX_BYTES, "file.too-large", (0, 0)),
    ],
)
def test_each_kind_of_mistake(text: str | bytes, code: str, place: tuple[int, int]) -> None:
    problems = [problem for problem in read(text) if problem.code == code]
    assert len(problems) == 1, [str(problem) for problem in read(text)]
    assert (problems[0].line, problems[0].column) == place
    assert problems[0].level == "error"
    assert problems[0].file == "office.yaml"
    assert problems[0].what
    assert problems[0].hint


def test_a_slip_in_a_key_is_one_problem_with_a_proposal() -> None:
    problem = only("people:\n  anna: {nam: Anna}")
    assert problem.what == "unknown key `nam` in `people.anna`"
    assert problem.hint.startswith("Did you mean `name`?")


def test_a_wrong_type_is_said_in_plain_words_with_an_example() -> None:
    problem = only("people:\n  anna: {name: 7}")
    assert problem.what == "`people.anna.name` must be a text, not the number 7"
    assert problem.hint == "For example: `name: Anna`."


def test_a_number_where_a_text_belongs_is_cured_by_quotes() -> None:
    assert only("title: 7").hint == 'If it is meant as text, put it in quotes: `title: "7"`.'


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[a]", "not a list"),
        ("{a: b}", "not keys with values"),
        ("true", "not `true`"),
        ("1.5", "not the number 1.5"),
        ("", "not empty"),
    ],
)
def test_what_stands_there_instead_is_named(value: str, said: str) -> None:
    assert only(f"title: {value}").what == f"`title` must be a text, {said}"


def test_a_choice_is_told_with_its_options() -> None:
    problem = only("people: {a: {name: A, kind: other}}")
    assert problem.what == ("`people.a.kind` must be 'boss' or 'worker', not the text \"other\"")
    assert only("people: {a: {name: A, kind: bos}}").hint == "Did you mean `boss`?"


def test_a_limit_is_told_with_its_figure() -> None:
    what = only("people: {a: {name: A, floor: 0}}").what
    assert what == "`people.a.floor`: input should be greater than or equal to 1"


def test_a_long_text_is_cut_in_a_message() -> None:
    assert only(f"people: {'x' * 61}").what.endswith(f'the text "{"x" * 57}..."')
    assert only(f"people: {'x' * 60}").what.endswith(f'the text "{"x" * 60}"')


def test_a_list_forgotten_is_cured_by_brackets() -> None:
    text = "people: {a: {name: A, emails: a@b}}"
    assert only(text).hint == "Put it in brackets: `emails: [a@b]`."


def test_a_comma_that_breaks_a_text_apart_is_explained() -> None:
    assert "needs quotes" in only("people: {a: {name: Anna, the boss}}").hint


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        "titel: x\n"
        "people:\n"
        "  anna: {name: 3, kind: bos}\n"
        "  bo: nobody\n"
        "  bo: {name: Bo}\n"
        "rooms:\n"
        "- {name: A, floor: 0}\n"
        "- {}\n"
        "- {name: C, emails: [1, x, 2]}\n"
    )
    places = [(problem.line, problem.code) for problem in read(text)]
    assert places == [
        (1, "file.unknown-key"),
        (3, "file.wrong-type"),
        (3, "file.wrong-value"),
        (4, "file.wrong-type"),
        (5, "file.duplicate-key"),
        (7, "file.wrong-value"),
        (8, "file.missing-key"),
        (9, "file.wrong-type"),
        (9, "file.wrong-type"),
    ]


def test_what_is_right_is_kept_beside_what_is_wrong() -> None:
    text = "titel: x\nrooms:\n- 3\n- {name: B, floor: 0}\n- {name: C, emails: [1, x]}\n- {}\n"
    document, problems = salvage_document(text, "office.yaml", Office)
    assert document is not None
    assert [room.name for room in document.model.rooms] == ["B", "C"]
    assert document.model.rooms[1].emails == ["x"]
    # Paths follow the list as it is now; places stay those of the file.
    assert document.place(("rooms", 0, "name")) == (4, 10)
    assert len(problems) == 5
    assert document.damaged(("rooms",))
    assert not document.damaged(("people",))


def test_numbers_dates_and_words_keep_the_meaning_that_people_see() -> None:
    tree, _ = read_tree("[on, no, 2026-01-05, 12:30, 1_000, 010, 1.5, true, ~, 1e999]", "f")
    assert tree is not None
    assert tree.plain() == [
        "on", "no", "2026-01-05", "12:30", "1_000", 10, 1.5, True, None, "1e999",
    ]  # fmt: skip


def test_text_damaged_by_a_wrong_encoding_is_a_warning_with_the_repair() -> None:
    damaged = "title: Plan \u00f0\u0178\u0161\u00a8 caf\u00c3\u00a9"
    found = read_document(damaged, "office.yaml", Office)
    assert isinstance(found, Document)
    assert found.problems[0].level == "warning"
    assert "\U0001f6a8" in found.problems[0].hint
    assert repair_mojibake("caf\u00c3\u00a9") == "caf\u00e9"


def test_sound_text_in_any_language_is_no_damage() -> None:
    words = "\u00c2ge \u00c3o \u00e2me \u00f0a\u00f0 \u00c5ngstr\u00f6m \u20ac5 \u2026 \U0001f6a8"
    assert read(f"title: {words}") == []


def test_a_byte_order_mark_is_no_problem() -> None:
    assert read("\ufefftitle: x") == []
    assert read(b"\xef\xbb\xbftitle: x") == []


def test_a_flood_of_problems_is_cut_and_said() -> None:
    problems = read("\n".join(f"key{number}: x" for number in range(400)))
    assert len(problems) == 301
    assert problems[-1].code == "file.too-many"
    assert problems[-1].what == "more problems than are looked for"


def test_the_nearest_of_very_many_names_is_proposed() -> None:
    names = [f"component-{number}-{'abcdefgh'[number % 8] * 3}" for number in range(400)]
    assert near("componnet-217-bbb", names) == "Did you mean `component-217-bbb`? "
    assert near("laed", [*names, "lead", "deal"]) == "Did you mean `lead`? "
    assert near("On-Call", [*names, "on-call"]) == "Did you mean `on-call`? "
    assert near("quite another thing", names) == ""
    assert near("", names) == ""


YAML_LIKE = st.text(alphabet="abt1 \n:-[]{}'\"#&*!|>%@?~,\\\t", max_size=60)


@given(st.text(max_size=80) | YAML_LIKE | st.binary(max_size=40))
def test_no_text_raises_and_every_refusal_has_words(text: str | bytes) -> None:
    found = read_document(text, "office.yaml", Office)
    if isinstance(found, list):
        assert found
        assert all(problem.what and problem.hint for problem in found)
        assert all(problem.line >= 0 and problem.column >= 0 for problem in found)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('a: 1\nb: "open\nc: 2\nd: "x"\n', (2, 4)),
        ('a: 1\nb: {c: "open}\nd: {e: "x"}\n', (2, 8)),
        ("a: 1\nb: 'open\nc: 2\n", (2, 4)),
        ("a: 1\nb: [x, y\nc: 2\n", (2, 4)),
        ("a: 1\nb: {x: y\nc: 2\n", (2, 4)),
        ("a: 1\nb\n  c: 2\n", (2, 1)),
        ("a: {b: c] d}\n", (1, 9)),
        ("a: 1\n  b: 2\n", (2, 4)),
    ],
)
def test_a_slip_of_syntax_is_told_where_it_was_made(text: str, place: tuple[int, int]) -> None:
    (problem,) = read(text)
    assert (problem.code, (problem.line, problem.column)) == ("file.syntax", place)
