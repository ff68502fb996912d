"""`tocsin classify`: which severity a plan proposes."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.facts import facts_of
from tocsin.cli.files import load_plan
from tocsin.cli.output import clean, print_json, say, severity, tell
from tocsin.core.plan.classify import Proposal, propose
from tocsin.core.plan.conditions import facts_in
from tocsin.core.plan.model import Plan

app = make_app()

EXAMPLES = """
tocsin classify plan.yaml --fact service_availability=none
tocsin classify plan.yaml --fact error_rate=0.07 --fact data_breach=suspected
"""


@app.command(cls=Command, epilog=EXAMPLES)
def classify(
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="The plan file.")],
    fact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="What is known: true, false, a number or a word. Repeatable."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say which severity a plan proposes for some facts, and why.

    The worst severity counts of which a criterion holds; what is not stated is unknown and
    supports nothing. The exit code is 1 if no severity is proposed.
    """
    plan = load_plan(plan_file)
    proposal = propose(plan, facts_of(plan, fact or []))
    proposed = None if proposal.excluded else proposal.severity
    if as_json:
        because = [{"criterion": one.text, "line": one.line} for one in proposal.because]
        print_json({"severity": proposed.code if proposed else None, "because": because})
    else:
        _explain(plan, proposal)
    if proposed is None:
        raise typer.Exit(1)


def _explain(plan: Plan, proposal: Proposal) -> None:
    level = proposal.severity
    if level is None:
        say(("No severity", "bold"), ": no criterion of the plan holds.")
        known = sorted(
            {name for s in plan.severities for one in s.criteria for name in facts_in(one.text)}
        )
        tell(f"The plan's criteria look at: {', '.join(known)}")
        return
    if proposal.excluded:
        say(("No incident", "bold"), f": the plan excludes this, under {level.code}.")
    else:
        code = severity(level.code, level.rank)
        say((code.plain, str(code.style)), f" {clean(level.name)}")
    for one in proposal.because:
        say(f"  {clean(one.text)}  ", (f"line {one.line}", "dim"))
