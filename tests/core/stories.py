"""Stories as scenario files, told and judged: what the tests of scenarios share."""

from __future__ import annotations

from pathlib import Path

from tests.core.small_plan import ORG_TEXT, PLAN_TEXT

from tocsin.core.organisation import read_organisation
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.scenarios.expectations import Script
from tocsin.core.scenarios.judge import Failure, judge, judge_table
from tocsin.core.scenarios.noting import World
from tocsin.core.scenarios.read import draft, read_scenario
from tocsin.core.simulation import Played, everybody_reachable, play

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "plans" / "starter"


def world_of(plan_text: str | bytes, org_text: str | bytes) -> World:
    """A plan with its people."""
    plan, problems = read(plan_text, "plan.yaml")
    assert plan is not None, "\n".join(map(str, problems))
    organisation, problems = read_organisation(org_text, "org.yaml")
    assert organisation is not None, "\n".join(map(str, problems))
    return World(plan=plan, organisation=organisation)


WORLD = world_of(PLAN_TEXT, ORG_TEXT)
PLAN = WORLD.plan
ORG = everybody_reachable(PLAN) if WORLD.organisation is None else WORLD.organisation


def problems_in(text: str, world: World = WORLD) -> list[Problem]:
    """What is said of a scenario."""
    return read_scenario(draft(text, "x.scenario.yaml"), world)[1]


def script_of(text: str, world: World = WORLD) -> Script:
    """A scenario without problems."""
    script, problems = read_scenario(draft(text, "x.scenario.yaml"), world)
    assert script is not None, "\n".join(map(str, problems))
    return script


def played(text: str, world: World = WORLD) -> Played:
    """The story that a scenario tells."""
    organisation = world.organisation or everybody_reachable(world.plan)
    return play(world.plan, organisation, script_of(text, world).scenario)


def told(text: str, *kinds: str, world: World = WORLD) -> list[str]:
    """The happenings of some kinds, a line each, in minutes."""
    return [line(one) for one in played(text, world).happenings if one.do in kinds]


def line(one: Happening) -> str:
    """A happening in a few words."""
    about = one.to or one.clock or one.by
    return f"{round(one.t / 60, 2):g} {one.do} {about}"


def judged(text: str, world: World = WORLD) -> list[Failure]:
    """In what the plan does not do what the scenario expects."""
    script = script_of(text, world)
    organisation = world.organisation or everybody_reachable(world.plan)
    failures = judge_table(world.plan, script.classify)
    return failures + judge(organisation, script, play(world.plan, organisation, script.scenario))


def story(*entries: str, head: str = "severity: P0") -> str:
    """A scenario file; its first entry stands in the fourth line."""
    lines = "".join(f"  - {entry}\n" for entry in entries)
    return f"scenario: x\n{head}\nstory:\n{lines}"
