"""Whose word counts on where a request comes from."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from tocsin.assemble import ServeOptions, _server
from tocsin.settings import read_settings


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Return which address a request has that a proxy at `by` sends on for 203.0.113.9."""

    def ask(proxies: str, by: str) -> str:
        monkeypatch.setenv("TOCSIN_PROXIES", proxies)
        app = FastAPI()

        @app.get("/")
        def address(request: Request) -> str:
            return request.client.host if request.client is not None else ""

        server = _server(app, ServeOptions(), read_settings().proxies)
        server.config.load()
        client = TestClient(server.config.loaded_app, client=(by, 1234))
        headers = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
        return str(client.get("/", headers=headers).json())

    return ask


def test_nobody_is_believed_unless_named(seen: Callable[[str, str], str]) -> None:
    assert seen("", "127.0.0.1") == "127.0.0.1"
    assert seen("10.0.0.5", "10.0.0.6") == "10.0.0.6"


def test_a_named_proxy_is_believed_about_its_own_visitor(seen: Callable[[str, str], str]) -> None:
    assert seen("10.0.0.5", "10.0.0.5") == "203.0.113.9"
    assert seen("127.0.0.1, 10.0.0.0/24", "10.0.0.77") == "203.0.113.9"
