"""Loading scenarios with the plans and the organisation that they name, each file read once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tocsin.cli.files import TextFile, open_text
from tocsin.cli.trouble import Trouble
from tocsin.core.organisation import check_together, read_organisation
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem
from tocsin.core.scenarios.expectations import Script
from tocsin.core.scenarios.noting import World
from tocsin.core.scenarios.read import Draft, draft, read_scenario
from tocsin.core.simulation import everybody_reachable

T = TypeVar("T")


@dataclass
class Loaded:
    """A scenario file with its world; `script` is None exactly if a problem is an error.

    `files` are all that were read, so that problems can be shown in them.
    """

    file: TextFile
    title: str = ""
    problems: list[Problem] = field(default_factory=list)
    files: list[TextFile] = field(default_factory=list)
    world: World | None = None
    script: Script | None = None

    @property
    def organisation(self) -> Organisation:
        """The organisation, or one in which everybody is reachable; needs a world."""
        if self.world is None:
            raise AssertionError("a scenario without problems has a world")
        return self.world.organisation or everybody_reachable(self.world.plan)

    def broken(self) -> bool:
        """Whether a problem keeps it from being played."""
        return any(problem.level == "error" for problem in self.problems)


Known = dict[TextFile, tuple[T | None, list[Problem]]]


class Shelf:
    """Plans and organisations that scenarios share; a file that stays the same is read once."""

    def __init__(self) -> None:
        self._plans: Known[Plan] = {}
        self._organisations: Known[Organisation] = {}

    def load(self, path: Path, plan: Path | None = None, org: Path | None = None) -> Loaded:
        """Read a scenario; `plan` and `org` precede what it names.

        Raises Trouble if the scenario file itself cannot be opened.
        """
        file = open_text(path, "scenario")
        found = draft(file.content, file.name)
        loaded = Loaded(file, found.title, list(found.problems), [file])
        if found.document is None:
            return loaded
        if plan is None and not found.plan:
            hint = "Add `plan: ../plan.yaml` to it."
            _note(loaded, found, "plan", "the scenario does not say which plan it is for", hint)
            return loaded
        plan_in_force = self._plan(plan or path.parent / found.plan, loaded, found, "plan")
        edits = {
            name: self._plan(path.parent / name, loaded, found, "story") for name in found.edits
        }
        organisation = None
        org_path = org or (path.parent / found.org if found.org else None)
        if org_path is not None:
            organisation = self._organisation(org_path, loaded, found)
        plans = [one for one in (plan_in_force, *edits.values()) if one is not None]
        if organisation is not None:
            for one in plans:
                loaded.problems += check_together(one.recipients(), organisation, str(org_path))
        if plan_in_force is None or len(plans) <= len(edits) or (org_path and organisation is None):
            return loaded
        loaded.world = World(
            plan=plan_in_force,
            organisation=organisation,
            edits={name: one for name, one in edits.items() if one is not None},
        )
        script, problems = read_scenario(found, loaded.world)
        loaded.problems = sorted({*loaded.problems, *problems})
        loaded.script = None if loaded.broken() else script
        return loaded

    def _plan(self, path: Path, loaded: Loaded, found: Draft, key: str) -> Plan | None:
        return _from_shelf(self._plans, path, read, (loaded, found, key))

    def _organisation(self, path: Path, loaded: Loaded, found: Draft) -> Organisation | None:
        return _from_shelf(self._organisations, path, read_organisation, (loaded, found, "org"))


def _from_shelf(
    shelf: Known[T],
    path: Path,
    reader: Callable[[bytes, str], tuple[T | None, list[Problem]]],
    asked_by: tuple[Loaded, Draft, str],
) -> T | None:
    loaded, found, key = asked_by
    try:
        file = open_text(path, "organisation" if key == "org" else "plan")
    except Trouble as trouble:
        _note(loaded, found, key, trouble.what, trouble.hint)
        return None
    if file not in shelf:
        shelf[file] = reader(file.content, file.name)
    value, problems = shelf[file]
    if value is None:
        loaded.problems += problems
        loaded.files.append(file)
    return value


def _note(loaded: Loaded, found: Draft, key: str, what: str, hint: str) -> None:
    """Note that a file which a scenario names is of no use."""
    line, column = found.document.place((key,)) if found.document is not None else (0, 0)
    loaded.problems.append(
        Problem(
            file=loaded.file.name, line=line, column=column,
            code="scenario.file", level="error", what=what, hint=hint,
        )
    )  # fmt: skip
