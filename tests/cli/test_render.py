"""`tocsin render`: the plan as a document, printed or in files."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.cli.running import PLANS, Terminal

STARTER = PLANS / "starter" / "plan.yaml"


def test_markdown_is_printed(tocsin: Terminal) -> None:
    ran = tocsin("render", STARTER)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("# Incident response\n")
    assert "| after 10 minutes | Page | team lead |" in ran.out
    assert "![" not in ran.out  # there are no files for the pictures


def test_html_is_one_file(tocsin: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "plan.html"
    ran = tocsin("render", STARTER, "-o", out)
    assert (ran.code, ran.out) == (0, "")
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") >= 2
    assert list(tmp_path.iterdir()) == [out]
    assert tocsin("render", STARTER, "--format", "html").out == page


def test_markdown_in_a_file_has_its_pictures_beside_it(tocsin: Terminal, tmp_path: Path) -> None:
    ran = tocsin("render", STARTER, "-o", tmp_path / "ours.md")
    assert ran.code == 0
    markdown = (tmp_path / "ours.md").read_text(encoding="utf-8")
    drawn = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert "ours-ladder-P0.svg" in drawn
    assert all(f"]({name})" in markdown for name in drawn)
    for name in drawn:
        ElementTree.parse(tmp_path / name)
        assert f"wrote {tmp_path / name}" in ran.err


def test_with_an_organisation_people_are_named(tocsin: Terminal) -> None:
    org = STARTER.with_name("org.yaml")
    assert "Ana Prieto" in tocsin("render", STARTER, "--org", org).out
    assert "Ana Prieto" not in tocsin("render", STARTER).out


def test_a_faulty_plan_is_not_rendered(tocsin: Terminal, tmp_path: Path) -> None:
    faulty = tmp_path / "plan.yaml"
    faulty.write_text("tocsin: 1\nplan: x\nseverities: {}\n", encoding="utf-8")
    ran = tocsin("render", faulty)
    assert (ran.code, ran.out) == (1, "")
    assert "plan.no-severities" in ran.err


@pytest.mark.parametrize("words", [["--format", "pdf"], ["-o", "/nonexistent/plan.md"]])
def test_what_cannot_be_written_is_said(tocsin: Terminal, words: list[str]) -> None:
    ran = tocsin("render", STARTER, *words)
    assert ran.code in (1, 2)
    assert len(ran.err.splitlines()) == 2
