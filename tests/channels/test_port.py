"""All channels keep the port's promise, and what two of them share stays the same."""

from email import message_from_bytes
from email.headerregistry import Address
from email.policy import default

import msgspec
import pytest
from tests.channels.messages import PAGE

from tocsin.channels.email.render import render
from tocsin.channels.email.send import Email
from tocsin.channels.email.settings import EmailSettings
from tocsin.channels.github.repositories import Repository
from tocsin.channels.github.send import GitHub
from tocsin.channels.inbox.send import Inbox
from tocsin.channels.slack.hooks import HookUrl
from tocsin.channels.slack.render import render as slack_render
from tocsin.channels.slack.send import Slack
from tocsin.channels.webhook.endpoints import Endpoint
from tocsin.channels.webhook.send import Webhook
from tocsin.core.delivery import Failed
from tocsin.engine.ports import Channel

MAIL = EmailSettings(host="localhost", port=25, from_address="t@example.org", security="none")
CHANNELS: list[Channel] = [
    Inbox(),
    Email(MAIL),
    Webhook({"ops": Endpoint("https://hook.example/")}),
    Slack({"team": HookUrl("https://hooks.slack.com/services/T/B/secret")}),
    GitHub({"support": Repository("example/support", "secret")}),
]


def test_names_and_failure_domains():
    assert {c.name: c.domain for c in CHANNELS} == {
        "inbox": "local",
        "email": "mail",
        "webhook": "ip",
        "slack": "ip",
        "github": "ip",
    }


def test_only_what_reaches_a_person_directly_is_bundled():
    """In the inbox each entry stands by itself anyway, and an issue is one incident's."""
    assert {c.name for c in CHANNELS if c.bundles} == {"email", "webhook", "slack"}


@pytest.mark.parametrize("channel", CHANNELS[1:], ids=lambda c: c.name)
def test_an_address_that_cannot_work_is_a_permanent_failure(channel: Channel):
    problem = channel.problem_with("no such thing")
    assert problem
    assert channel.send("no such thing", PAGE) == Failed("permanent", problem)


UPDATE = msgspec.structs.replace(
    PAGE, kind="update", text="Nobody can pay <b>today</b> & it hurts", headline="Trouble", link=""
)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: c.name)
def test_a_preview_holds_the_words_of_an_update(channel: Channel):
    parts = {part.part: part.content for part in channel.preview(UPDATE)}
    readable = (
        parts["text"] if "text" in parts else msgspec.json.decode(parts["json"])["data"]["text"]
    )
    assert "Nobody can pay <b>today</b> & it hurts" in readable
    if "subject" in parts:
        assert "Trouble" in parts["subject"]
    if "html" in parts:
        assert "&lt;b&gt;today" in parts["html"]


def test_a_preview_is_what_is_sent():
    email = {part.part: part.content for part in Email(MAIL).preview(UPDATE)}
    sender = Address("Tocsin", addr_spec="t@example.org")
    mail = message_from_bytes(render(UPDATE, sender, "a@example.org"), policy=default)
    body = mail.get_body(("plain",))
    assert body is not None
    assert mail["Subject"] == email["subject"]
    assert body.get_content().replace("\r\n", "\n") == email["text"]
    slack = {part.part: part.content for part in CHANNELS[3].preview(UPDATE)}
    assert msgspec.json.decode(slack["json"]) == msgspec.json.decode(slack_render(UPDATE))
