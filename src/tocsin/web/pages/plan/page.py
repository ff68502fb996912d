"""The plan for people: as a document, as it is written, its versions, and what has changed."""

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from msgspec.structs import replace

from tocsin.core.people import Organisation
from tocsin.core.plan.change import Change
from tocsin.core.plan.citations import citations
from tocsin.core.plan.compare import compare
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read, salvage
from tocsin.core.problem import Problem
from tocsin.core.rendered.clauses import clauses
from tocsin.core.rendered.document import outline_of
from tocsin.core.rendered.html import Anchors, write_part
from tocsin.core.rendered.outline import Outline
from tocsin.core.words.phrases import listed
from tocsin.engine.ports import Activation, Reading
from tocsin.web.access import Known, may, may_read
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.plan.chart import charts_of
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

VERSIONS_SHOWN = 50
INCIDENTS_SHOWN = 500

Version = Annotated[str, Query(max_length=64)]

SIGNS = {"tighter": "more is asked", "looser": "less is asked", "other": "otherwise"}
"""What the effect of a change is called."""


@dataclass(frozen=True)
class Kept:
    """A plan as it is kept, and what this program makes of its text."""

    plan: Plan
    file: str
    text: str
    problems: tuple[Problem, ...]
    in_force: bool

    @property
    def lines(self) -> list[str]:
        """The text, line by line."""
        return self.text.splitlines()


@router.get("/plan")
def plan_page(web: TheWeb, caller: Reader) -> Response:
    """Show the plan in force as the document that people read."""
    kept = kept_plan(web)
    return _document_page(web, caller, kept)


@router.get("/plan/versions/{version}")
def version_page(web: TheWeb, caller: Reader, version: str) -> Response:
    """Show a plan that is or was in force; incidents keep the one that opened them."""
    kept = kept_plan(web, version)
    return _document_page(web, caller, kept)


def _document_page(web: Web, caller: Known, kept: Kept) -> Response:
    organisation = _without_contacts(web.world.rules.organisation) if kept.in_force else None
    outline = outline_of(
        kept.plan, organisation=organisation, cited=citations(kept.text, kept.file),
        problems=kept.problems,
    )  # fmt: skip
    body = write_part(outline, Anchors((c.line for c in clauses(kept.plan)), len(kept.lines)))
    return render(
        web, "plan.html", caller, shown="document", kept=kept, charts=charts_of(kept.plan),
        contents=_contents(outline),
        # All of it was escaped by the writer, which makes nothing but elements without scripts.
        document=Markup(body),
        activation=_activation(web, kept), **around(web, caller, kept),
    )  # fmt: skip


@router.get("/plan/source")
def source_page(web: TheWeb, caller: Reader, version: Version = "") -> Response:
    """Show the plan's file with its line numbers."""
    kept = kept_plan(web, version)
    return render(
        web, "plan_source.html", caller, shown="source", kept=kept, **around(web, caller, kept)
    )


@router.get("/plan/problems")
def problems_page(web: TheWeb, caller: Reader) -> Response:
    """Show what the plan in force leaves open, and what is probably a slip."""
    kept = kept_plan(web)
    return render(
        web, "plan_problems.html", caller, shown="problems", kept=kept,
        problems=with_lines(kept.problems, kept.lines),
        refused=web.world.rules.refused, **around(web, caller, kept),
    )  # fmt: skip


@router.get("/plan/versions")
def versions_page(
    web: TheWeb, caller: Reader, before: Annotated[str, Query(max_length=18)] = ""
) -> Response:
    """Show what was put in force when, by whom and why, and which incidents run by what."""
    kept = kept_plan(web)
    number = int(before) if before.isascii() and before.isdigit() else None
    with web.world.store.read() as reading:
        found = reading.activations("plan", number, VERSIONS_SHOWN + 1)
        organisations = reading.activations("organisation", None, 10)
        runs = _running_by(web, caller, reading)
    rows = found[:VERSIONS_SHOWN]
    return render(
        web, "plan_versions.html", caller, shown="versions", kept=kept, rows=rows,
        older=str(rows[-1].id) if len(found) > VERSIONS_SHOWN else "",
        previous={one.id: before_it.version
                  for one, before_it in pairwise(found)},
        organisations=organisations, runs=runs,
        names=Names(web.world.rules.organisation), **around(web, caller, kept),
    )  # fmt: skip


@router.get("/plan/compare")
def compare_page(web: TheWeb, caller: Reader, old: Version = "", new: Version = "") -> Response:
    """Say in words what changes for people between two versions."""
    newer = kept_plan(web, new)
    with web.world.store.read() as reading:
        found = reading.activations("plan", None, VERSIONS_SHOWN)
    if not old:
        old = _version_before(found, newer.plan.version)
        if not old:
            return RedirectResponse("/plan/versions", 303)
    older = kept_plan(web, old)
    changes = told_apart(compare(older.plan, newer.plan))
    return render(
        web, "plan_compare.html", caller, shown="versions", kept=newer, older=older, newer=newer,
        groups=changes, signs=SIGNS, versions=_distinct(found), **around(web, caller, newer),
    )  # fmt: skip


def told_apart(changes: tuple[Change, ...]) -> list[tuple[str, list[Change]]]:
    """Return changes by the part of the plan that they are about."""
    return [(about, list(group)) for about, group in groupby(changes, lambda one: one.about)]


def kept_plan(web: Web, version: str = "") -> Kept:
    """Return the plan of a version, without one that in force; raises Trouble if there is none."""
    in_force = web.world.rules.plan.version
    wanted = version or in_force
    with web.world.store.read() as reading:
        found = reading.document("plan", wanted)
    if found is None:
        hint = "choose one from the versions of the plan"
        raise Trouble(404, "rules.unknown-version", "no plan of this version was kept", hint)
    file, text = found
    plan, problems = read(text, file, today=web.world.now().date())
    if plan is None:
        # It was good for the Tocsin that took it in; this one may be stricter.
        plan = salvage(text, file) or web.world.rules.plan
    return Kept(plan, file, text, tuple(problems), wanted == in_force)


def with_lines(problems: tuple[Problem, ...], lines: list[str]) -> list[tuple[Problem, str]]:
    """Return problems, errors first, each with the line that it is about ("" if there is none)."""
    order = {"error": 0, "warning": 1, "note": 2}
    return [
        (one, lines[one.line - 1].strip() if 0 < one.line <= len(lines) else "")
        for one in sorted(problems, key=lambda one: (order[one.level], one.line))
    ]


def around(web: Web, caller: Known, kept: Kept) -> dict[str, Any]:
    """Return what every page of the plan shows: its tabs and how many problems there are."""
    counted = sum(one.level != "note" for one in kept.problems)
    return {"may_edit": may(caller, "administer"), "warnings": counted}


def _without_contacts(organisation: Organisation) -> Organisation:
    """Who is there, by name: addresses are for whoever keeps the organisation file."""
    people = {name: replace(person, contacts=()) for name, person in organisation.people.items()}
    return replace(organisation, people=people)


def _contents(outline: Outline) -> list[tuple[str, str]]:
    return [(section.id, section.title) for section in outline.sections]


def _activation(web: Web, kept: Kept) -> Activation | None:
    with web.world.store.read() as reading:
        found = reading.activations("plan", None, VERSIONS_SHOWN)
    return next((one for one in found if one.version == kept.plan.version), None)


def _running_by(web: Web, caller: Known, reading: Reading) -> dict[str, list[str]]:
    """Return the codes of incidents that are not resolved, by the version of their plan.

    That a restricted incident runs is no secret; its code is all that is told of it here.
    """
    runs: dict[str, list[str]] = {}
    states = ("open", "acknowledged")
    for summary in reading.incidents(states, None, INCIDENTS_SHOWN):
        incident = summary.incident
        if may_read(web.world, caller, incident):
            runs.setdefault(incident.plan, []).append(incident.code)
    return runs


def _version_before(found: list[Activation], version: str) -> str:
    """Return the version that was in force before another one, "" if none was."""
    own = next((n for n, one in enumerate(found) if one.version == version), len(found))
    return next((one.version for one in found[own:] if one.version != version), "")


def _distinct(found: list[Activation]) -> list[Activation]:
    return list({one.version: one for one in found}.values())


def said_levels(problems: tuple[Problem, ...]) -> str:
    """Say how many problems of each level there are: "2 errors and 1 note"."""
    counts = []
    for level in ("error", "warning", "note"):
        number = sum(one.level == level for one in problems)
        if number:
            counts.append(f"{number} {level}{'s' * (number > 1)}")
    return listed(counts)
