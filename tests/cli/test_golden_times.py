"""Who is called when, under each of the five plans, if nobody acknowledges and nobody resolves.

Every row of the table that compares the plans is here, played through `tocsin simulate --json`
on the plans as they are published. Times are minutes after detection.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import PLANS, Terminal

CALLS = ("page", "notice", "ticket")
Story = list[tuple[int, str, str]]

VPN = "vpn-payments"
SYNC = "provider-sync"
PRACTICES = "engineering-practices"
PROGRAMME = "notification-preferences"
NETWORK = "r3mes-network"

FRIDAY = "friday 18:00"


def play(tocsin: Terminal, *arguments: str | Path) -> list[dict[str, Any]]:
    ran = tocsin("simulate", *arguments, "--json")
    assert (ran.code, ran.err) == (0, "")
    return ran.documents


def calls(story: list[dict[str, Any]]) -> Story:
    """Who is paged, told or given a ticket, and when; the alarm that follows is not the plan's."""
    return [(one["t"] // 60, one["do"], one["to"]) for one in story if one["do"] in CALLS]


def missed(story: list[dict[str, Any]]) -> dict[str, int]:
    return {one["clock"]: one["t"] // 60 for one in story if one["do"] == "clock_missed"}


def late(story: list[dict[str, Any]], clock: str) -> str:
    """The instant at which a clock was missed."""
    (at,) = (one["at"] for one in story if (one["do"], one["clock"]) == ("clock_missed", clock))
    return str(at)


def pages(times: Mapping[str, int]) -> Story:
    return [(minute, "page", to) for to, minute in times.items()]


def variant(tmp_path: Path, folder: str, written: str, instead: str) -> Path:
    """A copy of a plan in which one clause reads differently."""
    text = (PLANS / folder / "plan.yaml").read_text(encoding="utf-8")
    assert text.count(written) == 1, f"{folder} has {text.count(written)} times `{written}`"
    copy = tmp_path / "plan.yaml"
    copy.write_text(text.replace(written, instead), encoding="utf-8")
    return copy


def scenario(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "story.scenario.yaml"
    file.write_text(text, encoding="utf-8")
    return file


CHAINS: list[tuple[str, str, Story, dict[str, int]]] = [
    *(
        (
            VPN,
            severity,
            pages(
                {
                    "on-call-engineer": 0,
                    "team-lead": 15,
                    "engineering-manager": 30,
                    "cto": 60,
                    "vp-engineering": 60,
                }
            ),
            {},
        )
        for severity in ("P0", "P1", "P2")
    ),
    (
        SYNC,
        "P1",
        [
            *pages({"on-call-engineer": 0, "cto": 0, "team-lead": 15}),
            (60, "notice", "affected-users"),
        ],
        {"respond": 15},
    ),
    (
        SYNC,
        "P2",
        [
            *pages({"on-call-engineer": 0, "team-lead": 120, "cto": 240}),
            (240, "notice", "affected-users"),
        ],
        {"respond": 60},
    ),
    (SYNC, "P3", pages({"on-call-engineer": 0}), {"respond": 240}),
    (
        PRACTICES,
        "P0",
        [(0, "notice", "stakeholders"), (0, "page", "on-call-engineer")],
        {"respond": 15},
    ),
    (
        PROGRAMME,
        "P0",
        pages(
            {
                "on-call-engineer": 0,
                "team-lead": 30,
                "engineering-manager": 60,
                "cto": 120,
                "ceo": 240,
            }
        ),
        {"acknowledge": 15, "respond": 60},
    ),
    (
        PROGRAMME,
        "P1",
        pages(
            {
                "on-call-engineer": 0,
                "team-lead": 120,
                "engineering-manager": 240,
                "cto": 480,
                "ceo": 1440,
            }
        ),
        {"acknowledge": 60, "respond": 240},
    ),
    (PROGRAMME, "P2", [], {"acknowledge": 240}),
    (PROGRAMME, "P3", [], {"acknowledge": 1440}),
    (NETWORK, "P0", pages({"on-call-engineer": 0}), {"respond": 5}),
]


@pytest.mark.parametrize(
    ("folder", "severity", "called", "overdue"),
    CHAINS,
    ids=[f"{folder}-{severity}" for folder, severity, _, _ in CHAINS],
)
def test_the_plan_as_it_is(
    tocsin: Terminal, folder: str, severity: str, called: Story, overdue: dict[str, int]
) -> None:
    story = play(tocsin, PLANS / folder / "plan.yaml", "--severity", severity)
    assert calls(story) == called
    assert missed(story).items() >= overdue.items()


PREVIOUS = [
    ("P0", {"on-call-engineer": 0, "team-lead": 30, "engineering-manager": 90, "cto": 210}, 450),
    ("P1", {"on-call-engineer": 0, "team-lead": 120, "engineering-manager": 360, "cto": 840}, 2280),
]


@pytest.mark.parametrize(("severity", "called", "ceo"), PREVIOUS, ids=["P0", "P1"])
def test_a_chain_whose_times_count_from_the_previous_step(
    tocsin: Terminal, tmp_path: Path, severity: str, called: dict[str, int], ceo: int
) -> None:
    written, instead = "measured_from: start", "measured_from: previous step"
    plan = variant(tmp_path, PROGRAMME, written, instead)
    story = play(tocsin, plan, "--severity", severity)
    assert calls(story) == pages({**called, "ceo": ceo})


def test_all_on_call_engineers_are_called_where_prose_precedes_the_matrix(tocsin: Terminal) -> None:
    plan, org = PLANS / SYNC / "plan.yaml", PLANS / SYNC / "org.yaml"
    for organisation in ([], ["--org", str(org)]):
        story = play(tocsin, plan, *organisation, "--severity", "P1")
        first = next(one for one in story if one["do"] == "page")
        assert first["to"] == "on-call-engineer"
        assert "all" in first["why"] or "everyone" in first["why"]


def test_one_on_call_engineer_is_called_where_the_matrix_precedes(
    tocsin: Terminal, tmp_path: Path
) -> None:
    plan = variant(tmp_path, SYNC, "precedence: prose", "precedence: matrix")
    story = play(tocsin, plan, "--severity", "P1")
    assert calls(story) == [
        *pages({"on-call-engineer": 0, "team-lead": 15, "cto": 30}),
        (60, "notice", "affected-users"),
    ]


def test_what_is_resolved_after_20_minutes_calls_nobody_more(
    tocsin: Terminal, tmp_path: Path
) -> None:
    told = "scenario: over soon\nseverity: P0\nstory: [{at: 20m, resolve: on-call-engineer}]\n"
    story = play(tocsin, PLANS / VPN / "plan.yaml", scenario(tmp_path, told))
    assert calls(story) == pages({"on-call-engineer": 0, "team-lead": 15})


@pytest.mark.parametrize("folder", [PRACTICES])
def test_levels_without_times_are_left_to_people_and_the_check_says_so(
    tocsin: Terminal, folder: str
) -> None:
    written = PLANS / folder / "as-written.plan.yaml"
    problems = tocsin("check", written, "--json").document["problems"]
    manual = [one["what"] for one in problems if one["code"] == "plan.manual-level"]
    assert {"2", "3", "4"} <= {what.split()[1] for what in manual}


def test_a_ticket_at_once_and_the_on_call_engineer_on_the_next_business_day(
    tocsin: Terminal,
) -> None:
    story = play(tocsin, PLANS / SYNC / "plan.yaml", "--severity", "P4", "--at", FRIDAY)
    assert [(do, to) for _, do, to in calls(story)] == [
        ("ticket", "sprint-board"),
        ("notice", "on-call-engineer"),
    ]
    by_do = {one["do"]: one["at"] for one in story}
    assert by_do["ticket"] == "2026-01-09T18:00:00Z"
    assert by_do["notice"] == "2026-01-12T09:00:00Z", "Monday, when business begins"
    assert late(story, "respond") == "2026-01-12T17:00:00Z", "Monday, when business ends"


def test_24_hours_that_begin_on_friday_evening_end_on_saturday_evening(tocsin: Terminal) -> None:
    story = play(tocsin, PLANS / NETWORK / "plan.yaml", "--severity", "P3", "--at", FRIDAY)
    assert missed(story)["respond"] == 24 * 60
    assert late(story, "respond") == "2026-01-10T18:00:00Z"


def test_closing_is_refused_where_escalation_is_required_and_nobody_was_escalated_to(
    tocsin: Terminal, tmp_path: Path
) -> None:
    told = """
scenario: answered at once, closed without escalation
severity: P0
story:
  - {at: 1m, acknowledge: on-call-engineer}
  - {at: 10m, resolve: on-call-engineer}
  - {at: 20m, close: on-call-engineer}
"""
    story = play(tocsin, PLANS / NETWORK / "plan.yaml", scenario(tmp_path, told))
    refused = [one for one in story if one["do"] == "refused"]
    assert [one["t"] for one in refused] == [1200]
    assert "requires escalation" in refused[0]["why"]
    assert "closed" not in {one["do"] for one in story}
