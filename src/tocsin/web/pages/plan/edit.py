"""Changing plan and organisation on a page: checked first, then put in force with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from hashlib import sha256
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from tocsin.core.candidate import Candidate
from tocsin.core.plan.change import Change
from tocsin.core.plan.compare import compare
from tocsin.core.problem import Problem
from tocsin.engine.audit import Doer
from tocsin.engine.ports import Conflict, Reading, StoreUnavailable, What
from tocsin.engine.rules import BOTH, NoRules, Offer, Overtaken, Refused
from tocsin.web.access import Known, doer
from tocsin.web.doing import again
from tocsin.web.pages.forms import Administrator, FormToken, TheWeb, demand_form_token
from tocsin.web.pages.plan.page import SIGNS, said_levels, told_apart, with_lines
from tocsin.web.pages.rendering import render
from tocsin.web.problems import Trouble, unavailable
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

WHY_AT_MOST = 500
DIFFERENCE_AT_MOST = 400
"""Lines that are shown of what is different in an organisation file."""

Typed = Annotated[str, Form(max_length=1 << 20)]
Version = Annotated[str, Form(max_length=64)]
Short = Annotated[str, Form(max_length=WHY_AT_MOST)]


@dataclass
class Draft:
    """What somebody has typed, and the versions that they began with."""

    texts: dict[What, str]
    files: dict[What, str]
    bases: dict[What, str]
    why: str = ""
    in_force: dict[What, str] = field(default_factory=dict)

    def changed(self) -> list[What]:
        """Return the parts whose text is not the one in force."""
        return [what for what in BOTH if _version(self.texts[what]) != self.in_force[what]]

    def offer(self, doer: Doer, *, guarded: bool) -> Offer:
        """Return it as an offer; a `guarded` one is refused where somebody else was faster."""
        parts = {what: (self.files[what], self.texts[what]) for what in self.changed()}
        return Offer(
            by=doer.by,
            via=doer.via,
            address=doer.address,
            why=self.why,
            plan=parts.get("plan"),
            organisation=parts.get("organisation"),
            expects={what: self.bases[what] for what in BOTH} if guarded else {},
        )


@dataclass(frozen=True)
class Found:
    """What a check has found: problems, and what would change for people."""

    problems: tuple[Problem, ...] = ()
    refused: bool = False
    changes: tuple[Change, ...] = ()
    difference: tuple[str, ...] = ()
    nothing: bool = False


def _typed(
    web: TheWeb,
    plan: Typed,
    organisation: Typed,
    base_plan: Version,
    base_organisation: Version,
    why: Short = "",
) -> Draft:
    """Take what was typed; a form sends every line with another end than files have."""
    draft = _in_force(web)
    typed: dict[What, str] = {"plan": plan, "organisation": organisation}
    for what in BOTH:
        draft.texts[what] = _as_before(typed[what], draft.texts[what])
    draft.bases = {"plan": base_plan, "organisation": base_organisation}
    draft.why = why.strip()
    return draft


@router.get("/plan/edit")
def edit_page(web: TheWeb, caller: Administrator) -> Response:
    """Show the texts in force, ready to be changed."""
    return _page(web, caller, _in_force(web))


@router.post("/plan/edit/check")
def check(
    web: TheWeb,
    caller: Administrator,
    draft: Annotated[Draft, Depends(_typed)],
    form_token: FormToken = "",
) -> Response:
    """Say what is wrong with the texts and what they would change; changes nothing."""
    demand_form_token(web, caller, form_token)
    return _page(web, caller, draft, _look(web, caller, draft))


@router.post("/plan/edit")
def put_in_force(
    request: Request,
    web: TheWeb,
    caller: Administrator,
    draft: Annotated[Draft, Depends(_typed)],
    form_token: FormToken = "",
) -> Response:
    """Put both texts in force, or say why not; what was typed stays in any case."""
    demand_form_token(web, caller, form_token)
    trouble = _no_reason(draft)
    if trouble is not None:
        return _page(web, caller, draft, _look(web, caller, draft), trouble)
    offer = draft.offer(doer(request, caller), guarded=True)
    try:
        applied = again(lambda: web.world.rules.apply(offer, web.world.now()))
    except Refused as refused:
        found = Found(refused.problems, refused=True)
        return _page(web, caller, draft, found, _has_errors(refused.problems))
    except Overtaken as overtaken:
        return _overtaken(web, caller, draft, overtaken)
    except (StoreUnavailable, Conflict) as busy:
        return _page(web, caller, draft, None, unavailable(str(busy) or "the store is busy"))
    web.site.notifier.changed()
    fresh = _in_force(web)
    return _page(web, caller, fresh, Found(applied.problems), done=list(applied.changed))


def _look(web: Web, caller: Known, draft: Draft) -> Found:
    if not draft.changed():
        return Found(nothing=True)
    candidate = web.world.rules.check(draft.offer(Doer(caller.by), guarded=False))
    return Found(
        problems=candidate.problems,
        refused=candidate.is_refused,
        changes=_changes(web, candidate, draft),
        difference=_difference(web, draft),
    )


def _changes(web: Web, candidate: Candidate, draft: Draft) -> tuple[Change, ...]:
    if candidate.plan is None or "plan" not in draft.changed():
        return ()
    return compare(web.world.rules.plan, candidate.plan)


def _difference(web: Web, draft: Draft) -> tuple[str, ...]:
    """The lines of the organisation file that go (`-`) and come (`+`)."""
    if "organisation" not in draft.changed():
        return ()
    before = _in_force(web).texts["organisation"]
    lines = unified_diff(
        before.splitlines(), draft.texts["organisation"].splitlines(), n=1, lineterm=""
    )
    told = (line for line in lines if not line.startswith(("---", "+++")))
    return tuple(islice(told, DIFFERENCE_AT_MOST))


def _overtaken(web: Web, caller: Known, draft: Draft, overtaken: Overtaken) -> Response:
    """Show what was put in force meanwhile; whoever has seen it may go on from there."""
    now = _in_force(web)
    since = [what for what in BOTH if draft.bases[what] != now.in_force[what]]
    meanwhile: tuple[Change, ...] = ()
    if "plan" in since:
        try:
            meanwhile = compare(web.world.rules.plan_of(draft.bases["plan"]), web.world.rules.plan)
        except NoRules:
            meanwhile = ()
    trouble = Trouble(
        409,
        "rules.overtaken",
        f"somebody else has put another {' and '.join(since)} in force meanwhile ({overtaken})",
        "below is what they changed; take it over into your text, or it is undone",
    )
    draft.bases = dict(now.in_force)
    return _page(web, caller, draft, None, trouble, meanwhile=meanwhile, since=since)


def _page(
    web: Web,
    caller: Known,
    draft: Draft,
    found: Found | None = None,
    trouble: Trouble | None = None,
    **more: Any,
) -> Response:
    lines = {what: draft.texts[what].splitlines() for what in BOTH}
    problems: list[tuple[Problem, str]] = []
    said = found.problems if found is not None else ()
    for what in BOTH:
        own = tuple(p for p in said if _part(draft, p.file) == what)
        problems += with_lines(own, lines[what])
    with web.world.store.read() as reading:
        files = _files(reading, draft)
    shown: dict[str, Any] = {"done": None, "meanwhile": (), "since": (), **more}
    shown["meanwhile"] = told_apart(shown["meanwhile"])
    return render(
        web, "plan_edit.html", caller, trouble.status if trouble is not None else 200,
        shown="edit", draft=draft, found=found, trouble=trouble, problems=problems,
        counted=said_levels(said),
        groups=told_apart(found.changes) if found is not None else [],
        where=lambda file: f"text-{_part(draft, file)}", files=files, signs=SIGNS,
        may_edit=True, warnings=0, base_url=web.world.base_url,
        **{name: value for name, value in shown.items() if name != "shown"},
    )  # fmt: skip


def _part(draft: Draft, file: str) -> What:
    """Say which of both files a problem is in."""
    return "organisation" if file == draft.files["organisation"] else "plan"


def _files(reading: Reading, draft: Draft) -> list[tuple[What, str, bool]]:
    """Return the files that servers watch: what they are, where, whether they say what is in force.

    The page writes no file: what it puts in force counts until a file changes.
    """
    return [
        (what, seen.source, seen.version == draft.in_force[what])
        for what in BOTH
        for seen in reading.files_seen(what)
    ]


def _in_force(web: Web) -> Draft:
    """Return the texts in force as a draft; raises NoRules."""
    web.world.rules.follow()
    versions: dict[What, str] = dict(zip(BOTH, web.world.rules.versions, strict=True))
    texts: dict[What, str] = {}
    files: dict[What, str] = {}
    with web.world.store.read() as reading:
        for what in BOTH:
            found = reading.document(what, versions[what])
            files[what], texts[what] = found if found is not None else (what, "")
    if files["organisation"] == files["plan"]:
        files["organisation"] = "organisation"
    return Draft(texts, files, dict(versions), in_force=versions)


def _as_before(typed: str, before: str) -> str:
    """Give lines the ends that they had: `\\n`, unless all of the file's were `\\r\\n`."""
    plain = typed.replace("\r\n", "\n")
    windows = "\r\n" in before and before.count("\r\n") == before.count("\n")
    return plain.replace("\n", "\r\n") if windows else plain


def _version(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _no_reason(draft: Draft) -> Trouble | None:
    if draft.why or not draft.changed():
        return None
    hint = "say in a few words what changes for people; it stands among the versions"
    return Trouble(422, "rules.no-reason", "a change of the rules needs a reason", hint)


def _has_errors(problems: Sequence[Problem]) -> Trouble:
    errors = sum(one.level == "error" for one in problems)
    count = f"{errors} errors" if errors > 1 else "an error"
    hint = "cure what is listed below; what was in force stays in force"
    return Trouble(422, "rules.refused", f"there {'are' if errors > 1 else 'is'} {count}", hint)
