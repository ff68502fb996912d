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
                kind = "application/json" if status < "300" else "application/problem+json"
                assert list(answer["content"]) == [kind], (path, status)
            assert {"401", "403", "503"} <= answers.keys(), path


def test_the_docs_name_every_route(stage: Stage) -> None:
    documented = (DOCS / "api.md").read_text("utf-8") + (DOCS / "pages.md").read_text("utf-8")
    for method, path, _need in needs_by_route(make_app(stage.world, stage.site)):
        if path == "/static":
            continue
        words = re.sub(r"{([a-z]+)}", lambda name: name[1].upper(), path)
        assert f"`{method} {words}`" in documented, f"{method} {words}"


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
    assert codes - documented - {"incident.html"} == set()
