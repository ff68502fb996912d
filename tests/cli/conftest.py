"""What tests of the command line share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.api_server import ApiServer
from tests.cli.running import Terminal

NOT_WANTED = ("TOCSIN_DATA", "TOCSIN_SERVER", "TOCSIN_KEY", "TOCSIN_DEBUG", "XDG_DATA_HOME")


@pytest.fixture
def tocsin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Terminal:
    """The command, at a terminal of 80 columns, on a machine without a server."""
    for name in NOT_WANTED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path / "no-data"))
    return Terminal(monkeypatch, capsys).at(80)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tocsin: Terminal) -> Iterator[ApiServer]:
    """A server that speaks the API's shapes; commands find it through the environment."""
    with ApiServer() as server:
        monkeypatch.setenv("TOCSIN_SERVER", server.url)
        monkeypatch.setenv("TOCSIN_KEY", "tocop-test")
        yield server
