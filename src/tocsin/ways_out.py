"""The channels as this installation has set them up: the only other file that knows them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import structlog

from tocsin.channels.email.send import Email
from tocsin.channels.email.settings import EmailSettings, Password, Security
from tocsin.channels.github.repositories import Repository
from tocsin.channels.github.send import GitHub
from tocsin.channels.inbox.send import Inbox
from tocsin.channels.slack.hooks import HookUrl
from tocsin.channels.slack.send import Slack
from tocsin.channels.webhook.endpoints import Endpoint
from tocsin.channels.webhook.send import Webhook
from tocsin.channels.webhook.signature import SigningKey
from tocsin.core.delivery import Failed, Message, Outcome, Shown
from tocsin.core.people import Organisation
from tocsin.engine.keys import subscriber_name, webhook_secret
from tocsin.engine.ports import Channel
from tocsin.engine.statuspage.telling import ForSubscribers
from tocsin.settings import BadSettings, Settings, named_secret

log = structlog.get_logger()


def channels_of(organisation: Organisation, settings: Settings) -> dict[str, Channel]:
    """Return every channel by its name; what cannot work is logged, and the others work."""
    endpoints = {}
    for name, (url, secret) in organisation.webhooks.items():
        try:
            endpoints[name] = Endpoint(named_secret(url), named_secret(secret) if secret else "")
        except (BadSettings, ValueError) as problem:
            log.error("channel.webhook", endpoint=name, problem=str(problem))
    hooks = {}
    for name, url in organisation.slack.items():
        try:
            hooks[name] = HookUrl(named_secret(url))
        except (BadSettings, ValueError) as problem:
            log.error("channel.slack", hook=name, problem=str(problem))
    repositories = {}
    for name, (repository, token, labels, api) in organisation.github.items():
        try:
            repositories[name] = Repository(repository, named_secret(token), labels, api)
        except (BadSettings, ValueError) as problem:
            log.error("channel.github", repository=name, problem=str(problem))
    return {
        "inbox": Inbox(),
        "email": _email(settings),
        "webhook": Webhook(endpoints),
        "slack": Slack(hooks),
        "github": GitHub(repositories),
    }


def channels_for_subscribers(email: Channel, secret: bytes) -> dict[str, Channel]:
    """Channels of readers of the status page: lanes of their own, signed for each of them."""

    def key_of(address: str) -> SigningKey:
        return SigningKey(webhook_secret(secret, subscriber_name(secret, "webhook", address)))

    found = {"email": email, "webhook": Webhook({}, key_of=key_of)}
    return {f"status-{way}": ForSubscribers(f"status-{way}", found[way]) for way in found}


SECURITY: Mapping[str, Security] = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}
"""Scheme of TOCSIN_SMTP_URL -> how the connection is protected."""


def _email(settings: Settings) -> Channel:
    url = urlsplit(settings.smtp_url.get_secret_value())
    if not url.hostname:
        return _NotSetUp("email", "mail", "set TOCSIN_SMTP_URL to send e-mail")
    security = SECURITY[url.scheme]
    usual = {"starttls": 587, "tls": 465, "none": 25}[security]
    try:
        return Email(
            EmailSettings(
                host=url.hostname,
                port=url.port or usual,
                from_address=settings.mail_from,
                security=security,
                username=unquote(url.username or ""),
                password=Password(unquote(url.password or "")),
            )
        )
    except ValueError as problem:
        raise BadSettings(f"TOCSIN_SMTP_URL or TOCSIN_MAIL_FROM: {problem}") from None


@dataclass(frozen=True)
class _NotSetUp:
    """A channel that contacts may name although this installation has not set it up."""

    name: str
    domain: str
    hint: str

    @property
    def bundles(self) -> bool:
        """Nothing leaves here, together or alone."""
        return False

    def problem_with(self, address: str) -> str | None:
        """Say what is missing."""
        return self.hint

    def send(self, address: str, message: Message) -> Outcome:
        """Fail at once, so that the next contact is tried."""
        return Failed("permanent", f"{self.name} is not set up: {self.hint}")

    def preview(self, message: Message) -> tuple[Shown, ...]:
        """Return nothing, since nothing would be sent."""
        return ()
