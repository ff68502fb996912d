"""Contacts as the file writes them, `channel address`, and what can be wrong with one."""

import re
from collections.abc import Collection

from tocsin.core.delivery import Contact
from tocsin.core.document import listed, near

DOMAINS = {"inbox": "local", "email": "mail", "sms": "carrier", "voice": "carrier"}
"""The failure domain of each channel; whatever is not named here needs the internet: "ip"."""

_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


def contact(text: str) -> Contact:
    """Return the contact that `channel address` means."""
    channel, _, address = text.partition(" ")
    return Contact(channel, address, DOMAINS.get(channel, "ip"))


def wrong_with(
    text: str, channels: Collection[str], endpoints: dict[str, tuple[str, ...]]
) -> tuple[str, str, str] | None:
    """Say what is wrong with one contact as (code, what, hint), or None.

    `endpoints` holds for each channel whose addresses are names of this file what the names are.
    """
    channel, _, address = text.partition(" ")
    if channel not in channels:
        return _unknown_channel(text, channels)
    if channel == "inbox":
        if address:
            what = f"`inbox` takes no address, and here it has `{address}`"
            return "organisation.contact", what, "Write `inbox` alone: it is the person's own."
        return None
    if not address:
        hint = f"Write it behind the channel: `{channel} {_example(channel)}`."
        return "organisation.contact", f"`{channel}` without an address", hint
    if channel == "email" and not _MAIL.fullmatch(address):
        hint = "Write the bare address, without a name: `email ana@example.org`."
        return "organisation.contact", f"`{address}` is not a mail address", hint
    if channel in endpoints and address not in endpoints[channel]:
        return _unknown_endpoint(channel, address, endpoints[channel])
    return None


def _unknown_channel(text: str, channels: Collection[str]) -> tuple[str, str, str]:
    if _MAIL.fullmatch(text):
        what, hint = f"`{text}` names no channel", f"Write `email {text}`."
        return "organisation.contact", what, hint
    channel = text.partition(" ")[0]
    if not channel:
        return "organisation.contact", "an empty contact", "For example: `inbox`."
    hint = near(channel, channels) + f"Known here: {listed(channels)}."
    return "organisation.unknown-channel", f"there is no channel `{channel}`", hint


def _unknown_endpoint(channel: str, address: str, names: tuple[str, ...]) -> tuple[str, str, str]:
    where = "webhooks" if channel == "webhook" else channel
    if "/" in address:
        # An address of this kind is often a secret itself, so it is not repeated.
        what = f"a contact holds the name of a {channel} address, not the address"
        return "organisation.contact", what, f"Give it a name under `{where}` and use that here."
    what = f"`{where}` has no `{address}`"
    known = f"Known here: {listed(names)}." if names else f"Add it under `{where}`."
    return "organisation.unknown-endpoint", what, near(address, names) + known


_EXAMPLES = {
    "email": "ana@example.org", "webhook": "customers", "slack": "ops", "github": "support",
}  # fmt: skip


def _example(channel: str) -> str:
    return _EXAMPLES.get(channel, "...")
