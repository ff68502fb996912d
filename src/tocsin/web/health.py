"""For machines that watch this process: liveness, readiness, figures; and what the API is like."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from msgspec.structs import replace

from tocsin.engine.rules import NoRules
from tocsin.web.access import Caller, Needs, Public
from tocsin.web.figures import Figures
from tocsin.web.site import Web, given_web

router = APIRouter(include_in_schema=False)

TheWeb = Annotated[Web, Depends(given_web)]
Anybody = Annotated[Caller, Depends(Public())]
Reader = Annotated[Caller, Depends(Needs("read"))]


@router.get("/healthz")
async def healthz(_caller: Anybody) -> dict[str, str]:
    """Say that the process lives; asks nothing else."""
    return {"status": "alive"}


@router.get("/readyz")
def readyz(web: TheWeb, _caller: Anybody) -> JSONResponse:
    """Say whether alerts can be taken and people called, and if not, why."""
    found, warnings = reasons(web), _warnings(web)
    more = {"warnings": warnings} if warnings else {}
    if found:
        return JSONResponse({"status": "not ready", "reasons": found, **more}, 503)
    return JSONResponse({"status": "ready", **more})


def _warnings(web: Web) -> list[str]:
    """Say why this node is not well although it takes alerts: no reason to send none, and much
    reason to look. Whoever asks is told no names, of nodes neither.
    """
    health, emergency = web.site.health(), web.world.emergency()
    found = [*web.site.degraded()]
    if emergency is not None:
        nameless = replace(emergency, node="this node").sentence()
        found = [nameless if one == emergency.sentence() else one for one in found]
    return [*found, *health.reasons, *health.warnings] if health is not None else found


def reasons(web: Web) -> list[str]:
    """Say why alerts can't be taken or people not be called; empty if all is well."""
    found = []
    if web.site.shutting_down():
        found.append("this process is about to end")
    if problem := web.world.store.is_ready():
        found.append(f"the store: {problem}")
    try:
        _ = web.world.rules.plan, web.world.rules.organisation
    except NoRules as missing:
        found.append(f"the rules: {missing}")
    found += web.site.troubles()
    return found


@router.get("/metrics")
def metrics(request: Request, _caller: Reader) -> Response:
    """Give the figures, as OpenMetrics where that is accepted."""
    figures: Figures = request.app.state.figures
    text, content_type = figures.text(request.headers.get("accept", ""))
    return Response(text, media_type=content_type)


@router.get("/api/openapi.json")
async def openapi(request: Request, _caller: Anybody) -> dict[str, Any]:
    """Describe the API."""
    description: dict[str, Any] = request.app.state.description()
    return description
