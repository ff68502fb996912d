"""Subscribers through real channels: mail, a webhook on loopback, and what is not public."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import ssl
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from msgspec.structs import replace
from tests.channels.conftest import Certificate
from tests.channels.conftest import certificate as certificate
from tests.channels.email.mail_server import MailServer
from tests.channels.loopback import HttpServer, answers
from tests.channels.messages import PAGE
from tests.web.statuspage.conftest import Public

from tocsin.channels.email.send import Email
from tocsin.channels.email.settings import EmailSettings
from tocsin.channels.webhook.send import Webhook
from tocsin.channels.webhook.signature import SigningKey
from tocsin.core.delivery import Failed
from tocsin.engine.keys import subscriber_name, webhook_secret
from tocsin.engine.statuspage.telling import TRIES, ForSubscribers

SAME = {"Origin": "http://tocsin.test"}


def channels(public: Public) -> dict[str, object]:
    return public.stage.world.channels  # type: ignore[return-value]


def mail(server: MailServer, which: int) -> EmailMessage:
    content = server.mails[which].content
    assert isinstance(content, bytes)
    return message_from_bytes(content, policy=default)


def test_opting_in_and_out_by_mail(public: Public) -> None:
    with MailServer() as server:
        settings = EmailSettings(
            host="127.0.0.1", port=server.port, from_address="status@example.org", security="none"
        )
        channels(public)["status-email"] = ForSubscribers("status-email", Email(settings))
        form = {"how": "email", "address": "ann@example.org"}
        public.client.post("/status/subscribe", data=form, headers=SAME)
        public.send()
        asked = mail(server, 0)
        body = asked.get_body(("plain",))
        assert body is not None
        link = re.search(r"http://tocsin\.test(/status/subscription/\S+)", body.get_content())
        assert link is not None
        public.client.post(link[1], data={"do": "confirm"})
        public.out()
        public.say("We look into it.")
        public.send()
        told = mail(server, 1)
        assert told["To"] == "ann@example.org"
        assert told["Subject"] == "[Lamp shop] Investigating: Orders fail"
        assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        words = told.get_body(("plain",))
        assert words is not None
        assert "To change or end these messages: http://tocsin.test/" in words.get_content()
        leave = told["List-Unsubscribe"].strip("<>").removeprefix("http://tocsin.test")
        assert public.client.post(leave, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        public.say("A cable.")
        public.send()
        assert len(server.mails) == 2


def test_a_webhook_is_signed_with_the_secret_that_its_owner_saw(
    public: Public, certificate: Certificate
) -> None:
    secret = public.stage.world.secret
    with HttpServer(answers(204), tls=certificate.server) as server:
        address = f"{server.url}/hook"
        key = webhook_secret(secret, subscriber_name(secret, "webhook", address))
        channels(public)["status-webhook"] = hook(key, certificate.trusting)
        form = {"how": "webhook", "address": address}
        public.client.post("/status/subscribe", data=form, headers=SAME)
        public.send()
        (seen,) = server.seen
    content = b".".join(
        (seen.headers["webhook-id"].encode(), seen.headers["webhook-timestamp"].encode(), seen.body)
    )
    raw = base64.b64decode(key.removeprefix("whsec_"))
    proof = base64.b64encode(hmac.digest(raw, content, hashlib.sha256)).decode()
    assert seen.headers["webhook-signature"] == f"v1,{proof}"


def hook(key: str, tls: ssl.SSLContext | None = None) -> ForSubscribers:
    loopback = (ipaddress.ip_network("127.0.0.0/8"),) if tls else ()
    channel = Webhook({}, allowed_networks=loopback, tls=tls, key_of=lambda _: SigningKey(key))
    return ForSubscribers("status-webhook", channel)


KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/", "https://169.254.169.254/",
        "https://[::1]/", "https://[fd00::1]/", "https://[::ffff:127.0.0.1]/", "https://0.0.0.0/",
    ],
)  # fmt: skip
def test_what_is_not_on_the_public_internet_is_never_asked(public: Public, address: str) -> None:
    channel = hook(KEY)
    channels(public)["status-webhook"] = channel
    form = {"how": "webhook", "address": address}
    assert public.client.post("/status/subscribe", data=form, headers=SAME).status_code == 200
    public.send()
    with public.stage.store.read() as reading:
        (one,) = reading.deliveries(0)
    assert one.state == "failed"
    assert "not on the public internet" in one.detail


def test_http_is_refused_in_the_form(public: Public) -> None:
    channels(public)["status-webhook"] = hook(KEY)
    form = {"how": "webhook", "address": "http://hooks.example.org/"}
    assert public.client.post("/status/subscribe", data=form, headers=SAME).status_code == 422


def test_a_dead_address_is_given_up_for_that_message() -> None:
    class Dead:
        name, domain = "x", "ip"

        def send(self, *_: object) -> Failed:
            return Failed("temporary", "closed")

    channel = ForSubscribers("status-webhook", Dead())  # type: ignore[arg-type]
    assert channel.send("a", replace(PAGE, attempt=1)) == Failed("temporary", "closed")
    assert channel.send("a", replace(PAGE, attempt=TRIES)) == Failed("permanent", "closed")
