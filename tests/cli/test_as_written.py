"""Plans that keep a document as it was written, on the command line; and the files they name."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import PLANS, Terminal

STARTER = (PLANS / "starter" / "plan.yaml").read_text(encoding="utf-8")


def test_a_plan_as_written_is_checked_and_not_played(tocsin: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(STARTER + "standing: as written\n", encoding="utf-8")
    assert tocsin("check", file).code == 0
    ran = tocsin("simulate", file)
    assert ran.code == 1
    assert "as written" in ran.err
    assert "Decide its open points" in ran.err
    assert ran.out == ""


def test_paths_count_from_the_folder_of_the_plan(tocsin: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    (tmp_path / "docs").mkdir()
    file.write_text(STARTER + "references: {here: docs, gone: docs/runbook.md}\n", encoding="utf-8")
    problems = tocsin("check", file, "--json").document["problems"]
    missing = [p["what"] for p in problems if p["code"] == "plan.missing-file"]
    assert missing == ["there is no `docs/runbook.md`"]


def test_a_review_that_is_overdue_today_is_noted(tocsin: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(STARTER + "reviewed: 2020-01-01\nreview_every: 1 year\n", encoding="utf-8")
    problems = tocsin("check", file, "--json").document["problems"]
    assert ("plan.review-overdue", "note") in [(p["code"], p["level"]) for p in problems]


def test_the_document_itself_is_looked_at(tocsin: Terminal, tmp_path: Path) -> None:
    plan, document = tmp_path / "plan.yaml", tmp_path / "plan.md"
    plan.write_text(STARTER, encoding="utf-8")
    document.write_text("# Alarm ðŸš¨\n- Train\n- Train\n", encoding="utf-8")
    ran = tocsin("check", plan, "--coverage", document, "--json")
    found = [(p["line"], p["code"]) for p in ran.document["problems"] if p["file"] == str(document)]
    assert found == [(1, "file.mojibake"), (3, "plan.said-twice")]
