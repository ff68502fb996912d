"""Changes to what is run: the way in for machines that report them, and the list of them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from msgspec.structs import asdict

from tocsin.core.deployments import NotUnderstood
from tocsin.engine.changes import take_deployments
from tocsin.engine.deployments import DeploymentSource
from tocsin.web import doing
from tocsin.web.access import Caller, IntegrationCaller, Needs
from tocsin.web.api import room_models as r
from tocsin.web.api.asking import Reader, TheWeb, problems
from tocsin.web.api.incidents import Limit
from tocsin.web.problems import Trouble

SOURCE = "deployments"
"""What an integration's `source` in the organisation file has to be."""

YEARS = range(1970, 2201)
"""In which it can be asked for changes; the store counts no further."""

router = APIRouter(prefix="/api/v1", tags=["deployments"])

Machine = Annotated[Caller, Depends(Needs("intake"))]
Instant = Annotated[datetime | None, Query(description="An instant with offset.")]


async def given_body(request: Request) -> bytes:
    """Return the body as it is, whatever it says it is."""
    return await request.body()


def router_for(source: DeploymentSource) -> APIRouter:
    """Return the route by which machines report changes, in the forms that `source` knows."""
    way_in = APIRouter(tags=["deployments"])

    @way_in.post("/in/deployments", responses=problems(413, 422))
    def report(
        web: TheWeb, caller: Machine, body: Annotated[bytes, Depends(given_body)]
    ) -> r.DeploymentsTaken:
        """Report changes: a plain form, or what GitHub, GitLab or Argo CD send."""
        if not isinstance(caller, IntegrationCaller) or caller.integration.source != SOURCE:
            hint = "use the key of an integration with `source: deployments`: tocsin keys"
            what = f"{caller.by if isinstance(caller, IntegrationCaller) else 'this key'} reports"
            raise Trouble(403, "intake.source", f"{what} no deployments", hint)
        found = source.parse(caller.integration.id, body, web.world.now())
        if isinstance(found, NotUnderstood):
            raise Trouble(422, "deployment.unreadable", found.what, found.hint)
        if found:
            doing.again(lambda: take_deployments(web.world, found))
            web.site.notifier.changed()
        return r.DeploymentsTaken(deployments=[one.key for one in found])

    return way_in


@router.get("/deployments", responses=problems(422))
def deployments(
    web: TheWeb,
    _caller: Reader,
    since: Instant = None,
    until: Instant = None,
    service: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 50,
) -> r.DeploymentList:
    """List changes, newest first."""
    for at in (since, until):
        if at is not None and (at.tzinfo is None or at.year not in YEARS):
            hint = "write it with its offset: 2026-11-21T10:00:00+01:00"
            raise Trouble(422, "request.at", "this time says no offset, or is out of reach", hint)
    with web.world.store.read() as reading:
        found = reading.deployments(since, until, limit, service)
    return r.DeploymentList(deployments=[r.DeploymentDocument(**asdict(one)) for one in found])
