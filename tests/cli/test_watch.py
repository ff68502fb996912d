"""`tocsin watch`: an incident as it happens, in a terminal and as lines for programs."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

import pytest
from tests.cli.api_server import ApiServer, entry, incident, row
from tests.cli.running import COMMAND, Terminal
from tests.servers import TocsinServer

CODE = "INC-2026-001"
PATIENCE_S = 20.0
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@pytest.mark.parametrize("columns", [60, 160])
def test_a_frame_says_what_is_wrong_who_is_called_and_what_is_due(
    tocsin: Terminal, api: ApiServer, columns: int
) -> None:
    ran = tocsin.at(columns)("watch", CODE, "--once")
    assert ran.code == 0
    for words in (
        "P0 Critical  Checkout is down",
        "severity provisional: criterion: service_availability ==",
        "open for 10m  nobody has it yet",
        "in 5m",
        "ana, page by email",
        "then page engineering-manager",
        "Restart each region",
        "red herring",
    ):
        assert words in ran.out, words
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= columns


def test_what_was_missed_is_said_in_words_and_who_has_answered_too(
    tocsin: Terminal, api: ApiServer
) -> None:
    clock = {
        "name": "respond", "due": "2026-03-06T22:05:00Z", "state": "missed",
        "started_at": "2026-03-06T22:00:00Z", "ended_at": None, "line": 29,
    }  # fmt: skip
    later = {**clock, "name": "recover", "due": "2026-03-06T23:00:00Z", "state": "running"}
    taken = {"acknowledged_by": "ana", "acknowledged_at": "2026-03-06T22:03:00Z"}
    api.answers["GET", f"/api/v1/incidents/{CODE}"] = (
        200,
        incident(
            clocks=[clock, later], state="acknowledged", severity_confirmed=True, ahead=[], **taken
        ),
    )
    shown = tocsin.at(120)("watch", CODE, "--once").out
    assert "severity confirmed" in shown
    assert "MISSED 5m ago" in shown
    assert shown.index("recover") < shown.index("respond"), "what runs stands first"
    assert "ana has answered" in shown
    assert "nobody has it" not in shown


def test_without_a_code_all_that_are_open_unanswered_and_worst_first(
    tocsin: Terminal, api: ApiServer
) -> None:
    taken = {"state": "acknowledged", "acknowledged_by": "ben"}
    rows = [
        row("INC-1", **taken),
        row("INC-2", severity="P2"),
        row("INC-3", severity="P1"),
    ]
    api.answers["GET", "/api/v1/incidents"] = (200, {"incidents": rows, "next": None})
    shown = tocsin("watch", "--once").out
    assert [shown.index(code) for code in ("INC-3", "INC-2", "INC-1")] == sorted(
        shown.index(code) for code in ("INC-1", "INC-2", "INC-3")
    )
    assert "ben has it" in shown
    assert api.last.query["state"] == "open,acknowledged"
    api.answers["GET", "/api/v1/incidents"] = (200, {"incidents": [], "next": None})
    assert "Nothing is wrong" in tocsin("watch", "--once").out


def test_one_frame_for_programs_is_the_document(tocsin: Terminal, api: ApiServer) -> None:
    assert tocsin("watch", CODE, "--once", "--json").document == incident()
    assert tocsin("watch", "--once", "--json").document == {"incidents": [row()]}


def test_a_code_that_nobody_knows_ends_at_once(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("watch", "INC-2026-01")
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean" in ran.err
    assert tocsin("watch", CODE, "--server", "http://127.0.0.1:1").code == 1


class Program:
    """`tocsin watch` in a process of its own; what it prints is heard line by line."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        clean = {"LANG": "C.UTF-8", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
        self.process = subprocess.Popen(
            [str(COMMAND), "watch", *arguments],
            env={**clean, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: Queue[str] = Queue()
        self.heard: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.said.put(line)
        stream.close()

    def hear(self, words: str) -> str:
        """Wait for a line with these words, on either stream; return it."""
        while True:
            for line in self.heard:
                if words in line:
                    return line
            try:
                self.heard.append(self.said.get(timeout=PATIENCE_S))
            except Empty:
                raise AssertionError(f"{words!r} was not said, but: {self.heard}") from None

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(2)
        code = self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return code


def test_what_happens_is_printed_a_line_each_as_it_happens(
    api: ApiServer, tocsin: Terminal
) -> None:
    program = Program(CODE, "--json", TOCSIN_SERVER=api.url, TOCSIN_KEY="tocop-test")
    first = incident()["timeline"]
    while not any(request.path.startswith("/live/") for request in api.requests):
        threading.Event().wait(0.02)
    more = entry(len(first) + 1, "noted", by="ben", text="\x1b[31mnew")
    api.answers["GET", f"/api/v1/incidents/{CODE}"] = (200, incident(timeline=[*first, more]))
    said = json.loads(program.hear("noted"))
    assert (said["incident"], said["number"], said["text"]) == (CODE, 4, "\x1b[31mnew")
    assert program.interrupt() == 0


def test_lines_go_on_when_the_server_has_been_killed_and_is_back(
    tocsin_server: TocsinServer,
) -> None:
    tocsin_server.fire("CheckoutDown", severity="critical")
    code = tocsin_server.incidents()[0]["code"]
    program = Program(code, TOCSIN_SERVER=tocsin_server.url, TOCSIN_KEY=tocsin_server.api_key)
    tocsin_server.wait_until(
        lambda: _note(tocsin_server, code, "before") and not program.said.empty()
    )
    program.hear("before")
    tocsin_server.kill()
    program.hear("no server answers")
    tocsin_server.start()
    tocsin_server.post(f"/api/v1/incidents/{code}/note", {"text": "afterwards"})
    program.hear("connected again")
    assert json.loads(program.hear("afterwards"))["by"] == "operator"
    assert program.interrupt() == 0


def _note(server: TocsinServer, code: str, text: str) -> bool:
    server.post(f"/api/v1/incidents/{code}/note", {"text": text})
    return True


class Screen:
    """`tocsin watch` in a terminal of its own, with a keyboard."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.text = ""

    def shows(self, words: str) -> None:
        """Wait until these words have come."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.text:
            if time.monotonic() > deadline:
                raise AssertionError(f"{words!r} is not on the screen:\n{self.text[-3000:]}")
            ready, _, _ = select.select([self._terminal], [], [], 0.5)
            if ready:
                more = os.read(self._terminal, 65536).decode("utf-8", "replace")
                self.text += ESCAPES.sub("", more)

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self.text = ""

    def press(self, key: str) -> None:
        """Type one key."""
        os.write(self._terminal, key.encode())


@contextmanager
def screen(server: TocsinServer, *arguments: str, columns: int) -> Iterator[Screen]:
    """Run `tocsin watch` in a terminal that is so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": "xterm",
        "TOCSIN_SERVER": server.url, "TOCSIN_KEY": server.api_key,
    }  # fmt: skip
    process = subprocess.Popen(
        [str(COMMAND), "watch", *arguments], env=environment, stdin=theirs, stdout=theirs,
        stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Screen(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("columns", [60, 140])
def test_in_a_terminal_it_lives_through_the_server_s_death(
    tocsin_server: TocsinServer, columns: int
) -> None:
    tocsin_server.fire("CheckoutDown", severity="critical")
    code = str(tocsin_server.incidents()[0]["code"])
    with screen(tocsin_server, code, "--as", "ana", columns=columns) as seen:
        seen.shows("CheckoutDown")
        seen.shows("live")
        seen.shows("nobody has it yet")
        tocsin_server.post(f"/api/v1/incidents/{code}/note", {"text": "look at the database"})
        seen.shows("look at the database")
        seen.press("a")
        seen.shows("ana has answered")
        tocsin_server.kill()
        seen.shows("NOT CONNECTED")
        tocsin_server.start()
        seen.forget()
        tocsin_server.post(f"/api/v1/incidents/{code}/note", {"text": "back again"})
        seen.shows("back again")
        seen.press("q")
        assert seen.process.wait(PATIENCE_S) == 0
