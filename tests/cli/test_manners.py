"""What every command owes its users: help with an example, plain errors, quiet, documentation."""

from __future__ import annotations

import re
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.running import COMMAND, PLANS, ROOT, Terminal, run_alone
from typer.core import TyperArgument, TyperOption

from tocsin.cli.main import ALL, Tocsin, app
from tocsin.cli.output import clean, clean_lines

DOCS = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


COLOUR = re.compile(r"\x1b\[[0-9;]*(?<![0-9])[39][0-9]")


def command(name: str) -> Any:
    group = typer.main.get_command(app)
    assert isinstance(group, Tocsin)
    return group.get_command(None, name)


def documented(name: str) -> str:
    """The text under a command's heading."""
    parts = re.split(r"^### `tocsin ([a-z-]+)`$", DOCS, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(name, "")


@pytest.mark.parametrize("name", ALL)
def test_help_has_an_example_that_is_the_command(tocsin: Terminal, name: str) -> None:
    ran = tocsin(name, "--help")
    assert (ran.code, ran.err) == (0, "")
    _, _, examples = ran.out.partition("\nExample")
    assert re.search(rf"^  (\w+=\S+ )?tocsin {name}\b", examples, re.MULTILINE)
    assert max(map(len, ran.out.partition("\nExample")[0].splitlines())) <= 80


@pytest.mark.parametrize("name", ALL)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    assert command(name).help.split("\n")[0] == ALL[name]


@pytest.mark.parametrize("name", ALL)
def test_every_argument_and_option_is_documented(name: str) -> None:
    text = documented(name)
    assert text, f"docs/cli.md has no heading ### `tocsin {name}`"
    for parameter in command(name).params:
        if isinstance(parameter, TyperArgument):
            assert f"`{parameter.metavar}`" in text, parameter.metavar
        elif isinstance(parameter, TyperOption):
            for option in parameter.opts:
                assert re.search(rf"`{re.escape(option)}[ `]", text), option
    assert f"tocsin {name}" in text.partition("```")[2], "an example"


def test_nothing_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"^### `tocsin ([a-z-]+)`$", DOCS, re.MULTILINE)) == set(ALL)
    for name in ALL:
        there = {option for one in command(name).params for option in one.opts} | {"--help"}
        table = set(re.findall(r"^\| `(--[a-z-]+)", documented(name), re.MULTILINE))
        assert table <= there


@pytest.mark.parametrize("name", ALL)
def test_an_unknown_option_is_wrong_usage_in_two_lines(tocsin: Terminal, name: str) -> None:
    ran = tocsin(name, "--no-such-option")
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 2
    assert f"`tocsin {name} --help`" in ran.err


def test_a_command_with_a_slip_is_corrected(tocsin: Terminal) -> None:
    ran = tocsin("simulat")
    assert ran.code == 2
    assert "Did you mean `tocsin simulate`?" in ran.err


def test_without_a_command_the_help_is_shown(tocsin: Terminal) -> None:
    ran = tocsin()
    assert ran.code == 2
    for name in ALL:
        assert f"\n  {name} " in ran.out
    assert tocsin("--version").out.startswith("tocsin ")


def test_a_traceback_only_if_it_is_wanted(tocsin: Terminal, monkeypatch: Any) -> None:
    assert "Traceback" not in tocsin("check", "nowhere.yaml").err
    for words in (["--debug", "check", "nowhere.yaml"], ["check", "nowhere.yaml", "--debug"]):
        ran = tocsin(*words)
        assert "Traceback" in ran.err
        assert ran.code == 2
    monkeypatch.setenv("TOCSIN_DEBUG", "1")
    assert "Traceback" in tocsin("check", "nowhere.yaml").err


def test_what_should_not_happen_is_two_lines_too() -> None:
    failing = (
        "import sys; from tocsin.cli import main; sys.argv = ['tocsin', *sys.argv[1:]];"
        "main._debug_first = lambda _: 1 / 0; main.main()"
    )
    python = COMMAND.with_name("python")
    ran = subprocess.run([python, "-c", failing], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("tocsin: this should not have happened: ZeroDivisionError")
    assert len(ran.stderr.splitlines()) == 2


def test_colours_only_on_a_terminal_and_never_with_no_color(tocsin: Terminal) -> None:
    mistakes = ROOT / "tests" / "core" / "plan" / "twenty_mistakes.yaml"
    plan = PLANS / "starter" / "plan.yaml"
    commands: tuple[list[str | Path], ...] = (
        ["check", mistakes], ["simulate", plan], ["check", plan],
    )  # fmt: skip
    for words in commands:
        assert "\x1b" not in run_alone(*words).out
        assert COLOUR.search(run_alone(*words, FORCE_COLOR="1", TERM="xterm").out)
        assert "\x1b" not in run_alone(*words, FORCE_COLOR="1", TERM="xterm", NO_COLOR="1").out


def test_a_reader_who_goes_away_is_no_trouble() -> None:
    mistakes = Path("tests") / "core" / "plan" / "twenty_mistakes.yaml"
    piped = f"{COMMAND} check {mistakes} | head -n 1"
    ran = subprocess.run(piped, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert len(ran.stdout.splitlines()) == 1


def seconds_of_processor() -> float:
    """What all processes that were started from here have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("words", [["--help"], ["check", str(PLANS / "starter" / "plan.yaml")]])
def test_it_starts_quickly(words: list[str]) -> None:
    best = 60.0
    for _ in range(5):
        began = seconds_of_processor()
        assert run_alone(*words).code == 0
        best = min(best, seconds_of_processor() - began)
    # On an idle machine it is half of this, and as long by the clock on the wall.
    assert best < 0.8


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 漢字", "plain ü 漢字"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("a\x00b\x08c\x7fd\x85e", "abcde"),
        ("two\nlines\tand a tab", "two lines    and a tab"),
        ("left\u202eright", "leftright"),
        ("\x1b", ""),
        ("\x1bPq never ends", ""),
    ],
)
def test_text_from_outside_does_nothing_to_a_terminal(text: str, shown: str) -> None:
    assert clean(text) == shown
    assert "\x1b" not in clean_lines(text)
