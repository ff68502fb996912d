"""The application: all routes, what stands around them, and how every error is answered."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from tocsin.engine.emergency.store import NotInEmergency
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.engine.world import World
from tocsin.web import health
from tocsin.web.access import Needs
from tocsin.web.api import (
    accounts,
    administration,
    alertmanager,
    attachments,
    beside,
    changes,
    incidents,
    lookups,
    metrics,
    overrides,
    people_verbs,
    rules,
    updates,
    verbs,
)
from tocsin.web.api import planned as planned_api
from tocsin.web.api import support as support_api
from tocsin.web.api.asking import problems
from tocsin.web.compression import Compressed
from tocsin.web.figures import Figures
from tocsin.web.pages import audit, errors, inbox, live, planned, status_page
from tocsin.web.pages import incidents as incident_pages
from tocsin.web.pages import settings as settings_page
from tocsin.web.pages.account import access, sign_in
from tocsin.web.pages.account import page as account
from tocsin.web.pages.centre import page as centre
from tocsin.web.pages.desk import page as desk
from tocsin.web.pages.desk import support
from tocsin.web.pages.incident import answer, declare, room
from tocsin.web.pages.incident import parts as room_parts
from tocsin.web.pages.integrations import page as integration_pages
from tocsin.web.pages.metrics import page as metrics_page
from tocsin.web.pages.on_call import page as on_call
from tocsin.web.pages.people import page as people
from tocsin.web.pages.plan import edit as plan_edit
from tocsin.web.pages.plan import page as plan
from tocsin.web.pages.plan import what_if
from tocsin.web.problems import Trouble, WrongField, not_in_emergency, unavailable
from tocsin.web.site import Site, Web
from tocsin.web.wrappers import Guarded, IntakeFirst, Watched

STATIC = Path(__file__).parent / "static"

MACHINE_PATHS = ("/api/", "/in/", "/v2/", "/metrics", "/healthz", "/readyz")
"""Where errors are problem documents; elsewhere they are pages."""

ERRORS_SHOWN = 50
"""Wrong values of one request that are named; a hostile one has as many as it likes."""

WHERE_AT_MOST = 300
"""Characters in which is said where a wrong value stands: the name of a field may be anything."""

ROUTERS = (
    health.router,
    incidents.router,
    verbs.router,
    updates.router,
    people_verbs.router,
    beside.router,
    attachments.router,
    changes.router,
    lookups.router,
    metrics.router,
    overrides.router,
    administration.router,
    accounts.router,
    rules.router,
    sign_in.router,
    account.router,
    access.router,
    audit.router,
    answer.router,
    live.router,
    centre.router,
    desk.router,
    incident_pages.router,
    declare.router,
    room_parts.router,
    room.router,
    inbox.router,
    on_call.router,
    people.router,
    plan.router,
    what_if.router,
    integration_pages.router,
    settings_page.router,
    metrics_page.router,
    plan_edit.router,
    status_page.router,
    planned.router,
    planned_api.router,
    support.router,
    support_api.router,
)


def make_app(world: World, site: Site) -> FastAPI:
    """Return the application that serves the API, the pages and the answering links."""
    web = Web(world, site)
    app = FastAPI(
        title="Tocsin",
        summary="Incident response that runs the plan you wrote.",
        version=site.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.web = web
    app.state.figures = Figures(site.version, lambda: _counts(world), site.health)
    # Not included: that would make every route anew, which takes a second for all of them.
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    if site.deployments is not None:
        app.include_router(changes.router_for(site.deployments))
    if site.alert_view is not None:
        app.include_router(alertmanager.router_for(site.alert_view, world.now()))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _answer_errors(app)
    app.add_middleware(Compressed, base_url=world.base_url)
    app.add_middleware(Watched, figures=app.state.figures)
    app.add_middleware(Guarded, secure=web.secure)
    if site.intake_app is not None:
        app.add_middleware(IntakeFirst, intake=site.intake_app)
    if open_to_all := undeclared(app):
        raise AssertionError(f"these routes do not say what they need: {open_to_all}")
    app.state.description = cache(lambda: _description(app))
    return app


def _counts(world: World) -> Mapping[str, int]:
    emergency = world.emergency()
    with world.store.read() as reading:
        counts = reading.counts()
    if emergency is None:
        return counts
    age = world.now() - emergency.roster_at
    return {**counts, "in_emergency": 1, "roster_age": round(age.total_seconds())}


def needs_by_route(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    """Yield (method, path, need) of every route; the need is "" where none is declared.

    Static files are the one thing that is not a route: whoever asks gets them.
    """
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, Mount):
            need = "public" if context.original_route.name == "static" else ""
            yield "GET", context.original_route.path, need
            continue
        dependant = getattr(context.original_route, "dependant", None)
        declared = [d.call for d in dependant.dependencies] if dependant is not None else []
        needs = [call.need for call in declared if isinstance(call, Needs)]
        for method in sorted(getattr(context, "methods", None) or ()):
            yield method, context.path or "", needs[0] if len(needs) == 1 else ""


def undeclared(app: FastAPI) -> list[str]:
    """Return the routes that do not declare, once, what they need."""
    return [f"{method} {path}" for method, path, need in needs_by_route(app) if not need]


def _description(app: FastAPI) -> dict[str, Any]:
    """Describe the API; each operation says what its caller needs."""
    described = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=app.routes,
        openapi_version="3.1.0",
    )
    described["servers"] = [{"url": "/"}]
    schemes = described.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["key"] = {"type": "http", "scheme": "bearer", "description": "The operator key."}
    for method, path, need in needs_by_route(app):
        operation = described["paths"].get(path, {}).get(method.lower())
        if operation is not None:
            operation["security"] = [{"key": []}]
            operation["x-tocsin-need"] = need
            if "requestBody" in operation:
                _may_also_answer(operation, 400, 413)
            if method != "GET":
                _may_also_answer(operation, 429)
    _as_problem_documents(described)
    return described


def _may_also_answer(operation: dict[str, Any], *statuses: int) -> None:
    """Say what every operation of a kind may answer besides, without its route's saying so."""
    for status in statuses:
        described = problems(status)[status]
        schema = {"$ref": "#/components/schemas/ProblemDocument"}
        answered = {
            "description": described["description"],
            "content": {"application/problem+json": {"schema": schema}},
        }
        operation["responses"].setdefault(str(status), answered)


def _as_problem_documents(described: dict[str, Any]) -> None:
    """Say that errors come as application/problem+json."""
    for path in described["paths"].values():
        for operation in path.values():
            for status, answered in operation["responses"].items():
                content = answered.get("content", {})
                is_problem = "$ref" in content.get("application/json", {}).get("schema", {})
                if status.startswith(("4", "5")) and is_problem:
                    content["application/problem+json"] = content.pop("application/json")


def _answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(Trouble, _trouble)
    app.add_exception_handler(RequestValidationError, _wrong_values)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(Conflict, _unavailable)
    app.add_exception_handler(NoRules, _no_rules)
    app.add_exception_handler(Exception, _fault)


def _answered(request: Request, trouble: Trouble) -> Response:
    if request.url.path.startswith(MACHINE_PATHS):
        return trouble.response()
    return errors.page(request, trouble)


def _trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, Trouble)
    return _answered(request, error)


def _wrong_values(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    trouble = Trouble(
        422,
        "request.wrong-values",
        "some values of this request can't be used",
        "see `errors`; /api/openapi.json says what each may be",
    )
    found = error.errors()
    for one in found[:ERRORS_SHOWN]:
        where = ".".join(str(part) for part in one["loc"])[:WHERE_AT_MOST]
        trouble.errors.append(WrongField(where=where, what=one["msg"]))
    if len(found) > ERRORS_SHOWN:
        more = f"and {len(found) - ERRORS_SHOWN} more values that can't be used"
        trouble.errors.append(WrongField(where="", what=more))
    return _answered(request, trouble)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    known = {
        404: ("request.not-found", f"there is nothing at {path}", "see /api/openapi.json"),
        405: ("request.method", f"{request.method} is not possible here", "see Allow"),
        413: ("request.too-large", "the request is too large", "send less at a time"),
    }
    fallback = ("request.wrong", str(error.detail), "see /api/openapi.json")
    code, detail, hint = known.get(error.status_code, fallback)
    answer = _answered(request, Trouble(error.status_code, code, detail, hint))
    answer.headers.update(error.headers or {})
    return answer


def _unavailable(request: Request, error: Exception) -> Response:
    if isinstance(error, NotInEmergency):
        return _answered(request, not_in_emergency(str(error)))
    return _answered(request, unavailable(str(error) or "the store is busy"))


def _no_rules(request: Request, error: Exception) -> Response:
    trouble = unavailable(str(error), "rules.missing")
    trouble.hint = "put the files of plan and organisation in place: `tocsin serve` takes them up"
    return _answered(request, trouble)


def _fault(request: Request, _error: Exception) -> Response:
    return _answered(
        request,
        Trouble(
            500,
            "server.fault",
            "this is a mistake of ours; it is not known whether the request took effect",
            "look at how things stand before you repeat it; the log of the server says more",
        ),
    )
