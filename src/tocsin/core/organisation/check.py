"""What does not fit together inside one organisation file, all of it at once.

The shapes are right when this runs, except for what `core.document` took out; nothing is
reported here merely because that is missing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.core.document import Document, listed, near
from tocsin.core.oncall import first_instant, last_instant
from tocsin.core.organisation.contacts import contact, wrong_with
from tocsin.core.organisation.file import (
    IntegrationFile,
    OrganisationFile,
    OverrideFile,
    RosterFile,
    parse_moment,
)
from tocsin.core.problem import Level, Problem
from tocsin.core.tree import Findings, Path

ENDPOINTS = {"webhook": "webhooks", "slack": "slack", "github": "github"}
"""Channels whose addresses are names, with the part of the file that says what they mean."""

UNKNOWN = {
    "person": "organisation.unknown-person",
    "roster": "organisation.unknown-roster",
    "recipient": "organisation.unknown-recipient",
}


@dataclass(frozen=True)
class Surroundings:
    """What is known around the file: channels and sources there are, and perhaps the time."""

    channels: Collection[str]
    sources: Collection[str]
    now: datetime | None = None


def check(document: Document[OrganisationFile], around: Surroundings) -> list[Problem]:
    """Return every error, warning and note about the file as a whole, unsorted."""
    checking = _Checking(document, around, Findings(document.file))
    checking.rosters()
    checking.recipients()
    checking.others()
    checking.secrets()
    checking.people()
    return checking.found.problems


@dataclass
class _Checking:
    """One pass over one file. `on_duty` and `addressed` collect who was named on the way."""

    document: Document[OrganisationFile]
    around: Surroundings
    found: Findings
    on_duty: set[str] = field(default_factory=set)
    addressed: set[str] = field(default_factory=set)

    @property
    def file(self) -> OrganisationFile:
        return self.document.model

    @property
    def complete(self) -> bool:
        """Whether nothing was taken out, so that what nobody names is really named nowhere."""
        return not any(problem.level == "error" for problem in self.document.problems)

    def add(self, path: Path, code: str, what: str, hint: str, level: Level = "error") -> None:
        place = self.document.place(path)
        self.found.add(place, code, what, hint, level)

    def is_known(self, path: Path, noun: str, name: str, *parts: str) -> bool:
        """Report a name that none of these parts of the file has; say whether it is there."""
        known = [key for part in parts for key in self.document.keys((part,))]
        if name in known:
            return True
        hint = near(name, known)
        hint += f"Known here: {listed(known)}." if known else f"Add it under `{parts[0]}`."
        self.add(path, UNKNOWN[noun], f"there is no {noun} `{name}`", hint)
        return False

    # Rosters

    def rosters(self) -> None:
        for name, roster in self.file.rosters.items():
            self.rotation(("rosters", name, "rotation"), roster)
            for place, override in enumerate(roster.overrides):
                path = ("rosters", name, "overrides", place)
                self.is_known((*path, "person"), "person", override.person, "people")
                self.on_duty.add(override.person)
            self.overrides(("rosters", name, "overrides"), roster)
            named = {recipient.roster for recipient in self.file.recipients.values()}
            if name not in named and self.complete:
                self.add(
                    ("rosters", name),
                    "organisation.unused-roster",
                    f"no recipient stands for roster `{name}`",
                    f"Add one under `recipients`: `on-call-engineer: {{roster: {name}}}`.",
                    "warning",
                )

    def rotation(self, path: Path, roster: RosterFile) -> None:
        for place, person in enumerate(roster.rotation):
            self.is_known((*path, place), "person", person, "people")
        self.on_duty.update(roster.rotation)
        if self.document.damaged(path):
            return
        if not roster.rotation:
            self.add(
                path,
                "organisation.empty-rotation",
                "nobody is in this rotation",
                "Put at least two people into it: `[ana, ben]`.",
            )
        elif len(set(roster.rotation)) == 1:
            self.add(
                path,
                "organisation.roster-of-one",
                f"`{roster.rotation[0]}` is always on call, alone",
                "Add a second person, so that nobody is on call without end.",
                "warning",
            )

    def overrides(self, path: Path, roster: RosterFile) -> None:
        spans: list[tuple[datetime, datetime, int]] = []
        for place, override in enumerate(roster.overrides):
            start, end = override_instants(roster, override, self.file.time_zone)
            if end <= start:
                self.empty_override((*path, place), override)
                continue
            spans.append((start, end, place))
            if self.around.now is not None and end <= self.around.now:
                self.add(
                    (*path, place),
                    "organisation.past-override",
                    f"this override was over on {override.end}",
                    "It may be deleted.",
                    "note",
                )
        self.overlaps(path, roster, sorted(spans))

    def empty_override(self, path: Path, override: OverrideFile) -> None:
        hint = "`to` must come after `from`."
        if parse_moment(override.start) < parse_moment(override.end):
            hint = "The clocks are set forward then: these times do not occur on that day."
        what = f"no time lies between {override.start} and {override.end}"
        self.add(path, "organisation.empty-override", what, hint)

    def overlaps(
        self, path: Path, roster: RosterFile, spans: list[tuple[datetime, datetime, int]]
    ) -> None:
        """Note which overrides meet, each against the longest lasting one that began before."""
        latest: tuple[datetime, datetime, int] | None = None
        for span in spans:
            if latest is not None and span[0] < latest[1]:
                earlier, later = sorted((latest[2], span[2]))
                line = self.document.place((*path, earlier))[0]
                who = roster.overrides[later].person
                self.add(
                    (*path, later),
                    "organisation.overlapping-overrides",
                    f"this override and the one on line {line} overlap",
                    f"The later one in the file counts: where both hold, `{who}` is on call.",
                    "note",
                )
            if latest is None or span[1] > latest[1]:
                latest = span

    # Recipients, and whoever names one

    def recipients(self) -> None:
        people = self.document.keys(("people",))
        for name, recipient in self.file.recipients.items():
            path = ("recipients", name)
            if name in people:
                self.add(
                    path,
                    "organisation.same-name",
                    f"`{name}` is both a person and a recipient",
                    "A person is a recipient already: delete this, or give it another name.",
                )
            if recipient.roster:
                self.is_known((*path, "roster"), "roster", recipient.roster, "rosters")
            for place, person in enumerate(recipient.people):
                self.is_known((*path, "people", place), "person", person, "people")
            self.addressed.update(recipient.people)
            self.contacts((*path, "contacts"), recipient.contacts)
            empty = not (recipient.roster or recipient.people or recipient.contacts)
            whole = not any(self.document.damaged((*path, key)) for key in ("people", "contacts"))
            if empty and whole and not self.document.damaged(path):
                self.add(
                    path,
                    "organisation.empty-recipient",
                    f"recipient `{name}` stands for nobody",
                    "Give it a `roster`, `people` or `contacts`.",
                )

    def others(self) -> None:
        if self.file.last_resort:
            path: Path = ("last_resort",)
            self.is_known(path, "recipient", self.file.last_resort, "recipients", "people")
            self.addressed.add(self.file.last_resort)
        for name, integration in self.file.integrations.items():
            path = ("integrations", name, "source")
            if integration.source not in self.around.sources:
                hint = near(integration.source, self.around.sources)
                hint += f"Known here: {listed(self.around.sources)}."
                what = f"there is no source `{integration.source}`"
                self.add(path, "organisation.unknown-source", what, hint)
            if integration.owner:
                path = ("integrations", name, "owner")
                self.is_known(path, "recipient", integration.owner, "recipients", "people")
                self.addressed.add(integration.owner)
            self.heartbeat(("integrations", name), integration)

    def heartbeat(self, path: Path, integration: IntegrationFile) -> None:
        """Say whether it is said how often a heartbeat comes, and said of nothing else."""
        given = [key for key in ("every", "grace", "labels") if getattr(integration, key)]
        if integration.source == "heartbeat":
            if integration.every is None and not self.document.damaged((*path, "every")):
                what = "nothing says how often this heartbeat comes"
                hint = "Add `every: 1m`: from then on, and a grace later, silence is an alert."
                self.add(path, "organisation.heartbeat", what, hint)
        elif given:
            what = f"`{given[0]}` belongs to heartbeats, and this is none"
            hint = "Delete it, or write `source: heartbeat`."
            self.add((*path, given[0]), "organisation.heartbeat", what, hint)

    # Secrets

    def secrets(self) -> None:
        for name, webhook in self.file.webhooks.items():
            path = ("webhooks", name)
            if "@" in webhook.url:
                self.literal_secret((*path, "url"), name)
            if not webhook.secret and not self.document.damaged(path):
                self.add(
                    path,
                    "organisation.unsigned-webhook",
                    f"messages to webhook `{name}` are not signed",
                    "Add a `secret`, so that the receiver can tell them from forged ones: "
                    "`secret: env:CUSTOMER_HOOK_SECRET`.",
                    "warning",
                )
            elif webhook.secret and not webhook.secret.startswith("env:"):
                self.literal_secret((*path, "secret"), name)
        for name, url in self.file.slack.items():
            if not url.startswith("env:"):
                self.literal_secret(("slack", name), name)

    def literal_secret(self, path: Path, name: str) -> None:
        variable = name.upper().replace("-", "_")
        self.add(
            path,
            "organisation.literal-secret",
            "a secret stands in this file, for everybody who can read it",
            f"Put it into the environment and name it here: `env:{variable}`. Then replace the "
            "secret itself: it may have been read.",
            "warning",
        )

    # People: last, since by now it is known who is on duty and who is addressed

    def people(self) -> None:
        for name, person in self.file.people.items():
            path = ("people", name, "contacts")
            self.contacts(path, person.contacts)
            if name not in self.on_duty | self.addressed and self.complete:
                self.add(
                    ("people", name),
                    "organisation.unaddressed-person",
                    f"{person.name} is in no roster and meant by no recipient",
                    f"Only a plan that names `{name}` itself reaches this person.",
                    "warning",
                )
            if self.document.damaged(path):
                continue
            if not person.contacts:
                self.without_contacts(("people", name), name, person.name)
                continue
            domains = {contact(text).domain for text in person.contacts}
            if len(domains) == 1 and name in self.on_duty | self.addressed:
                self.add(
                    path,
                    "organisation.one-domain",
                    f"everything by which {person.name} can be reached may fail at once: "
                    f"{', '.join(person.contacts)}",
                    "Add a contact of another kind, such as `inbox` or `email`.",
                    "warning",
                )

    def without_contacts(self, path: Path, name: str, words: str) -> None:
        duty = name in self.on_duty
        what = f"{words} has no contacts" + (" and is to be on call" if duty else "")
        hint = "Add `contacts: [inbox, email name@example.org]`."
        self.add(path, "organisation.no-contacts", what, hint, "error" if duty else "warning")

    def contacts(self, path: Path, texts: Iterable[str]) -> None:
        endpoints = {channel: self.document.keys((part,)) for channel, part in ENDPOINTS.items()}
        for place, text in enumerate(texts):
            wrong = wrong_with(text, self.around.channels, endpoints)
            if wrong is not None:
                self.found.add(self.document.place((*path, place)), *wrong)


def override_instants(
    roster: RosterFile, override: OverrideFile, time_zone: str
) -> tuple[datetime, datetime]:
    """Return start and end of an override in UTC; `time_zone` is the organisation's."""
    zone = roster.time_zone or time_zone
    start = first_instant(parse_moment(override.start), zone)
    return start, last_instant(parse_moment(override.end), zone)
