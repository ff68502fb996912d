"""From the text of a scenario file to a `Script`, or to all its problems."""

from datetime import timedelta

import msgspec

from tocsin.core.document import Document, in_order, listed, near, salvage_document
from tocsin.core.incident import commands as c
from tocsin.core.problem import Problem
from tocsin.core.rehearsal import acts
from tocsin.core.scenarios.calendar import CalendarCheck, CalendarFile, calendar_check, slips
from tocsin.core.scenarios.expectations import Expectation, Row, Script
from tocsin.core.scenarios.expecting import expectation
from tocsin.core.scenarios.file import WORLD, ClassifyFile, ScenarioFile, StoryEntry
from tocsin.core.scenarios.measuring import (
    MeasuredCheck,
    MeasuredFile,
    measured_check,
    unknown_rule,
)
from tocsin.core.scenarios.noting import Notes, World, parted
from tocsin.core.scenarios.verbs import VERBS, commands
from tocsin.core.simulation import Deed, Scenario
from tocsin.core.tree import Path


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario file before it is held against a plan: the files that it names, as written.

    `edits` are the plans that are put in force in its course. `document` is None for a text that
    is no scenario at all; `problems` then say why.
    """

    file: str
    document: Document[ScenarioFile] | None
    problems: tuple[Problem, ...]
    title: str = ""
    plan: str = ""
    org: str = ""
    edits: tuple[str, ...] = ()


def draft(text: str | bytes, file: str) -> Draft:
    """Read the text of a scenario file as far as that goes without a plan; never raises."""
    document, problems = salvage_document(text, file, ScenarioFile)
    if document is None:
        return Draft(file=file, document=None, problems=tuple(problems))
    model = document.model
    edits = [entry.edit_plan for entry in model.story if entry.edit_plan]
    return Draft(
        file=file,
        document=document,
        problems=tuple(problems),
        title=model.scenario,
        plan=model.plan,
        org=model.org,
        edits=tuple(dict.fromkeys(edits)),
    )


def read_scenario(found: Draft, world: World) -> tuple[Script | None, list[Problem]]:
    """Hold a scenario against its world; never raises.

    The script is None exactly if a problem is an error. Problems are in the order of the file.
    """
    if found.document is None:
        return None, list(found.problems)
    notes = Notes(found.document, world)
    script = _Reader(notes).script()
    problems = in_order([*found.problems, *notes.found.problems])
    if any(problem.level == "error" for problem in problems):
        return None, problems
    return script, problems


class _Reader:
    """Turns a file that has the right shape into a script, noting what does not fit."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._file = notes.document.model
        self._opened = {entry.incident for entry in self._file.story if _opens(entry)} - {""}

    def script(self) -> Script:
        """Return the whole file as a script; what is wrong in it is left out and noted."""
        file, notes = self._file, self._notes
        self._notes.severity(("severity",), file.severity)
        self._notes.facts(("facts",), file.facts)
        self._notes.kind(("kind",), file.kind)
        lasts = self._notes.duration(("lasts",), file.lasts) if file.lasts else None
        deeds: list[Deed] = []
        expected: list[Expectation] = []
        for number, entry in enumerate(file.story):
            at = self._notes.time(("story", number, "at"), entry.at)
            if at is None:
                at = timedelta(0)
            elif lasts is not None and at > lasts:
                hint = "Make `lasts` longer, or leave it out."
                self._notes.wrong(
                    ("story", number, "at"),
                    "scenario.time",
                    f"the story ends at {file.lasts}",
                    hint,
                )
            deeds += self._deeds(number, entry, at)
            if entry.expect is not None:
                expected.append(expectation(notes, number, entry, at))
        stated = bool(file.severity or file.facts or file.kind)
        scenario = Scenario(
            title=file.scenario,
            starts=self._notes.starts,
            detected=stated or not any(_opens(entry) for entry in file.story),
            severity=file.severity,
            kind=file.kind,
            facts=file.facts,
            exercise=file.exercise,
            deeds=tuple(sorted(deeds, key=lambda deed: deed.at)),
            lasts=lasts,
            watched=max((one.end for one in expected), default=timedelta(0)),
            seed=file.seed,
        )
        return Script(
            scenario=scenario,
            plays=bool(file.story or stated)
            or not (file.classify or file.programme or file.thresholds),
            expectations=tuple(expected),
            classify=tuple(self._row(number, row) for number, row in enumerate(file.classify)),
            programme=tuple(
                self._calendar(number, one) for number, one in enumerate(file.programme)
            ),
            thresholds=tuple(
                self._measured(number, one) for number, one in enumerate(file.thresholds)
            ),
            shows=tuple(file.shows),
            entries=tuple(self._notes.place("story", number) for number in range(len(file.story))),
        )

    def _row(self, number: int, row: ClassifyFile) -> Row:
        path: Path = ("classify", number)
        self._notes.facts((*path, "facts"), row.facts)
        severity = "" if row.severity == "none" else row.severity
        self._notes.severity((*path, "severity"), severity)
        return Row(
            facts=row.facts,
            severity=severity,
            because=tuple(row.because),
            place=self._notes.place(*path, "severity"),
        )

    def _calendar(self, number: int, file: CalendarFile) -> CalendarCheck:
        path: Path = ("programme", number)
        for slip in slips(self._notes.world.plan, path, file):
            self._notes.wrong(slip.path, "scenario.programme", slip.what, slip.hint)
        expected: Path = (*path, "expect")
        places = {key: self._notes.place(*expected, key) for key in ("overdue", "count")}
        for key, names in (("next", file.expect.next), ("documents", file.expect.documents)):
            places |= {f"{key} {n}": self._notes.place(*expected, key, n) for n in names}
        return calendar_check(file, places)

    def _measured(self, number: int, file: MeasuredFile) -> MeasuredCheck:
        path: Path = ("thresholds", number)
        if cure := unknown_rule(self._notes.world.plan, file.rule):
            what = f"the plan has no threshold `{file.rule}`"
            self._notes.wrong((*path, "rule"), "scenario.threshold", what, cure)
        return measured_check(file, self._notes.place(*path, "fires"))

    def _deeds(self, number: int, entry: StoryEntry, at: timedelta) -> list[Deed]:
        path: Path = ("story", number)
        written = [key for key in self._notes.document.keys(path) if key in VERBS or key in WORLD]
        if not written and entry.expect is None and not self._notes.document.damaged(path):
            hint = f"Write one of {listed([*WORLD, *VERBS], 30)}, or `expect`."
            self._notes.wrong(path, "scenario.deed", "nothing happens here", hint)
        if entry.incident and entry.incident not in self._opened and not _opens(entry):
            what = f"nothing opens an incident `{entry.incident}`"
            hint = near(entry.incident, self._opened) + "Name it where an alert or report opens it."
            self._notes.wrong((*path, "incident"), "scenario.incident", what, hint)
        done: list[c.Command | acts.Act] = []
        for key in written:
            said = getattr(entry, key)
            if said:
                done += (
                    self._act(path, entry, key) if key in WORLD else self._verb(path, entry, key)
                )
        return [Deed(at=at, command=one, incident=entry.incident, entry=number) for one in done]

    def _verb(self, path: Path, entry: StoryEntry, name: str) -> list[c.Command]:
        here = (*path, name)
        said, verb = getattr(entry, name), VERBS[name]
        if isinstance(said, dict) and not verb.value:
            fields = verb.fields()
            unknown = [key for key in said if key not in fields]
            for key in unknown:
                hint = f"{near(key, fields)}Known here: {listed(fields)}."
                self._notes.wrong((*here, key), "scenario.deed", f"`{name}` has no `{key}`", hint)
            if unknown:
                return []
        try:
            made = commands(name, said, entry.by, entry.why)
        except ValueError as error:
            self._notes.wrong(here, "scenario.deed", *parted(error))
            return []
        if entry.expect is None or not entry.expect.refused:
            for command in made:
                self._sense(here, command)
        return [_doubted(command) for command in made]

    def _sense(self, path: Path, command: c.Command) -> None:
        """Note what the plan would refuse in any case, unless the scenario wants just that."""
        if isinstance(command, c.SetSeverity):
            self._notes.severity(path, command.severity)
        elif isinstance(command, c.RecordFact):
            self._notes.facts(path, {command.name: command.value})
        elif isinstance(command, c.TakeRole):
            self._notes.roles(path, [command.role])
        elif isinstance(command, c.Escalate) and not command.to.startswith("level "):
            self._notes.recipients(path, [command.to], one=True)

    def _act(self, path: Path, entry: StoryEntry, key: str) -> list[acts.Act]:
        by = entry.by
        if key == "alert":
            return [acts.AlertFires(labels=entry.alert, by=by or acts.MONITORING)]
        if key == "alert_ends":
            return [acts.AlertEnds(labels=entry.alert_ends, by=by or acts.MONITORING)]
        if key == "edit_plan":
            plan = self._notes.world.edits[entry.edit_plan]
            return [acts.PlanEdited(plan=plan, file=entry.edit_plan)]
        if key == "report" and entry.report is not None:
            said = entry.report
            if entry.expect is None or not entry.expect.refused:
                self._notes.severity((*path, key, "severity"), said.severity)
                self._notes.kind((*path, key, "kind"), said.kind)
                self._notes.facts((*path, key, "facts"), said.facts)
            return [
                acts.Reported(
                    by=by or "somebody",
                    title=said.title,
                    severity=said.severity,
                    kind=said.kind,
                    facts=said.facts,
                    why=entry.why,
                )
            ]
        return [self._outage((*path, key), entry)]

    def _outage(self, path: Path, entry: StoryEntry) -> acts.Outage:
        said = entry.outage
        if said is None:
            raise AssertionError("only what is written is read")
        organisation = self._notes.world.organisation
        if organisation is not None:
            ways = [way for one in organisation.people.values() for way in one.contacts]
            ways += [way for one in organisation.recipients.values() for way in one.contacts]
            channels = sorted({way.channel for way in ways})
            what = f"nobody has a contact by `{said.channel}`"
            self._notes.known((*path, "channel"), "scenario.channel", said.channel, channels, what)
        self._notes.recipients((*path, "person"), [said.person], one=True)
        lasts = self._notes.duration((*path, "for"), said.lasts) if said.lasts else None
        return acts.Outage(channel=said.channel, person=said.person, lasts=lasts)


def _doubted(command: c.Command) -> c.Command:
    """A fact with the value `?` is one that is in doubt."""
    if isinstance(command, c.RecordFact) and command.value == acts.IN_DOUBT:
        return msgspec.structs.replace(command, in_doubt=True)
    return command


def _opens(entry: StoryEntry) -> bool:
    return bool(entry.alert) or entry.report is not None
