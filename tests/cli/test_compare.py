"""`tocsin compare`: what changes for people, in a terminal and as JSON."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import PLANS, Terminal

STARTER = PLANS / "starter" / "plan.yaml"
ORG = PLANS / "starter" / "org.yaml"


def edited(tmp_path: Path) -> Path:
    text = STARTER.read_text("utf-8")
    assert "team-lead, P0: 10m" in text
    file = tmp_path / "plan.yaml"
    file.write_text(text.replace("team-lead, P0: 10m", "team-lead, P0: 20m"), "utf-8")
    return file


def test_a_later_page_is_told_with_the_person_and_both_lines(
    tocsin: Terminal, tmp_path: Path
) -> None:
    ran = tocsin.at(140)("compare", STARTER, edited(tmp_path), "--org", ORG)
    assert (ran.code, ran.err) == (0, "")
    assert "Escalation" in ran.out
    assert "P0: team-lead is told later: 20m instead of 10m" in ran.out
    assert "Dora Vasile" in ran.out
    assert "1 change: 1 looser, 0 tighter, 0 otherwise." in ran.out


def test_json_holds_every_change(tocsin: Terminal, tmp_path: Path) -> None:
    (change,) = tocsin("compare", STARTER, edited(tmp_path), "--json").document["changes"]
    assert (change["about"], change["effect"], change["severity"]) == ("escalation", "looser", "P0")
    assert change["who"] == ["team-lead"]
    assert change["line"] == change["was_line"] > 0


def test_the_same_plan_changes_nothing(tocsin: Terminal) -> None:
    ran = tocsin("compare", STARTER, STARTER)
    assert (ran.code, ran.out) == (0, "Nothing changes for anybody.\n")


def test_a_plan_with_errors_cannot_be_compared(tocsin: Terminal, tmp_path: Path) -> None:
    broken = tmp_path / "plan.yaml"
    broken.write_text("tocsin: 1\nplan: x\nseverities: 3\n")
    ran = tocsin("compare", STARTER, broken)
    assert ran.code == 1
    assert "Cure what is listed above" in ran.err
