"""What the forms of the incident room say, and the commands that are made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form, Header, Query

from tocsin.core.incident import commands as c
from tocsin.core.plan.doubt import IN_DOUBT
from tocsin.core.plan.model import Plan
from tocsin.web.facts import value_of
from tocsin.web.pages.forms import FormToken
from tocsin.web.pages.incident.timeline import FILTERS, SHOWN, Wanted

Text = Annotated[str, Form(max_length=10_000)]
Numbers = Annotated[list[int], Form()]


@dataclass
class Said:
    """What a form on the incident's page says beside its button.

    `script` is set by the page's own script, which wants an answer for the place where it asked.
    """

    form_token: FormToken = ""
    script: Annotated[str, Header(alias="Tocsin-Script", max_length=10)] = ""

    text: Text = ""
    why: Text = ""
    severity: Text = ""
    to: Text = ""
    name: Text = ""
    value: Text = ""
    role: Text = ""
    person: Text = ""
    task: Text = ""
    choice: Text = ""
    member: Text = ""
    phase: Text = ""
    audience: Text = ""
    template: Text = ""
    status: Text = ""
    update: Text = ""
    mode: Text = ""
    about: Text = ""
    options: Text = ""
    title: Text = ""
    relation: Text = ""
    back: Text = ""
    alerts: Numbers | None = None
    in_doubt: Annotated[bool, Form()] = False
    amount: Annotated[float, Form(ge=0, le=1e15)] = 0
    number: Annotated[int, Form(ge=0, lt=2**31)] = 0


@dataclass
class PartQuery:
    """Which part of a timeline an address asks for: see timeline.Wanted; `at` is an entry that is
    to be among those shown."""

    show: Annotated[str, Query(max_length=20)] = "all"
    find: Annotated[str, Query(max_length=200)] = ""
    before: Annotated[int, Query(ge=0, lt=2**31)] = 0
    at: Annotated[int, Query(ge=0, lt=2**31)] = 0

    def wanted(self) -> Wanted:
        """Return the part; an unknown filter is none."""
        before = self.before or (self.at + SHOWN // 2 if self.at else 0)
        show = self.show if self.show in FILTERS else "all"
        return Wanted(show, self.find, before)


Make = Callable[[dict[str, Any], Said, Plan], c.Command]


def _fact(who: dict[str, Any], said: Said, plan: Plan) -> c.Command:
    if said.in_doubt:
        return c.RecordFact(name=said.name, value=IN_DOUBT, in_doubt=True, **who)
    return c.RecordFact(name=said.name, value=value_of(plan, said.name, said.value), **who)


def _decision(who: dict[str, Any], said: Said, _plan: Plan) -> c.Command:
    options = tuple(line.strip() for line in said.options.splitlines() if line.strip())
    return c.TakeDecision(
        about=said.about, choice=said.choice, options=options, amount=said.amount, **who
    )


COMMANDS: dict[str, Make] = {
    "acknowledge": lambda who, said, _plan: c.Acknowledge(severity=said.severity, **who),
    "release": lambda who, _said, _plan: c.Release(**who),
    "resolve": lambda who, _said, _plan: c.Resolve(**who),
    "reopen": lambda who, _said, _plan: c.Reopen(**who),
    "close": lambda who, _said, _plan: c.Close(**who),
    "stand-down": lambda who, _said, _plan: c.StandDown(**who),
    "false-alarm": lambda who, _said, _plan: c.StandDown(false_alarm=True, **who),
    "note": lambda who, said, _plan: c.Note(text=said.text, **who),
    "fact": _fact,
    "severity": lambda who, said, _plan: c.SetSeverity(severity=said.severity, **who),
    "role": lambda who, said, _plan: c.TakeRole(role=said.role, person=said.person, **who),
    "hand-over": lambda who, said, _plan: c.HandOver(role=said.role, person=said.person, **who),
    "leave": lambda who, said, _plan: c.LeaveRole(role=said.role, **who),
    "shadow": lambda who, said, _plan: c.Shadow(role=said.role, person=said.person, **who),
    "mode": lambda who, said, _plan: c.SetMode(mode=said.mode, **who),
    "decide": _decision,
    "escalate": lambda who, said, _plan: c.Escalate(to=said.to, **who),
    "tick": lambda who, said, _plan: c.Tick(
        task=said.task, choice=said.choice, member=said.member, **who
    ),
    "waive": lambda who, said, _plan: c.Waive(task=said.task, **who),
    "phase": lambda who, said, _plan: c.EnterPhase(
        phase=said.phase, force=bool(said.why.strip()), **who
    ),
    "update": lambda who, said, _plan: c.Publish(
        audience=said.audience, text=said.text, status=said.status, template=said.template, **who
    ),
    "approve": lambda who, said, _plan: c.Approve(update=said.update, **who),
    "withdraw": lambda who, said, _plan: c.Withdraw(update=said.update, **who),
    "pin": lambda who, said, _plan: c.Pin(number=said.number, **who),
    "unpin": lambda who, said, _plan: c.Unpin(number=said.number, **who),
    "link": lambda who, said, _plan: c.Link(
        to=said.to.strip(), relation=said.relation or "relates", **who
    ),
    "merge": lambda who, said, _plan: c.Merge(into=said.to.strip(), **who),
}
"""Command by the last part of the address that a form is sent to."""
