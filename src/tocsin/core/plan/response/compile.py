"""Phases, playbooks, milestones, gates, evidence and questions, reduced to tasks."""

import re

import msgspec

from tocsin.core.document import near
from tocsin.core.plan.response.file import (
    GateFile,
    PhaseFile,
    PlaybookFile,
    TodoFile,
    WatchFile,
)
from tocsin.core.plan.response.model import Phase, Response, Watch
from tocsin.core.plan.response.steps import Setting, StepMaker, bracket, slug
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.times import AnyTime, parse_time
from tocsin.core.tree import Path


def compile_response(scope: Scope) -> tuple[Response, tuple[Task, ...]]:
    """Reduce what is to be done to phases, watches and tasks, in the order of the plan."""
    compiler = _Compiler(scope)
    file = scope.file
    for name, phase in file.phases.items():
        compiler.phase(name, phase)
    for name, playbook in file.playbooks.items():
        compiler.playbook(name, playbook)
    for text, outcomes in (file.milestones.__pydantic_extra__ or {}).items():
        compiler.milestone(text, outcomes)
    for number, gate in enumerate(file.gates):
        compiler.gate(number, gate)
    compiler.evidence()
    compiler.questions()
    response = Response(
        phases=tuple(compiler.phases),
        watches=tuple(compiler.watches),
        playbooks=tuple(compiler.playbooks),
    )
    return response, tuple(compiler.made.tasks)


class _Compiler:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.made = StepMaker(scope)
        self.phases: list[Phase] = []
        self.watches: list[Watch] = []
        self.playbooks: list[tuple[str, str, str, int]] = []
        self._overlays = self._phases_replaced()

    def _phases_replaced(self) -> dict[str, tuple[str, ...]]:
        """Phase -> the conditions under which a playbook stands in for its steps."""
        overlays: dict[str, tuple[str, ...]] = {}
        for playbook in self.scope.file.playbooks.values():
            for phase in playbook.instead_of:
                if condition := _playbook_condition(playbook):
                    overlays[phase] = (*overlays.get(phase, ()), condition)
        return overlays

    def phase(self, name: str, file: PhaseFile) -> None:
        scope, path = self.scope, ("phases", name)
        within, counts_from = None, ""
        if file.within is not None:
            within = scope.time((*path, "within"), file.within.within)
            counts_from = self._box_from((*path, "within", "from"), file.within.from_)
        self.phases.append(
            Phase(
                id=name,
                name=file.name or name,
                line=scope.line(path),
                starts=scope.time((*path, "starts"), file.starts) if file.starts else None,
                within=within,
                counts_from=counts_from,
                parallel=file.parallel,
                purpose=file.purpose,
            )
        )
        setting = Setting(
            prefix=name,
            group=file.name or name,
            after=f"phase {name}",
            unless=self._overlays.get(name, ()),
            holds=(f"leave {name}",) if file.to_leave == "all steps" else (),
            in_order=file.in_order,
        )
        self._checklist(path, file, setting)
        gate = msgspec.structs.replace(
            setting, holds=(f"leave {name}",), in_order=False, every_time=True
        )
        self.made.steps((*path, "needs"), file.needs, gate)
        if file.watch is not None:
            self.watch((*path, "watch"), name, file.watch, f"phase {name}", f"leave {name}")

    def _box_from(self, path: Path, text: str) -> str:
        if text != "unspecified":
            return self.scope.moment(path, text) if text else ""
        self.scope.undecided(
            path, "plan.phase-anchor", "the time box does not say what it counts from",
            "Write the moment: `from: opened`; without `from` it counts from its beginning.",
        )  # fmt: skip
        return ""

    def _checklist(self, path: Path, file: PhaseFile, setting: Setting) -> None:
        """Steps that an item of the checklist stands for are its instructions, not tasks."""
        covered = {step for item in file.checklist for step in item.covers}
        words = {name: step.do for step in file.steps for name in (step.id, step.do) if name}
        for number, item in enumerate(file.checklist):
            for place, name in enumerate(item.covers):
                if name not in words:
                    self.scope.error(
                        (*path, "checklist", number, "covers", place), "plan.unknown-step",
                        f"the phase has no step `{name}`",
                        near(name, words) + "Write its `id`, or its text as it stands there.",
                    )  # fmt: skip
        self.made.steps((*path, "steps"), file.steps, setting, frozenset(covered))
        first = len(self.made.tasks)
        made = self.made.steps((*path, "checklist"), file.checklist, setting)
        for place, (item, _) in enumerate(zip(file.checklist, made, strict=False)):
            how = tuple(words[name] for name in item.covers if name in words)
            if how:
                task = self.made.tasks[first + place]
                self.made.tasks[first + place] = msgspec.structs.replace(task, how=how)

    def playbook(self, name: str, file: PlaybookFile) -> None:
        scope, path = self.scope, ("playbooks", name)
        when = scope.situation((*path, "when"), file.when) if file.when else ""
        if file.kind:
            self._known_kind((*path, "kind"), file.kind)
            when = " && ".join(part for part in (f'kind == "{file.kind}"', bracket(when)) if part)
        if not file.when and not file.kind:
            scope.undecided(
                path, "plan.playbook-condition",
                f"the playbook `{name}` does not say when it applies",
                "Add `when: data_breach != \"no\"`, or `kind: security`.",
            )  # fmt: skip
        for number, phase in enumerate(file.instead_of):
            self.made.known_phase((*path, "instead_of", number), phase)
        title = file.name or name
        self.playbooks.append((name, title, when, scope.line(path)))
        setting = Setting(
            prefix=name, group=title, after="", when=when,
            severities=self.made.severities(path, file.for_), in_order=file.in_order,
            lasting=file.lasting,
        )  # fmt: skip
        if file.during:
            setting = self._during((*path, "during"), setting, file.during)
        self.made.steps((*path, "steps"), file.steps, setting)
        for key, group in file.groups.items():
            place: Path = (*path, "groups", key)
            own = msgspec.structs.replace(
                setting, prefix=f"{name}/{key}", group=f"{title}: {group.name or key}",
                in_order=group.in_order or file.in_order,
            )  # fmt: skip
            if group.during:
                own = self._during((*place, "during"), own, group.during)
            self.made.steps((*place, "steps"), group.steps, own)

    def milestone(self, text: str, outcomes: list[TodoFile]) -> None:
        scope, path = self.scope, ("milestones", text)
        within = self._milestone_time(path, text)
        if within is None:
            return
        if scope.file.milestones.meaning is None and not self._asked_meaning():
            scope.undecided(
                ("milestones",), "plan.milestone-meaning",
                "the milestones do not say whether things are done by then, then, or from then on",
                "Write `meaning: by` as the first line under `milestones:`.",
            )  # fmt: skip
        at = within if scope.file.milestones.meaning == "from" else None
        setting = Setting(
            prefix=f"milestone/{slug(text)}", group=f"Milestone {text}",
            at=at, within=None if at else within, counts_from="opened",
        )  # fmt: skip
        self.made.steps(path, outcomes, setting)

    def _milestone_time(self, path: Path, text: str) -> AnyTime | None:
        """When a milestone is; `T+5` of a document as written is taken for minutes."""
        unit = "m" if self.scope.as_written and re.fullmatch(r"[Tt]\+\d+", text) else ""
        try:
            within = parse_time(text + unit)
        except ValueError as error:
            what, _, hint = str(error).partition("; ")
            self.scope.found.add(
                self.scope.document.key_place(path), "plan.time", what,
                hint[:1].upper() + hint[1:] + ".",
            )  # fmt: skip
            return None
        if unit:
            self.scope.found.add(
                self.scope.document.key_place(path), "plan.time",
                f"`{text}` has no unit; minutes are assumed", f"Write `{text}m` or `{text}h`.",
                "warning",
            )  # fmt: skip
        return within

    def _asked_meaning(self) -> bool:
        """Whether the missing meaning was reported: it is one slip, not one per milestone."""
        return any(p.code == "plan.milestone-meaning" for p in self.scope.found.problems)

    def gate(self, number: int, file: GateFile) -> None:
        path: Path = ("gates", number)
        before = self.made.gate_name((*path, "before"), file.before)
        if not before:
            return
        word, _, name = before.partition(" ")
        after = {"close": "resolved", "leave": f"phase {name}"}.get(word, "opened")
        when = self.scope.situation((*path, "when"), file.when) if file.when else ""
        severities = self.made.severities(path, file.for_)
        setting = Setting(
            prefix=f"before-{slug(before)}", group=f"Before {_gate_words(before)}", after=after,
            when=when, severities=severities, holds=(before,), every_time=True,
        )  # fmt: skip
        self.made.steps((*path, "needs"), file.needs, setting)
        if file.watch is not None:
            own = f"before {before}" + (f" {number + 1}" if number else "")
            self.watch((*path, "watch"), own, file.watch, after, before)
            if when or severities:
                last = self.watches.pop() if self.watches else None
                if last is not None:
                    self.watches.append(
                        msgspec.structs.replace(last, when=when, severities=severities)
                    )

    def watch(self, path: Path, name: str, file: WatchFile, after: str, before: str) -> None:
        scope = self.scope
        if file.for_ == "unspecified":
            scope.undecided(
                (*path, "for"), "plan.watch-length", "the watch does not say how long it lasts",
                "Write how long things must stay well: `watch: 10m`.",
            )  # fmt: skip
            return
        if file.after:
            after = scope.moment((*path, "after"), file.after)
        self.watches.append(
            Watch(
                id=name,
                line=scope.line(path),
                lasts_seconds=int(scope.duration(file.for_).total_seconds()),
                after=after,
                before=before,
                keeps=scope.situation((*path, "keeps"), file.keeps) if file.keeps else "",
                restarts_on_alert=file.restarts_on_alert,
            )
        )

    def evidence(self) -> None:
        for number, file in enumerate(self.scope.file.evidence):
            path: Path = ("evidence", number)
            kept = f"kept {file.keep}" if file.keep else ""
            by = f"in the custody of {file.custody}" if file.custody else ""
            todo = TodoFile.model_construct(
                **{**_EMPTY_TODO, "do": file.collect, "when": file.when, "for_": file.for_,
                   "within": file.within, "by": file.by, "each": file.each,
                   "why": ", ".join(part for part in (kept, by) if part)}
            )  # fmt: skip
            if file.keep:
                self.scope.time((*path, "keep"), file.keep)
            setting = Setting(
                prefix="evidence", group="Evidence", after="", holds=("close",)
            )  # fmt: skip
            made = self.made.step(("evidence", number), todo, setting)
            for place, name in enumerate(file.before):
                self.made.put_behind((*path, "before", place), name, made)

    def questions(self) -> None:
        for number, file in enumerate(self.scope.file.questions):
            todo = TodoFile.model_construct(
                **{**_EMPTY_TODO, "ask": file.ask, "answer": file.answer, "when": file.when,
                   "for_": file.for_, "by": file.by, "within": file.within,
                   "before": file.before}
            )  # fmt: skip
            setting = Setting(prefix="question", group="Questions", after="")
            self.made.step(("questions", number), todo, setting)

    def _known_kind(self, path: Path, kind: str) -> None:
        kinds = self.scope.file.kinds
        if kind not in kinds and not self.scope.lost("kinds"):
            hint = near(kind, kinds) + f"Add it at the top of the plan: `kinds: [{kind}]`."
            self.scope.error(path, "plan.unknown-kind", f"unknown kind of incident `{kind}`", hint)

    def _during(self, path: Path, setting: Setting, phase: str) -> Setting:
        self.made.known_phase(path, phase)
        return msgspec.structs.replace(
            setting, after=f"phase {phase}", holds=(*setting.holds, f"leave {phase}")
        )


_EMPTY_TODO = {
    name: field.get_default(call_default_factory=True)
    for name, field in TodoFile.model_fields.items()
}


def _playbook_condition(playbook: PlaybookFile) -> str:
    kind = f'kind == "{playbook.kind}"' if playbook.kind else ""
    return " && ".join(part for part in (kind, bracket(playbook.when or "")) if part)


def _gate_words(before: str) -> str:
    word, _, name = before.partition(" ")
    return {"resolve": "resolving", "close": "closing"}.get(word) or {
        "phase": f"entering {name}", "leave": f"leaving {name}", "publish": f"telling {name}",
        "tick": f"ticking {name}",
    }[word]  # fmt: skip
