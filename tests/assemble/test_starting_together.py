"""Nodes that start at the same time on an empty database (three real ones found it)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tocsin.engine.ports import Conflict
from tocsin.rule_files import TRIES_AT_START, Files, _activated


class Raced:
    """Rules that other nodes change so many times just before ours can be kept."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.followed = 0

    def activate(self, *_offer: Any) -> list[Any]:
        if self.left:
            self.left -= 1
            raise Conflict("another node has changed what is in force")
        return []

    def follow(self) -> None:
        self.followed += 1


@pytest.fixture
def files(tmp_path: Path) -> Files:
    for name in ("plan.yaml", "org.yaml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    return Files(tmp_path / "plan.yaml", tmp_path / "org.yaml")


@pytest.mark.parametrize("others", [0, 1, TRIES_AT_START])
def test_the_later_ones_look_again(files: Files, others: int) -> None:
    rules: Any = Raced(others)
    assert _activated(rules, files) == []
    assert rules.followed == others


def test_it_does_not_go_on_for_ever(files: Files) -> None:
    rules: Any = Raced(10_000)
    with pytest.raises(Conflict):
        _activated(rules, files)
