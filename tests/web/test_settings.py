"""The settings page: what holds and where it is set, and never a secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from tests.web.stage import ORGANISATION, Stage

from tocsin.core.delivery import Message, Outcome, Shown
from tocsin.engine.ports import Channel
from tocsin.settings import Settings, described, read_settings
from tocsin.web.site import Variable

SECRETS = {
    "TOCSIN_KEY": "tocop-very-secret",
    "TOCSIN_SMTP_URL": "smtp://mailer:hidden-password@mail.example.org:587",
    "TOCSIN_DATABASE_URL": "postgresql://tocsin:hid/den@pass@db.example.org/tocsin?password=hidden",
}


@dataclass
class NotThere:
    """A channel that nobody has set up."""

    hint: str = "set TOCSIN_SMTP_URL to send e-mail"

    @property
    def name(self) -> str:
        return "email"

    @property
    def domain(self) -> str:
        return "mail"

    @property
    def bundles(self) -> bool:
        return True

    def problem_with(self, address: str) -> str | None:
        return self.hint

    def send(self, address: str, message: Message) -> Outcome:
        raise AssertionError("nobody sends here")

    def preview(self, message: Message) -> Sequence[Shown]:
        raise AssertionError("nobody looks here")


def test_everything_that_holds_is_told_with_the_variable_that_says_it(stage: Stage) -> None:
    stage.site = replace(
        stage.site,
        variables=(Variable("TOCSIN_LOG_LEVEL", "How much is logged", "debug", True),),
        data_folder="/var/lib/tocsin",
    )
    channels: dict[str, Channel] = {"email": NotThere()}
    stage.world = replace(stage.world, channels=channels)
    text = stage.signed_in("ben").open("/settings").text
    for word in ("0.0-test", "/var/lib/tocsin", "SQLite", "TOCSIN_LOG_LEVEL", "debug", "ready"):
        assert word in text
    assert "not set up email" in text
    assert "set TOCSIN_SMTP_URL to send e-mail" in text


def test_a_status_page_that_the_plan_does_not_have_is_not_linked(stage: Stage) -> None:
    assert "/status/" not in stage.signed_in("ben").open("/settings").links


def test_it_says_why_the_process_is_not_ready(stage: Stage) -> None:
    stage.ending = True
    text = stage.signed_in("ben").open("/settings").text
    assert "not ready" in text
    assert "this process is about to end" in text


def test_only_administrators_see_it(stage: Stage) -> None:
    vic = stage.signed_in("vic")
    assert vic.client.get("/settings").status_code == 403
    assert "/settings" not in vic.open("/plan").links


def test_no_secret_is_told_in_any_form(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    told = described(read_settings())
    assert {one[0] for one in told} == {f"TOCSIN_{name.upper()}" for name in Settings.model_fields}
    stage.site = replace(stage.site, variables=tuple(Variable(*one) for one in told))
    text = stage.signed_in("ben").open("/settings").text
    for part in ("very-secret", "hidden", "hid/den", "mailer"):
        assert part not in text
    assert "TOCSIN_KEY set" in text


def test_addresses_are_told_without_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://tocsin:hidden@db:5432/tocsin?x=hidden")
    told = {name: value for name, _, value, _ in described(read_settings())}
    assert told["TOCSIN_DATABASE_URL"] == "postgresql://db:5432/tocsin"


def test_channels_of_the_organisation_file_are_counted(stage: Stage) -> None:
    @dataclass
    class Hooks(NotThere):
        @property
        def name(self) -> str:
            return "webhook"

        def problem_with(self, address: str) -> str | None:
            return None if address == "ops" else "its address is not set"

    hooks = "webhooks:\n  ops: {url: https://a.example/x}\n  lost: {url: https://b.example/y}\n"
    stage.put_in_force(organisation=ORGANISATION + hooks)
    channels: dict[str, Channel] = {"webhook": Hooks()}
    stage.world = replace(stage.world, channels=channels)
    text = stage.signed_in("ben").open("/settings").text
    assert "set up webhook ops" in text
    assert "lost: its address is not set" in text
