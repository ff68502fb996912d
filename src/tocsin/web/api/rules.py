"""The plan and the organisation in force: what they are, what they were, and changing them."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from tocsin.core.candidate import NamedText
from tocsin.core.problem import Problem
from tocsin.engine.ports import Activation, Reading, What
from tocsin.engine.rules import Offer, Overtaken, Refused
from tocsin.web.api import rule_models as m
from tocsin.web.api.asking import Administrator, Reader, TheWeb, acting, problems
from tocsin.web.api.incidents import Cursor, number_in
from tocsin.web.doing import again
from tocsin.web.problems import FoundProblem, Trouble
from tocsin.web.site import Web

router = APIRouter(prefix="/api/v1", tags=["rules"])

AtMost = Annotated[int, Query(ge=1, le=200)]


@router.get("/rules", responses=problems())
def rules_in_force(web: TheWeb, _caller: Reader) -> m.RulesDocument:
    """Say which plan and organisation are in force, since when, and by whom."""
    with web.world.store.read() as reading:
        return _in_force(reading)


@router.put("/rules", responses=problems(404, 409, 413, 422))
def apply_rules(body: m.Application, web: TheWeb, caller: Administrator) -> m.AppliedDocument:
    """Put a plan, an organisation or both in force: all of it, or nothing.

    A text that is in force already is not written again. A version that was in force before can be
    named instead of its text. Incidents that run keep the plan that opened them.
    """
    offer = _offer(web, caller, body)
    try:
        applied = again(lambda: web.world.rules.apply(offer, web.world.now()))
    except Refused as refused:
        raise _refused(refused.problems) from None
    except Overtaken as overtaken:
        hint = "look at GET /api/v1/rules, compare with that, and expect its version"
        raise Trouble(409, "rules.overtaken", str(overtaken), hint) from None
    web.site.notifier.changed()
    with web.world.store.read() as reading:
        now = _in_force(reading)
    return m.AppliedDocument(
        **dict(now),
        changed=list(applied.changed),
        problems=[_problem(one) for one in applied.problems],
    )


@router.post("/rules/check", responses=problems(404, 413, 422))
def check_rules(body: m.Application, web: TheWeb, caller: Administrator) -> m.CheckedDocument:
    """Say what is wrong with a plan, an organisation or both, beside what is in force.

    Nothing is changed; `expects` is not looked at.
    """
    candidate = web.world.rules.check(_offer(web, caller, body))
    return m.CheckedDocument(
        refused=candidate.is_refused,
        problems=[_problem(one) for one in candidate.problems],
    )


@router.get("/plans", responses=problems(422))
def list_plans(
    web: TheWeb, _caller: Reader, limit: AtMost = 50, cursor: Cursor = ""
) -> m.VersionList:
    """List which plan was put in force when and by whom, newest first."""
    return _versions(web, "plan", limit, cursor)


@router.get("/plans/{version}", responses=problems(404))
def show_plan(version: str, web: TheWeb, _caller: Reader) -> m.VersionDocument:
    """Show the text of a plan that is or was in force."""
    return _version(web, "plan", version)


@router.get("/organisations", responses=problems(422))
def list_organisations(
    web: TheWeb, _caller: Reader, limit: AtMost = 50, cursor: Cursor = ""
) -> m.VersionList:
    """List which organisation was put in force when and by whom, newest first."""
    return _versions(web, "organisation", limit, cursor)


@router.get("/organisations/{version}", responses=problems(404))
def show_organisation(version: str, web: TheWeb, _caller: Administrator) -> m.VersionDocument:
    """Show the text of an organisation that is or was in force: people's contacts stand in it."""
    return _version(web, "organisation", version)


def _in_force(reading: Reading) -> m.RulesDocument:
    plan, organisation = (
        next(iter(reading.activations(what, None, 1)), None) for what in ("plan", "organisation")
    )  # fmt: skip
    running = reading.running()
    current = plan.version if plan is not None else ""
    return m.RulesDocument(
        plan=_row(plan, current) if plan is not None else None,
        organisation=_row(organisation, organisation.version) if organisation is not None else None,
        running=sum(running.values()),
        running_on_older=sum(count for version, count in running.items() if version != current),
        files=[
            m.FileDocument(what=one.what, source=one.source, version=one.version, seen_at=one.at)
            for what in ("plan", "organisation")
            for one in reading.files_seen(what)
        ],
    )


def _versions(web: Web, what: What, limit: int, cursor: str) -> m.VersionList:
    with web.world.store.read() as reading:
        found = reading.activations(what, number_in(cursor), limit + 1)
        newest = reading.activations(what, None, 1)
    current = newest[0].id if newest else 0
    return m.VersionList(
        versions=[
            _row(one, one.version if one.id == current else "") for one in found[:limit]
        ],
        next=str(found[limit - 1].id) if len(found) > limit else None,
    )  # fmt: skip


def _row(found: Activation, current: str) -> m.VersionRow:
    return m.VersionRow(
        version=found.version,
        title=found.title,
        file=found.file,
        at=found.at,
        by=found.by,
        via=found.via,
        why=found.why,
        in_force=found.version == current,
    )


def _version(web: Web, what: What, version: str) -> m.VersionDocument:
    with web.world.store.read() as reading:
        file, text = _kept(reading, what, version)
        newest = reading.activations(what, None, 1)
        running = reading.running().get(version, 0) if what == "plan" else 0
    return m.VersionDocument(
        version=version,
        file=file,
        text=text,
        in_force=bool(newest) and newest[0].version == version,
        running=running,
    )


def _kept(reading: Reading, what: What, version: str) -> tuple[str, str]:
    found = reading.document(what, version)
    if found is None:
        hint = f"GET /api/v1/{what}s lists them"
        raise Trouble(404, "rules.unknown-version", f"no {what} of this version was kept", hint)
    return found


def _offer(web: Web, caller: Administrator, body: m.Application) -> Offer:
    who = acting(web, caller, body.as_, body.why)
    expected: tuple[tuple[What, str | None], ...] = (
        ("plan", body.expects.plan),
        ("organisation", body.expects.organisation),
    )
    expects = {what: version for what, version in expected if version is not None}
    return Offer(
        by=who["by"],
        via=who["via"],
        why=who["why"],
        plan=_file(web, "plan", body.plan),
        organisation=_file(web, "organisation", body.organisation),
        expects=expects,
    )


def _file(web: Web, what: What, offered: m.OfferedFile | None) -> NamedText | None:
    if offered is None:
        return None
    if offered.version is not None:
        with web.world.store.read() as reading:
            return _kept(reading, what, offered.version)
    return offered.file or what, offered.text or ""


def _problem(found: Problem) -> FoundProblem:
    return FoundProblem(**msgspec.structs.asdict(found))


def _refused(found: tuple[Problem, ...]) -> Trouble:
    errors = [problem for problem in found if problem.level == "error"]
    count = f"{len(errors)} errors" if len(errors) > 1 else "an error"
    what = f"{count}, so nothing was changed; the first: {errors[0].what}"
    hint = "cure all in `problems` that are errors, and apply again"
    trouble = Trouble(422, "rules.refused", what, hint)
    trouble.problems = [_problem(one) for one in found]
    return trouble
