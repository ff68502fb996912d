"""The people: in which ways they are reached, who sees what of it, and test messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from tests.web.stage import ORGANISATION, Stage

from tocsin.core.delivery import Failed, Message, Outcome, Sent
from tocsin.core.incident import commands as c
from tocsin.engine import actions, deliver
from tocsin.engine.tick import tick

PEOPLE = (
    ORGANISATION.replace(
        "ana: {name: Ana Prieto, contacts: [inbox]}",
        "ana: {name: Ana Prieto, contacts: [inbox, email ana@example.org, slack ana]}",
    )
    + "slack:\n  ana: env:ANA_SLACK\n"
)


@dataclass
class Fake:
    """A channel that does as the test says."""

    name: str
    domain: str
    wrong: str | None = None
    outcome: Outcome = Sent()  # noqa: RUF009
    bundles: bool = False

    def problem_with(self, address: str) -> str | None:
        return self.wrong and self.wrong.format(address=address)

    def send(self, address: str, message: Message) -> Outcome:
        return self.outcome


@pytest.fixture
def stage(bare_stage: Stage) -> Stage:
    bare_stage.world.channels.update(  # type: ignore[attr-defined]
        inbox=Fake("inbox", "local"), email=Fake("email", "mail"), slack=Fake("slack", "ip")
    )
    bare_stage.put_in_force(organisation=PEOPLE)
    return bare_stage


def work(stage: Stage) -> None:
    """Let everything that is due be sent."""
    room = dict.fromkeys(stage.world.channels, 9)
    claimed = tick(stage.world, (), room).claimed
    while claimed:
        outcomes = [(one, deliver.attempt(stage.world, one)) for one in claimed]
        claimed = tick(stage.world, outcomes, room).claimed


def test_everybody_is_listed_with_what_may_keep_a_page_away(stage: Stage) -> None:
    page = stage.signed_in().open("/people")
    assert "Ana Prieto" in page.text
    assert "All ways depend on mail: when it fails, no page arrives." in page.text  # Ben
    assert "No way leaves this server, so a page wakes nobody." in page.text  # Vic
    assert "/people/ben" in page.links


def test_addresses_are_whole_for_oneself_and_administrators_only(stage: Stage) -> None:
    for reader, whose, is_whole in (
        ("ana", "ana", True), ("ben", "ana", True), ("vic", "ana", False), ("ana", "ben", False),
    ):  # fmt: skip
        for path in ("/people", f"/people/{whose}"):
            text = stage.signed_in(reader).open(path).text
            assert (f"{whose}@example.org" in text) is is_whole, (reader, path)
            assert is_whole or f"{whose}@e…" in text


def test_what_a_channel_says_is_wrong_does_not_give_the_address_away(stage: Stage) -> None:
    stage.world.channels["email"].wrong = "{address} is on no server"  # type: ignore[attr-defined]
    text = stage.signed_in("vic").open("/people/ana").text
    assert "Cannot work here: ana@e… is on no server" in text
    assert "ana@example.org" not in text


def test_what_became_of_messages_stands_beside_each_way(stage: Stage) -> None:
    stage.world.channels["slack"].outcome = Failed("permanent", "channel_not_found")  # type: ignore[attr-defined]
    browser = stage.signed_in("ana")
    assert "never tried" in browser.open("/people/ana").text
    assert browser.press("Send me a test").status_code == 303
    work(stage)
    text = browser.open("/people/ana").text
    assert "handed over 10 Nov" in text
    assert "channel_not_found" in text
    assert "Slack is failing: channel_not_found" in text


def test_a_test_goes_through_every_contact_is_audited_and_limited(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    for number in range(3):
        browser.open("/people/ana")
        answer = browser.press("Send me a test")
        assert answer.status_code == 303
        assert f"INC-2026-00{number + 1}" in answer.headers["location"]
    browser.open("/people/ana")
    refused = browser.press("Send me a test")
    assert refused.status_code == 429
    assert "Ana Prieto was sent 3 tests within ten minutes" in refused.text
    with stage.store.read() as reading:
        sent = reading.inbox("ana", 50)
        exercise = reading.incident("INC-2026-001")
    assert len(sent) == 9
    assert exercise is not None
    assert exercise.incident.exercise
    assert exercise.incident.state == "resolved"
    stage.at += timedelta(minutes=10, seconds=1)
    browser.open("/people/ana")
    assert browser.press("Send me a test").status_code == 303


def test_nobody_tests_others_but_administrators(stage: Stage) -> None:
    page = stage.signed_in("ana").open("/people/ben")
    assert not [form for form in page.forms if "/test" in form.action]
    browser = stage.signed_in("ana")
    form = next(f for f in browser.open("/people/ana").forms if f.action.endswith("/test"))
    headers = {"Origin": stage.base_url}
    assert (
        browser.client.post("/people/ben/test", data=form.fields, headers=headers).status_code
        == 403
    )
    assert browser.client.post("/people/ana/test", headers=headers).status_code == 403
    admin = stage.signed_in("ben")
    admin.open("/people/ana")
    assert admin.press("Send a test").status_code == 303


def test_next_shifts_and_answers_of_a_person(stage: Stage) -> None:
    stage.alert()
    work(stage)
    stage.at += timedelta(minutes=4)
    code = "INC-2026-001"
    text = stage.signed_in().open("/people/ana").text
    assert "no answer yet" in text
    actions.act(stage.world, code, c.Acknowledge(by="ana", via="page"))
    text = stage.signed_in().open("/people/ana").text
    assert "answered after 4 minutes" in text
    assert "primary now" in text.replace("  ", " ")
    assert "on-call-engineer" in text


def test_a_stranger_is_not_found(stage: Stage) -> None:
    answer = stage.signed_in().client.get("/people/nobody")
    assert answer.status_code == 404
    assert "there is no person" in answer.text
