"""The description of the API is valid, complete, and the docs name every route."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from openapi_spec_validator import validate
from tests.web.stage import Stage

from tocsin.web.app import make_app, needs_by_route

DOCS = Path(__file__).parents[2] / "docs"


def described(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.client().get("/api/openapi.json").json()
    return found


def test_the_description_is_valid(stage: Stage) -> None:
    description = described(stage)
    assert description["openapi"].startswith("3.1")
    validate(description)


def test_every_route_of_the_api_is_described(stage: Stage) -> None:
    paths = described(stage)["paths"]
    for method, path, need in needs_by_route(make_app(stage.world, stage.site)):
        if path.startswith("/api/v1/"):
            operation = paths[path][method.lower()]
            assert operation["x-tocsin-need"] == need
            assert operation["description"]
            answers = operation["responses"]
            for status, answer in answers.items():
                if status < "300" and path.endswith("/attachments/{number}"):
                    continue  # a file, of whatever kind
                kind = "application/json" if status < "300" else "application/problem+json"
                assert list(answer["content"]) == [kind], (path, status)
            assert {"401", "403", "503"} <= answers.keys(), path


def named_routes(text: str) -> set[tuple[str, str]]:
    """Read (method, path) out of documents; `ID` stands for any parameter.

    A line may name more than one: "`POST /a/ID/pin`, `/unpin`" and "`POST /a/ID`, `.../try`".
    """
    found = set()
    for line in text.splitlines():
        method = path = ""
        for words in re.findall(r"`([^`]+)`", line):
            said = re.fullmatch(r"(GET|POST|PUT|DELETE)?\s?([/.][^?#\s]*)?(?:[?#].*)?", words)
            if said is None or not any(said.groups()):
                continue
            method = said[1] or method
            if said[1] and said[2]:
                path = said[2]
            elif said[2] and said[2].startswith(".../"):
                found.add((method, f"{path}{said[2][3:]}"))
                continue
            elif said[2]:
                path = f"{path.rpartition('/')[0]}{said[2]}"
            found.add((method, path))
    return {(method, re.sub(r"\b[A-Z_]+\b", "ID", path)) for method, path in found}


def test_the_docs_name_every_route(stage: Stage) -> None:
    documents = [(DOCS / name).read_text("utf-8") for name in ("api.md", "pages.md", "intake.md")]
    documented = named_routes("\n".join(documents))
    missing = []
    for method, path, _need in needs_by_route(make_app(stage.world, stage.site)):
        plain = re.sub(r"{[a-z_]+}", "ID", path.replace("{path:path}", "..."))
        if path != "/static" and (method, plain) not in documented:
            missing.append(f"{method} {plain}")
    assert missing == []


def test_the_docs_name_every_problem() -> None:
    documented = set(re.findall(r"`([a-z]+\.[a-z-]+)`", (DOCS / "api.md").read_text("utf-8")))
    sources = Path(__file__).parents[2] / "src" / "tocsin"
    files = [*(sources / "web").rglob("*.py"), sources / "core" / "incident" / "decide.py",
             sources / "engine" / "actions.py"]  # fmt: skip
    codes: set[str] = set()
    for file in files:
        text = file.read_text("utf-8")
        kinds = "access|request|incident|person|roster|link|store|rules|server"
        codes |= set(re.findall(rf'"((?:{kinds})\.[a-z-]+)"', text))
    templates = {"incident.html", "access.html", "person.html"}
    acts = {"incident.break-glass"}
    assert codes - documented - templates - acts == set()
