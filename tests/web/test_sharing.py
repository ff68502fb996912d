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
from tocsin.engine.audit import Doer
from tocsin.web.access import open_sessions, token_hash
from tocsin.web.pages import live
from tocsin.web.pages.incident import room
from tocsin.web.pages.sharing import Eyes
from tocsin.web.sessions import end_session

CODE = "INC-2026-001"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')

RESTRICTED = (
    PLAN.replace("facts:\n", "facts:\n  secret: yes or no\n")
    + """
confidential:
  - {when: secret, readers: [team-lead], title: Something is being looked into}
"""
)

WITH_ANN = ORGANISATION.replace(
    "people:\n", "people:\n  ann: {name: Ann Other, contacts: [inbox]}\n"
)
"""Somebody who may do what Ana may, and is on no roster."""


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


def test_people_to_whom_it_is_the_same_share_what_they_may_press(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Buttons and roles are made once for all who are nothing special to the incident."""
    stage = served.stage
    stage.put_in_force(RESTRICTED, WITH_ANN)
    made: list[str] = []

    def counted(name: str) -> room.Render:
        render = room.LIVE[name]

        def rendered(web: Any, caller: Any, what: Any) -> str:
            made.append(name)
            return render(web, caller, what)

        return rendered

    for name in ("now", "roles"):
        monkeypatch.setitem(room.LIVE, name, counted(name))
    seen: dict[str, dict[str, str]] = {"now": {}, "roles": {}}
    for person in ("ana", "ann"):
        stream = listen(served, cookie_of(stage, person))
        for name in ("now", "roles"):
            seen[name][person] = TOKEN.sub("", html_of(stream, name))
    assert len(made) == 2
    assert len({*seen["now"].values()}) == 1
    assert len({*seen["roles"].values()}) == 1


def test_who_holds_a_role_is_offered_to_leave_it_and_nobody_else_is(served: Served) -> None:
    stage = served.stage
    stage.put_in_force(RESTRICTED, WITH_ANN)
    ana, ann = (listen(served, cookie_of(stage, person)) for person in ("ana", "ann"))
    for stream in (ana, ann):
        html_of(stream, "roles")
    taken = c.TakeRole(by="ana", role="incident-commander", person="ana")
    actions.act(stage.world, CODE, taken)
    of_ana, of_ann = html_of(ana, "roles"), html_of(ann, "roles")
    assert ("Leave it" in of_ana, "Look on" in of_ana) == (True, False)
    assert ("Leave it" in of_ann, "Look on" in of_ann) == (False, True)


def test_who_comes_later_gets_what_was_rendered_before(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes come, nothing else: the parts beside the timeline are not made again for a newcomer."""
    stage = served.stage
    cookie = cookie_of(stage, "ana")
    made: list[str] = []
    render = room.LIVE["facts"]

    def counted(*given: Any) -> str:
        made.append("facts")
        return render(*given)

    monkeypatch.setitem(room.LIVE, "facts", counted)
    first = listen(served, cookie)
    html_of(first, "facts")
    actions.act(stage.world, CODE, c.Note(by="ana", text="one more"))
    while "one more" not in html_of(first, "entry"):
        pass
    html_of(listen(served, cookie), "facts")
    assert made == ["facts"]


def test_all_who_watch_are_looked_up_by_one_question(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whose session has ended is told nothing more, the others go on."""
    stage = served.stage
    cookies = [cookie_of(stage, person) for person in ("ana", "ben", "vic")]
    streams = [listen(served, cookie) for cookie in cookies]
    for stream in streams:
        html_of(stream, "now")
    asked: list[int] = []

    def counted(world: Any, many: Any) -> Any:
        asked.append(len(many))
        return open_sessions(world, many)

    monkeypatch.setattr(live, "open_sessions", counted)
    end_session(stage.world, token_hash(cookies[0]), Doer("ana"))
    streams[0].ends()
    actions.act(stage.world, CODE, c.Note(by="ben", text="still here"))
    for stream in streams[1:]:
        while "still here" not in html_of(stream, "entry"):
            pass
    assert max(asked) >= 3


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
