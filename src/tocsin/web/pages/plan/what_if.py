"""What would happen if: the plan in force on a virtual clock, as a link that can be passed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from time import perf_counter

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from msgspec.structs import replace

from tocsin.core.incident import commands as c
from tocsin.core.instants import parse_instant
from tocsin.core.people import Organisation
from tocsin.core.plan.model import FactValue, Plan, Severity
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.simulation import Deed, Scenario, simulate
from tocsin.core.words.phrases import listed
from tocsin.web.access import Known
from tocsin.web.facts import choices, value_of
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.plan.chart import Axis
from tocsin.web.pages.plan.what_if_words import Story, end_of, story_of
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

FACT = "fact-"
LOOKS_AT_MOST = 3_000
HAPPENINGS_AT_MOST = 500
SECONDS_AT_MOST = 3.0
"""How much one story may ask of the server, and how long it may take."""

WAITING_AT_MOST = 8
"""So many may wait for a simulation; whoever comes then is told to come again."""

MINUTES_AT_MOST = 30 * 24 * 60
FARTHEST = timedelta(days=3653)
"""From now to where a story begins."""

LASTS = {
    "": "until nothing new happens",
    "1h": "1 hour",
    "4h": "4 hours",
    "1d": "1 day",
    "3d": "3 days",
    "7d": "7 days",
}
_LASTS = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
}
SPEEDS = ((60, "slow"), (25, "normal"), (10, "fast"))
"""Seconds for the whole story."""


@dataclass(frozen=True)
class Choice:
    """What somebody wants to see, as the address of the page says it; times are in minutes."""

    severity: str = ""
    also: str = ""
    kind: str = ""
    at: str = ""
    acknowledge: int | None = None
    escalate: int | None = None
    to: str = ""
    resolve: int | None = None
    lasts: str = ""
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> bool:
        """Whether anything was chosen, so that the story may begin to run."""
        return bool(self.typed)


class _Wrong(ValueError):
    """A choice makes no sense; says what, and how to cure it after a semicolon."""


@router.get("/plan/what-if")
async def what_if_page(request: Request, web: TheWeb, caller: Reader) -> Response:
    """Play the plan through as the address asks, and show every step."""
    typed = dict(request.query_params)
    if web.simulations.statistics().tasks_waiting >= WAITING_AT_MOST:
        hint = "open the page again in a few seconds"
        raise Trouble(503, "what-if.busy", "many simulations run just now", hint, 5)
    return await to_thread.run_sync(_page, web, caller, typed, limiter=web.simulations)


def _page(web: Web, caller: Known, typed: dict[str, str]) -> Response:
    plan, organisation = web.world.rules.plan, web.world.rules.organisation
    trouble: Trouble | None = None
    stories: list[Story] = []
    choice = Choice(typed=typed)
    starts = web.world.now()
    try:
        choice = _choice(plan, typed)
        starts = _starts(choice, plan, web.world.now())
        stories = _stories(plan, organisation, choice, starts)
    except _Wrong as wrong:
        what, _, hint = str(wrong).partition("; ")
        trouble = Trouble(422, "what-if.wrong", what, hint or "choose something else")
    facts = [(rule, FACT + rule.name, choices(rule)) for rule in plan.facts.values()]
    axis = Axis(stories[0].end if stories else end_of(()))
    return render(
        web, "what_if.html", caller, 200 if trouble is None else trouble.status,
        plan=plan, organisation=organisation, choice=choice, typed=typed, trouble=trouble,
        stories=stories, starts=starts, facts=facts, lasts=LASTS, speeds=SPEEDS,
        said=_said(choice, plan), recipients=sorted(plan.recipients()),
        axis=axis,
    )  # fmt: skip


def _choice(plan: Plan, typed: Mapping[str, str]) -> Choice:
    codes = [severity.code for severity in plan.severities]
    for name in ("severity", "also"):
        if typed.get(name) and typed[name] not in codes:
            raise _Wrong(f"the plan has no severity {typed[name]!r}; choose one of {listed(codes)}")
    if typed.get("kind") and typed["kind"] not in plan.kinds:
        raise _Wrong(
            f"the plan knows no kind {typed['kind']!r}; choose one of {listed(plan.kinds)}"
        )
    if typed.get("to") and typed["to"] not in plan.recipients():
        raise _Wrong(f"the plan calls nobody {typed['to']!r}; choose one that it calls")
    facts = {
        name.removeprefix(FACT): value_of(plan, name.removeprefix(FACT), value)
        for name, value in typed.items()
        if name.startswith(FACT) and value.strip() and name.removeprefix(FACT) in plan.facts
    }
    lasts = typed.get("lasts", "")
    return Choice(
        severity=typed.get("severity", ""),
        also=typed.get("also", ""),
        kind=typed.get("kind", ""),
        at=typed.get("at", "")[:80],
        acknowledge=_minutes(typed, "acknowledge"),
        escalate=_minutes(typed, "escalate"),
        to=typed.get("to", ""),
        resolve=_minutes(typed, "resolve"),
        lasts=lasts if lasts in LASTS else "",
        facts=facts,
        typed=typed,
    )


def _minutes(typed: Mapping[str, str], name: str) -> int | None:
    words = typed.get(name, "").strip()
    if not words:
        return None
    if not (words.isascii() and words.isdigit()) or len(words) > 9 or int(words) > MINUTES_AT_MOST:
        raise _Wrong(
            f"{words[:40]!r} is no number of minutes here; write a whole number up to "
            f"{MINUTES_AT_MOST} for `{name}`"
        )
    return int(words)


def _starts(choice: Choice, plan: Plan, now: datetime) -> datetime:
    if not choice.at.strip():
        return now
    try:
        starts = parse_instant(choice.at, now, plan.time_zone)
    except ValueError as error:
        raise _Wrong(str(error)) from None
    if abs(starts - now) > FARTHEST:
        raise _Wrong("that is too far from now; choose a time within ten years")
    return starts


def _stories(
    plan: Plan, organisation: Organisation, choice: Choice, starts: datetime
) -> list[Story]:
    wanted = [choice.severity] + ([choice.also] if choice.also else [])
    names = Names(organisation, plan)
    played = []
    for code in wanted:
        scenario = Scenario(
            starts=starts,
            severity=code,
            kind=choice.kind,
            facts=choice.facts,
            lasts=_LASTS.get(choice.lasts),
            looks=LOOKS_AT_MOST,
        )
        deeds = _deeds(plan, organisation, scenario, choice)
        played.append(_played(plan, organisation, replace(scenario, deeds=deeds)))
    end = end_of(happened for happened, _ in played)
    return [
        story_of(plan, names, _severity(plan, happened), happened, end, cut=cut)
        for happened, cut in played
    ]


def _played(
    plan: Plan, organisation: Organisation, scenario: Scenario
) -> tuple[list[Happening], bool]:
    """Return what happens, and whether the story was cut short."""
    began = perf_counter()
    happened: list[Happening] = []
    for one in islice(simulate(plan, organisation, scenario), HAPPENINGS_AT_MOST):
        happened.append(one)
        if perf_counter() - began > SECONDS_AT_MOST:
            return happened, True
    return happened, len(happened) == HAPPENINGS_AT_MOST


def _severity(plan: Plan, happened: Sequence[Happening]) -> Severity:
    """The severity with which a story opened: the facts may have decided it."""
    code = next((one.to for one in happened if one.do == "opened"), plan.severities[0].code)
    return plan.severity(code)


def _deeds(
    plan: Plan, organisation: Organisation, scenario: Scenario, choice: Choice
) -> tuple[Deed, ...]:
    """Return what people do. Whoever was called last until then does it."""
    deeds: list[Deed] = []
    last = max((m for m in (choice.acknowledge, choice.escalate, choice.resolve) if m is not None),
               default=None)  # fmt: skip
    if last is None:
        return ()
    ahead = replace(scenario, lasts=timedelta(minutes=last))
    silent, _ = _played(plan, organisation, ahead)
    if choice.escalate is not None:
        by = _called_last(silent, choice.escalate, organisation)
        to = choice.to or _top(plan)
        asked = c.Escalate(by=by, to=to, why="as chosen here")
        deeds.append(Deed(at=timedelta(minutes=choice.escalate), command=asked))
    if choice.acknowledge is not None:
        by = _called_last(silent, choice.acknowledge, organisation)
        deeds.append(Deed(at=timedelta(minutes=choice.acknowledge), command=c.Acknowledge(by=by)))
    if choice.resolve is not None:
        until = choice.acknowledge if choice.acknowledge is not None else choice.resolve
        by = _called_last(silent, until, organisation)
        deeds.append(Deed(at=timedelta(minutes=choice.resolve), command=c.Resolve(by=by)))
    return tuple(deeds)


def _called_last(happened: Sequence[Happening], minutes: int, organisation: Organisation) -> str:
    """Return who was called last until then; somebody of the organisation if nobody was."""
    people = [
        one.people[0]
        for one in happened
        if one.do in ("page", "alarm") and one.people and one.t <= minutes * 60
        and one.people[0] in organisation.people
    ]  # fmt: skip
    return people[-1] if people else next(iter(organisation.people), "somebody")


def _top(plan: Plan) -> str:
    """Return whom the plan calls last of all."""
    every = [to for steps in plan.steps.values() for step in steps for to in step.to]
    return every[-1] if every else next(iter(sorted(plan.recipients())), "")


def _said(choice: Choice, plan: Plan) -> str:
    """Say what people do in this story."""
    said = []
    if choice.escalate is not None:
        whom = choice.to or _top(plan)
        said.append(f"{whom} is called for after {choice.escalate} minutes")
    if choice.acknowledge is not None:
        said.append(f"it is acknowledged after {choice.acknowledge} minutes")
    if choice.resolve is not None:
        said.append(f"resolved after {choice.resolve} minutes")
    return listed(said) if said else "nobody reacts"
