"""`tocsin simulate`: stories for people and for programs, scenarios, reproducible times."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.running import PLANS, Terminal

STARTER = PLANS / "starter" / "plan.yaml"
ORG = PLANS / "starter" / "org.yaml"
SCENARIOS = sorted(
    path
    for path in (PLANS / "starter" / "tests").glob("*.scenario.yaml")
    if "org:" in path.read_text(encoding="utf-8")
)


def test_lines_for_programs(tocsin: Terminal) -> None:
    ran = tocsin("simulate", STARTER, "--json")
    assert (ran.code, ran.err) == (0, "")
    first = ran.documents[0]
    assert first["t"] == 0
    assert first["at"] == "2026-01-05T10:00:00Z"
    for line in ran.documents:
        assert {"t", "do", "to", "clock", "why", "line"} <= line.keys()
    assert ran.out == tocsin("simulate", STARTER, "--json").out


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_table_for_people_that_fits_and_a_closing_sentence(
    tocsin: Terminal, columns: int
) -> None:
    ran = tocsin.at(columns)("simulate", STARTER, "--severity", "P0")
    assert ran.code == 0
    *story, _, closing = ran.out.splitlines()[3:]
    assert max(map(len, story)) <= columns
    assert any(line.startswith("T+0:10  Mon 10:10  page team-lead") for line in story)
    assert "Nobody answers: after 45m the alarm goes to team-lead" in closing


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_the_starter_scenarios_can_be_played_and_find_their_plan(
    tocsin: Terminal, scenario: Path
) -> None:
    alone = tocsin("simulate", scenario, "--json")
    assert alone.code == 0, alone.err
    refused = "refused" in {line["do"] for line in alone.documents}
    assert refused == ("refused:" in scenario.read_text(encoding="utf-8"))
    assert tocsin("simulate", STARTER, scenario, "--org", ORG, "--json").out == alone.out


def test_options_precede_the_scenario(tocsin: Terminal) -> None:
    ran = tocsin("simulate", SCENARIOS[0], "--severity", "P3", "--at", "monday 09:00 UTC",
                 "--for", "1h", "--json")  # fmt: skip
    assert ran.documents[0]["to"] == "P3"
    assert ran.documents[0]["at"] == "2026-01-05T09:00:00Z"
    assert all(line["t"] <= 3600 for line in ran.documents)


def test_a_seed_lets_people_answer_the_same_way_each_time(tocsin: Terminal) -> None:
    stories = {
        seed: tocsin("simulate", STARTER, "--seed", str(seed), "--json").out for seed in range(4)
    }
    assert len(set(stories.values())) > 1
    for seed, story in stories.items():
        assert tocsin("simulate", STARTER, "--seed", str(seed), "--json").out == story


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--severity", "P9"], "knows no severity `P9`"),
        (["--at", "someday"], "is no point in time"),
        (["--at", "friday 18:00 Europe/Berln"], "Did you mean `Europe/Berlin`?"),
        (["--for", "15"], "has no unit"),
        (["--seed", "x"], "--seed"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    tocsin: Terminal, arguments: list[str], said: str
) -> None:
    ran = tocsin("simulate", STARTER, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_faulty_scenario_shows_its_problems_and_plays_nothing(
    tocsin: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "x.scenario.yaml"
    file.write_text("scenario: x\nstory:\n  - {at: 5, acknowlege: ana}\n", encoding="utf-8")
    ran = tocsin("simulate", STARTER, file)
    assert (ran.code, ran.out) == (1, "")
    assert "Did you mean `acknowledge`?" in ran.err
    assert "`5` has no unit" in ran.err


def test_an_organisation_that_lacks_somebody_is_refused(tocsin: Terminal) -> None:
    ran = tocsin("simulate", PLANS / "provider-sync" / "plan.yaml", "--org", ORG)
    assert (ran.code, ran.out) == (1, "")
    assert "sprint-board" in ran.err


def test_with_an_organisation_people_are_named(tocsin: Terminal) -> None:
    words = ("simulate", STARTER, "--severity", "P0")
    first = next(
        line for line in tocsin(*words, "--org", ORG, "--json").documents if line["people"]
    )
    named = f"page {first['to']} ({first['people'][0]})"
    assert named in tocsin.at(120)(*words, "--org", ORG).out
    assert "(" not in "".join(
        line for line in tocsin.at(120)(*words).out.splitlines() if " page " in line
    )
    assert not any(line["people"] for line in tocsin(*words, "--json").documents)


def test_what_no_line_asks_for_has_no_line(tocsin: Terminal) -> None:
    story = tocsin("simulate", SCENARIOS[0], "--json").documents
    assert 0 not in [line["line"] for line in story]
    assert None in [line["line"] for line in story]


def test_incidents_of_one_story_are_told_apart(tocsin: Terminal) -> None:
    scenario = PLANS / "starter" / "tests" / "two-at-once.scenario.yaml"
    codes = {line["incident"] for line in tocsin("simulate", scenario, "--json").documents}
    assert codes == {"INC-2026-001", "INC-2026-002"}
    shown = tocsin.at(120)("simulate", scenario).out
    assert "INC-2026-002 now P1" in shown
    assert "INC-2026-001 acknowledged by cleo" in shown
    assert "INC-2026-001" not in tocsin.at(120)("simulate", SCENARIOS[0]).out


def test_a_message_that_fails_is_told(tocsin: Terminal) -> None:
    scenario = PLANS / "starter" / "tests" / "a-way-fails.scenario.yaml"
    shown = tocsin.at(120)("simulate", scenario).out
    assert "out of order: email" in shown
    assert "not reached: ana" in shown
    assert "reached ana" in shown


def test_an_incident_that_the_command_line_asks_for_is_detected_besides(tocsin: Terminal) -> None:
    scenario = PLANS / "starter" / "tests" / "two-at-once.scenario.yaml"
    lines = tocsin("simulate", scenario, "--severity", "P3", "--json").documents
    opened = [line["to"] for line in lines if line["do"] == "opened"]
    assert opened == ["P3", "P0", "P2"]


EVERY_PLAN = sorted(PLANS.glob("*/plan.yaml"))


@pytest.mark.parametrize("plan", EVERY_PLAN, ids=lambda path: path.parent.name)
def test_no_plan_of_ours_loses_a_call_in_bad_nights(tocsin: Terminal, plan: Path) -> None:
    ran = tocsin("simulate", plan, "--org", plan.with_name("org.yaml"), "--faults", "--seeds", "5",
                 "--json")  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert ran.document["failed"] == []
    assert ran.document["seeds"] == 5
    assert ran.document["alerts_accepted"] > 0


def test_bad_nights_end_in_a_sentence_and_need_no_organisation(tocsin: Terminal) -> None:
    ran = tocsin("simulate", STARTER, "--faults", "--seeds", "3")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("3 bad nights, 144 simulated hours in ")
    assert ran.out.splitlines()[-1].startswith("In none of them was an alert lost")


def test_one_bad_night_as_a_story(tocsin: Terminal) -> None:
    ran = tocsin("simulate", STARTER, "--org", ORG, "--faults", "--seed", "3")
    assert ran.code == 0
    assert ran.out.startswith("Seed 3 breaks no invariant.")
    assert "all faults end" in ran.out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--at", "monday"), "--faults draws its nights itself"),
        (("--seeds", "0"), "--seeds 0 makes no sense"),
    ],
)
def test_what_makes_no_sense_with_bad_nights(
    tocsin: Terminal, given: tuple[str, str], said: str
) -> None:
    ran = tocsin("simulate", STARTER, "--faults", *given)
    assert ran.code == 2
    assert said in ran.err
