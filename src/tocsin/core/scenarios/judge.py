"""Whether a plan did what a scenario expects: nothing to say, or what came instead."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.core.document import near
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Clock, Incident
from tocsin.core.oncall import on_call, reach
from tocsin.core.people import Organisation
from tocsin.core.plan.classify import propose
from tocsin.core.plan.model import Plan
from tocsin.core.rehearsal.acts import IN_DOUBT, told_apart
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.scenarios.calendar import CalendarCheck, differences
from tocsin.core.scenarios.expectations import (
    CALLS,
    CLOCK_WORDS,
    STANDS,
    ClockStands,
    Expectation,
    Item,
    Place,
    Row,
    Script,
    dos,
)
from tocsin.core.scenarios.measuring import MeasuredCheck, surprises
from tocsin.core.simulation import Played
from tocsin.core.times import words_duration


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was expected and is not so.

    `place` is (line, column) in the scenario file; `t` the seconds after the start at which it was
    expected, None for what belongs to no time. `missing` are happenings that did not come, and
    `unexpected` the indexes, in what happened, of those that should not have come.
    """

    place: Place
    t: float | None
    wanted: str
    instead: str
    missing: tuple[Happening, ...] = ()
    unexpected: tuple[int, ...] = ()


def judge(organisation: Organisation, script: Script, played: Played) -> list[Failure]:
    """Return everything in which a played story is not as expected, in the order of the file."""
    failures = [
        failure
        for expectation in script.expectations
        for failure in _Judge(organisation, script, played, expectation).failures()
    ]
    failures += _refusals(script, played)
    return sorted(failures, key=lambda failure: failure.place)


def judge_table(plan: Plan, rows: Iterable[Row]) -> list[Failure]:
    """Return the rows of a classification table that the plan does not agree with."""
    return [failure for row in rows for failure in _classified(plan, row)]


def judge_programme(plan: Plan, checks: Iterable[CalendarCheck]) -> list[Failure]:
    """Return everything in which the plan's programme is not as expected."""
    return [
        Failure(place=one.place, t=None, wanted=one.wanted, instead=one.instead)
        for check in checks
        for one in differences(plan, check)
    ]


def judge_thresholds(plan: Plan, checks: Iterable[MeasuredCheck]) -> list[Failure]:
    """Return the alert rules of the plan that do not fire as expected."""
    return [
        Failure(place=one.place, t=None, wanted=one.wanted, instead=one.instead)
        for check in checks
        for one in surprises(plan, check)
    ]


def _classified(plan: Plan, row: Row) -> Iterator[Failure]:
    proposal = propose(plan, *told_apart(row.facts))
    level = None if proposal.excluded else proposal.severity
    code = level.code if level is not None else ""
    expected = plan.named(row.severity)
    known = ", ".join(f"{name}: {_said(value)}" for name, value in row.facts.items())
    reasons = [criterion.text for criterion in proposal.because]
    because = f" because of {' and '.join(reasons)}" if reasons else ""
    if code != expected:
        wanted = f"{row.severity or 'no incident'} for {{{known}}}"
        instead = f"{code or 'no incident'}{because}"
        yield Failure(place=row.place, t=None, wanted=wanted, instead=instead)
        return
    for part in row.because:
        if not any(part.casefold() in reason.casefold() for reason in reasons):
            wanted = f"{code} for {{{known}}} because of `{part}`"
            instead = f"{code or 'no incident'}{because or ', and no criterion holds'}"
            yield Failure(place=row.place, t=None, wanted=wanted, instead=instead)


def _refusals(script: Script, played: Played) -> Iterator[Failure]:
    """A deed that the plan refuses has no effect: a scenario that does not say so is mistaken."""
    for index, happening in enumerate(played.happenings):
        if happening.do != "refused" or happening.entry < 0:
            continue
        expected = any(
            item.do == "refused" and (item.fits(happening) or one.entry == happening.entry)
            for one in script.expectations
            if one.covers(happening)
            for item in one.items
        )
        if not expected:
            yield Failure(
                place=script.entries[happening.entry],
                t=happening.t,
                wanted="the deed is done",
                instead=f"refused: {happening.why} [{happening.code}]",
                unexpected=(index,),
            )


class _Judge:
    """Holds one expectation against a story."""

    def __init__(
        self, organisation: Organisation, script: Script, played: Played, wanted: Expectation
    ) -> None:
        self._organisation = organisation
        self._starts = script.scenario.starts
        self._wanted = wanted
        self._code = _incident_meant(wanted, played)
        self._timeline = played.timelines.get(self._code or "", ())
        self._happenings = [
            (index, happening)
            for index, happening in enumerate(played.happenings)
            if happening.incident in ("", self._code)
        ]

    def failures(self) -> Iterator[Failure]:
        wanted = self._wanted
        if self._code is None:
            yield self._failure("incident", f"incident `{wanted.incident}`", "nothing opens it")
            return
        for item in wanted.items:
            if not any(item.fits(one) for _, one in self._in_time()):
                yield self._missing(item)
        in_time = list(self._in_time())
        for kind in wanted.no:
            hits = [(index, one) for index, one in in_time if one.do in dos(kind)]
            yield from self._none_of("no", f"no {kind}", hits)
        for name in wanted.nobody:
            calls = [(index, one) for index, one in in_time if one.do in CALLS]
            hits = [(index, one) for index, one in calls if name in (one.to, *one.people)]
            yield from self._none_of("nobody", f"nothing is sent to {name}", hits)
        if wanted.only is not None:
            yield from self._only(wanted.only)
        yield from self._nothing_more()
        yield from self._standing()

    def _in_time(self) -> Iterator[tuple[int, Happening]]:
        return ((index, one) for index, one in self._happenings if self._wanted.covers(one))

    def _failure(
        self,
        key: str,
        wanted: str,
        instead: str,
        missing: Sequence[Item] = (),
        unexpected: Sequence[int] = (),
    ) -> Failure:
        expectation = self._wanted
        at = self._starts + expectation.at
        t = expectation.at.total_seconds()
        return Failure(
            place=expectation.places[key],
            t=t,
            wanted=wanted,
            instead=instead,
            missing=tuple(
                Happening(t=t, at=at, do=dos(one.do)[0], to=one.to, clock=one.clock, why=one.why)
                for one in missing
            ),
            unexpected=tuple(unexpected),
        )

    def _missing(self, item: Item) -> Failure:
        wanted = item.words()
        in_time = list(self._in_time())
        for index, one in in_time:
            if item.means(one):
                line = f", and line {one.line} asks for it" if item.line else ""
                instead = f"it says `{one.why}`{line}"
                return self._failure(item.key, wanted, instead, [item], [index])
        at = self._wanted.at.total_seconds()
        elsewhere = [(index, one) for index, one in self._happenings if item.means(one)]
        if elsewhere:
            index, nearest = min(elsewhere, key=lambda pair: abs(pair[1].t - at))
            instead = f"it happens at {words_duration(timedelta(seconds=nearest.t))}"
            return self._failure(item.key, wanted, instead, [item], [index])
        alike = [(index, one) for index, one in in_time if one.do in dos(item.do)]
        if alike:
            said = " and ".join(_words(one) for _, one in alike)
            return self._failure(item.key, wanted, said, [item], [index for index, _ in alike])
        clocks = {one.clock for _, one in self._happenings if one.clock}
        hint = near(item.clock, clocks) if item.clock and item.clock not in clocks else ""
        instead = "nothing of the kind" + (f". {hint.strip()}" if hint else "")
        return self._failure(item.key, wanted, instead, [item])

    def _none_of(
        self, key: str, wanted: str, hits: Sequence[tuple[int, Happening]]
    ) -> Iterator[Failure]:
        if hits:
            yield self._failure(key, wanted, _told(hits), (), [index for index, _ in hits])

    def _only(self, items: tuple[Item, ...]) -> Iterator[Failure]:
        calls = [(index, one) for index, one in self._in_time() if one.do in CALLS]
        missing = [item for item in items if not any(item.fits(one) for _, one in calls)]
        others = [pair for pair in calls if not any(item.fits(pair[1]) for item in items)]
        if missing or others:
            wanted = "only " + (" and ".join(item.words() for item in items) or "no call at all")
            instead = _told(calls) or "no call at all"
            yield self._failure("only", wanted, instead, missing, [index for index, _ in others])

    def _nothing_more(self) -> Iterator[Failure]:
        wanted, at = self._wanted, self._wanted.at.total_seconds()
        for kind in wanted.nothing_more:
            hits = [
                (index, one)
                for index, one in self._happenings
                if one.t >= at
                and one.do in dos(kind)
                and not any(item.fits(one) and wanted.covers(one) for item in wanted.items)
            ]
            if hits:
                unexpected = [index for index, _ in hits]
                yield self._failure("nothing_more", f"no more {kind}", _told(hits), (), unexpected)

    def _standing(self) -> Iterator[Failure]:
        """Compare how the incident stands after everything that happens at that instant."""
        wanted = self._wanted
        now = self._starts + wanted.at
        for name, people in wanted.on_call.items():
            found = _on_call(self._organisation, name, now)
            if sorted(found) != sorted(people):
                who = ", ".join(found) or "nobody"
                yield self._failure(
                    f"on_call {name}", f"on call as {name}: {', '.join(people)}", who
                )
        if not (wanted.stands or wanted.facts or wanted.role or wanted.clocks or wanted.tasks):
            return
        events = [event for event in self._timeline if event.at <= now]
        if not events:
            keys = (*STANDS, "facts", "role", "clocks", "tasks")
            key = next(key for key in keys if key in wanted.places)
            yield self._failure(key, "an incident", "none is open then")
            return
        incident = replay(events)
        for key, word in wanted.stands.items():
            found = _found(incident, key)
            if word not in found:
                why = f" ({incident.severity_why})" if key == "severity" else ""
                yield self._failure(key, f"{key} {word}", f"{' and '.join(found)}{why}")
        yield from self._known(incident)
        for name, stands in wanted.clocks.items():
            clock = next((one for one in incident.clocks if one.name == name), None)
            if not _stands(clock, stands, now, self._starts):
                wanted_words = f"clock {name}: {stands.text}"
                instead = _clock_words(clock, now, incident)
                yield self._failure(f"clocks {name}", wanted_words, instead)

    def _known(self, incident: Incident) -> Iterator[Failure]:
        for name, value in self._wanted.facts.items():
            known = incident.facts.get(name)
            if value == IN_DOUBT and name in incident.doubts:
                continue
            if known is None or (known.value, _said(known.value)) != (value, _said(value)):
                instead = "nobody has stated it" if known is None else _said(known.value)
                yield self._failure(f"facts {name}", f"{name}: {_said(value)}", instead)
        for name, state in self._wanted.tasks.items():
            task = incident.tasks.get(name)
            if (task.state if task is not None else "none") != state:
                armed = ", ".join(incident.tasks) or "none"
                none = f"there is no such task then (there are: {armed})"
                instead = task.state if task is not None else none
                yield self._failure(f"tasks {name}", f"task {name}: {state}", instead)
        for name, person in self._wanted.role.items():
            holder = incident.roles.get(name, "nobody")
            if holder != person:
                yield self._failure(f"role {name}", f"{name}: {person}", holder)


def _found(incident: Incident, key: str) -> tuple[str, ...]:
    """Return what an incident has of one of STANDS; it may be in several phases at once."""
    if key == "phase":
        return tuple(phase for phase in (incident.phase, *incident.parallel) if phase) or ("none",)
    return (str(getattr(incident, key)) or "none",)


def _incident_meant(wanted: Expectation, played: Played) -> str | None:
    """Return the code of the incident that is meant, "" if there is none at all."""
    if wanted.incident:
        return played.named.get(wanted.incident)
    if wanted.entry in played.touched:
        return played.touched[wanted.entry]
    return next(iter(played.timelines), "")


def _on_call(organisation: Organisation, name: str, now: datetime) -> tuple[str, ...]:
    if name in organisation.rosters:
        return (on_call(organisation.rosters[name], now).person,)
    return tuple(person.id for person in reach(organisation, name, now).people)


def _stands(clock: Clock | None, wanted: ClockStands, now: datetime, starts: datetime) -> bool:
    if clock is None:
        return wanted.state == "none"
    if clock.state != wanted.state:
        return False
    if wanted.left is not None:
        return clock.due - now == wanted.left
    return wanted.due is None or clock.due == starts + wanted.due


def _clock_words(clock: Clock | None, now: datetime, incident: Incident) -> str:
    if clock is None:
        names = ", ".join(one.name for one in incident.clocks)
        return f"there is no such clock (there are: {names})" if names else "there is no clock"
    if clock.state != "running":
        return clock.state
    return f"{words_duration(clock.due - now)} left (due {clock.due:%a %Y-%m-%d %H:%M} UTC)"


def _told(hits: Sequence[tuple[int, Happening]]) -> str:
    """Say what happened, with its times; of many things the first few."""
    said = [f"{_words(one)} at {words_duration(timedelta(seconds=one.t))}" for _, one in hits[:3]]
    more = f" and {len(hits) - 3} more" if len(hits) > 3 else ""
    return ", ".join(said) + more


def _words(happening: Happening) -> str:
    do = next((word for word, kind in CLOCK_WORDS.items() if kind == happening.do), happening.do)
    said = Item(key="", do=do, to=happening.to, clock=happening.clock).words()
    return f"{said}: {happening.why}" if happening.do == "refused" else said


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
