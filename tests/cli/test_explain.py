"""`tocsin explain`: what one clause means, with what the plan leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.running import PLANS, Terminal

STARTER = PLANS / "starter" / "plan.yaml"
LINES = STARTER.read_text(encoding="utf-8").split("\n")

PLAN = """\
tocsin: 1
plan: small
severities:
  P0: {name: Critical, when: [down], acknowledge: within 5m}   # L40
facts: {down: yes or no}
escalation:
  measured_from: start
  steps:
    # Decided: the team lead is told at once.
    - {page: team-lead, at: immediate}            # L79, L81-82
contacts: {team-lead: unfilled}
alerts: {otherwise: P0}
phases:
  containment: {steps: [{do: Isolate, need: if needed}]}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def line_of(text: str) -> int:
    return 1 + next(number for number, line in enumerate(LINES) if text in line)


def test_without_a_name_all_names_are_listed(tocsin: Terminal) -> None:
    ran = tocsin.at(200)("explain", STARTER)
    assert ran.code == 0
    for kind, name in (("severity", "P0"), ("recipient", "team-lead"), ("role", "incident-comm")):
        assert any(row.startswith(kind) and name in row for row in ran.out.splitlines()), kind
    subjects = tocsin("explain", STARTER, "--json").document["subjects"]
    assert {"kind": "severity", "name": "P0", "line": line_of("  P0:")} in subjects


def test_a_severity_with_dates(tocsin: Terminal) -> None:
    said = tocsin("explain", STARTER, "P0").out
    assert "Page the team lead 10 minutes after detection, if nobody has acknowledged." in said
    assert "Mon 2026-01-05 10:10  page the team lead" in said
    assert "Mon 2026-01-05 10:05  the limit for “acknowledge” ends" in said
    assert "It is P0 if service availability is none." in said
    assert tocsin("explain", STARTER, "critical").out == said  # people call it so


def test_what_the_plan_leaves_out_is_said(tocsin: Terminal, plan: Path) -> None:
    said = " ".join(tocsin("explain", plan, "line", "10").out.split())
    assert "“At once” allows 5 minutes, since the plan sets no `tolerance`." in said
    assert "whoever was called last is alarmed every 15 minutes" in said
    said = " ".join(tocsin("explain", plan, "alerts").out.split())
    assert "`group_by` is not written: alertname." in said
    assert "`reopen_within` is not written: 30m." in said
    assert "`resolve_incident` is not written: no." in said


def test_where_a_clause_comes_from(tocsin: Terminal, plan: Path) -> None:
    part = tocsin("explain", plan, "10", "--json").document["explained"][0]
    assert part["line"] == 10
    assert part["document_lines"] == "79, 81–82"
    assert part["decided"] == ["the team lead is told at once."]
    assert part["who"] == ["team lead"]


def test_a_recipient_with_everything_that_names_it(tocsin: Terminal) -> None:
    said = " ".join(tocsin("explain", STARTER, "team-lead").out.split())
    assert "P0 and P1: page the team lead 10 minutes after detection" in said
    assert "Last resort" in said
    assert "Reached: see the organisation file" in said


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("incident-commander", "Taken from: on-call engineer"),
        ("respond", "The clock runs from detection to the assessment."),
        ("error_rate", "Share of failed requests"),
        ("contacts", "Every recipient of the plan"),
        ("escalation", "Who is told, and when."),
    ],
)
def test_other_clauses(tocsin: Terminal, what: str, said: str) -> None:
    assert said in " ".join(tocsin("explain", STARTER, what).out.split())


def test_a_phase_and_its_task(tocsin: Terminal, plan: Path) -> None:
    said = " ".join(tocsin("explain", plan, "isolate").out.split())
    assert "If needed." in said
    assert "Asked for from the start of the phase containment." in said
    assert "People may answer that it is not needed, with a reason." in said
    assert "`parallel` is not written: no." in " ".join(
        tocsin("explain", plan, "containment").out.split()
    )


def test_a_problem_of_the_plan(tocsin: Terminal, plan: Path) -> None:
    said = " ".join(tocsin("explain", plan, "plan.unfilled-contact").out.split())
    assert "The plan does not say how to reach team-lead." in said


def test_a_wrong_name_gets_near_misses(tocsin: Terminal) -> None:
    ran = tocsin("explain", STARTER, "teamlead")
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean team-lead" in ran.err
    assert len(ran.err.splitlines()) == 2


def test_any_line_of_any_plan_can_be_explained(tocsin: Terminal) -> None:
    for number in range(1, len(LINES), 7):
        assert tocsin("explain", STARTER, str(number)).code == 0, number


def test_a_template_is_told_with_its_words_and_what_it_asks_for(
    tocsin: Terminal, tmp_path: Path
) -> None:
    told = "templates: {news: {text: 'So it is: {{ what }}', fields: {what: {ask: What broke?}}}}"
    file = tmp_path / "told.yaml"
    file.write_text(f"{PLAN}{told}\n")
    said = tocsin("explain", file, "news").out
    assert "Text: So it is: {{ what }}" in said
    assert "Whoever publishes says what: What broke?" in said
