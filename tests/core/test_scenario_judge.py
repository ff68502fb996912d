"""Expectations: each kind holds where it should, and says what came instead where it does not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.small_plan import ORG_TEXT, PLAN_TEXT
from tests.core.stories import ORG, PLAN, WORLD, judged, played, script_of, story, world_of

from tocsin.core.scenarios.expectations import Script
from tocsin.core.scenarios.judge import judge
from tocsin.core.scenarios.noting import World
from tocsin.core.simulation import Played, play

# The small plan, P0, nobody reacts. In minutes: 0 page on-call-engineer, 5 acknowledge missed,
# 10 page team-lead, 15 respond missed, 30 page engineering-manager, 45 alarm, 60 alarm.
ANSWERED = "{at: 12m, acknowledge: dora}"

HOLDS = [
    "{at: 0m, expect: {page: on-call-engineer}}",
    "{at: 10m, expect: {page: [team-lead]}}",
    "{at: 8m, expect: {page: team-lead, within: 2m}}",
    "{at: 8m, expect: {page: team-lead, until: 11m}}",
    "{at: 45m, expect: {alarm: [team-lead, engineering-manager]}}",
    "{at: 60m, expect: {alarm: team-lead}}",
    "{at: 0m, expect: {started: [acknowledge, respond]}}",
    "{at: 5m, expect: {missed: acknowledge}}",
    "{at: 12m, acknowledge: dora, role: {incident-commander: ana}, "
    "expect: {met: assign incident-commander}}",
    "{at: 12m, severity: P3, by: ana, expect: {dropped: assign incident-commander}}",
    "{at: 12m, close: dora, expect: {refused: it is too early}}",
    "{at: 12m, close: dora, expect: {refused: incident.open}}",
    "{at: 10m, expect: {happens: page}}",
    "{at: 10m, expect: {happens: call}}",
    "{at: 10m, expect: {happens: {do: page, to: team-lead, by: tocsin, why: 10m}}}",
    "{at: 5m, expect: {happens: [clock_missed, {do: missed, clock: acknowledge}]}}",
    "{at: 10m, expect: {page: team-lead, why: UNLESS acknowledged}}",
    "{at: 1m, expect: {no: [call, missed]}}",
    "{at: 1m, expect: {no: [call, missed], until: 5m}}",
    "{at: 0m, expect: {nobody: team-lead, until: 10m}}",
    "{at: 10m, expect: {only: {page: team-lead}}}",
    "{at: 0m, expect: {only: {page: [on-call-engineer, team-lead]}, until: 30m}}",
    "{at: 1m, expect: {only: {}}}",
    "{at: 30m, expect: {page: engineering-manager, nothing_more: page}}",
    "{at: 12m, acknowledge: dora, expect: {nothing_more: call}}",
    "{at: 0m, expect: {severity: P0, state: open}}",
    "{at: 12m, acknowledge: dora, expect: {state: acknowledged}}",
    "{at: 12m, facts: {error_rate: 1}, by: ana, expect: {facts: {error_rate: 1}}}",
    "{at: 12m, role: {incident-commander: ana}, expect: {role: {incident-commander: ana}}}",
    "{at: 12m, expect: {role: {incident-commander: nobody}}}",
    "{at: 3m, expect: {clocks: {acknowledge: 2m left, respond: due 15m, repair: none}}}",
    "{at: 3m, expect: {clocks: {acknowledge: running, respond: due 10:15}}}",
    "{at: 5m, expect: {clocks: {acknowledge: missed}}}",
    "{at: 4m, acknowledge: ana, expect: {clocks: {acknowledge: met}}}",
    "{at: 0m, expect: {on_call: {primary: ana, on-call-engineer: ana}}}",
    "{at: 0m, expect: {on_call: {stakeholders: [emil, dora]}}}",
    "{at: 0m, expect: {phase: none, mode: none, status: none, tasks: {duty/users: none}}}",
    "{at: 0m, expect: {code: INC-2026-001, channel: '#incident-2026-001'}}",
    "{at: 0m, expect: {severity: Critical}}",
    "{at: 1m, facts: {data_breach: '?'}, by: ana, expect: {facts: {data_breach: '?'}}}",
    "{at: 1m, severity: high, by: ana, expect: {severity: P1}}",
    "{at: 0m, expect: {reached: ana}}",
]

FAILS = [
    ("{at: 9m, expect: {page: team-lead}}", "page team-lead", "it happens at 10m"),
    ("{at: 8m, expect: {page: team-lead, within: 1m}}", "page team-lead", "it happens at 10m"),
    ("{at: 8m, expect: {page: team-lead, until: 10m}}", "page team-lead", "it happens at 10m"),
    ("{at: 10m, expect: {page: cto}}", "page cto", "page team-lead"),
    ("{at: 1m, expect: {page: cto}}", "page cto", "nothing of the kind"),
    ("{at: 1m, expect: {code: INC-2026-002}}", "code INC-2026-002", "INC-2026-001"),
    ("{at: 10m, expect: {notice: team-lead}}", "notice team-lead", "nothing of the kind"),
    ("{at: 5m, expect: {missed: acknowlege}}", "missed acknowlege", "missed acknowledge"),
    ("{at: 6m, expect: {missed: acknowlege}}", "missed acknowlege", "Did you mean `acknowledge`?"),
    ("{at: 12m, close: dora, expect: {refused: too late}}", "refused because of `too late`",
     "it is too early"),
    ("{at: 12m, acknowledge: dora, expect: {refused: x}}", "refused because of `x`", "nothing"),
    ("{at: 10m, expect: {page: team-lead, why: cto}}", "page team-lead because of `cto`",
     "it says `escalation step 3"),
    ("{at: 10m, expect: {page: team-lead, line: 3}}", "page team-lead (plan line 3)",
     "asks for it"),
    ("{at: 10m, expect: {no: page}}", "no page", "page team-lead at 10m"),
    ("{at: 0m, expect: {no: call, until: 11m}}", "no call",
     "page on-call-engineer at 0m, page team-lead at 10m"),
    ("{at: 5m, expect: {no: missed}}", "no missed", "missed acknowledge at 5m"),
    ("{at: 10m, expect: {nobody: team-lead}}", "nothing is sent to team-lead", "page team-lead"),
    ("{at: 10m, expect: {nobody: dora}}", "nothing is sent to dora", "page team-lead"),
    ("{at: 10m, expect: {only: {notice: team-lead}}}", "only notice team-lead", "page team-lead"),
    ("{at: 0m, expect: {only: {page: on-call-engineer}, until: 11m}}",
     "only page on-call-engineer", "page team-lead at 10m"),
    ("{at: 0m, expect: {only: {}}}", "only no call at all", "page on-call-engineer at 0m"),
    ("{at: 30m, expect: {nothing_more: page}}", "no more page", "page engineering-manager at 30m"),
    ("{at: 10m, expect: {page: team-lead, nothing_more: page}}", "no more page", "at 30m"),
    ("{at: 0m, expect: {severity: P1}}", "severity P1", "P0 (as simulated)"),
    ("{at: 0m, expect: {state: resolved}}", "state resolved", "open"),
    ("{at: 0m, expect: {facts: {data_breach: '?'}}}", "data_breach: ?", "nobody has stated it"),
    ("{at: 0m, expect: {phase: recovery}}", "phase recovery", "none"),
    ("{at: 0m, expect: {tasks: {x: done}}}", "task x: done", "there is no such task then"),
    ("{at: 0m, expect: {facts: {error_rate: 1}}}", "error_rate: 1", "nobody has stated it"),
    ("{at: 1m, facts: {cosmetic: true}, expect: {facts: {cosmetic: false}}}", "cosmetic: false",
     "true"),
    ("{at: 1m, expect: {role: {incident-commander: ana}}}", "incident-commander: ana", "nobody"),
    ("{at: 3m, expect: {clocks: {acknowledge: 1m left}}}", "clock acknowledge: 1m left", "2m left"),
    ("{at: 3m, expect: {clocks: {acknowledge: due 7m}}}", "clock acknowledge: due 7m", "2m left"),
    ("{at: 5m, expect: {clocks: {acknowledge: met}}}", "clock acknowledge: met", "missed"),
    ("{at: 5m, expect: {clocks: {repair: met}}}", "clock repair: met", "there are: acknowledge"),
    ("{at: 0m, expect: {on_call: {primary: ben}}}", "on call as primary: ben", "ana"),
    ("{at: 0m, expect: {reached: ben}}", "reached ben", "nothing of the kind"),
    ("{at: 12m, close: dora}", "the deed is done", "refused: INC-2026-001 is open"),
]  # fmt: skip


@pytest.mark.parametrize("entry", HOLDS)
def test_it_holds(entry: str) -> None:
    assert judged(story(entry)) == []


@pytest.mark.parametrize(("entry", "wanted", "instead"), FAILS)
def test_it_does_not_hold_and_says_why(entry: str, wanted: str, instead: str) -> None:
    (failure,) = judged(story(entry))
    assert failure.wanted == wanted
    assert instead in failure.instead
    assert failure.place[0] == 4


PHASES = """
phases:
  containment: {name: Containment, steps: [Isolate it]}
  recovery: {name: Recovery, steps: [Restore it]}
"""


def test_how_far_the_work_has_come() -> None:
    world = world_of(PLAN_TEXT + PHASES, ORG_TEXT)
    task = next(one.id for one in world.plan.tasks if one.text == "Isolate it")
    entries = (
        f"{{at: 0m, expect: {{phase: containment, tasks: {{{task}: open}}}}}}",
        f"{{at: 5m, tick: {task}, by: ana, expect: {{tasks: {{{task}: done}}}}}}",
        "{at: 6m, enter_phase: recovery, by: ana, expect: {phase: recovery}}",
    )
    assert judged(story(*entries), world) == []
    assert judged(story(*(entry.replace("done", "waived") for entry in entries)), world) != []


def test_a_failure_stands_where_the_key_stands() -> None:
    (failure,) = judged(story("{at: 5m, expect: {missed: acknowledge, severity: P1}}"))
    assert failure.place == (4, 54)


def test_what_is_missing_and_what_came_instead_are_told_as_happenings() -> None:
    text = story("{at: 9m, expect: {page: team-lead}}")
    (failure,) = judged(text)
    (missing,) = failure.missing
    assert (missing.t, missing.do, missing.to) == (540, "page", "team-lead")
    happenings = played(text).happenings
    assert [happenings[index].t for index in failure.unexpected] == [600]


def test_every_failure_is_told_in_the_order_of_the_file() -> None:
    entries = ["{at: 9m, expect: {page: cto, state: resolved}}", "{at: 1m, expect: {page: cto}}"]
    assert [one.place[0] for one in judged(story(*entries))] == [4, 4, 5]


def test_a_refusal_may_be_expected_by_another_entry_of_that_time() -> None:
    assert judged(story("{at: 5m, close: ana}", "{at: 5m, expect: {refused: too early}}")) == []


def test_people_who_answer_at_random_are_never_mistaken() -> None:
    """What the seed lets people do too late is refused too, and nobody wrote it down."""
    for seed in range(20):
        assert judged(story("{at: 0m, expect: {severity: P0}}", head=f"seed: {seed}")) == []


TABLE = """
scenario: x
classify:
  - {facts: {cosmetic: true}, severity: P3}
  - {facts: {cosmetic: true}, severity: P2}
  - {facts: {error_rate: 0.02, cosmetic: true}, severity: P2, because: [error_rate]}
  - {facts: {error_rate: 0.02, cosmetic: true}, severity: P2, because: [error_rate, cosmetic]}
  - {facts: {}, severity: none}
  - {facts: {cosmetic: true, data_breach: "?"}, severity: low}
  - {facts: {data_breach: suspected}, severity: none}
"""


def test_a_table_of_severities() -> None:
    assert [(one.place[0], one.wanted, one.instead) for one in judged(TABLE)] == [
        (5, "P2 for {cosmetic: true}", "P3 because of cosmetic"),
        (
            7,
            "P2 for {error_rate: 0.02, cosmetic: true} because of `cosmetic`",
            "P2 because of error_rate > 0.01",
        ),
        (
            10,
            "no incident for {data_breach: suspected}",
            'P1 because of data_breach == "suspected"',
        ),
    ]


# A scenario made of what a simulation tells always passes.

DEEDS = st.lists(
    st.tuples(
        st.integers(0, 90),
        st.sampled_from(
            [
                "acknowledge: dora",
                "release: dora",
                "resolve: ana",
                "reopen: ben",
                "close: emil",
                "severity: P1, by: ana",
                "severity: P3, by: ana",
                "facts: {service_availability: none}, by: ben",
                "role: {incident-commander: ana}",
                "escalate: engineering-manager",
                "alert: {alertname: ApiDown, severity: critical}",
                "alert_ends: ApiDown",
                "report: The shop is slow",
                "outage: {channel: email, for: 7m}",
                "outage: {person: dora}",
            ]
        ),
    ),
    max_size=6,
)


def own_story(before: str, told: Played) -> str:
    """The story again, with everything that happened in it expected."""
    lines = []
    names = {code: name for name, code in told.named.items()}
    first = next(iter(told.timelines), "")
    for one in told.happenings:
        if one.incident not in ("", first) and one.incident not in names:
            continue
        about = {"do": one.do, "to": one.to, "clock": one.clock, "by": one.by, "line": one.line}
        said = {name: value for name, value in about.items() if value}
        if one.why and one.do == "refused":
            said["why"] = one.code
        expect: dict[str, Any] = {"happens": [said]}
        if one.do == "refused":
            expect["refused"] = one.code
        if one.reached:
            expect["reached"] = list(one.reached)
        entry: dict[str, Any] = {"at": f"{int(one.t)}s", "expect": expect}
        if one.incident not in ("", first):
            entry["incident"] = names[one.incident]
        lines.append(f"  - {msgspec.json.encode(entry).decode()}\n")
    return before + "".join(lines)


@settings(max_examples=80, deadline=None)
@given(DEEDS)
def test_what_a_simulation_tells_always_passes(deeds: list[tuple[int, str]]) -> None:
    before = "scenario: x\nseverity: P0\nstory:\n"
    before += "".join(f"  - {{at: {minute}m, {deed}}}\n" for minute, deed in deeds)
    if not deeds:
        before = before.replace("story:", "story:  # nobody reacts")
    text = own_story(before, played(before.replace("story:  # nobody reacts", "story: []")))
    assert judged(text) == []


@settings(max_examples=30, deadline=None)
@given(DEEDS, st.integers(1, 59))
def test_nothing_passes_a_second_too_early(deeds: list[tuple[int, str]], second: int) -> None:
    """Everything happens at full minutes, so that nothing is there between them."""
    script: Script = script_of(
        story(f"{{at: {second}s, expect: {{no: [call, started, met, missed, opened]}}}}",
              *(f"{{at: {minute}m, {deed}}}" for minute, deed in deeds if "outage" not in deed))
    )  # fmt: skip
    quiet = play(PLAN, ORG, script.scenario)
    only_expected = [one for one in judge(ORG, script, quiet) if one.wanted != "the deed is done"]
    assert only_expected == []


def test_without_an_organisation_everybody_is_called_by_the_recipient_s_name() -> None:
    entry = "{at: 10m, expect: {page: team-lead, reached: team-lead}}"
    assert judged(story(entry), World(plan=PLAN)) == []
    assert judged(story(entry), WORLD) != []
