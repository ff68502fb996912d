"""Style as a test: sizes, names, left-overs.

Whatever may break a rule stands in EXCEPTIONS. An entry that is no longer needed fails too, so the
list can only shrink.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
CODE = ("src/", "tests/", "bench/", "scripts/")

FUNCTION_LINES = 60
SOURCE_LINES = 500
TEST_LINES = 800
PARAMETERS = 6
JUNK_DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}

# Rule -> what may break it, as the rule's message names it before the colon.
EXCEPTIONS: dict[str, set[str]] = {
    # The last resort of each of the engine's threads: log it, keep the others going.
    "broad except": {
        # One incident that can't be brought back must not hold up all others.
        "src/tocsin/engine/emergency/carry.py",
        "src/tocsin/engine/emergency/keeper.py",
        # A check-up that ends is a watch that sleeps; a probe that raises has not come through.
        "src/tocsin/engine/checkup.py",
        "src/tocsin/engine/prober.py",
        "src/tocsin/engine/cycle.py",
        "src/tocsin/engine/deliver.py",
        "src/tocsin/engine/group_commit.py",
        # Housekeeping, the look at the clocks, and that at the files, go on with the next round.
        "src/tocsin/engine/loop.py",
        "src/tocsin/engine/timekeeping.py",
        "src/tocsin/rule_files.py",
        # Metrics are no reason to end a thread, and one incident none to leave out all others.
        "src/tocsin/engine/summing.py",
        "src/tocsin/engine/release.py",
        "src/tocsin/engine/tick.py",
        # What a thread raises is raised where its result is asked for.
        "src/tocsin/outbound/abandoned.py",
        # Whatever raises in a simulated night is what the night has found.
        "src/tocsin/simulation/night.py",
        "src/tocsin/web/statuspage/publisher.py",
    },
}

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def files() -> tuple[str, ...]:
    """Every file of the project that git does not ignore, whether added yet or not."""
    asked = ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False, text=True)
    names = set(listed.stdout.split("\0"))
    if listed.returncode != 0:  # not a clone: what was unpacked in the folders that hold code
        found = (path for folder in CODE for path in (ROOT / folder).rglob("*"))
        names = {path.relative_to(ROOT).as_posix() for path in found if path.suffix != ".pyc"}
    return tuple(sorted(name for name in names if name and (ROOT / name).is_file()))


@cache
def text(name: str) -> str:
    """The text of a file; empty for one that is not text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def python_files(*below: str) -> list[str]:
    return [name for name in files() if name.endswith(".py") and name.startswith(below or CODE)]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(text(name), filename=name)


def functions(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(name)) if isinstance(node, FUNCTION))


def is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command line's parameters are its options: they are not counted."""
    calls = [call.func for call in function.decorator_list if isinstance(call, ast.Call)]
    return any(isinstance(f, ast.Attribute) and f.attr in {"command", "callback"} for f in calls)


def long_functions() -> Iterator[str]:
    for name in python_files():
        for function in functions(name):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{name}/{function.name}: {lines} lines, at most {FUNCTION_LINES}"


def long_files() -> Iterator[str]:
    for name in python_files():
        most = TEST_LINES if name.startswith("tests/") else SOURCE_LINES
        if (lines := len(text(name).splitlines())) > most:
            yield f"{name}: {lines} lines, at most {most}"


def many_parameters() -> Iterator[str]:
    for name in python_files():
        for function in functions(name):
            if name.startswith("src/tocsin/cli/") and is_command(function):
                continue
            given = function.args
            names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            count = len(names) - (names[:1] in (["self"], ["cls"]))
            if count > PARAMETERS:
                yield f"{name}/{function.name}: {count} parameters, at most {PARAMETERS}"


def junk_drawers() -> Iterator[str]:
    for name in files():
        parts = {part.split(".")[0].strip("_").lower() for part in Path(name).parts}
        if name.startswith(CODE) and parts & JUNK_DRAWERS:
            yield f"{name}: say what it holds, not {', '.join(sorted(parts & JUNK_DRAWERS))}"


def left_overs() -> Iterator[str]:
    left = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    for name in python_files("src/"):
        for number, line in enumerate(text(name).splitlines(), 1):
            if found := left.search(line):
                yield f"{name}: line {number} has {found[1]}"


def catches_all(node: ast.AST) -> bool:
    """Whether this swallows any exception: by a bare except, `Exception` or `suppress`."""
    if isinstance(node, ast.ExceptHandler):
        last = node.body[-1]
        if isinstance(last, ast.Raise) and last.exc is None:  # it cleans up and passes on
            return False
        caught = [node.type]
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
        caught = list(node.args)
    else:
        return False
    flat = [e for c in caught for e in (c.elts if isinstance(c, ast.Tuple) else [c])]
    return any(e is None or ast.unparse(e) in {"Exception", "BaseException"} for e in flat)


def broad_excepts() -> Iterator[str]:
    for name in python_files("src/"):
        lines = [str(getattr(n, "lineno", "?")) for n in ast.walk(tree(name)) if catches_all(n)]
        if lines:
            yield f"{name}: catches everything in line {', '.join(lines)}"


def bare_silencing() -> Iterator[str]:
    bare = re.compile(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:))")
    for name in python_files():
        for number, line in enumerate(text(name).splitlines(), 1):
            if bare.search(line):
                yield f"{name}: line {number} silences a check without naming the rule"


def package_docstrings() -> Iterator[str]:
    for name in python_files("src/"):
        if Path(name).name != "__init__.py":
            continue
        said = " ".join((ast.get_docstring(tree(name)) or "").split())
        if not re.fullmatch(r"\S.*?[.!?]", said) or re.search(r"[.!?] [A-Z]", said):
            yield f"{name}: needs a docstring of one sentence: what it is, what it may import"


def packages_without_init() -> Iterator[str]:
    for folder in {Path(name).parent for name in python_files("src/")}:
        if not (ROOT / folder / "__init__.py").exists():
            yield f"{folder}: is a package without __init__.py"


def machine_paths() -> Iterator[str]:
    # Spelt so that this file does not find itself.
    here = re.compile(
        r"(?<![\w./:-])/(?:work/(?:main|shared)|tmp/bash_jobs|opt/(?:wheels|pypi)|root/[.\w])"
    )
    yield from lines_with(here, "names a path of one machine")


def registry_hosts() -> Iterator[str]:
    hosts = (
        r"pypi\.(?:python\.)?org",
        r"pythonhosted\.org",
        r"registry\.(?:npmjs\.org|yarnpkg\.com)",
        r"proxy\.golang\.org",
        r"deb\.debian\.org",
        r"--(?:extra-)?index-url\b",
        r"--find[-]links\b",
    )
    yield from lines_with(
        re.compile(r"(?<![\w.])(?:[\w-]+\.)?(?:" + "|".join(hosts) + ")"), "names a registry"
    )


def lines_with(pattern: re.Pattern[str], what: str) -> Iterator[str]:
    for name in files():
        for number, line in enumerate(text(name).splitlines(), 1):
            if pattern.search(line):
                yield f"{name}: line {number} {what}"


def unlocked_requirements() -> Iterator[str]:
    """Whatever pyproject.toml asks for must stand in the lock, in a version that will do."""
    project = tomllib.loads(text("pyproject.toml"))["project"]
    pinned = re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", text("requirements.lock"), re.MULTILINE)
    locked = dict(pinned)
    for line in project["dependencies"] + project["optional-dependencies"]["dev"]:
        wanted = Requirement(line)
        key = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if key not in locked or not wanted.specifier.contains(locked[key]):
            yield f"{wanted.name}: requirements.lock does not give {line}; run `make lock`"


RULES: dict[str, Callable[[], Iterator[str]]] = {
    "function length": long_functions,
    "file length": long_files,
    "parameters": many_parameters,
    "junk drawers": junk_drawers,
    "left-overs": left_overs,
    "broad except": broad_excepts,
    "bare silencing": bare_silencing,
    "package docstring": package_docstrings,
    "package without init": packages_without_init,
    "machine paths": machine_paths,
    "registry hosts": registry_hosts,
    "lock": unlocked_requirements,
}


@pytest.mark.parametrize("rule", RULES)
def test_tidy(rule: str) -> None:
    allowed = EXCEPTIONS.get(rule, set())
    broken = list(RULES[rule]())
    excused = {problem.split(": ")[0] for problem in broken} & allowed
    problems = [problem for problem in broken if problem.split(": ")[0] not in allowed]
    stale = [f"{entry}: no longer needs its exception; remove it" for entry in allowed - excused]
    if problems or stale:
        pytest.fail("\n".join([f"{rule}:", *problems, *sorted(stale)]), pytrace=False)


def test_every_exception_belongs_to_a_rule() -> None:
    assert EXCEPTIONS.keys() <= RULES.keys()
