"""`tocsin simulate`: a plan on a virtual clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tocsin.cli import story
from tocsin.cli.bad_nights import NIGHTS, play
from tocsin.cli.command import Command, make_app
from tocsin.cli.files import load_plan_to_obey, load_together, open_text, refused
from tocsin.cli.output import print_json_line
from tocsin.cli.scenarios import Shelf
from tocsin.cli.trouble import parted, wrong_usage
from tocsin.core.document import listed, near
from tocsin.core.instants import parse_instant
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.scenarios.file import DEFAULT_START
from tocsin.core.scenarios.noting import EPOCH
from tocsin.core.scenarios.read import draft
from tocsin.core.simulation import Scenario, everybody_reachable
from tocsin.core.simulation import simulate as happenings
from tocsin.core.times import parse_duration

app = make_app()

EXAMPLES = """
tocsin simulate plan.yaml --severity P0
tocsin simulate plan.yaml tests/a-bad-evening.scenario.yaml
tocsin simulate plan.yaml --severity P3 --at "friday 18:00" --for 3d
tocsin simulate plan.yaml --org org.yaml --faults --seeds 1000
tocsin simulate plan.yaml --org org.yaml --json | jq -r 'select(.do == "page") | .to'
"""


@app.command(cls=Command, epilog=EXAMPLES)
def simulate(
    plan_file: Annotated[
        Path,
        typer.Argument(
            metavar="PLAN", help="The plan file, or a scenario file that names its plan."
        ),
    ],
    scenario_file: Annotated[
        Path | None,
        typer.Argument(metavar="[SCENARIO]", help="What people do; without it nobody reacts."),
    ] = None,
    org: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who is there; without it everybody is reachable."),
    ] = None,
    severity: Annotated[str, typer.Option(metavar="CODE", help="The incident's level.")] = "",
    kind: Annotated[str, typer.Option(metavar="KIND", help="The kind of incident.")] = "",
    at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="When it is detected, in the plan's time zone: `2026-03-06 18:00`, "
            f"`friday 18:00`. If nobody says: {DEFAULT_START}, a Monday.",
        ),
    ] = "",
    lasts: Annotated[
        str,
        typer.Option("--for", metavar="DURATION", help="How long to look on, as in `4h`."),
    ] = "",
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Let people answer, as this number says.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    faults: Annotated[
        bool,
        typer.Option("--faults", help="Play bad nights: processes die, disks fail, clocks jump."),
    ] = False,
    seeds: Annotated[
        int, typer.Option(metavar="N", help="How many bad nights; `--seed` tells one of them.")
    ] = NIGHTS,
) -> None:
    """Play a plan through: who is called, when, and why.

    It is the same code that runs incidents, with another clock and nobody called. Without a
    scenario an incident of the worst severity is detected and nobody reacts. The same arguments
    always give the same story: weekdays count from 2026-01-05. With `--faults` nothing is told of
    the plan: everything that can go wrong does, and in no night may a call be lost.
    """
    changes = Changes(severity, kind, at, lasts, seed)
    if not faults:
        _play_story(plan_file, scenario_file, org, changes, as_json=as_json)
        return
    if scenario_file is not None or changes.of_the_story:
        hint = "Leave the scenario, --severity, --kind, --at and --for out."
        raise wrong_usage("--faults draws its nights itself", hint)
    play(plan_file, org, nights=seeds, seed=seed, as_json=as_json)


def _play_story(
    plan_file: Path,
    scenario_file: Path | None,
    org: Path | None,
    changes: "Changes",
    *,
    as_json: bool,
) -> None:
    if scenario_file is None and plan_file.name.endswith(".scenario.yaml"):
        plan_file, scenario_file = _plan_of(plan_file), plan_file
    if scenario_file is not None:
        plan, organisation, scenario = _told_by(scenario_file, plan_file, org)
    else:
        plan = load_plan_to_obey(plan_file)
        organisation = load_together(plan, org) if org is not None else everybody_reachable(plan)
        scenario = Scenario(starts=_instant(DEFAULT_START, plan))
    scenario = _changed(scenario, plan, changes)
    happened = happenings(plan, organisation, scenario)
    if as_json:
        for happening in happened:
            print_json_line(_line(happening, real=bool(organisation.version)))
    else:
        story.show(plan, organisation, scenario, list(happened))


@dataclass(frozen=True)
class Changes:
    """What the command line says of the story; it precedes what a scenario says."""

    severity: str
    kind: str
    at: str
    lasts: str
    seed: int | None

    @property
    def of_the_story(self) -> bool:
        """Whether anything is said that only a story has."""
        return bool(self.severity or self.kind or self.at or self.lasts)


def _changed(scenario: Scenario, plan: Plan, wanted: Changes) -> Scenario:
    changes: dict[str, Any] = {}
    if wanted.severity or wanted.kind:
        changes["detected"] = True
    if wanted.seed is not None:
        changes["seed"] = wanted.seed
    if wanted.severity:
        codes = [severity.code for severity in plan.severities]
        changes["severity"] = _known(wanted.severity, codes, "severity")
    if wanted.kind:
        changes["kind"] = _known(wanted.kind, plan.kinds or [wanted.kind], "kind")
    if wanted.at:
        changes["starts"] = _instant(wanted.at, plan)
    if wanted.lasts:
        try:
            changes["lasts"] = parse_duration(wanted.lasts)
        except ValueError as error:
            raise parted(error) from None
    return msgspec.structs.replace(scenario, **changes)


def _line(happening: Happening, *, real: bool) -> dict[str, Any]:
    """Return a happening for a program; people are named only if they are `real`."""
    return {
        "t": int(happening.t) if happening.t == int(happening.t) else happening.t,
        "do": happening.do,
        "to": happening.to,
        "people": list(happening.people) if real else [],
        "clock": happening.clock,
        "why": happening.why,
        "line": happening.line or None,
        "by": happening.by,
        "incident": happening.incident,
        "at": happening.at.isoformat().replace("+00:00", "Z"),
        **({"through": list(happening.through)} if happening.through else {}),
    }


def _told_by(path: Path, plan: Path, org: Path | None) -> tuple[Plan, Organisation, Scenario]:
    loaded = Shelf().load(path, plan, org)
    if loaded.script is None or loaded.world is None:
        raise refused(loaded.problems, loaded.files)
    return loaded.world.plan, loaded.organisation, loaded.script.scenario


def _plan_of(path: Path) -> Path:
    file = open_text(path, "scenario")
    named = draft(file.content, file.name).plan
    if not named:
        raise wrong_usage(
            f"{path} does not say which plan it is for",
            "Add `plan: ../plan.yaml` to it, or put the plan first: tocsin simulate PLAN SCENARIO",
        )
    return path.parent / named


def _instant(text: str, plan: Plan) -> datetime:
    try:
        return parse_instant(text, EPOCH, plan.time_zone)
    except ValueError as error:
        raise parted(error) from None


def _known(word: str, known: Iterable[str], what: str) -> str:
    names = list(known)
    if word not in names:
        hint = near(word, names) + f"It knows: {listed(names)}."
        raise wrong_usage(f"the plan knows no {what} `{word}`", hint)
    return word
