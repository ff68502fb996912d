"""Escalation: who is called, in which order and when; as tables, call ladders and charts."""

from datetime import timedelta

from tocsin.core.plan.model import Plan, Severity, Step
from tocsin.core.plan.notations import nominal
from tocsin.core.rendered.cards import condition_text
from tocsin.core.rendered.levels import NOTHING
from tocsin.core.rendered.outline import Block, Paragraph, Picture, Section, Table, Text
from tocsin.core.rendered.pictures import Bar, Rung, chart, ladder
from tocsin.core.rendered.timing import bars_of
from tocsin.core.rendered.wording import Wording, part
from tocsin.core.times import After
from tocsin.core.words.calls import HOW_MEANS, last_resort
from tocsin.core.words.phrases import capital, listed, named, sentence
from tocsin.core.words.times import duration, point

HOW = {"page": "Page", "notify": "Notify", "ticket": "Ticket"}
OR = ", or "
EVERYBODY = "everybody of "
UNTIL = {"acknowledged": "nobody has acknowledged", "resolved": "it is not resolved"}
AS_LONG_AS = "Each of these is made only as long as "
HEADINGS = (
    "After detection", "How", "Who", "As long as", "Level", "Only if", "To decide or do",
)  # fmt: skip
BY_HAND = "when asked for"
_NONE_PLANNED = "Nobody is called by the plan itself."


def escalation(wording: Wording) -> Section:
    """The calls of every severity."""
    plan = wording.plan
    used = [step.do for steps in plan.steps.values() for step in steps]
    means = [f"{HOW[do]}: whoever is named {HOW_MEANS[do]}." for do in HOW if do in used]
    return part(
        "escalation", "Escalation",
        Paragraph(" ".join(means)) if means else None,
        Paragraph(sentence(f"When all calls were made in vain: {last_resort(plan.exhausted)}")),
        sections=[_of_severity(wording, severity) for severity in plan.severities],
    )  # fmt: skip


def _of_severity(wording: Wording, severity: Severity) -> Section:
    plan = wording.plan
    steps = plan.steps.get(severity.code, ())
    blocks: list[Block] = []
    if steps:
        untils = {step.until for step in steps}
        if len(untils) == 1:
            blocks.append(Paragraph(f"{AS_LONG_AS}{UNTIL[untils.pop()]}."))
        blocks.append(_table(wording, steps))
        if len(steps) > 1:
            blocks.append(_ladder(plan, severity, steps))
    else:
        blocks.append(Paragraph(_NONE_PLANNED))
    bars = bars_of(wording, severity)
    if len(bars) > 1:
        blocks.append(_chart(plan, severity, bars))
    return part(f"escalation-{severity.code}", plan.shown(severity.code), *blocks)


def _table(wording: Wording, steps: tuple[Step, ...]) -> Table:
    """One row per step; columns that say nothing are left out."""
    rows: list[tuple[Text, ...]] = []
    for step in steps:
        at = BY_HAND if step.manual else point(step.at)
        level = f"level {step.level}" if step.level else NOTHING
        condition = condition_text((step.when,), wording.facts) if step.when else NOTHING
        mandate = "\n".join(step.mandate) or NOTHING
        rows.append((at, HOW[step.do], who(step), UNTIL[step.until], level, condition, mandate))
    # What holds for all of them stands above the table.
    shared = rows[0][3] if len({row[3] for row in rows}) == 1 else NOTHING
    kept = [
        column for column in range(len(HEADINGS))
        if column < 3 or {row[column] for row in rows} - {NOTHING, shared}
    ]  # fmt: skip
    return Table(
        tuple(HEADINGS[column] for column in kept),
        tuple(tuple(row[column] for column in kept) for row in rows),
        tuple((step.line,) for step in steps),
    )


def who(step: Step) -> str:
    """Say whom a step tells: "team lead, or CTO"."""
    said = OR.join(named(one) for one in step.to)
    return EVERYBODY + said if step.everyone else said


def _ladder(plan: Plan, severity: Severity, steps: tuple[Step, ...]) -> Picture:
    rungs = [
        Rung(at=short_time(step), how=step.do, who=capital(who(step))) for step in steps
    ]  # fmt: skip
    calls = any(step.do == "page" and not step.manual for step in steps)
    if calls:
        every = duration(timedelta(seconds=plan.exhausted.every_seconds))
        whom = listed([named(one) for one in plan.exhausted.page]) or "whoever was called last"
        rungs.append(
            Rung(at=f"every {every}", how="page", who=f"Alarm: {whom}", last=True)
        )  # fmt: skip
    title = f"Who is called at {plan.shown(severity.code)}"
    return ladder(f"ladder-{severity.code}.svg", title, rungs)


def short_time(step: Step) -> str:
    """Say when a step is taken in a few words."""
    if step.manual:
        return BY_HAND
    if isinstance(step.at, After) and step.at.delay:
        return duration(step.at.delay)
    return "at once" if nominal(step.at) == timedelta() else point(step.at)


def _chart(plan: Plan, severity: Severity, bars: list[Bar]) -> Picture:
    title = f"What falls due when at {plan.shown(severity.code)}"
    return chart(f"times-{severity.code}.svg", title, bars)
