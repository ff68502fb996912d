"""`tocsin test`: what passes, what fails and how that is shown, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.running import PLANS, Terminal, run_alone
from tests.core.small_plan import ORG_TEXT, PLAN_TEXT

STARTER = PLANS / "starter"

NIGHT = """\
scenario: nobody answers
plan: plan.yaml
org: org.yaml
starts: Friday 2026-03-06 23:00 Europe/Berlin
severity: P0
shows: [S3.22, S0.101, S3.5]
story:
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plan and an organisation, in which commands are called."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "plan.yaml").write_text(PLAN_TEXT, encoding="utf-8")
    (tmp_path / "x" / "org.yaml").write_text(ORG_TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "x")
    return tmp_path / "x"


def write(folder: Path, name: str, *entries: str, head: str = NIGHT) -> Path:
    file = folder / f"{name}.scenario.yaml"
    file.write_text(head + "".join(f"  - {entry}\n" for entry in entries), encoding="utf-8")
    return Path(file.name)


GOOD = "{at: 10m, expect: {page: team-lead}}"
BAD = "{at: 12m, expect: {page: team-lead}}"


def test_the_starter_passes(tocsin: Terminal) -> None:
    ran = tocsin("test", STARTER)
    assert (ran.code, ran.err) == (0, "")
    *scenarios, closing = ran.out.splitlines()
    assert len(scenarios) == len(list(STARTER.rglob("*.scenario.yaml"))) >= 7
    assert all(line.startswith("ok    ") for line in scenarios)
    assert closing == f"{len(scenarios)} passed, 0 failed"


def test_what_failed_is_shown_like_a_difference(tocsin: Terminal, folder: Path) -> None:
    file = write(
        folder, "night",
        BAD,
        "{at: 5m, expect: {severity: P1}}",
        "{at: 30m, expect: {nobody: engineering-manager, nothing_more: page}}",
        "{at: 31m, expect: {clocks: {respond: 5m left}}}",
    )  # fmt: skip
    ran = tocsin.at(100)("test", file)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == EXPECTED


EXPECTED = """\
FAIL  night.scenario.yaml: nobody answers

  night.scenario.yaml:8:30: expected at T+0:12: page team-lead
    instead: it happens at 10m

          ...
      T+0:00    Fri 22:00  page on-call-engineer (cleo)
      T+0:05    Fri 22:05  missed: acknowledge
    + T+0:10    Fri 22:10  page team-lead (dora)
    - T+0:12    Fri 22:12  page team-lead
      T+0:15    Fri 22:15  missed: respond
      T+0:30    Fri 22:30  missed: assign incident-commander
          ...

  night.scenario.yaml:9:33: expected at T+0:05: severity P1
    instead: P0 (as simulated)

          ...
      T+0:00    Fri 22:00  clock: assign incident-commander
      T+0:00    Fri 22:00  page on-call-engineer (cleo)
      T+0:05    Fri 22:05  missed: acknowledge
      T+0:10    Fri 22:10  page team-lead (dora)
      T+0:15    Fri 22:15  missed: respond
          ...

  night.scenario.yaml:10:32: expected at T+0:30: nothing is sent to engineering-manager
    instead: page engineering-manager at 30m

          ...
      T+0:15    Fri 22:15  missed: respond
      T+0:30    Fri 22:30  missed: assign incident-commander
    + T+0:30    Fri 22:30  page engineering-manager (emil)
      T+0:45    Fri 22:45  nobody left to call
      T+0:45    Fri 22:45  alarm team-lead (dora)
          ...

  night.scenario.yaml:10:67: expected at T+0:30: no more page
    instead: page engineering-manager at 30m

          ...
      T+0:15    Fri 22:15  missed: respond
      T+0:30    Fri 22:30  missed: assign incident-commander
    + T+0:30    Fri 22:30  page engineering-manager (emil)
      T+0:45    Fri 22:45  nobody left to call
      T+0:45    Fri 22:45  alarm team-lead (dora)
          ...

  night.scenario.yaml:11:42: expected at T+0:31: clock respond: 5m left
    instead: missed

          ...
      T+0:15    Fri 22:15  missed: respond
      T+0:30    Fri 22:30  missed: assign incident-commander
      T+0:30    Fri 22:30  page engineering-manager (emil)
      T+0:45    Fri 22:45  nobody left to call
      T+0:45    Fri 22:45  alarm team-lead (dora)
          ...

0 passed, 1 failed
"""


@pytest.mark.parametrize("columns", [60, 80])
def test_a_difference_fits_a_narrow_terminal(tocsin: Terminal, folder: Path, columns: int) -> None:
    """In a pipe a line with a place stays whole, so that it can be clicked; the story fits."""
    file = write(folder, "night", BAD)
    lines = tocsin.at(columns)("test", file).out.splitlines()
    assert max(len(line) for line in lines if "T+" in line and ":8:" not in line) <= columns


def test_a_terminal_shows_the_difference_in_colours(folder: Path) -> None:
    file = write(folder, "night", BAD)
    plain = run_alone("test", folder / file).out
    coloured = run_alone("test", folder / file, FORCE_COLOR="1", TERM="xterm").out
    assert "\x1b" not in plain
    (missing,) = (line for line in coloured.splitlines() if "  - T+0:12" in line)
    assert missing.startswith("\x1b[31m")
    assert "\x1b[33m    + T+0:10" in coloured


def test_a_row_of_a_table_fails_without_a_story(tocsin: Terminal, folder: Path) -> None:
    table = "scenario: severities\nplan: plan.yaml\nclassify:\n"
    write(folder, "a", "{facts: {cosmetic: true}, severity: P2}", head=table)
    ran = tocsin("test", ".")
    assert ran.code == 1
    assert "a.scenario.yaml:4:41: expected: P2 for {cosmetic: true}" in ran.out
    assert "instead: P3 because of cosmetic" in ran.out
    assert "T+" not in ran.out


def test_folders_are_looked_through_and_no_file_is_tested_twice(
    tocsin: Terminal, folder: Path
) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    write(folder, "b", GOOD)
    deeper = NIGHT.replace(": plan", ": ../../plan").replace(": org", ": ../../org")
    write(folder / "deep" / "er", "a", GOOD, head=deeper)
    (folder / "deep" / "plan.yaml").write_text("nonsense", encoding="utf-8")
    ran = tocsin("test", ".", "b.scenario.yaml", "deep")
    assert [line.split(":")[0].split()[-1] for line in ran.out.splitlines()[:-1]] == [
        "b.scenario.yaml",
        "deep/er/a.scenario.yaml",
    ]


def test_a_document_for_programs(tocsin: Terminal, folder: Path) -> None:
    write(folder, "a", GOOD)
    write(folder, "b", BAD, head=NIGHT.replace("S0.101", "S4.1"))
    write(folder, "c", head="scenario: x\nplan: plan.yaml\nseverty: P0\n")
    ran = tocsin("test", ".", "--json")
    assert (ran.code, ran.err) == (1, "")
    said = ran.document
    assert (said["passed"], said["failed"]) == (1, 2)
    assert said["shows"] == ["S0.101", "S3.5", "S3.22"], "what failed demonstrates nothing"
    good, bad, broken = said["scenarios"]
    assert (good["file"], good["passed"], good["failures"]) == ("a.scenario.yaml", True, [])
    assert bad["failures"] == [
        {"line": 8, "column": 30, "t": 720, "wanted": "page team-lead",
         "instead": "it happens at 10m"}
    ]  # fmt: skip
    assert [problem["code"] for problem in broken["problems"]] == ["file.unknown-key"]
    assert not broken["passed"]


def test_a_file_with_errors_fails_and_the_others_are_tested(tocsin: Terminal, folder: Path) -> None:
    write(folder, "a", "{at: 5, expect: {page: team-lead}}")
    write(folder, "b", GOOD)
    ran = tocsin("test", ".")
    assert ran.code == 1
    assert "`5` has no unit [scenario.time]" in ran.out
    assert "     8 |   - {at: 5," in ran.out
    assert ran.out.splitlines()[-1] == "1 passed, 1 failed"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("scenario: x\n", "does not say which plan it is for [scenario.file]"),
        ("scenario: x\nplan: plam.yaml\n", "there is no file plam.yaml [scenario.file]"),
        ("scenario: x\nplan: plan.yaml\norg: o.yaml\n", "there is no file o.yaml"),
        ("scenario: x\nplan: broken.yaml\n", "broken.yaml:1:1: error"),
        ("scenario: x\nplan: plan.yaml\norg: nobody.yaml\n", "nobody.yaml:"),
        ("scenario: x\nplan: plan.yaml\nstory: [{at: 5m, edit_plan: p}]\n", "there is no file p"),
        ("- x\n", "the file is a list"),
    ],
)
def test_what_a_scenario_names_must_be_there(
    tocsin: Terminal, folder: Path, head: str, said: str
) -> None:
    (folder / "broken.yaml").write_text("tocsin: 1\n", encoding="utf-8")
    org = "tocsin: 1\norganisation: X\ntime_zone: UTC\npeople: {a: {name: A, contacts: [inbox]}}\n"
    (folder / "nobody.yaml").write_text(org + "recipients: {a: {people: [a]}}\n", encoding="utf-8")
    file = write(folder, "a", head=head)
    ran = tocsin.at(200)("test", file)
    assert ran.code == 1
    assert said in ran.out
    assert ran.out.splitlines()[-1] == "0 passed, 1 failed"


def test_another_plan_is_found_beside_the_scenario(tocsin: Terminal, folder: Path) -> None:
    text = (folder / "plan.yaml").read_text(encoding="utf-8")
    (folder / "slow.yaml").write_text(
        text.replace("{page: team-lead, P0: 10m", "{page: team-lead, P0: 20m"), encoding="utf-8"
    )
    file = write(
        folder, "a",
        "{at: 5m, edit_plan: slow.yaml}",
        "{at: 10m, expect: {page: team-lead}}",
        "{at: 10m, incident: b, report: {title: x, severity: P0}}",
        "{at: 20m, incident: b, expect: {no: page}}",
        "{at: 30m, incident: b, expect: {page: team-lead}}",
    )  # fmt: skip
    assert tocsin("test", file).out.splitlines()[-1] == "1 passed, 0 failed"


def test_with_verbose_every_story_is_told(tocsin: Terminal, folder: Path) -> None:
    file = write(folder, "a", GOOD)
    assert "page team-lead" not in tocsin("test", file).out
    for option in ("--verbose", "-v"):
        assert "page team-lead" in tocsin("test", file, option).out


def test_a_long_run_says_how_far_it_is_where_it_does_not_disturb(
    tocsin: Terminal, folder: Path
) -> None:
    for number in range(101):
        write(folder, f"a{number:03}", GOOD)
    ran = tocsin("test", ".")
    assert ran.err == "100 of 101 scenarios tested\n"
    assert ran.out.splitlines()[-1] == "101 passed, 0 failed"


def test_what_cannot_be_meant_is_wrong_usage(tocsin: Terminal, folder: Path) -> None:
    (folder / "empty").mkdir()
    for path, said in (("empty", "there is no scenario in empty"), ("x.yaml", "there is no file")):
        ran = tocsin("test", path)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err
    assert tocsin("test").code == 2
