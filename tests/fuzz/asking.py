"""The API is asked what its own OpenAPI document allows, as everybody who might come.

Schemathesis makes the requests and judges the answers; they go to the real application, in this
process, on the evening of tests/web/scene. What it makes up would mostly meet nothing, so half of
all names are put in that exist: of incidents, people, roles, facts, tasks.
"""

from __future__ import annotations

import json
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import quote

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient
from tests.web.scene.story import HERE, Scene, quick_folder, tell

from tocsin.core.access import SCOPES
from tocsin.engine.audit import Doer
from tocsin.engine.keys import integration_key, operator_key
from tocsin.sources.deployments.parse import Deployments
from tocsin.web.api_keys import make_key
from tocsin.web.app import make_app
from tocsin.web.sessions import Visit, begin_session

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

PEOPLE = """
  cam: {name: Cam Commander, access: commander, contacts: [inbox]}
  aud: {name: Aud Auditor, access: auditor, contacts: [inbox]}
"""

LEVELS = {
    "viewer": "vic", "responder": "ben", "commander": "cam", "auditor": "aud",
    "administrator": "ana",
}  # fmt: skip
"""Each level of access, and who has it on this evening."""

CODES = tuple(f"INC-2026-00{number}" for number in range(1, 9))

KNOWN: Mapping[str, tuple[Any, ...]] = {
    "code": CODES,
    "person": ("ana", "ben", "cleo", "dora", "emil", "vic", "cam", "aud", "nobody"),
    "number": (1, 2, 3, 7, 0, -1),
    "do": ("start", "update", "cancel", "complete"),
    "as": ("ana", "ben", "vic", ""),
    "severity": ("P0", "P1", "P2", "P9"),
    "role": ("incident-commander", "scribe", "x"),
    "name": (
        "service_availability",
        "payment_processing",
        "error_rate",
        "root_cause",
        "user_facing",
        "health_checks",
        "data_breach",
    ),
    "value": ("none", "down", "yes", 0.2, "passing", "confirmed", True),
    "task": (
        "assessment/state",
        "assessment/dashboards",
        "containment/regions",
        "containment/stop",
        "assessment/impact",
        "recovery/cause",
        "containment/payments-down/hold",
    ),
    "choice": ("Roll the change back", "Switch the feature off"),
    "member": ("eu-1", "eu-2", "us-1"),
    "phase": ("assessment", "containment", "recovery"),
    "to": ("engineering-manager", "team-lead", "on-call-engineer", *CODES),
    "other": CODES,
    "into": CODES,
    "entry": (1, 2, 3, 4, 5),
    "relation": ("caused_by", "related", "duplicate"),
    "audience": ("internal", "public", "customers", "stakeholders"),
    "template": ("status", "summary"),
    "status": ("Identified", "Investigating", "Resolved"),
    "roster": ("primary", "payments"),
    "scopes": (["read"], ["read", "respond"], list(SCOPES)),
    "components": (["checkout"], ["checkout", "search"]),
    "starts": ("2026-11-18T03:00:00Z", "tomorrow 03:00", "2026-11-17 23:00"),
    "lasts": ("2h", "90m"),
    "ends": ("2026-11-18T05:00:00Z", "tomorrow 05:00"),
    "next": ("30m", "1h"),
    "update": ("U1", "U2", "1"),
    "at": ("2026-11-17T21:00:00Z",),
}
"""What a parameter or a field of that name may well be on this evening."""

HOSTILE = (
    "", " ", "\u0000", "\ufeff", "\u202e", "\ud800", "x" * 1000, "{{ 7*7 }}", "../../etc/passwd",
    "' OR 1=1 --", "\r\nSet-Cookie: a=b", "9" * 400, "1e999", "NaN", "-0", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "2026-11-17T20:00:00+99:99", "P1D", "999999999d", "-1h", "\x1b]0;x\x07",
)  # fmt: skip


@dataclass
class Broken:
    """A request whose answer is not what the document promises, or a fault."""

    caller: str
    what: str
    request: str


@dataclass
class Asker:
    """The application, everybody who may come, and what was found."""

    scene: Scene
    client: TestClient
    description: dict[str, Any]
    callers: dict[str, dict[str, str]]
    dice: Random
    asked: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    broken: dict[str, Broken] = field(default_factory=dict)

    def ask(self, each: int, only: str = "") -> None:
        """Ask every operation `each` times, as callers drawn at random, or `only` as that one."""
        schema = schemathesis.openapi.from_dict(self.description)
        for result in schema.get_all_operations():
            assert isinstance(result, Ok), result
            self._ask_one(result.ok(), each, only)

    def told(self) -> str:
        """What was found, for people."""
        return "\n\n".join(
            ascii(f"{one.caller}: {one.request[:800]}") + f"\n{ascii(one.what)[-1500:]}"
            for one in list(self.broken.values())[:5]
        )

    def _ask_one(self, operation: Any, each: int, only: str) -> None:
        def once(case: Any) -> None:
            self._send(case, only or self._somebody(operation))

        made = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        wanted = settings(
            max_examples=each,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        seed(self.dice.randrange(2**32))(wanted(given(case=made)(once)))()

    def _somebody(self, operation: Any) -> str:
        """Mostly one who may do it: what refuses everybody shows little."""
        likely = ("operator", "administrator", "commander", "responder")
        if self.dice.random() < 0.6:
            return "deployer" if "/in/" in operation.path else self.dice.choice(likely)
        return self.dice.choice(list(self.callers))

    def _send(self, case: Any, caller: str) -> None:
        body = self._likely(case.body) if isinstance(case.body, dict | list) else case.body
        path = case.operation.path.format_map(
            {
                name: _in_path(self._value(name, value))
                for name, value in case.path_parameters.items()
            }
        )
        query = {name: self._value(name, value) for name, value in (case.query or {}).items()}
        headers = {**self.callers[caller]}
        content = b""
        if isinstance(body, bytes):
            content = body
        elif isinstance(body, dict | list | str | int | float | bool) or body is None:
            # Lone halves of surrogate pairs go out escaped, as programs send them.
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if "Cookie" in headers and case.method != "GET":
            headers["Origin"] = self.scene.url
        shown = f"{case.method} {path} {query} {content[:600]!r}"
        self.asked[caller] += 1
        try:
            answer = self.client.request(
                case.method, path, params=_sound(query), content=content, headers=headers
            )
        except Exception:  # noqa: BLE001  # whatever comes is a finding
            self._note(case, caller, traceback.format_exc(limit=-4), shown)
            return
        self.answers[int(answer.status_code)] += 1
        if answer.status_code == 401 and caller in LEVELS:
            # Somebody has signed everybody of that name out.
            self.callers.update(sessions_of(self.scene))
        try:
            case.validate_response(answer, checks=CHECKS)
        except (Failure, FailureGroup) as failure:
            said = "; ".join(str(one) for one in getattr(failure, "exceptions", [failure]))
            self._note(case, caller, f"{said}\n{answer.status_code} {answer.text[:300]}", shown)

    def _note(self, case: Any, caller: str, what: str, shown: str) -> None:
        key = f"{case.method} {case.operation.path} {what[:60]}"
        self.broken.setdefault(key, Broken(caller, what, shown))

    def _likely(self, made: Any) -> Any:
        """Put names in that exist, at times hostile ones."""
        if isinstance(made, dict):
            return {name: self._value(name, value) for name, value in made.items()}
        return made

    def _value(self, name: str, value: Any) -> Any:
        chance = self.dice.random()
        if name in KNOWN and chance < 0.6:
            return self.dice.choice(KNOWN[name])
        if isinstance(value, str) and chance > 0.93:
            return self.dice.choice(HOSTILE)
        return self._likely(value) if isinstance(value, dict) else value


def _in_path(value: Any) -> str:
    return quote(str(value).replace("/", "_"), safe="", errors="surrogatepass") or "-"


def _sound(query: Mapping[str, Any]) -> dict[str, Any]:
    """An address holds no halves of pairs."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in query.items()
        if value is not None
    }


def callers_of(scene: Scene) -> dict[str, dict[str, str]]:
    """How everybody who may come shows who they are: each level, and keys of each scope."""
    world = scene.world
    people = world.rules.organisation.people
    found = {
        "nobody": {},
        "operator": {"Authorization": f"Bearer {operator_key(world.secret)}"},
        "integration": {"Authorization": f"Bearer {integration_key(world.secret, 'uptime', 1)}"},
        "deployer": {"Authorization": f"Bearer {integration_key(world.secret, 'rollouts', 1)}"},
    }
    found |= sessions_of(scene)
    for scope in SCOPES:
        owner = people["aud" if scope == "audit" else "ana"]
        key, _ = make_key(world, Doer("ana"), owner, f"for {scope}", [scope], 30)
        found[f"key to {scope}"] = {"Authorization": f"Bearer {key}"}
    return found


def sessions_of(scene: Scene) -> dict[str, dict[str, str]]:
    """Sign in somebody of each level."""
    with scene.world.store.write() as tx:
        return {
            level: {"Cookie": f"tocsin={begin_session(scene.world, tx, name, 'link', Visit())[0]}"}
            for level, name in LEVELS.items()
        }


@contextmanager
def asker(number: int) -> Iterator[Asker]:
    """Give an asker on a fresh evening; the same number asks the same."""
    with quick_folder() as folder:
        scene = Scene(folder)
        scene.put_in_force(organisation=hired())
        scene.site = replace(scene.site, deployments=Deployments())
        tell(scene)
        scene.app = make_app(scene.world, scene.site)
        try:
            with TestClient(scene.app, base_url=scene.url, follow_redirects=False) as client:
                scene.app.state.web.pace.burst = 10**9
                description = client.get("/api/openapi.json").json()
                yield Asker(scene, client, description, callers_of(scene), Random(number))
        finally:
            scene.store.close()


def hired() -> str:
    """The scene's organisation with somebody of every level and an integration of every kind."""
    text = (HERE / "org.yaml").read_text("utf-8")
    return text.replace("  vic:", f"{PEOPLE.strip(chr(10))}\n  vic:") + (
        "  rollouts: {source: deployments, owner: team-lead}\n"
    )
