"""Subscribing by a form without JavaScript, from the first mail to the last."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.web.stage import Browser
from tests.web.statuspage.conftest import Public

from tocsin.web.statuspage.publisher import Publisher

SAME = {"Origin": "http://tocsin.test"}


def ask(public: Public, address: str, how: str = "email", **more: object) -> int:
    answer = public.client.post(
        "/status/subscribe", data={"how": how, "address": address, **more}, headers=SAME
    )
    return int(answer.status_code)


def link_in(text: str) -> str:
    found = re.search(r"http://tocsin\.test(/status/subscription/\S+)", text)
    assert found is not None, text
    return found[1]


def test_from_the_form_to_the_last_mail(public: Public) -> None:
    browser = Browser(public.stage.client())
    browser.open("/status/subscribe")
    answer = browser.press("Subscribe", address="ann@example.org")
    assert "one with a link is on its way" in answer.text
    public.send()
    ((address, asked),) = public.mail.sent
    assert address == "ann@example.org"
    path = link_in(asked.text)
    browser.open(path)
    assert "Confirm" in browser.page.buttons
    public.out()
    public.say("We look into it.")
    public.send()
    assert len(public.mail.sent) == 1, "opening the link is no consent"
    answer = browser.press("Confirm")
    assert "You are subscribed" in answer.text
    public.say("A cable.", status="identified")
    public.send()
    told = public.mail.sent[-1][1]
    assert told.headline == "[Lamp shop] Identified: Orders fail"
    assert "A cable." in told.text
    assert "https://status.example.org/incidents/" in told.text
    leave = told.unsubscribe.removeprefix("http://tocsin.test")
    browser.open(leave)
    assert "Unsubscribe" in browser.page.buttons
    ended = public.stage.client().post(leave, data={"List-Unsubscribe": "One-Click"})
    assert ended.status_code == 200
    public.say("Over.", status="resolved")
    public.send()
    assert public.mail.sent[-1][1] is told
    assert public.stage.client().get(leave).status_code == 404


def test_the_answer_does_not_tell_who_is_known(public: Public) -> None:
    def text_for(address: str) -> str:
        form = {"how": "email", "address": address}
        return str(public.client.post("/status/subscribe", data=form, headers=SAME).text)

    first = text_for("ann@example.org")
    assert text_for("ann@example.org") == first
    assert text_for("bob@example.org") == first
    public.send()
    assert len(public.mail.sent) == 2, "one mail an hour for each address"


def test_nobody_can_ask_without_end(public: Public) -> None:
    codes = [ask(public, f"a{k}@example.org") for k in range(12)]
    assert codes == [200] * 10 + [429] * 2
    public.stage.at += timedelta(minutes=10)
    assert ask(public, "z@example.org") == 200


def test_what_cannot_be_an_address_is_said_so(public: Public) -> None:
    assert ask(public, "nonsense") == 422
    assert ask(public, "") == 422
    assert ask(public, "a@example.org", how="pigeon") == 422


def test_a_page_elsewhere_cannot_subscribe_people(public: Public) -> None:
    answer = public.stage.client().post(
        "/status/subscribe", data={"how": "email", "address": "a@example.org"},
        headers={"Origin": "https://evil.example"},
    )  # fmt: skip
    assert answer.status_code == 403


def test_components_are_chosen_and_changed(public: Public) -> None:
    assert ask(public, "ann@example.org", components=["dashboard", "vault"]) == 200
    public.send()
    path = link_in(public.mail.sent[0][1].text)
    client = public.stage.client()
    assert "Dashboard" in client.get(path).text
    client.post(path, data={"do": "confirm"})
    public.out()
    public.fact("component_api", "down")
    public.say("We look into it.")
    public.send()
    assert len(public.mail.sent) == 1
    client.post(path, data={"do": "choose", "components": ["api"]})
    public.say("A cable.")
    public.send()
    assert len(public.mail.sent) == 2


def test_a_webhook_is_asked_at_its_own_address_and_gets_a_secret(public: Public) -> None:
    assert ask(public, "https://hooks.example.org/x", how="webhook") == 200
    public.send()
    ((address, asked),) = public.hook.sent
    assert address == "https://hooks.example.org/x"
    client = public.stage.client()
    answer = client.post(link_in(asked.text), data={"do": "confirm"})
    assert "whsec_" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def subscribers(public: Public) -> int:
    with public.stage.store.write() as tx:
        return tx._connection.exec_driver_sql("SELECT count(*) FROM subscribers").scalar()  # type: ignore[attr-defined,no-any-return]  # what is left of a person


def test_who_never_confirms_is_forgotten_and_the_link_holds_until_then(public: Public) -> None:
    publisher = Publisher(public.stage.world)
    ask(public, "ann@example.org")
    public.send()
    late = link_in(public.mail.sent[-1][1].text)
    ask(public, "bob@example.org")
    public.send()
    bob = Browser(public.stage.client())
    bob.open(link_in(public.mail.sent[-1][1].text))
    bob.press("Confirm")
    public.stage.later(days=6, hours=23)
    publisher.keep_house()
    assert "Confirm" in Browser(public.stage.client()).open(late).buttons
    public.stage.later(hours=1)
    assert public.stage.client().get(late).status_code == 404
    publisher.keep_house()
    assert subscribers(public) == 1
    ask(public, "ann@example.org")
    public.send()
    again = Browser(public.stage.client())
    again.open(link_in(public.mail.sent[-1][1].text))
    assert "You are subscribed" in again.press("Confirm").text
