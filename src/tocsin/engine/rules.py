"""The rules in force: the active plan and organisation, and every plan still in use."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
import structlog

from tocsin.core.candidate import Candidate, NamedText, examine
from tocsin.core.organisation.read import read_organisation
from tocsin.core.overrides import MadeOverride, with_overrides
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read, salvage
from tocsin.core.problem import Problem
from tocsin.core.routing import Router
from tocsin.engine.audit import Doer, audited
from tocsin.engine.leaving import people_changed
from tocsin.engine.overrides import InForce
from tocsin.engine.ports import Activation, Conflict, FileSeen, Reading, Store, Transaction, What

log = structlog.get_logger()

BOTH: tuple[What, What] = ("plan", "organisation")


class NoRules(Exception):
    """There is no plan or organisation to work by: none was ever put in force."""


class Refused(Exception):
    """What was offered has errors; all of it is refused, and what was in force goes on."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(p) for p in problems if p.level == "error"))
        self.problems = problems


class Overtaken(Exception):
    """Something else is in force than whoever offered a change has seen."""

    def __init__(self, what: What, expected: str, in_force: str) -> None:
        super().__init__(f"the {what} in force is {in_force[:12]}, not {expected[:12]}")


@dataclass(frozen=True)
class Offer:
    """What somebody wants in force; a part that is None stays as it is.

    `expects` holds the versions that they believe to be in force; other ones make an Overtaken.
    `address` is where they are, as far as that is known.
    """

    by: str
    via: str
    plan: NamedText | None = None
    organisation: NamedText | None = None
    why: str = ""
    expects: Mapping[What, str] = field(default_factory=dict)
    address: str = ""

    def part(self, what: What) -> NamedText | None:
        """Return the plan's or the organisation's file."""
        return self.plan if what == "plan" else self.organisation


@dataclass(frozen=True)
class Applied:
    """What an offer has changed, nothing if all of it was in force already, and its warnings."""

    changed: tuple[What, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Look:
    """A look at a file: what was seen of it before, what it is now, and whether that counts.

    `newest` is the id of the newest activation of its kind.
    """

    seen: FileSeen
    version: str
    counts: bool
    newest: int

    @property
    def is_known(self) -> bool:
        """Whether this is the very text that was seen last."""
        return self.version == (self.seen.refused or self.seen.version)

    def as_taken(self, now: datetime) -> FileSeen:
        """Return what to remember of a text that is in force, or that something newer replaced."""
        return msgspec.structs.replace(
            self.seen, version=self.version, at=now, refused="", refused_after=0
        )

    def as_refused(self, now: datetime) -> FileSeen:
        """Return what to remember of a text with errors."""
        return msgspec.structs.replace(
            self.seen, at=now, refused=self.version, refused_after=self.newest
        )


@dataclass(frozen=True)
class Readers:
    """How texts become a plan and an organisation; the simulator remembers what it has read."""

    plan: Callable[[str, str], tuple[Plan | None, list[Problem]]] = read
    organisation: Callable[[str, str], tuple[Organisation | None, list[Problem]]] = (
        read_organisation
    )
    both: Callable[[NamedText | Plan | None, NamedText | Organisation | None], Candidate] = examine


READERS = Readers()


class Rules:
    """The one place that knows which plan and organisation are in force.

    Whatever was said last is in force: by a file whose text has changed, or by `apply`. A file
    with errors is never activated; the last good version goes on (invariant H10). Incidents keep
    the plan that opened them, so old plans are read back from the store when they are wanted.
    """

    def __init__(self, store: Store, readers: Readers = READERS) -> None:
        self._store = store
        self._readers = readers
        self._lock = threading.Lock()
        # Held while what is in force changes, so that nothing older is taken up afterwards.
        self._changing = threading.Lock()
        self._plan: Plan | None = None
        self._organisation: Organisation | None = None
        # The same with the overrides that people made, by which everything is done.
        self._covered: Organisation | None = None
        self._overrides: tuple[MadeOverride, ...] = ()
        self._overrides_changed = 0
        self._plans: dict[str, Plan] = {}
        self._router: Router | None = None
        # As the store says, whether this program understands it or not.
        self._in_force: dict[What, str] = {}
        self._not_understood: dict[What, tuple[Problem, ...]] = {}
        self._refused_files: tuple[Problem, ...] = ()
        self.before_change: Callable[[Organisation], None] = lambda _organisation: None
        """Is told of an organisation just before anybody is called by it."""

    @property
    def refused(self) -> tuple[Problem, ...]:
        """The problems of files that were offered last and of kept ones, if they were refused."""
        kept = (problem for problems in self._not_understood.values() for problem in problems)
        return (*self._refused_files, *kept)

    @property
    def plan(self) -> Plan:
        """The plan in force; raises NoRules if there is none."""
        if self._plan is None:
            raise NoRules("no plan is active")
        return self._plan

    @property
    def organisation(self) -> Organisation:
        """The organisation in force, overrides included; raises NoRules if there is none."""
        if self._covered is None:
            raise NoRules("no organisation is active")
        return self._covered

    @property
    def organisation_file(self) -> Organisation:
        """The organisation as its file says it, without the overrides that people made."""
        if self._organisation is None:
            raise NoRules("no organisation is active")
        return self._organisation

    @property
    def complete(self) -> bool:
        """Whether a plan and an organisation are in force."""
        return self._plan is not None and self._organisation is not None

    @property
    def versions(self) -> tuple[str, str]:
        """The versions of plan and organisation that this node works by; raises NoRules."""
        return self.plan.version, self.organisation.version

    @property
    def router(self) -> Router:
        """What alerts mean under the plan in force; raises NoRules if there is none."""
        if self._router is None:
            raise NoRules("no plan is active")
        return self._router

    def plan_of(self, version: str) -> Plan:
        """Return a plan by version; raises NoRules if that version was never kept."""
        with self._lock:
            known = self._plans.get(version)
        if known is not None:
            return known
        with self._store.read() as reading:
            found = reading.document("plan", version)
        if found is None:
            raise NoRules(f"plan version {version} is not in the store")
        plan, _ = self._readers.plan(found[1], found[0])
        if plan is None:
            # A newer Tocsin may be stricter. Calling people by what it understands of the plan, or
            # by today's, beats calling nobody.
            log.error("rules.plan-unreadable", version=version)
            plan = salvage(found[1], found[0]) or self.plan
        with self._lock:
            self._plans[version] = plan
        return plan

    def know(self, plan: Plan, version: str = "") -> None:
        """Remember a plan that is not in the store, also as what another version stands for."""
        with self._lock:
            self._plans[version or plan.version] = plan

    def hold(self, plan: Plan, organisation: Organisation) -> None:
        """Work by these two, whatever is in force: for probes, which nobody's files govern."""
        self._take_up(plan, organisation)

    def follow(self) -> bool:
        """Take up what the store says is in force; return whether that was anything new.

        This is how a node learns what was put in force through another one.
        """
        with self._changing:
            return self._follow()

    def activate(
        self,
        plan_file: NamedText,
        organisation_file: NamedText,
        now: datetime,
        sources: tuple[str, str] | None = None,
    ) -> list[Problem]:
        """Take account of the plan and organisation files, each as (file name, content).

        A file counts if its text is not the one last seen of it; one that was never seen counts
        unless its text was in force before, since then something newer has replaced it. The other
        part stays as it is in force. Returns all problems of what counts; if any of them is an
        error, nothing changes, and what was refused counts again until something else of its kind
        is put in force. `sources` tell the two from files of other machines, their names if left
        out.
        """
        files = dict(zip(BOTH, (plan_file, organisation_file), strict=True))
        places = dict(zip(BOTH, sources or (plan_file[0], organisation_file[0]), strict=True))
        with self._changing:
            self._follow()
            with self._store.read() as reading:
                looks = [self._look(reading, what, files[what], places[what]) for what in BOTH]
            offered = {look.seen.what: files[look.seen.what] for look in looks if look.counts}
            offer = Offer(
                by="tocsin",
                via="file",
                plan=offered.get("plan"),
                organisation=offered.get("organisation"),
                why=f"changed: {', '.join(places[what] for what in offered)}",
            )
            candidate = self._examine(offer)
            self._refused_files = candidate.problems if candidate.is_refused else ()
            if candidate.is_refused:
                self._keep_seen([look.as_refused(now) for look in looks if look.counts])
            else:
                new = [look.as_taken(now) for look in looks if look.counts or not look.is_known]
                self._put(candidate, offer, now, new)
            return list(candidate.problems)

    def check(self, offer: Offer) -> Candidate:
        """Say what is wrong with an offer, alone and beside what is in force; changes nothing."""
        self.follow()
        return self._examine(offer)

    def apply(self, offer: Offer, now: datetime) -> Applied:
        """Put a plan, an organisation or both in force, all of it or nothing.

        What is in force already is not written again. Raises Refused, Overtaken, NoRules if one
        part is offered where nothing is in force yet, StoreUnavailable, and Conflict if another
        node came first: do it again then.
        """
        with self._changing:
            self._follow()
            for what, expected in offer.expects.items():
                if self._in_force.get(what, "") != expected:
                    raise Overtaken(what, expected, self._in_force.get(what, ""))
            candidate = self._examine(offer)
            if candidate.is_refused:
                raise Refused(candidate.problems)
            if candidate.plan is None or candidate.organisation is None:
                raise NoRules("a plan and an organisation are put in force together at first")
            return Applied(self._put(candidate, offer, now), candidate.problems)

    def cannot_read(self, file: str, why: str) -> None:
        """Note that a file can't be read any more; what is in force stays in force."""
        what = f"the file can't be read: {why.lower()}"
        hint = "what was in force stays in force; put the file back"
        problem = Problem(
            file=file, line=0, column=0, code="file.unreadable", level="error", what=what, hint=hint
        )
        self._refused_files = (problem,)

    def _examine(self, offer: Offer) -> Candidate:
        return self._readers.both(
            offer.plan or self._plan, offer.organisation or self._organisation
        )

    def _put(
        self, candidate: Candidate, offer: Offer, now: datetime, seen: list[FileSeen] | None = None
    ) -> tuple[What, ...]:
        """Keep what is new and take it up; return what has changed."""
        values: dict[What, Plan | Organisation | None] = {
            "plan": candidate.plan,
            "organisation": candidate.organisation,
        }
        new: list[tuple[Activation, str]] = []
        for what in BOTH:
            file, value = offer.part(what), values[what]
            if file is None or value is None or self._in_force.get(what) == value.version:
                continue
            new.append((_activation(what, value, file[0], offer, now), _text(file)))
        if new or seen:
            with self._store.write() as tx:
                tx.lock_rules()
                self._demand_unmoved(tx)
                for activation, text in new:
                    tx.activate(activation, text)
                    detail = f"version {activation.version[:12]}: {offer.why}".rstrip(": ")
                    by = Doer(offer.by, offer.via, offer.address)
                    audited(tx, now, by, "rules.applied", activation.what, detail)
                    if activation.what == "organisation" and candidate.organisation is not None:
                        people_changed(tx, self._organisation, candidate.organisation, now, by)
                for one in seen or ():
                    tx.keep_file_seen(one)
        for activation, _ in new:
            self._in_force[activation.what] = activation.version
        self._take_up(
            candidate.plan if offer.plan else None,
            candidate.organisation if offer.organisation else None,
        )
        return tuple(activation.what for activation, _ in new)

    def _demand_unmoved(self, tx: Transaction) -> None:
        """Raise Conflict if something else is in force than what the candidate was checked with."""
        if _versions(tx.in_force()) != self._in_force:
            raise Conflict("another node has changed what is in force")

    def _follow(self) -> bool:
        with self._store.read() as reading:
            found = reading.in_force()
            in_force, changed = _versions(found), found.overrides
            if changed != self._overrides_changed:
                self._overrides = tuple(reading.overrides())
            new = {
                what: reading.document(what, version)
                for what, version in in_force.items()
                if self._in_force.get(what) != version
            }
        plan: Plan | None = None
        organisation: Organisation | None = None
        for what, file in new.items():
            if file is None:
                raise AssertionError("what was put in force is kept")
            name, text = file
            if what == "plan":
                plan, problems = self._readers.plan(text, name)
            else:
                organisation, problems = self._readers.organisation(text, name)
            self._not_understood.pop(what, None)
            if any(problem.level == "error" for problem in problems):
                # It was good for the Tocsin that took it in: this one is older, or stricter.
                log.error("rules.not-understood", what=what, version=in_force[what])
                self._not_understood[what] = tuple(problems)
        self._take_up(plan, organisation)
        self._in_force = in_force
        if changed != self._overrides_changed:
            self._overrides_changed = changed
            self._cover()
            return True
        return bool(new)

    def _look(self, reading: Reading, what: What, file: NamedText, source: str) -> "_Look":
        """Find out whether a file says anything new, as `activate` explains."""
        version = _version(file)
        seen = _seen(reading, what, source)
        newest = next((one.id for one in reading.activations(what, None, 1)), 0)
        if self._value(what) is None:
            counts = True
        elif version == seen.refused:
            counts = seen.refused_after == newest
        elif seen.version:
            counts = version != seen.version
        else:
            counts = reading.document(what, version) is None
        return _Look(seen, version, counts, newest)

    def _keep_seen(self, seen: list[FileSeen]) -> None:
        with self._store.write() as tx:
            tx.lock_rules()
            for one in seen:
                tx.keep_file_seen(one)

    def _value(self, what: What) -> Plan | Organisation | None:
        return self._plan if what == "plan" else self._organisation

    def _take_up(self, plan: Plan | None, organisation: Organisation | None) -> None:
        if organisation is not None:
            self.before_change(organisation)
        with self._lock:
            if plan is not None:
                self._not_understood.pop("plan", None)
                self._plan = plan
                self._plans[plan.version] = plan
                self._router = Router(plan)
            if organisation is not None:
                self._not_understood.pop("organisation", None)
                self._organisation = organisation
        if organisation is not None:
            self._cover()

    def _cover(self) -> None:
        """Let the overrides hold under the organisation in force."""
        if self._organisation is not None:
            self._covered = with_overrides(self._organisation, self._overrides)


def _versions(found: InForce) -> dict[What, str]:
    versions: dict[What, str] = {"plan": found.plan, "organisation": found.organisation}
    return {what: version for what, version in versions.items() if version}


def _seen(reading: Reading, what: What, source: str) -> FileSeen:
    """Return what was last seen of a file; with no version at all if it was never looked at."""
    found = (one for one in reading.files_seen(what) if one.source == source)
    nothing = FileSeen(what=what, source=source, version="", at=datetime.min.replace(tzinfo=UTC))
    return next(found, nothing)


def _activation(
    what: What, value: Plan | Organisation, file: str, offer: Offer, now: datetime
) -> Activation:
    return Activation(
        what=what,
        version=value.version,
        file=file,
        title=value.title if isinstance(value, Plan) else value.name,
        at=now,
        by=offer.by,
        via=offer.via,
        why=offer.why,
    )


def _version(file: NamedText) -> str:
    """Return the version that a text is: plans and organisations carry the same."""
    content = file[1]
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return sha256(raw).hexdigest()


def _text(file: NamedText) -> str:
    """Return the content of a file that was read without errors as text."""
    content = file[1]
    return content if isinstance(content, str) else content.decode()
