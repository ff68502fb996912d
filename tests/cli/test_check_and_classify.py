"""`tocsin check` and `tocsin classify`: what people and programs get to see."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.running import PLANS, ROOT, Terminal

STARTER = PLANS / "starter" / "plan.yaml"
ORG = PLANS / "starter" / "org.yaml"
MISTAKES = ROOT / "tests" / "core" / "plan" / "twenty_mistakes.yaml"


def test_a_plan_without_problems_is_called_fine(tocsin: Terminal) -> None:
    ran = tocsin("check", STARTER)
    assert (ran.code, ran.err) == (0, "")
    assert "fine" in ran.out
    assert "4 severities (P0, P1, P2, P3)" in ran.out


def test_every_problem_comes_with_its_line_and_a_mark(tocsin: Terminal) -> None:
    ran = tocsin("check", MISTAKES)
    assert ran.code == 1
    place = ran.out.index(":7:12: error: `5` has no unit [plan.time]")
    _, source, mark, hint = ran.out[place:].split("\n")[:4]
    assert source.startswith("     7 | tolerance: 5")
    assert mark.index("^") == source.index("5 ")
    assert "`5m` for minutes" in hint
    assert ran.out.rstrip().endswith("26 errors, 1 warning.")
    assert "\x1b" not in ran.out


def test_problems_as_json_have_the_promised_keys_and_nothing_else_is_printed(
    tocsin: Terminal,
) -> None:
    ran = tocsin("check", MISTAKES, "--json")
    assert (ran.code, ran.err) == (1, "")
    assert ran.document["uncovered"] == []
    for problem in ran.document["problems"]:
        assert problem.keys() == {"code", "level", "file", "line", "column", "what", "hint"}


def test_several_plans_are_all_checked_with_the_organisation(tocsin: Terminal) -> None:
    ran = tocsin("check", STARTER, PLANS / "provider-sync" / "plan.yaml", "--org", ORG, "--json")
    assert ran.code == 1
    missing = [p for p in ran.document["problems"] if p["code"] == "organisation.missing-recipient"]
    assert any("`sprint-board`" in problem["what"] for problem in missing)
    assert tocsin("check", STARTER, "--org", ORG).code == 0


def test_an_organisation_among_the_files_is_checked_as_one(tocsin: Terminal) -> None:
    ran = tocsin("check", ORG)
    assert ran.code == 0
    assert "severities" not in ran.out
    assert "people" in ran.out
    together = tocsin("check", STARTER, ORG, "--json")
    assert (together.code, together.out) == (
        0,
        tocsin("check", STARTER, "--org", ORG, "--json").out,
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no file"), (b"\x7fELF\0\0", "is not a text file")],
    ids=["missing", "binary"],
)
def test_what_is_no_plan_file_is_wrong_usage(
    tocsin: Terminal, tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "plan.yml"
    if content is not None:
        file.write_bytes(content)
    ran = tocsin("check", file)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 2


def test_a_near_miss_of_a_file_name_is_proposed(tocsin: Terminal) -> None:
    assert "Did you mean `plan.yaml`?" in tocsin("check", STARTER.with_name("plna.yaml")).err
    assert f"Did you mean {STARTER}?" in tocsin("check", STARTER.parent).err


def test_escapes_in_a_plan_do_nothing_to_the_terminal(tocsin: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text('tocsin: 1\nplan: "\x1b]0;owned\x07\x1b[2J"\n"\x9b31m": 1\n', encoding="utf-8")
    ran = tocsin("check", file)
    assert ran.code == 1
    assert not set(ran.out) & set(map(chr, [*range(10), *range(11, 32), *range(127, 160)]))


DOCUMENT = "# Plan\n\nP0: down\n---\nP1: slow\n"


def cited(tmp_path: Path, *comments: str) -> tuple[Path, Path]:
    """The starter plan with these comments behind its first lines, and a document."""
    lines = STARTER.read_text(encoding="utf-8").split("\n")
    first = lines.index("tocsin: 1")
    for number, comment in enumerate(comments, first):
        lines[number] += f"   # {comment}"
    plan, source = tmp_path / "plan.yaml", tmp_path / "source.md"
    plan.write_text("\n".join(lines), encoding="utf-8")
    source.write_text(DOCUMENT, encoding="utf-8")
    return plan, source


def test_lines_of_the_document_that_no_clause_cites_are_shown(
    tocsin: Terminal, tmp_path: Path
) -> None:
    plan, source = cited(tmp_path, "L1", "L2: nothing stands there")
    ran = tocsin("check", plan, "--coverage", source)
    assert ran.code == 1
    assert "source.md: 1 of 3 lines with content are cited. No clause cites:" in ran.out
    assert ran.out.endswith("     3 | P0: down\n     5 | P1: slow\n")
    ran = tocsin("check", plan, "--coverage", source, "--json")
    assert (ran.code, ran.document) == (
        1,
        {
            "problems": [],
            "uncovered": [{"line": 3, "text": "P0: down"}, {"line": 5, "text": "P1: slow"}],
        },
    )


def test_a_document_that_is_cited_in_full_is_a_yes(tocsin: Terminal, tmp_path: Path) -> None:
    plan, source = cited(tmp_path, "L1-3", "L5")
    ran = tocsin("check", plan, "--coverage", source)
    assert ran.code == 0
    assert ran.out.endswith("source.md: 3 of 3 lines with content are cited.\n")


def test_several_plans_cover_a_document_together(tocsin: Terminal, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, source = cited(tmp_path, "L1")
    other, _ = cited(tmp_path / "other", "L3-5")
    assert tocsin("check", one, other, "--coverage", source).code == 0
    assert tocsin("check", one, "--coverage", source).code == 1


def test_a_wrong_citation_is_a_problem_at_its_line(tocsin: Terminal, tmp_path: Path) -> None:
    plan, source = cited(tmp_path, "L1-5", "L3-", "L6")
    levels = {
        (problem["line"], problem["code"]): problem["level"]
        for problem in tocsin("check", plan, "--coverage", source, "--json").document["problems"]
    }
    first = STARTER.read_text(encoding="utf-8").split("\n").index("tocsin: 1") + 1
    assert levels == {
        (first + 1, "plan.citation"): "warning",
        (first + 2, "plan.citation"): "error",
    }
    assert tocsin("check", plan, "--coverage", source).code == 1
    # Which lines there are is not known without the document; a warning stays one.
    assert tocsin("check", plan).code == 0
    assert "`L3-` is no list of lines" in tocsin("check", plan).out


def test_a_source_that_is_no_text_is_wrong_usage(tocsin: Terminal, tmp_path: Path) -> None:
    plan, source = cited(tmp_path)
    source.write_bytes(b"%PDF\0")
    for path, said in ((source, "is not a text file"), (tmp_path / "none.md", "no such file")):
        ran = tocsin("check", plan, "--coverage", path)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err
        assert len(ran.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (["service_availability=none"], "P0"),
        (["error_rate=0.07"], "P1"),
        (["error_rate=0.02", "cosmetic=true"], "P2"),
        (["cosmetic=yes"], "P3"),
    ],
)
def test_the_worst_severity_of_which_a_criterion_holds(
    tocsin: Terminal, facts: list[str], severity: str
) -> None:
    arguments = [part for fact in facts for part in ("--fact", fact)]
    ran = tocsin("classify", STARTER, *arguments, "--json")
    assert ran.code == 0
    assert ran.document["severity"] == severity
    for reason in ran.document["because"]:
        assert reason["criterion"] in STARTER.read_text().splitlines()[reason["line"] - 1]
    assert severity in tocsin("classify", STARTER, *arguments).out


def test_no_severity_is_a_no(tocsin: Terminal) -> None:
    ran = tocsin("classify", STARTER, "--fact", "error_rate=0", "--json")
    assert (ran.code, ran.document) == (1, {"severity": None, "because": []})


def test_what_the_plan_excludes_is_a_no_with_its_reason(tocsin: Terminal) -> None:
    plan = PLANS / "notification-preferences" / "plan.yaml"
    ran = tocsin("classify", plan, "--fact", "feature_request=true", "--json")
    assert (ran.code, ran.document["severity"]) == (1, None)
    assert ran.document["because"][0]["criterion"] == "feature_request"


@pytest.mark.parametrize(
    ("fact", "hint"),
    [
        ("eror_rate=1", "Did you mean `error_rate`?"),
        ("service_availability=non", "Did you mean `none`?"),
        ("error_rate=lots", "Write a number"),
        ("cosmetic=perhaps", "`true` or `false`"),
        ("cosmetic", "NAME=VALUE"),
    ],
)
def test_a_fact_that_cannot_be_is_wrong_usage(tocsin: Terminal, fact: str, hint: str) -> None:
    ran = tocsin("classify", STARTER, "--fact", fact)
    assert (ran.code, ran.out) == (2, "")
    assert hint in ran.err


def test_a_missing_organisation_is_told_in_english(tocsin: Terminal) -> None:
    assert "writes an organisation to" in tocsin("check", STARTER, "--org", "zzz").err
