"""The command `tocsin`; a command's module is imported when it is used, so it starts quickly."""

import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from tocsin import __version__
from tocsin.cli.trouble import Trouble

COMMANDS: dict[str, dict[str, str]] = {
    "The plan, on your own machine": {
        "new": "Write a starter plan, an organisation and scenarios.",
        "check": "Say everything that is wrong with a plan.",
        "classify": "Say which severity a plan proposes for some facts, and why.",
        "simulate": "Play a plan through: who is called, when, and why.",
        "test": "Play scenarios, and say whether the plan does what they expect.",
        "compare": "Say what changes for people between two plans.",
        "render": "Write the plan as a document for people, as Markdown or HTML.",
        "explain": "Say in words what one clause of a plan means, defaults included.",
        "who": "Say who is on call, until when, and who is next.",
    },
    "The server": {
        "serve": "Run the server.",
        "apply": "Put a plan, an organisation or both in force on a running server.",
        "override": "Put somebody else on call for a while, or list such overrides.",
        "doctor": (
            "Check that everything is set up so that pages go out, and that somebody would notice"
            " if not."
        ),
        "keys": "Print the keys for machines that send alerts.",
        "key": "Make a key by which a program acts for a person; list or revoke keys.",
        "sign-in": "Print a link by which a person can sign in once.",
        "status-page": "Write the public status page as files, or print the link to a private one.",
        "maintenance": "Plan maintenance, announce it on the status page, and say how it goes.",
        "backup": "Copy the whole record to a file while the server runs.",
    },
    "Incidents, on a running server": {
        "declare": "Open an incident.",
        "incidents": "List incidents.",
        "show": "Show an incident: clocks, calls, what comes next, timeline.",
        "watch": "Show an incident live, or all that are open.",
        "ack": "Say: I have it.",
        "release": "Give an incident back, so that the next people are called.",
        "note": "Put something on the record.",
        "attach": "Keep a file with an incident.",
        "pin": "Say that an entry of the timeline tells the story.",
        "fact": "State what is observed.",
        "severity": "Confirm or change the severity.",
        "escalate": "Call more people now.",
        "role": "Say who holds a role.",
        "mode": "Start a mode of the plan, or end it with `none`.",
        "decide": "Put a decision on the record.",
        "tick": "Say that a task of the plan is done.",
        "waive": "Say that a task of the plan is not needed, and why.",
        "phase": "Go on to the next phase of the plan.",
        "update": "Tell an audience how things stand.",
        "answers": "Print what support may say to customers.",
        "approve": "Let an update out that somebody else has written.",
        "link": "Say that two incidents belong together.",
        "merge": "Say that an incident is the same as another one, and goes on there.",
        "split": "Open another incident for some of the alerts of one.",
        "deployments": "List what was rolled out lately, newest first.",
        "resolve": "Say that the trouble is over.",
        "stand-down": "End the response to something that was real.",
        "false-alarm": "Say that there never was any trouble.",
        "reopen": "Say that it was not over.",
        "close": "Say that nothing is left to do.",
        "metrics": "Say how many incidents there were, and how long they took.",
        "break-glass": "Read a restricted incident without being one of its readers.",
        "verify": "Check that nobody has changed the record.",
    },
}
"""Heading -> command -> what it does, as its own help begins (a test compares both)."""

ALL = {name: summary for group in COMMANDS.values() for name, summary in group.items()}


class Tocsin(TyperGroup):
    """The group of all commands; knows their names without importing them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return all names."""
        return list(ALL)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command's module and return the command."""
        if cmd_name not in ALL:
            return None
        module = import_module(f"tocsin.cli.{cmd_name.replace('-', '_')}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say what was probably meant."""
        name = args[0]
        if name not in ALL and not name.startswith("-"):
            close = get_close_matches(name, ALL, n=1)
            hint = f"Did you mean `tocsin {close[0]}`?" if close else "`tocsin --help` lists all."
            raise Trouble(f"there is no command `{name}`", hint, 2)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands by what they are for."""
        widest = max(map(len, ALL))
        for heading, group in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(widest), said) for name, said in group.items()])


class _Debugging:
    """Whether tracebacks are wanted."""

    on = False


app = typer.Typer(
    cls=Tocsin,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="`tocsin COMMAND --help` explains a command, with an example.",
)


@app.callback()
def tocsin(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar="TOCSIN_DEBUG", help="Show tracebacks when it goes wrong."),
    ] = False,
) -> None:
    """Tocsin runs your incident response plan: checks it, rehearses it, and calls people by it."""
    _Debugging.on = debug
    if version:
        print(f"tocsin {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    sys.excepthook = _unexpected
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a replacement, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    _Debugging.on = False
    try:
        done = typer.main.get_command(app).main(
            _debug_first(arguments), prog_name="tocsin", standalone_mode=False
        )
    except Trouble as trouble:
        _show(trouble, trouble.what, trouble.hint)
        return trouble.exit_code
    except TyperException as usage:
        _show(usage, *_usage_words(usage))
        return 2
    except typer.Abort:
        return 130
    return done if isinstance(done, int) else 0


def _debug_first(arguments: Sequence[str]) -> list[str]:
    """Let `--debug` stand behind the command too, where people add it."""
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    before = [word for word in arguments[:end] if word != "--debug"]
    asked = ["--debug"] if len(before) < end else []
    return [*asked, *before, *arguments[end:]]


def _usage_words(usage: TyperException) -> tuple[str, str]:
    message = usage.format_message().strip().rstrip(".")
    context = getattr(usage, "ctx", None)
    path = context.command_path if context is not None else "tocsin"
    return f"{message[:1].lower()}{message[1:]}", f"`{path} --help` shows how it is used."


def _show(error: BaseException, what: str, hint: str) -> None:
    if _Debugging.on:
        traceback.print_exception(error)
    print(
        "tocsin: " + "\n  ".join(_printable(line) for line in (what, hint) if line), file=sys.stderr
    )


def _printable(text: str) -> str:
    """Return one line that does nothing to a terminal (without importing `output`)."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _unexpected(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say in two lines that the program itself has failed."""
    if _Debugging.on or issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _show(
        error, f"this should not have happened: {kind.__name__}: {error}",
        "Please report it, with what `tocsin --debug ...` prints.",
    )  # fmt: skip
