"""Many look at the same thing: it is read and rendered once, and nobody gets what is another's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.web.scene.story import quick_folder
from tests.web.stage import ORGANISATION, PLAN, Stage, open_stage
from tests.web.test_live import Listening, Served, free_port

from tocsin.core.incident import commands as c
from tocsin.core.people import Person
from tocsin.engine import actions
from tocsin.web.pages import room
from tocsin.web.pages.sharing import Eyes

CODE = "INC-2026-001"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')

RESTRICTED = (
    PLAN.replace("facts:\n", "facts:\n  secret: yes or no\n")
    + """
confidential:
  - {when: secret, readers: [team-lead], title: Something is being looked into}
"""
)


@pytest.fixture
def served() -> Iterator[Served]:
    with free_port() as port:
        pass
    url = f"http://127.0.0.1:{port}"
    with quick_folder() as folder, open_stage(folder, base_url=url) as stage:
        stage.put_in_force(RESTRICTED)
        stage.alert()
        running = Served(stage, port)
        yield running
        running.stop()


def cookie_of(stage: Stage, person: str) -> str:
    return str(stage.signed_in(person).client.cookies["tocsin"])


def listen(served: Served, cookie: str, after: int = 0) -> Listening:
    path = f"/live/incidents/{CODE}?after={after}"
    return Listening(served.stage.base_url + path, {"Cookie": f"tocsin={cookie}"})


def html_of(stream: Listening, event: str) -> str:
    while (message := stream.heard.get(timeout=10)) is not None:
        if message[0] == event:
            return message[2]
    raise AssertionError("the stream has ended")


def test_everybody_has_a_token_of_their_own_in_what_is_shared(served: Served) -> None:
    stage = served.stage
    used: dict[str, str] = {}
    for person in ("ana", "ben"):
        cookie = cookie_of(stage, person)
        stream = listen(served, cookie)
        found = TOKEN.search(html_of(stream, "now"))
        assert found is not None
        used[cookie] = found[1]
    (ana, ana_token), (ben, ben_token) = used.items()
    assert ana_token != ben_token
    answers = [
        httpx.post(
            f"{stage.base_url}/incidents/{CODE}/note",
            data={"text": "x", "form_token": token},
            headers={"Cookie": f"tocsin={cookie}", "Origin": stage.base_url},
            trust_env=False,
        ).status_code
        for cookie, token in (
            (ana, ben_token),
            (ben, ana_token),
            (ana, ana_token),
            (ben, ben_token),
        )
    ]
    assert answers == [403, 403, 303, 303]


def test_viewers_get_what_viewers_may_see(served: Served) -> None:
    """What is rendered for one who may act is never sent to one who may only look."""
    stage = served.stage
    first = listen(served, cookie_of(stage, "ana"))
    assert "<button" in html_of(first, "now")
    second = listen(served, cookie_of(stage, "vic"))
    assert TOKEN.search(html_of(second, "now")) is None


def test_many_viewers_cost_one_rendering(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = served.stage
    with stage.store.read() as reading:
        kept = reading.incident(CODE)
    assert kept is not None
    cookie = cookie_of(stage, "ben")
    made: list[str] = []
    name, render = next(iter(room.LIVE.items()))

    def counted(*given: Any) -> str:
        made.append(name)
        return render(*given)

    monkeypatch.setitem(room.LIVE, name, counted)
    streams = [listen(served, cookie, kept.entries) for _ in range(12)]
    actions.act(stage.world, CODE, c.Note(by="ana", text="once for all"))
    for stream in streams:
        assert "once for all" in stream.next("entry")[1]
    assert made == [name]


def test_who_may_read_no_more_is_told_nothing_more(served: Served) -> None:
    """Restricted while people look on: its readers go on, for the others the stream ends."""
    stage = served.stage
    ana, ben = (listen(served, cookie_of(stage, person)) for person in ("ana", "ben"))
    for stream in (ana, ben):
        html_of(stream, "now")
    secret = c.RecordFact(by="ben", name="secret", value=True)
    actions.act(stage.world, CODE, secret)
    actions.act(stage.world, CODE, c.Note(by="ben", text="the password was hunter2"))
    while "hunter2" not in html_of(ben, "entry"):
        pass
    heard = []
    while (message := ana.heard.get(timeout=10)) is not None:
        heard.append(message[2])
    assert "hunter2" not in "".join(heard)


def test_who_leaves_the_organisation_is_sent_nothing_more(served: Served) -> None:
    stage = served.stage
    vic = listen(served, cookie_of(stage, "vic"))
    html_of(vic, "now")
    without = ORGANISATION.replace(
        "  vic: {name: Vic Viewer, access: viewer, contacts: [inbox]}\n", ""
    )
    stage.put_in_force(RESTRICTED, without)
    vic.ends()


def test_who_has_missed_much_gets_all_of_it(served: Served) -> None:
    """More than is kept at hand: nothing is left out, and all of it is in order."""
    stage = served.stage
    watching = listen(served, cookie_of(stage, "ana"))
    html_of(watching, "now")
    with stage.store.read() as reading:
        before = reading.incident(CODE)
    assert before is not None
    for number in range(620):
        actions.act(stage.world, CODE, c.Note(by="ana", text=f"note {number}"))
    late = listen(served, cookie_of(stage, "ben"), before.entries)
    numbers = [int(late.next("entry")[0]) for _ in range(620)]
    assert numbers == list(range(before.entries + 1, before.entries + 621))


def test_a_piece_that_asks_who_reads_it_is_noticed() -> None:
    eyes = Eyes(Person(id="ana", name="Ana", contacts=()))
    assert (eyes.access, eyes.looked) == ("responder", False)
    assert eyes.name == "Ana"
    assert eyes.looked
