"""All channels keep the port's promise, and what two of them share stays the same."""

import pytest
from tests.channels.messages import PAGE

from tocsin.channels.email.send import Email
from tocsin.channels.email.settings import EmailSettings
from tocsin.channels.inbox.send import Inbox
from tocsin.channels.slack.hooks import HookUrl
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
]


def test_names_and_failure_domains():
    assert {c.name: c.domain for c in CHANNELS} == {
        "inbox": "local",
        "email": "mail",
        "webhook": "ip",
        "slack": "ip",
    }


@pytest.mark.parametrize("channel", CHANNELS[1:], ids=lambda c: c.name)
def test_an_address_that_cannot_work_is_a_permanent_failure(channel: Channel):
    problem = channel.problem_with("no such thing")
    assert problem
    assert channel.send("no such thing", PAGE) == Failed("permanent", problem)
