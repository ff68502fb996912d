"""What Alertmanager's own tools ask: `amtool alert query` and dashboards may point here."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from tocsin.engine.ports import Alert, AlertView, Reading
from tocsin.web.access import Caller, IntegrationCaller, Needs
from tocsin.web.api.asking import TheWeb, problems
from tocsin.web.room import shows_alert

PAGE = 1000
"""Alerts read at once."""

Asking = Annotated[Caller, Depends(Needs("alerts"))]

NOT_A_QUERY: dict[int | str, dict[str, Any]] = {
    400: {
        "description": "The query can't be understood; a bare string says why.",
        "content": {"application/json": {"schema": {"type": "string"}}},
    }
}


def router_for(view: AlertView, started_at: datetime) -> APIRouter:
    """Return the routes that answer with `view`, for a server that runs since `started_at`."""
    router = APIRouter(prefix="/api/v2", tags=["Alertmanager"])

    @router.get("/alerts", responses=problems() | NOT_A_QUERY)
    def alerts(request: Request, web: TheWeb, caller: Asking) -> Response:
        """List firing alerts as Alertmanager does; an integration sees its own."""
        only = caller.integration.id if isinstance(caller, IntegrationCaller) else ""
        with web.world.store.read() as reading:
            shows = shows_alert(web.world, reading, caller)
            own = (a for a in _firing(reading) if not only or a.integration == only)
            firing = (alert for alert in own if shows(alert))
            try:
                body = view.alerts(request.query_params.multi_items(), firing)
            except ValueError as wrong:
                # Its tools read a bare JSON string here, and no problem document.
                return _json(msgspec.json.encode(str(wrong)), 400)
        return _json(body)

    @router.get("/status", responses=problems())
    def status(web: TheWeb, _caller: Asking) -> Response:
        """Describe this server as Alertmanager does itself."""
        return _json(view.status(web.site.version, started_at))

    return router


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def _firing(reading: Reading) -> Iterator[Alert]:
    after = 0
    while page := reading.alerts(None, True, PAGE, after):
        yield from page
        after = page[-1].id
