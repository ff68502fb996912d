"""How every command is declared: plain help, with examples printed as they are written."""

from inspect import cleandoc
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand


class Command(TyperCommand):
    """A command whose help names arguments as its metavars do, and ends with examples."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what stands in the usage line behind the command's name."""
        return ["[OPTIONS]", *(str(argument.metavar) for argument in self._arguments())]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what the arguments and options mean."""
        rows = [(str(one.metavar), one.help or "") for one in self._arguments()]
        if rows:
            with formatter.section("Arguments"):
                formatter.write_dl(rows)
        options = [one for one in self.get_params(ctx) if not isinstance(one, TyperArgument)]
        records = [record for one in options if (record := one.get_help_record(ctx)) is not None]
        with formatter.section("Options"):
            formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples, each on its own line."""
        if not self.epilog:
            return
        lines = cleandoc(self.epilog).strip().split("\n")
        heading = "Example" if len(lines) == 1 else "Examples"
        formatter.write(f"\n{heading}:\n" + "".join(f"  {line}\n" for line in lines))

    def _arguments(self) -> list[TyperArgument]:
        return [one for one in self.params if isinstance(one, TyperArgument)]


def make_app() -> typer.Typer:
    """Return the Typer application of one command."""
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
