"""The table of the 48 bugs is complete, and what it says is so."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROWS = range(1, 49)


def rows() -> dict[int, str]:
    """The last column of each row."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    return {int(n): last for n, last in re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", text, re.M)}


def classics() -> list[tuple[str, ast.FunctionDef]]:
    """All tests of this folder that are about a row, with the file that they are in."""
    return [
        (path.name, node)
        for path in sorted(HERE.glob("test_*.py"))
        if path.name != Path(__file__).name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def number(test: ast.FunctionDef) -> int:
    return int(test.name.split("_")[1])


def test_each_of_the_48_is_tested_or_says_why_not():
    tested: dict[int, set[str]] = {}
    for file, test in classics():
        tested.setdefault(number(test), set()).add(file)
    for row in ROWS:
        said = rows()[row]
        if said.startswith("does not apply: "):
            assert row not in tested
        else:
            assert set(re.findall(r"\((\S+\.py)\)", said)) == tested[row], row
    assert set(tested) <= set(ROWS)


def test_each_says_where_the_bug_was():
    where = re.compile(r"#\d+|PR #|20\d\d|v\d|sendalerts|oncall|blog|commit", re.I)
    for file, test in classics():
        said = ast.get_docstring(test) or ""
        assert where.search(said), f"{file}: {test.name}"
