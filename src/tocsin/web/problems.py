"""Why a request was not answered, as a problem document (RFC 9457) with a code and a way out."""

import json
from http import HTTPStatus
from typing import Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from tocsin.core.incident.commands import Refusal

RETRY_AFTER_SECONDS = 5

NOT_FOUND = frozenset({"maintenance.unknown", "incident.unknown", "override.unknown"})
NOT_YOURS = frozenset({"incident.not-yours", "override.not-yours"})
WRONG_VALUES = frozenset(
    {
        "incident.must-say",
        "incident.empty-file",
        "incident.unknown-alert",
        "incident.no-alerts",
        "incident.unknown-entry",
        "incident.unknown-relation",
        "incident.unknown-mode",
        "incident.amount",
        "incident.empty-note",
        "incident.fact-value",
        "incident.no-title",
        "incident.unknown-fact",
        "incident.unknown-kind",
        "incident.not-covered",
        "incident.unknown-recipient",
        "incident.unknown-role",
        "incident.unknown-task",
        "incident.unknown-phase",
        "incident.ambiguous-task",
        "incident.member-missing",
        "incident.choice-missing",
        "incident.reason-missing",
        "incident.unknown-severity",
        "incident.unknown-audience",
        "incident.unknown-template",
        "incident.unknown-status",
        "incident.unknown-field",
        "incident.unknown-update",
        "incident.fields-missing",
        "incident.field-value",
        "incident.empty-update",
        "incident.placeholder",
        "incident.too-long",
        "incident.forbidden-words",
        "incident.internal-text",
        "incident.promise",
        "incident.promise-missing",
        "incident.template-wanted",
        "maintenance.empty",
        "maintenance.no-title",
        "maintenance.time",
        "maintenance.unknown-component",
        "person.unknown",
        "roster.unknown",
        "override.order",
        "override.past",
        "override.too-long",
        "override.too-early",
        "override.unreachable",
        "override.why",
    }
)
"""Refusals that mean the request's own values; all others mean the incident's state."""


class WrongField(BaseModel):
    """One value of a request that can't be used, and why."""

    where: str
    what: str


class FoundProblem(BaseModel):
    """One problem of a file that was offered."""

    file: str
    line: int
    column: int
    code: str
    level: Literal["error", "warning", "note"]
    what: str
    hint: str


class ProblemDocument(BaseModel):
    """What every error under /api looks like."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    errors: list[WrongField] = []
    problems: list[FoundProblem] = []


class ProblemResponse(JSONResponse):
    """A problem document; what a caller sent may stand in it, halves of surrogate pairs too."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        """Write the document; a half of a pair, which UTF-8 can't carry, becomes `?`."""
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


class Trouble(Exception):
    """Leaves a request handler: the request can't be answered, and this is why."""

    def __init__(
        self, status: int, code: str, detail: str, hint: str, retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.hint = hint
        self.retry_after = retry_after
        self.errors: list[WrongField] = []
        self.problems: list[FoundProblem] = []

    @property
    def title(self) -> str:
        """The kind of problem in a few words: the same for every occurrence."""
        return HTTPStatus(self.status).phrase

    @property
    def headers(self) -> dict[str, str]:
        """The headers that belong to the answer."""
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
        return headers

    def document(self) -> ProblemDocument:
        """Return the problem document."""
        return ProblemDocument(
            type=f"https://tocsin.invalid/problems/{self.code}",
            title=self.title,
            status=self.status,
            detail=self.detail,
            code=self.code,
            hint=self.hint,
            errors=self.errors,
            problems=self.problems,
        )

    def response(self) -> JSONResponse:
        """Return the problem document as an answer."""
        body = self.document().model_dump()
        for name in ("errors", "problems"):
            if not body[name]:
                del body[name]
        return ProblemResponse(body, self.status, self.headers)


def refused(refusal: Refusal) -> Trouble:
    """Turn what the engine refused into an answer."""
    status = HTTPStatus.CONFLICT
    if refusal.code in NOT_YOURS:
        status = HTTPStatus.FORBIDDEN
    elif refusal.code in NOT_FOUND:
        status = HTTPStatus.NOT_FOUND
    elif refusal.code in WRONG_VALUES:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Trouble(status, refusal.code, refusal.reason, refusal.hint)


def unavailable(reason: str, code: str = "store.unavailable") -> Trouble:
    """Return the answer for what can't be done just now, with nothing kept."""
    hint = "nothing was kept of this request; send it again after the time in Retry-After"
    return Trouble(HTTPStatus.SERVICE_UNAVAILABLE, code, reason, hint, RETRY_AFTER_SECONDS)


def not_in_emergency(reason: str) -> Trouble:
    """Return the answer for what a node can't do while it works without its store."""
    hint = (
        "alerts, calls, acknowledgements, facts, notes and roles go on; do this when the store is"
        " back, or on a node that has it"
    )
    code = "store.emergency"
    return Trouble(HTTPStatus.SERVICE_UNAVAILABLE, code, reason, hint, RETRY_AFTER_SECONDS)
