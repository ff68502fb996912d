"""From the text of an organisation file to a checked `Organisation`, or to all its problems."""

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from tocsin.core.document import Document, salvage_document
from tocsin.core.organisation.check import Surroundings, check, override_instants
from tocsin.core.organisation.contacts import contact
from tocsin.core.organisation.file import (
    IntegrationFile,
    OrganisationFile,
    RosterFile,
    parse_handover,
    parse_span,
    parse_turn,
)
from tocsin.core.organisation.together import reachable, unreachable
from tocsin.core.people import (
    Integration,
    Organisation,
    Override,
    Person,
    Recipient,
    Roster,
)
from tocsin.core.problem import Problem
from tocsin.core.tree import Findings

CHANNELS = ("inbox", "email", "webhook", "slack", "github")
SOURCES = ("alertmanager", "deployments", "heartbeat")

GRACE_AT_MOST = timedelta(minutes=5)
"""How late a heartbeat may be where the file does not say, if it comes no more often than that."""


def read_organisation(
    text: str | bytes,
    file: str,
    known_channels: Collection[str] = CHANNELS,
    known_sources: Collection[str] = SOURCES,
    now: datetime | None = None,
) -> tuple[Organisation | None, list[Problem]]:
    """Read YAML into an organisation; never raises for what stands in the text.

    The organisation is None if and only if a problem is an error; all problems come at once, in
    the order of the file. With `now`, an aware time, overrides that are over are noted too.
    """
    document, problems = salvage_document(text, file, OrganisationFile)
    if document is None:
        return None, problems
    problems = sorted(problems + check(document, Surroundings(known_channels, known_sources, now)))
    if any(problem.level == "error" for problem in problems):
        return None, problems
    organisation = _organisation(document, text)
    resort = organisation.last_resort
    if resort and not reachable(organisation, resort):
        found = Findings(file)
        found.add(document.place(("last_resort",)), *unreachable(organisation, resort))
        return None, sorted(problems + found.problems)
    return organisation, problems


def _organisation(document: Document[OrganisationFile], text: str | bytes) -> Organisation:
    file = document.model
    return Organisation(
        name=file.organisation,
        version=sha256(text.encode() if isinstance(text, str) else text).hexdigest(),
        time_zone=file.time_zone,
        people=_people(document),
        rosters={name: _roster(document, name, part) for name, part in file.rosters.items()},
        recipients=_recipients(document),
        integrations={
            name: Integration(
                id=name,
                source=part.source,
                owner=part.owner,
                key_version=part.key_version,
                **_heartbeat(part),
                line=_line(document, "integrations", name),
            )
            for name, part in file.integrations.items()
        },
        last_resort=file.last_resort,
        webhooks={name: (part.url, part.secret) for name, part in file.webhooks.items()},
        slack=dict(file.slack),
        github={
            name: (part.repository, part.token, tuple(part.labels), part.api)
            for name, part in file.github.items()
        },
    )


def _heartbeat(part: IntegrationFile) -> dict[str, Any]:
    """Return what is expected of an integration that gives heartbeats, nothing of any other."""
    if part.every is None:
        return {}
    every = parse_span(part.every)
    grace = parse_span(part.grace) if part.grace is not None else min(every, GRACE_AT_MOST)
    return {"every": every, "grace": grace, "labels": dict(part.labels)}


def _people(document: Document[OrganisationFile]) -> dict[str, Person]:
    return {
        name: Person(
            id=name,
            name=part.name,
            contacts=tuple(contact(one) for one in part.contacts),
            access=part.access,
            qualifications=tuple(part.qualifications),
            oidc=part.oidc,
            line=_line(document, "people", name),
        )
        for name, part in document.model.people.items()
    }


def _recipients(document: Document[OrganisationFile]) -> dict[str, Recipient]:
    return {
        name: Recipient(
            id=name,
            roster=part.roster,
            people=tuple(part.people),
            contacts=tuple(contact(one) for one in part.contacts),
            line=_line(document, "recipients", name),
        )
        for name, part in document.model.recipients.items()
    }


def _roster(document: Document[OrganisationFile], name: str, part: RosterFile) -> Roster:
    zone = part.time_zone or document.model.time_zone
    weekday, clock = parse_handover(part.handover)
    overrides = []
    for place, override in enumerate(part.overrides):
        start, end = override_instants(part, override, zone)
        line = _line(document, "rosters", name, "overrides", place)
        overrides.append(Override(start=start, end=end, person=override.person, line=line))
    return Roster(
        id=name,
        time_zone=zone,
        rotation=tuple(part.rotation),
        handover_weekday=weekday,
        handover_time=clock,
        first_week=part.first_week,
        weeks=parse_turn(part.each),
        overrides=tuple(overrides),
        line=_line(document, "rosters", name),
    )


def _line(document: Document[OrganisationFile], *path: str | int) -> int:
    return document.key_place(path)[0]
