"""Comparing with golden files. To renew one: delete it, run the test, read what it wrote."""

from pathlib import Path

import pytest


def assert_golden(path: Path, text: str) -> None:
    """Compare `text` with the file; a missing file is written, and the test fails once."""
    if not path.exists():
        path.write_text(text, encoding="utf-8", newline="")
        pytest.fail(f"{path} was missing and is written now; read it, then run again")
    assert text == path.read_bytes().decode("utf-8")
