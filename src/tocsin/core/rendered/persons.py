"""Roles with what their holders do and may do, and the page that says how people are reached."""

from collections.abc import Iterator

from tocsin.core.people import Organisation, Person, Recipient
from tocsin.core.plan.people.model import Role
from tocsin.core.rendered.cards import hints, holds_structs, rows_of, said
from tocsin.core.rendered.outline import Block, Item, Listing, Paragraph, Section, Table, Text
from tocsin.core.rendered.rooms import nested
from tocsin.core.rendered.wording import Wording, part
from tocsin.core.words.phrases import capital, named

DUTIES = "Whoever holds it:"
UNFILLED = "The plan does not say how."
_OPEN = ("unfilled", "contact", "tbd", "todo", "")


def roles(wording: Wording) -> Section:
    """Every role as a card, and what its holder does as a list."""
    sections = [_role(wording, role) for role in wording.plan.roles.values()]
    return part("roles", "Roles", sections=sections)


def _role(wording: Wording, role: Role) -> Section:
    rows = tuple(rows_of(role, wording, skip=frozenset({"name", "duties"})))
    duties = tuple(Item(duty) for duty in role.duties)
    blocks: list[Block] = []
    if duties:
        blocks += [Paragraph(DUTIES), Listing(duties)]
    blocks.append(Table((), rows))
    inner = [
        section
        for name, hint in hints(Role).items()
        if holds_structs(hint) and said(role, name)
        for section in nested(wording, f"role-{role.id}-{name}", name, getattr(role, name))
    ]
    return part(f"role-{role.id}", role.name, *blocks, sections=inner, line=role.line)


def contacts(wording: Wording, organisation: Organisation | None) -> Section:
    """Who is meant by each recipient, and how they are reached."""
    plan = wording.plan
    recipients = sorted(plan.recipients() - set(plan.contacts))
    names = (*plan.contacts, *recipients)
    headings = ("Recipient", "Reached", *(("People",) if organisation is not None else ()))
    rows: list[tuple[Text, ...]] = []
    for name in names:
        words = plan.contacts.get(name, "").strip()
        reached = UNFILLED if words.lower().strip("[]<>") in _OPEN else words
        row: tuple[Text, ...] = (named(name), reached)
        rows.append((*row, _people(organisation, name)) if organisation is not None else row)
    blocks: list[Block | None] = [Table(headings, tuple(rows)) if rows else None]
    if organisation is not None:
        blocks += list(_last_resort(organisation))
    return part("contacts", "Contacts", *blocks)


def _people(organisation: Organisation, name: str) -> str:
    recipient = organisation.recipients.get(name)
    if recipient is None and name in organisation.people:
        recipient = Recipient(id=name, people=(name,))
    if recipient is None:
        return "nobody"
    lines = []
    roster = organisation.rosters.get(recipient.roster)
    if roster is not None:
        lines.append(f"by turns ({roster.id}):")
        lines += [_person(organisation.people[one]) for one in dict.fromkeys(roster.rotation)
                  if one in organisation.people]  # fmt: skip
    lines += [_person(organisation.people[one]) for one in recipient.people
              if one in organisation.people]  # fmt: skip
    lines += [str(contact) for contact in recipient.contacts]
    return "\n".join(lines) or "nobody"


def _person(person: Person) -> str:
    contacts_ = ", then ".join(str(contact) for contact in person.contacts)
    return f"{person.name}: {contacts_}" if contacts_ else person.name


def _last_resort(organisation: Organisation) -> Iterator[Block]:
    if organisation.last_resort:
        yield Paragraph(
            f"When nobody else can be reached: {capital(named(organisation.last_resort))}."
        )
