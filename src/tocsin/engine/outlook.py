"""How an update would reach its readers: the words, the ways, and as what each way shows them."""

from collections import Counter

import msgspec

from tocsin.core.delivery import Message, Shown, first_contacts
from tocsin.core.incident import commands as c
from tocsin.core.incident.announcing import readers
from tocsin.core.incident.authority import placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.preview import Preview, preview
from tocsin.core.incident.state import Incident
from tocsin.core.message import Words, in_own_words
from tocsin.core.plan.model import Plan
from tocsin.core.short_messages import Length, sms_length
from tocsin.engine.advance import contacts_of
from tocsin.engine.world import World

STATUS_PAGE = "status-page"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One channel with what it would show; `readers` are those whom it would be sent to first."""

    channel: str
    readers: int = 0
    parts: tuple[Shown, ...] = ()


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """A preview with the ways that it would go, those that are used first.

    `gaps` are recipients of whom nobody can be reached now. `sms` is how long it would be there.
    """

    preview: Preview
    ways: tuple[Way, ...]
    gaps: tuple[str, ...]
    sms: Length


def look_ahead(world: World, code: str, command: c.Publish) -> Outlook | Refusal:
    """Return what publishing would send now; nothing is kept, and nothing leaves."""
    with world.store.read() as reading:
        kept = reading.incident(code)
    if kept is None:
        return Refusal(
            "incident.unknown", f"there is no incident {code}", "list them: tocsin incidents"
        )
    now = world.now()
    plan = world.rules.plan_of(kept.incident.plan)
    wanted = placed(world.rules.organisation, command, now)
    assert isinstance(wanted, c.Publish)
    seen = preview(plan, kept.incident, wanted, now)
    words = Words(status=seen.status, subject=seen.subject, text=seen.text)
    message = in_own_words(plan, kept.incident, words, "preview", now)
    counts, gaps = _reached(world, plan, kept.incident, seen)
    ways = [
        Way(channel=channel.name, readers=counts[channel.name],
            parts=tuple(channel.preview(message)))
        for channel in world.channels.values()
    ]  # fmt: skip
    if _on_the_page(plan, seen):
        ways.append(Way(channel=STATUS_PAGE, parts=_entry(message, seen)))
    ways.sort(key=lambda way: (way.channel != STATUS_PAGE, not way.readers))
    return Outlook(preview=seen, ways=tuple(ways), gaps=gaps, sms=sms_length(seen.text))


def _reached(
    world: World, plan: Plan, incident: Incident, seen: Preview
) -> tuple[Counter[str], tuple[str, ...]]:
    audience = plan.communication.audiences.get(seen.audience)
    counts: Counter[str] = Counter()
    gaps: list[str] = []
    if audience is None:
        return counts, ()
    called: set[str] = set()
    for to, found in readers(incident, audience, world.rules.organisation, world.now()):
        if found.gap:
            gaps.append(found.gap)
        called |= {person.id for person in found.people} | ({to} if found.contacts else set())
    for one in called:
        counts.update(contact.channel for contact in first_contacts(contacts_of(world, one)))
    return counts, tuple(gaps)


def _on_the_page(plan: Plan, seen: Preview) -> bool:
    page = plan.communication.status_page
    kinds = {name: channel.kind for name, channel in plan.communication.channels.items()}
    by_channel = any(kinds.get(name) == STATUS_PAGE for name in seen.channels)
    return by_channel or (page is not None and page.audience == seen.audience)


def _entry(message: Message, seen: Preview) -> tuple[Shown, ...]:
    """An entry of the status page: its status or subject above, its own words below."""
    return (Shown("subject", seen.subject or seen.status or message.title),
            Shown("text", seen.text))  # fmt: skip
