"""Steps of an escalation in words."""

from datetime import timedelta

from tocsin.core.plan.model import Exhausted, Step
from tocsin.core.times import After
from tocsin.core.words.phrases import listed, named
from tocsin.core.words.times import duration, point

HOW = {"page": "page", "notify": "notify", "ticket": "file a ticket with"}
HOW_MEANS = {
    "page": "is called, and has to acknowledge",
    "notify": "is told; no answer is expected",
    "ticket": "gets a ticket",
}
_UNLESS = {
    "acknowledged": "if nobody has acknowledged",
    "resolved": "if it is not resolved",
}


def people(recipients: tuple[str, ...], *, everyone: bool = False) -> str:
    """Say who is meant: "the on-call engineer", "everybody of the security team"."""
    said = listed([f"the {named(one)}" for one in recipients], "or")
    return f"everybody of {said}" if everyone else said


def comes_later(step: Step) -> bool:
    """Whether something can have happened before the step is taken."""
    return not step.manual and (not isinstance(step.at, After) or step.at.delay > timedelta())


def when(step: Step) -> str:
    """Say when a step is taken, and under which condition as to the incident's state."""
    if step.manual:
        return "when somebody asks for it"
    said = point(step.at)
    if isinstance(step.at, After) and step.at.delay:
        said = f"{duration(step.at.delay)} after detection, {_UNLESS[step.until]}"
    return said


def step(one: Step) -> str:
    """Say a step: "page the team lead 30 minutes after detection, if nobody has acknowledged"."""
    level = f"level {one.level}: " if one.level else ""
    return f"{level}{HOW[one.do]} {people(one.to, everyone=one.everyone)} {when(one)}"


def last_resort(one: Exhausted) -> str:
    """Say what happens once all steps were taken and nobody has answered."""
    whom = people(one.page) if one.page else "whoever was called last"
    every = duration(timedelta(seconds=one.every_seconds))
    return f"{whom} is alarmed every {every}, until somebody acknowledges"
