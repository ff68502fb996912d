"""Pages that follow what happens, over a real connection to a real server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue

import httpx
import pytest
import uvicorn
from tests.web.stage import Page, Stage, open_stage

from tocsin.core.incident import commands as c
from tocsin.engine import actions
from tocsin.engine.audit import Doer
from tocsin.web.access import token_hash
from tocsin.web.app import make_app
from tocsin.web.sessions import end_session

PATIENCE = 10.0


class Served:
    """A stage behind a real server."""

    def __init__(self, stage: Stage, port: int) -> None:
        self.stage = stage
        config = uvicorn.Config(
            make_app(stage.world, stage.site), port=port, log_level="error", lifespan="off",
            timeout_graceful_shutdown=5,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.stage.ending = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


class Listening:
    """A browser's end of a stream: collects (event, id, html)."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.heard: Queue[tuple[str, str, str] | None] = Queue()
        self.status = 0
        self.thread = threading.Thread(target=self._listen, args=(url, headers), daemon=True)
        self.thread.start()

    def _listen(self, url: str, headers: dict[str, str]) -> None:
        with httpx.stream("GET", url, headers=headers, timeout=PATIENCE, trust_env=False) as answer:
            self.status = answer.status_code
            event, number, data = "", "", []
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "id":
                    number = value
                elif name == "data":
                    data.append(value)
                elif not line and event:
                    self.heard.put((event, number, "\n".join(data)))
                    event, number, data = "", "", []
        self.heard.put(None)

    def next(self, event: str) -> tuple[str, str]:
        """Wait for the next message of that kind; return its id and text."""
        while True:
            message = self.heard.get(timeout=PATIENCE)
            assert message is not None, "the stream has ended"
            if message[0] == event:
                return message[1], Page(message[2]).text

    def ends(self) -> None:
        while self.heard.get(timeout=PATIENCE) is not None:
            pass


@contextmanager
def free_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with free_port() as port:
        pass
    with open_stage(tmp_path, base_url=f"http://127.0.0.1:{port}") as stage:
        stage.put_in_force()
        served = Served(stage, port)
        yield served
        served.stop()


def listen(served: Served, path: str, **more: str) -> Listening:
    return Listening(served.stage.base_url + path, {**served.stage.operator, **more})


def test_what_happens_appears(served: Served) -> None:
    stage = served.stage
    stage.alert()
    browser = listen(served, "/live/incidents/INC-2026-001?after=4")
    actions.act(stage.world, "INC-2026-001", c.Acknowledge(by="ben", via="cli"))
    number, text = browser.next("entry")
    assert number == "5"
    assert "Ben Okafor acknowledged it" in text
    _, now = browser.next("now")
    assert "Ben Okafor has it since" in now
    _, ladder = browser.next("ladder")
    assert "will page" not in ladder
    actions.act(stage.world, "INC-2026-001", c.Note(by="ana", text="<b>two\nlines</b>"))
    while "noted" not in (text := browser.next("entry")[1]):
        pass
    assert "<b>two lines</b>" in text


def test_a_browser_that_comes_back_gets_what_it_missed(served: Served) -> None:
    stage = served.stage
    stage.alert()
    first = listen(served, "/live/incidents/INC-2026-001?after=0")
    for expected in ("1", "2", "3", "4"):
        assert first.next("entry")[0] == expected
    again = listen(served, "/live/incidents/INC-2026-001?after=0", **{"Last-Event-ID": "2"})
    assert again.next("entry")[0] == "3"
    assert again.next("entry")[0] == "4"
    actions.act(stage.world, "INC-2026-001", c.Note(by="ana", text="x"))
    assert again.next("entry")[0] == "5"
    never_was = listen(
        served, "/live/incidents/INC-2026-001?after=4", **{"Last-Event-ID": "9" * 5000}
    )
    assert never_was.next("entry")[0] == "5"


def test_a_new_incident_appears_in_the_list_and_the_inbox(served: Served) -> None:
    stage = served.stage
    incidents = listen(served, "/live/incidents")
    assert "Nothing is wrong." in incidents.next("list")[1]
    inbox = listen(served, "/live/inbox", **{"Tocsin-As": "ana"})
    assert "No messages yet." in inbox.next("inbox")[1]
    stage.alert("PaymentsDown")
    assert "PaymentsDown" in incidents.next("list")[1]
    assert "PaymentsDown" in inbox.next("inbox")[1]


def test_another_node_is_noticed_too(served: Served) -> None:
    """Nobody tells this process: it finds out by looking."""
    stage = served.stage
    stage.alert()
    browser = listen(served, "/live/incidents/INC-2026-001?after=4")
    other_node = replace(stage.world, wake=lambda: None)
    actions.act(other_node, "INC-2026-001", c.Note(by="ana", text="from another node"))
    assert "from another node" in browser.next("entry")[1]


def test_streams_end_when_the_server_does(served: Served) -> None:
    served.stage.alert()
    streams = [listen(served, "/live/incidents/INC-2026-001?after=0") for _ in range(5)]
    for stream in streams:
        stream.next("entry")
    served.stop()
    for stream in streams:
        stream.ends()


def test_a_stream_ends_with_its_session(served: Served) -> None:
    stage = served.stage
    browser = stage.signed_in("ana")
    token = browser.client.cookies["tocsin"]
    stream = Listening(f"{stage.base_url}/live/incidents", {"Cookie": f"tocsin={token}"})
    stream.next("list")
    end_session(stage.world, token_hash(token), Doer("ana"))
    stream.ends()


def test_streams_are_for_readers(served: Served) -> None:
    for headers in ({}, served.stage.integration):
        stream = Listening(f"{served.stage.base_url}/live/incidents", headers)
        with pytest.raises((AssertionError, Empty)):
            stream.next("list")
        assert stream.status in (401, 403)
