"""A stage whose plan has a status page, with channels for its subscribers that remember."""

from __future__ import annotations

import pytest
from tests.core.statuspage.lamps import PLAN
from tests.web.stage import Stage

from tocsin.core.delivery import Message, Outcome, Sent, Shown
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.engine import deliver
from tocsin.engine.actions import Report, act, declare
from tocsin.engine.statuspage.telling import tell_subscribers
from tocsin.engine.tick import tick


class Remembering:
    """A channel that remembers."""

    domain = "mail"
    bundles = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent: list[tuple[str, Message]] = []

    def problem_with(self, address: str) -> str | None:
        return None if "@" in address or address.startswith("https://") else "This is no address."

    def send(self, address: str, message: Message) -> Outcome:
        self.sent.append((address, message))
        return Sent()

    def preview(self, message: Message) -> tuple[Shown, ...]:
        return ()


class Public:
    """What a team says in public, and what its readers get."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.mail = Remembering("status-email")
        self.hook = Remembering("status-webhook")
        stage.world.channels.update(  # type: ignore[attr-defined]
            {"status-email": self.mail, "status-webhook": self.hook}
        )
        self.code = ""
        self.client = stage.client()

    def out(self, title: str = "SECRET db-7 is down", **facts: bool | str) -> None:
        said: dict[str, bool | int | float | str] = {
            "service_availability": "none",
            "user_facing": True,
            **facts,
        }
        incident = declare(self.stage.world, Report(title=title, facts=said, by="ana", via="page"))
        assert not isinstance(incident, Refusal), incident
        self.code = incident.code

    def do(self, command: c.Command) -> None:
        done = act(self.stage.world, self.code, command)
        assert not isinstance(done, Refusal), done

    def say(self, text: str, subject: str = "Orders fail", status: str = "investigating") -> None:
        self.do(
            c.Publish(
                by="ana", via="page", audience="public", status=status, subject=subject, text=text
            )
        )

    def fact(self, name: str, value: str) -> None:
        self.do(c.RecordFact(by="ana", via="page", name=name, value=value))

    def send(self) -> None:
        """Let everything leave that is due."""
        tell_subscribers(self.stage.world)
        world = self.stage.world
        room = {"status-email": 50, "status-webhook": 50}
        while claimed := tick(world, (), room).claimed:
            tick(world, [(one, deliver.attempt(world, one)) for one in claimed], {})


@pytest.fixture
def public(bare_stage: Stage) -> Public:
    bare_stage.put_in_force(plan=PLAN)
    return Public(bare_stage)
