"""A loopback server that answers as the API does, and remembers what it was asked.

`test_api_shapes.py` holds its documents against the API's own models.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tocsin.core.incident import events as e
from tocsin.core.record import START, chain

ANSWERED = "Fri, 06 Mar 2026 22:10:00 GMT"
OPENED = "2026-03-06T22:00:00Z"


def row(code: str = "INC-2026-001", **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "title": "Checkout is down",
        "state": "open",
        "severity": "P0",
        "severity_name": "Critical",
        "severity_confirmed": False,
        "severity_why": 'criterion: service_availability == "none"',
        "kind": "",
        "opened_at": OPENED,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "resolved_at": None,
        "closed_at": None,
        "alerts_firing": 1,
        "alerts_total": 1,
        "roles": {},
        "next_at": "2026-03-06T22:30:00Z",
        "channel": "#incident-2026-001",
        "exercise": False,
        "holders": {},
        "mode": "",
        "false_alarm": False,
        "restricted": False,
        "in_doubt": [],
    } | changes


def entry(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    same = {"at": OPENED, "by": "tocsin", "via": "", "why": "", "line": 0, "hash": "00" * 32}
    return {"number": number, "kind": kind, **same, **fields}


TOLD = {
    "audience": "customers",
    "update": "update-1",
    "at": OPENED,
    "by": "ana",
    "status": "Identified",
    "subject": "",
    "text": "Nobody can pay",
    "next_at": None,
    "count": 1,
    "stale": True,
}
PROPOSED = {
    "audience": "public",
    "update": "update-2",
    "at": OPENED,
    "by": "ana",
    "status": "Identified",
    "subject": "",
    "text": "We are on it",
    "approval": ["cto"],
}


WATCHED = {
    "watch": "before close",
    "since": OPENED,
    "until": "2026-03-06T22:30:00Z",
    "passed": False,
    "before": "close",
    "line": 53,
}
TO_DO = {
    "task": "contain/restart",
    "text": "Restart each region",
    "group": "Stop the damage",
    "do": "do",
    "by": "",
    "since": OPENED,
    "due": None,
    "holds": ["leave contain"],
    "needed": True,
    "left": ["eu"],
    "one_of": [],
    "records": [],
    "answer": "",
    "audience": "",
    "line": 44,
}


ATTACHED = {
    "id": 4,
    "name": "graph.png",
    "media_type": "image/png",
    "size": 812,
    "hash": "ab" * 32,
    "by": "ana",
    "at": OPENED,
}
AFFECTED = {
    "component": "api",
    "name": "API",
    "state": "may be affected",
    "by_way_of": ["database"],
    "since": None,
    "by": "",
    "group": "shop",
    "importance": "core",
    "line": 12,
}
BESIDE = {
    "attachments": [ATTACHED],
    "pinned": [2],
    "links": [{"code": "INC-2026-002", "relation": "caused_by"}],
    "merged_into": "",
    "absorbed": ["INC-2026-003"],
    "affected": [AFFECTED],
    "impact": {"since": OPENED, "until": None, "seconds": 600.0},
}
DEPLOYED = {
    "id": 3,
    "integration": "pipeline",
    "key": "run-7",
    "at": "2026-03-06T21:50:00Z",
    "service": "checkout",
    "environment": "production",
    "version": "4.2",
    "title": "A queue \x1b[31mfor mails",
    "by": "ana",
    "link": "https://ci.example.org/7",
    "state": "success",
    "received_at": "2026-03-06T21:50:01Z",
}


def incident(code: str = "INC-2026-001", **changes: Any) -> dict[str, Any]:
    return {
        **row(code),
        "number": 1,
        "plan": "0" * 64,
        "facts": {"service_availability": {"value": "none", "by": "operator", "at": OPENED}},
        "phase": "contain",
        "parallel": ["talk"],
        "watches": [WATCHED],
        "tasks": [TO_DO],
        "status": "Identified",
        "updates": [TOLD],
        "proposals": [PROPOSED],
        "clocks": [
            {
                "name": "respond",
                "due": "2026-03-06T22:15:00Z",
                "state": "running",
                "started_at": OPENED,
                "ended_at": None,
                "line": 29,
            }
        ],
        "ahead": [
            {
                "at": "2026-03-06T22:30:00Z",
                "to": ["engineering-manager"],
                "do": "page",
                "why": "escalation step 4",
                "line": 63,
            }
        ],
        "timeline": [
            entry(1, "opened", by="operator", severity="P0", title="Checkout is down", line=26),
            entry(2, "told", message="page", to="on-call-engineer", people=["ana"], line=60),
            entry(3, "noted", by="ana", text="\x1b[31mred\x1b[0m\x07 herring"),
        ],
        "deliveries": [
            {
                "id": 1,
                "incident": code,
                "kind": "page",
                "person": "ana",
                "to": "on-call-engineer",
                "channel": "email",
                "state": "sent",
                "attempts": 1,
                "due_at": OPENED,
                "sent_at": "2026-03-06T22:00:02Z",
                "detail": "",
                "subject": "[P0 Critical] INC-2026-001 Checkout is down",
                "short_code": "k7m2",
                "why": "escalation step 1",
            }
        ],
        "alerts": [],
        **BESIDE,
        **changes,
    }


def bundle(code: str = "INC-2026-001") -> dict[str, Any]:
    at = datetime.fromisoformat(OPENED)
    notes = [e.Noted(at=at, by="ana", text=text) for text in ("one", "two", "three")]
    entries = list(chain(code, notes, 0, START))
    return {
        "format": "tocsin-record-1",
        "incident": code,
        "entries": [
            {"number": one.number, "text": one.text, "hash": one.hash.hex()} for one in entries
        ],
        "count": len(entries),
        "head": entries[-1].hash.hex(),
    }


MAINTENANCE: dict[str, Any] = {
    "id": 3, "title": "Database upgrade", "text": "", "components": ["search"],
    "starts_at": "2026-03-07T22:00:00Z", "ends_at": "2026-03-08T00:00:00Z", "state": "scheduled",
    "updates": [], "made_by": "ana", "made_at": "2026-03-06T10:00:00Z",
    "remarks": ["the plan wants it announced 48 hours ahead (line 3): this is later"],
}  # fmt: skip

STATUS_LINK: dict[str, Any] = {"url": "https://tocsin.example.org/status/link/0.abc"}

ANSWERS: dict[str, Any] = {
    "incident": "INC-2026-001", "status": "investigating", "status_at": "2026-03-06T10:00:00Z",
    "public_title": "Orders fail", "public_text": "We look into it.",
    "public_url": "https://status.example.org/incidents/abc.html",
    "answers": [
        {"id": "outage", "subject": "", "text": "We know of it.", "missing": [], "line": 7},
        {"id": "payments", "subject": "", "text": "", "missing": ["next_update"], "line": 8},
    ],
    "speakers": [
        {"tier": "enterprise", "to": "incident-commander", "people": ["ana"]},
        {"tier": None, "to": "support", "people": []},
    ],
}  # fmt: skip


def problem(status: int, code: str, detail: str, hint: str) -> dict[str, Any]:
    return {
        "type": f"https://tocsin.invalid/problems/{code}",
        "title": "Problem",
        "status": status,
        "detail": detail,
        "code": code,
        "hint": hint,
    }


STATUS = {
    "version": "0.1.0",
    "node": "here-1",
    "plan": {"name": "starter", "version": "0" * 64, "title": "Incident response"},
    "organisation": "Example Ltd",
    "counts": {"incidents_open": 1, "unarmed": 0},
    "channels": ["email", "inbox"],
    "refused": [],
    "health": None,
    "integrations": [],
}
ON_CALL = {
    "at": "2026-03-06T22:10:00Z",
    "rosters": [
        {
            "roster": "primary",
            "time_zone": "Europe/Berlin",
            "person": "cleo",
            "name": "Cleo Lindqvist",
            "since": "2026-03-02T08:00:00Z",
            "until": "2026-03-09T08:00:00Z",
            "why": "rotation",
            "next": {"person": "ana", "from": "2026-03-09T08:00:00Z"},
        }
    ],
}


def version_row(version: str, **changes: Any) -> dict[str, Any]:
    return {
        "version": version,
        "title": "Incident response",
        "file": "plan.yaml",
        "at": OPENED,
        "by": "ben",
        "via": "cli",
        "why": "",
        "in_force": True,
    } | changes


def rules(plan: str, organisation: str, **changes: Any) -> dict[str, Any]:
    return {
        "plan": version_row(plan),
        "organisation": version_row(organisation, title="Example Ltd", file="org.yaml"),
        "running": 3,
        "running_on_older": 0,
        "files": [],
    } | changes


OVERRIDE = {
    "id": 12,
    "roster": "primary",
    "person": "ben",
    "start": "2026-03-06T22:10:00Z",
    "end": "2026-03-07T08:00:00Z",
    "why": "Cleo is ill",
    "made_by": "cleo",
    "made_at": "2026-03-06T22:10:00Z",
    "removed_by": None,
    "removed_at": None,
    "void": "",
}


VERIFIED = {"holds": True, "first_broken": None, "incidents": 1, "entries": 3}
SIGN_IN_LINK = {
    "url": "http://127.0.0.1:8080/sign-in?code=aaaa-bbbb",
    "person": "ana",
    "expires_at": "2026-03-06T22:25:00Z",
}

_ANSWERED = {
    "id": "acknowledge", "count": 3, "mean": 892.4, "median": 600.0,
    "unknown": [{"why": "over before anybody acknowledged", "count": 2}],
}  # fmt: skip
METRICS: dict[str, Any] = {
    "first": "2025-04-01",
    "last": "2026-03-06",
    "time_zone": "Europe/Berlin",
    "as_of": "2026-03-06T22:12:00Z",
    "pending_incidents": 0,
    "pending_days": 0,
    "incidents": 5,
    "incidents_means": "incidents by the day on which they opened",
    "repeats": 1,
    "repeats_means": "incidents that came back",
    "left_out": [{"why": "exercises", "count": 4}],
    "measures": [
        _ANSWERED
        | {
            "name": "Time to acknowledge", "short": "MTTA", "means": "from the opening on",
            "unit": "seconds", "target": None, "met": 0, "judged": 0,
        },
        {
            "id": "plan mttr", "count": 4, "mean": 7200.0, "median": None, "unknown": [],
            "name": "How long it took", "short": "mttr", "means": "from opened to resolved",
            "unit": "seconds", "target": 43200.0, "met": 3, "judged": 4,
        },
    ],
    "promises": [{"clock": "acknowledge", "met": 9, "judged": 10}],
    "by": ["month", "severity"],
    "groups": [
        {
            "month": "2026-02", "severity": "P0", "component": None, "component_name": None,
            "incidents": 5, "repeats": 1, "measures": [_ANSWERED],
        },
    ],
}  # fmt: skip
REPEATS: dict[str, Any] = {
    "first": "2025-04-01",
    "last": "2026-03-06",
    "incidents": 8,
    "repeats": 2,
    "repeats_means": "incidents that came back",
    "groups": [
        {
            "count": 3, "newest": "INC-2026-001", "title": "Checkout is down", "severity": "P0",
            "opened_at": "2026-03-06T22:00:00Z",
        },
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


class ApiServer:
    """`answers` maps (method, path) to (status, document); what is not in it is not found."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {
            ("GET", "/readyz"): (200, {"status": "ready"}),
            ("GET", "/api/v1/incidents"): (200, {"incidents": [row()], "next": None}),
            ("POST", "/api/v1/incidents"): (201, incident()),
            ("GET", "/api/v1/incidents/INC-2026-001"): (200, incident()),
            ("GET", "/api/v1/incidents/INC-2026-001/bundle"): (200, bundle()),
            ("GET", "/api/v1/on-call"): (200, ON_CALL),
            ("GET", "/api/v1/overrides"): (200, {"overrides": [OVERRIDE]}),
            ("GET", "/api/v1/maintenances"): (200, {"maintenances": [MAINTENANCE]}),
            ("POST", "/api/v1/maintenances"): (201, MAINTENANCE),
            ("POST", "/api/v1/maintenances/3/complete"): (200, MAINTENANCE),
            ("GET", "/api/v1/status-page/link"): (200, STATUS_LINK),
            ("GET", "/api/v1/metrics"): (200, METRICS),
            ("GET", "/api/v1/metrics/repeats"): (200, REPEATS),
            ("POST", "/api/v1/status-page/link"): (200, STATUS_LINK),
            ("GET", "/api/v1/incidents/INC-2026-001/answers"): (200, ANSWERS),
            ("POST", "/api/v1/overrides"): (201, OVERRIDE),
            ("DELETE", "/api/v1/overrides/12"): (
                200,
                OVERRIDE | {"removed_by": "cleo", "removed_at": "2026-03-06T22:12:00Z"},
            ),
            ("GET", "/api/v1/status"): (200, STATUS),
            ("GET", "/api/v1/deployments"): (200, {"deployments": [DEPLOYED]}),
            ("POST", "/api/v1/incidents/INC-2026-001/attachments"): (201, incident()),
            ("GET", "/api/v1/verify"): (200, VERIFIED),
            ("POST", "/api/v1/sign-in-links"): (201, SIGN_IN_LINK),
            ("POST", "/api/v1/test-page"): (201, incident(exercise=True)),
        }
        for verb in VERBS:
            self.answers["POST", f"/api/v1/incidents/INC-2026-001/{verb}"] = (200, incident())
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ApiServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def last(self) -> Request:
        """The latest request."""
        return self.requests[-1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def date_time_string(self, timestamp: float | None = None) -> str:
                return ANSWERED

            def do_GET(self) -> None:
                owner.answer(self)

            def do_POST(self) -> None:
                owner.answer(self)

            def do_PUT(self) -> None:
                owner.answer(self)

            def do_DELETE(self) -> None:
                owner.answer(self)

        return Handler

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Remember the request and answer it."""
        url = urlsplit(handler.path)
        text = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = text if url.path.endswith("/attachments") else json.loads(text) if text else None
        self.requests.append(Request(handler.command, url.path, query, body, headers))
        nothing = (
            404,
            problem(404, "nothing", f"there is nothing at {url.path}", "look elsewhere"),
        )
        status, document = self.answers.get((handler.command, url.path), nothing)
        payload = document if isinstance(document, bytes) else json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(payload)))
        handler.end_headers()
        handler.wfile.write(payload)


VERBS = (
    "acknowledge", "release", "resolve", "reopen", "close",
    "note", "fact", "severity", "escalate", "role", "update", "approve", "waive",
    "pin", "unpin", "link", "merge", "split",
)  # fmt: skip
