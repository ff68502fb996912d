"""Scenario files: what they mean, and what is said of those that make no sense."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import get_args

import msgspec
import pytest
from tests.core.stories import ORG, PLAN, ROOT, WORLD, problems_in, script_of, story

from tocsin.core.incident import commands as c
from tocsin.core.rehearsal import acts
from tocsin.core.scenarios.facts import wrong_fact
from tocsin.core.scenarios.noting import World
from tocsin.core.scenarios.read import draft
from tocsin.core.scenarios.verbs import VERBS
from tocsin.core.simulation import Deed

WHOLE = """
scenario: nobody answers a P0 on a Friday night
plan: ../plan.yaml
org: ../org.yaml
starts: Friday 2026-03-06 23:00 Europe/Berlin
severity: P0
facts: {error_rate: 0.5}
lasts: 4h
shows: [S3.22, S0.108]
story:
  - {at: 90m, close: team-lead}
  - {at: 40m, acknowledge: team-lead, why: back at my desk}
  - {at: 41m, note: "rolled back", by: team-lead}
  - {at: T+45m, severity: P1, by: team-lead}
  - {at: 50m, facts: {cosmetic: true, error_rate: 0.1}, by: team-lead}
  - {at: 52m, role: {incident-commander: ana}, by: team-lead}
  - {at: 55m, escalate: engineering-manager}
  - {at: 56m, escalate: {to: level 2, by: ana, why: it burns}}
"""


def did(deed: Deed) -> tuple[float, object]:
    return deed.at.total_seconds() / 60, deed.command


def test_a_story_is_read_in_the_order_of_its_times() -> None:
    script = script_of(WHOLE)
    scenario = script.scenario
    assert f"{scenario.starts:%Y-%m-%d %H:%M}" == "2026-03-06 22:00"
    assert (scenario.severity, scenario.lasts) == ("P0", timedelta(hours=4))
    assert scenario.facts == {"error_rate": 0.5}
    assert script.shows == ("S3.22", "S0.108")
    assert [did(deed) for deed in scenario.deeds] == [
        (40, c.Acknowledge(by="team-lead", why="back at my desk")),
        (41, c.Note(by="team-lead", text="rolled back")),
        (45, c.SetSeverity(by="team-lead", severity="P1")),
        (50, c.RecordFact(by="team-lead", name="cosmetic", value=True)),
        (50, c.RecordFact(by="team-lead", name="error_rate", value=0.1)),
        (52, c.TakeRole(by="team-lead", role="incident-commander", person="ana")),
        (55, c.Escalate(by="somebody", to="engineering-manager")),
        (56, c.Escalate(by="ana", to="level 2", why="it burns")),
        (90, c.Close(by="team-lead")),
    ]


def test_deeds_of_one_entry_happen_as_they_stand() -> None:
    first = script_of(story("{at: 5m, resolve: dora, close: dora, note: done, by: dora}"))
    other = script_of(story("{at: 5m, note: done, close: dora, by: dora, resolve: dora}"))
    kinds = [type(deed.command).__name__ for deed in first.scenario.deeds]
    assert kinds == ["Resolve", "Close", "Note"]
    kinds = [type(deed.command).__name__ for deed in other.scenario.deeds]
    assert kinds == ["Note", "Close", "Resolve"]


def test_a_time_may_be_a_point_in_time() -> None:
    head = "starts: Friday 2026-03-06 23:00 Europe/Berlin"
    script = script_of(story("{at: Saturday 01:30 Europe/Berlin, close: dora}", head=head))
    assert script.scenario.deeds[0].at == timedelta(hours=2, minutes=30)
    script = script_of(story("{at: 2026-03-07 00:00, close: dora}", head=head))
    assert script.scenario.deeds[0].at == timedelta(hours=2), "the plan's clocks show UTC"


def test_what_happens_besides_what_people_do() -> None:
    text = story(
        "{at: 0m, alert: ApiDown}",
        "{at: 1m, alert: {alertname: ApiDown, service: api}, by: prometheus}",
        "{at: 2m, alert_ends: ApiDown}",
        "{at: 3m, report: {title: slow, facts: {error_rate: 0.2}}, by: ana, incident: shop}",
        "{at: 4m, outage: {channel: email, person: ana, for: 20m}}",
        head="org: x",
    )
    scenario = script_of(text).scenario
    assert not scenario.detected, "the first alert opens the first incident"
    assert [deed.command for deed in scenario.deeds] == [
        acts.AlertFires(labels={"alertname": "ApiDown"}),
        acts.AlertFires(labels={"alertname": "ApiDown", "service": "api"}, by="prometheus"),
        acts.AlertEnds(labels={"alertname": "ApiDown"}),
        acts.Reported(by="ana", title="slow", facts={"error_rate": 0.2}),
        acts.Outage(channel="email", person="ana", lasts=timedelta(minutes=20)),
    ]
    assert scenario.deeds[3].incident == "shop"


def test_another_plan_comes_with_the_world() -> None:
    text = story("{at: 1h, edit_plan: other.yaml}")
    assert draft(text, "x").edits == ("other.yaml",)
    other = msgspec.structs.replace(PLAN, title="Other")
    world = World(plan=PLAN, organisation=ORG, edits={"other.yaml": other})
    (deed,) = script_of(text, world).scenario.deeds
    assert deed.command == acts.PlanEdited(plan=other, file="other.yaml")


def test_it_names_its_files() -> None:
    found = draft(WHOLE, "x")
    assert (found.plan, found.org, found.title[:6]) == ("../plan.yaml", "../org.yaml", "nobody")
    assert draft("scenario: x", "x").plan == ""
    assert draft("- nonsense", "x").document is None


def test_a_file_may_be_nothing_but_a_table() -> None:
    text = "scenario: x\nclassify: [{facts: {cosmetic: true}, severity: P3}]\n"
    assert not script_of(text).plays
    assert script_of(text + "severity: P0\n").plays


@pytest.mark.parametrize(
    ("line", "place", "code", "said"),
    [
        ("sverity: P0", (2, 1), "file.unknown-key", "Did you mean `severity`?"),
        ("severity: P9", (2, 11), "scenario.severity", "Known: `P0`"),
        ("starts: someday", (2, 9), "scenario.time", "is no point in time"),
        ("lasts: 4", (2, 8), "scenario.time", "`4` has no unit"),
        ("shows: [3.22]", (2, 9), "file.wrong-type", "must be a text"),
        ("shows: [S322]", (2, 9), "scenario.shows", "`S3.22`"),
        ("facts: {eror_rate: 1}", (2, 20), "scenario.fact", "Did you mean `error_rate`?"),
        ("facts: {cosmetic: often}", (2, 19), "scenario.fact", "Write `true` or `false`."),
        ("facts: {data_breach: yes}", (2, 22), "scenario.fact", "It takes: `no`"),
        ("classify: [{facts: {cosmetic: true}, severity: P8}]", (2, 48), "scenario.severity", "P0"),
    ],
)
def test_what_makes_no_sense_at_the_top(
    line: str, place: tuple[int, int], code: str, said: str
) -> None:
    (problem,) = problems_in(f"scenario: x\n{line}\n")
    assert (problem.code, (problem.line, problem.column)) == (code, place)
    assert said in f"{problem.what} {problem.hint}"


@pytest.mark.parametrize(
    ("entry", "column", "code", "said"),
    [
        ("{at: 5, close: ana}", 10, "scenario.time", "`5` has no unit"),
        ("{at: Sunday 09:00, close: ana}", 10, "ok", ""),
        ("{at: 2026-01-04 09:00, close: ana}", 10, "scenario.time", "is before the start"),
        ("{at: Sonday 09:00, close: ana}", 10, "scenario.time", "is no weekday"),
        ("{close: ana}", 5, "file.missing-key", "has no `at`"),
        ("{at: 5m}", 5, "scenario.deed", "nothing happens here"),
        ("{at: 5m, clsoe: ana}", 14, "file.unknown-key", "Did you mean `close`?"),
        ("{at: 5m, close: 5}", 21, "file.wrong-type", "For example: `close: dora`"),
        ("{at: 5m, severity: P7}", 24, "scenario.severity", "knows no severity"),
        ("{at: 5m, escalate: cfo}", 24, "scenario.recipient", "nobody is called `cfo`"),
        ("{at: 5m, escalate: {too: cto}}", 30, "scenario.deed", "Did you mean `to`?"),
        ("{at: 5m, note: {text: 5}}", 14, "scenario.deed", "For example: `note:"),
        ("{at: 5m, role: {commander: a}}", 32, "scenario.role", "incident-commander"),
        ("{at: 5m, role: ana}", 20, "file.wrong-type", "must hold role and person"),
        ("{at: 5m, alert: {service: 5}}", 31, "file.wrong-type", "must be a text"),
        ("{at: 5m, outage: {for: 5m}}", 14, "file.wrong-value", "must name a channel"),
        ("{at: 5m, outage: {channel: sms}}", 32, "scenario.channel", "nobody has a contact by"),
        ("{at: 5m, outage: {person: anna}}", 31, "scenario.recipient", "Did you mean `ana`?"),
        ("{at: 5m, incident: shop, close: a}", 24, "scenario.incident", "nothing opens"),
        ("{at: 5m, expect: {}}", 14, "scenario.expect", "nothing is expected here"),
        ("{at: 5m, expect: {why: because}}", 14, "scenario.expect", "nothing is expected"),
        ("{at: 5m, expect: {pgae: cto}}", 23, "file.unknown-key", "Did you mean `page`?"),
        ("{at: 5m, expect: {page: team-led}}", 29, "scenario.recipient", "`team-lead`"),
        ("{at: 5m, expect: {nobody: [x]}}", 32, "scenario.recipient", "`x`"),
        ("{at: 5m, expect: {no: pages}}", 27, "scenario.happens", "Did you mean `page`?"),
        ("{at: 5m, expect: {happens: acknowleged}}", 32, "scenario.happens", "`acknowledged`"),
        ("{at: 5m, expect: {only: {pge: cto}}}", 35, "scenario.happens", "Did you mean `page`?"),
        ("{at: 5m, expect: {state: done}}", 30, "scenario.state", "`resolved`"),
        ("{at: 5m, expect: {severity: P7}}", 33, "scenario.severity", "`P0`"),
        ("{at: 5m, expect: {facts: {cosmetc: true}}}", 40, "scenario.fact", "`cosmetic`"),
        ("{at: 5m, expect: {role: {commander: x}}}", 41, "scenario.role", "incident-commander"),
        ("{at: 5m, expect: {clocks: {respond: soon}}}", 41, "scenario.clock", "`12m left`"),
        ("{at: 5m, expect: {on_call: {secondary: ana}}}", 44, "scenario.recipient", "`secondary`"),
        ("{at: 5m, expect: {no: page, until: 5m}}", 40, "scenario.time", "is not after `at`"),
        ("{at: 5m, expect: {page: cto, within: 4}}", 42, "scenario.time", "`4` has no unit"),
        (
            "{at: 5m, expect: {page: cto, within: 4m, until: 9m}}", 53, "scenario.expect",
            "say the same",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_in_a_story(entry: str, column: int, code: str, said: str) -> None:
    found = problems_in(story(entry))
    if code == "ok":
        assert found == []
        return
    first = found[0]
    assert (first.code, first.line, first.column) == (code, 4, column), first
    assert said in f"{first.what} {first.hint}"
    assert {problem.line for problem in found} == {4}


def test_what_is_to_be_refused_may_be_unknown() -> None:
    entry = "{at: 5m, severity: P7, by: ana%s}"
    assert problems_in(story(entry % "")) != []
    assert problems_in(story(entry % ", expect: {refused: knows no severity}")) == []


def test_a_name_of_any_plan_of_the_story_is_known() -> None:
    text = story("{at: 1h, edit_plan: o}", "{at: 2h, severity: P7, by: ana}")
    level = msgspec.structs.replace(PLAN.severities[0], code="P7")
    other = msgspec.structs.replace(PLAN, severities=(level, *PLAN.severities))
    assert [one.code for one in problems_in(text, World(plan=PLAN, edits={"o": PLAN}))] == [
        "scenario.severity"
    ]
    assert problems_in(text, World(plan=PLAN, edits={"o": other})) == []


def test_a_kind_that_the_plan_does_not_have() -> None:
    text = "scenario: x\nkind: secrity\n"
    picky = msgspec.structs.replace(PLAN, kinds=("security",))
    (problem,) = problems_in(text, World(plan=picky))
    assert (problem.code, problem.line) == ("scenario.kind", 2)
    assert "Did you mean `security`?" in problem.hint
    assert problems_in(text, WORLD) == [], "it has no list of kinds"


def test_nothing_is_expected_after_the_end() -> None:
    (problem,) = problems_in(story("{at: 5h, expect: {no: page}}", head="lasts: 4h"))
    assert (problem.code, problem.line) == ("scenario.time", 4)


def test_all_problems_come_at_once() -> None:
    text = "scenario: x\nseverity: P9\nstory:\n  - {at: 5, close: a}\n  - {at: 5m, escalate: x}\n"
    assert [problem.line for problem in problems_in(text)] == [2, 4, 5]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), ".nan", ".inf"])
def test_a_number_is_finite(value: float | str) -> None:
    assert wrong_fact(PLAN, "error_rate", value) is not None


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_a_command_that_its_example_makes(name: str) -> None:
    verb = VERBS[name]
    entry = f"{{at: 5m, {name}: {verb.example}, expect: {{refused: x}}}}".replace("'", "")
    (deed,) = script_of(story(entry)).scenario.deeds
    assert type(deed.command) is verb.command
    assert verb.main in verb.fields()


BY_MACHINES = {c.Open, c.AlertsCame, c.AlertsWent}
"""What no verb is for: reports and alerts are entries of their own."""


BESIDE = {c.Attach, c.Pin, c.Unpin, c.Link, c.Merge, c.Split}
"""What lies beside the plan: files, pins, and other incidents, of which a story has none."""


def test_every_command_that_people_hand_in_has_a_verb() -> None:
    handed_in = set(get_args(c.AnyCommand)) - BY_MACHINES - BESIDE
    assert {verb.command for verb in VERBS.values()} == handed_in


def test_every_code_is_explained_and_every_explained_code_exists() -> None:
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^### `(scenario\.[a-z-]+)`$", page, re.MULTILINE))
    files = [*(ROOT / "src/tocsin/core/scenarios").glob("*.py")]
    files.append(ROOT / "src/tocsin/cli/scenarios.py")
    sources = "".join(path.read_text(encoding="utf-8") for path in files)
    assert set(re.findall(r'"(scenario\.[a-z-]+)"', sources)) == explained
