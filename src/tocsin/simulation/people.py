"""The people of a run: they answer what reaches them, or not, and do what people do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tocsin.core.delivery import Message
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.core.overrides import Wish
from tocsin.engine.actions import Report, act, declare
from tocsin.engine.audit import Doer
from tocsin.engine.covering import make_override
from tocsin.engine.keys import answer_token, same
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.rules import NoRules, Offer, Overtaken, Refused, Rules
from tocsin.engine.world import World
from tocsin.simulation.dice import lot
from tocsin.simulation.disk import SECRET
from tocsin.simulation.node import Node
from tocsin.simulation.schedule import MINUTE, SECOND, Happening, instant
from tocsin.simulation.stage import READERS
from tocsin.simulation.surroundings import Surroundings

AGAIN = 5 * SECOND
TRIES = 24
"""So often, at such distances, a person tries what did not work."""

Deed = Callable[[World], None]


class Around(Protocol):
    """What people have to do with: nodes, and whoever wants to know what they have seen."""

    nodes: list[Node]

    def shown(self, incident: Incident) -> None:
        """Note what somebody has seen."""

    def link_is_unknown(self, message_id: str) -> None:
        """Note that a link leads nowhere."""


class People:
    """Everybody who is not a machine."""

    def __init__(self, night: Surroundings, around: Around) -> None:
        self._night = night
        self._around = around
        self._rules = Rules(night.store, READERS)
        """What was in force when the run began."""

    def put_in_force(self) -> None:
        """Let the operator put the plan and the organisation in force, before anything happens."""
        stage = self._night.stage
        rules = self._rules
        files = ("plan.yaml", stage.plan), ("org.yaml", stage.organisation)
        problems = rules.activate(*files, instant(0))
        if rules.refused:
            raise AssertionError("\n".join(map(str, problems)))

    def got(self, message: Message) -> None:
        """Read a message, and answer it sooner or later, once, twice or never."""
        night = self._night
        schedule = night.schedule
        if not message.link:
            return
        if lot(schedule.seed, "answers", message.id) >= schedule.answering:
            return
        after = SECOND + int(lot(schedule.seed, "after", message.id) * schedule.quick)
        token = message.link.rpartition("/a/")[2]
        self._later(after, f"link of {message.id}", lambda world: self._answer(world, token))
        if lot(schedule.seed, "twice", message.id) < 0.2:
            again = after + SECOND
            self._later(again, f"link of {message.id}", lambda world: self._answer(world, token))

    def _answer(self, world: World, token: str) -> None:
        """Press the button of an answering link, as `web.pages.incident.answer` takes it."""
        message_id = token.rpartition(".")[0]
        with world.store.read() as reading:
            delivery = reading.delivery(message_id)
            kept = reading.incident(delivery.incident) if delivery is not None else None
        if delivery is None or kept is None:
            self._around.link_is_unknown(message_id)
            # Another node may know it: one that works without its store, or does so no more.
            raise StoreUnavailable("the link leads nowhere")
        right = same(token, answer_token(SECRET, message_id, delivery.person))
        if not right or delivery.person not in world.rules.organisation.people:
            return
        if kept.incident.state == "open":
            self._act(world, kept.incident.code, c.Acknowledge(by=delivery.person, via="link"))
            seed = self._night.schedule.seed
            if lot(seed, "mends", message_id) < 0.6:
                code, person = kept.incident.code, delivery.person
                after = int(MINUTE + lot(seed, "mended", message_id) * 30 * MINUTE)
                command = c.Resolve(by=person, via="page")
                self._later(after, "mended", lambda world: self._act(world, code, command))

    def does(self, happening: Happening) -> None:
        """Do something of one's own accord."""
        match happening.do:
            case "declares":
                self._later(0, f"declares {happening.at}", lambda w: self._declare(w, happening))
            case "edits":
                self._later(0, f"edits {happening.at}", lambda w: self._edit(w, happening.number))
            case "overrides":
                self._later(0, f"overrides {happening.at}", lambda w: self._override(w, happening))
            case "clears":
                for code in self._codes("open", "acknowledged"):
                    command = c.Resolve(by=self._person(0), via="page")
                    self._later(0, f"clears {code}", _acting(self._act, code, command))
            case _:
                self._deed(happening)

    def _deed(self, happening: Happening) -> None:
        states = ("resolved",) if happening.do == "reopens" else ("open", "acknowledged")
        codes = self._codes(*states)
        if not codes:
            return
        number = happening.number
        code = codes[number % len(codes)]
        person = self._person(number)
        commands: dict[str, c.Command] = {
            "acknowledges": c.Acknowledge(by=person, via="page"),
            "releases": c.Release(by=person, via="page", why="has to go"),
            "resolves": c.Resolve(by=person, via="page"),
            "reopens": c.Reopen(by=person, via="page", why="it is not over"),
            "escalates": c.Escalate(by=person, via="page", to=self._recipient(number)),
            "raises": c.SetSeverity(by=person, via="page", severity=self._severity(number)),
            "merges": c.Merge(by=person, via="page", into=codes[0], why="the same"),
        }
        if happening.do == "merges" and code == codes[0]:
            return
        command = commands[happening.do]
        self._later(0, f"{happening.do} {happening.at}", _acting(self._act, code, command))

    def _later(self, after: int, what: str, deed: Deed, tries: int = 0) -> None:
        self._night.at(self._night.t + after, self.tries, what, deed, tries)

    def tries(self, what: str, deed: Deed, tries: int) -> None:
        """Let somebody do something through one of the nodes, and again where that fails."""
        node = self._node(what, tries)
        if node is None:
            self._again(what, deed, tries)
            return

        def attempt() -> None:
            try:
                deed(node.world)
            except (StoreUnavailable, Conflict, NoRules):
                self._again(what, deed, tries)

        node.run(node.life, attempt)

    def _again(self, what: str, deed: Deed, tries: int) -> None:
        if tries < TRIES:
            self._later(AGAIN, what, deed, tries + 1)

    def _act(self, world: World, code: str, command: c.Command) -> None:
        night = self._night
        done = act(world, code, command)
        name = type(command).__name__.lower()
        if isinstance(done, Refusal):
            night.note("refusal", command.by, f"{name} {code}: {done.reason}")
            return
        night.figures["deeds"] += 1
        night.note("does", command.by, f"{name} {code}: it is {done.state}")
        self._around.shown(done)

    def _declare(self, world: World, happening: Happening) -> None:
        plan = world.rules.plan
        severity = plan.severities[happening.number % len(plan.severities)].code
        key = str(happening.at)
        by = self._person(happening.number)
        report = Report(title="Something is wrong", by=by, via="page", key=key, severity=severity)
        done = declare(world, report)
        if isinstance(done, Incident):
            self._night.note("declares", by, f"{done.code}")
            self._around.shown(done)

    def _edit(self, world: World, number: int) -> None:
        night = self._night
        if not night.stage.edits:
            return
        edit = night.stage.edits[number]
        try:
            offer = Offer(
                by="operator",
                via="cli",
                plan=("plan.yaml", edit.plan) if edit.plan else None,
                organisation=("org.yaml", edit.organisation) if edit.organisation else None,
            )
            world.rules.apply(offer, world.now())
        except (Refused, Overtaken) as problem:
            night.note("edit-refused", "operator", f"{edit.what}: {problem}")
            return
        night.figures["edits"] += 1
        night.note("edits", "operator", edit.what)

    def _override(self, world: World, happening: Happening) -> None:
        organisation = world.rules.organisation
        if not organisation.rosters:
            return
        rosters = sorted(organisation.rosters)
        roster = rosters[happening.number % len(rosters)]
        now = world.now()
        person = self._person(happening.number)
        until = instant(self._night.t + happening.lasts)
        wish = Wish(roster=roster, person=person, start=now, end=max(until, now), why="swapped")
        done = make_override(world, wish, Doer(person, "page"), for_others=True)
        if not isinstance(done, Refusal):
            self._night.note("overrides", person, f"is on call for {roster}")

    def _node(self, what: str, tries: int) -> Node | None:
        """Return the node whose page a person has open, None if it does not answer."""
        nodes = self._around.nodes
        place = int(lot(self._night.schedule.seed, "node", what, tries) * len(nodes))
        node = nodes[place]
        return node if node.is_up and node.paused_until <= self._night.t else None

    def _codes(self, *states: str) -> list[str]:
        found: dict[str, None] = {}
        alone = [node.place for node in self._around.nodes if node.is_alone]
        for store in (self._night.store, *alone):
            with store.read() as reading:
                summaries = reading.incidents(states, None, 1000)[::-1]
            found |= dict.fromkeys(one.incident.code for one in summaries)
        return list(found)

    def _person(self, number: int) -> str:
        people = sorted(self._rules.organisation.people)
        return people[number % len(people)]

    def _recipient(self, number: int) -> str:
        recipients = sorted(self._rules.organisation.recipients)
        return recipients[number % len(recipients)]

    def _severity(self, number: int) -> str:
        severities = self._rules.plan.severities
        return severities[number % len(severities)].code


def _acting(act_: Callable[[World, str, c.Command], None], code: str, command: c.Command) -> Deed:
    return lambda world: act_(world, code, command)
