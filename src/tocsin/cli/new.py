"""`tocsin new`."""

from pathlib import Path
from shutil import copyfile
from typing import Annotated

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import say
from tocsin.cli.trouble import Trouble, wrong_usage
from tocsin.settings import STARTER

app = make_app()

EXAMPLES = """
tocsin new our-plan
"""


@app.command(cls=Command, epilog=EXAMPLES)
def new(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="A folder; it is made if need be.")
    ],
) -> None:
    """Write a starter plan, an organisation and scenarios.

    All are commented and can be used as they are. Nothing that exists is overwritten.
    """
    if not directory.strip():
        raise wrong_usage("DIR is empty", "Name a folder: `tocsin new our-plan`.")
    folder = Path(directory)
    sources = sorted(path for path in STARTER.rglob("*.yaml") if path.is_file())
    targets = [folder / path.relative_to(STARTER) for path in sources]
    for target in targets:
        if target.exists():
            hint = "Name another folder; nothing was changed."
            raise Trouble(f"{target} exists already", hint)
    try:
        for source, target in zip(sources, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(source, target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Trouble(f"{folder} cannot be written: {reason}", "Name another place.") from None
    for target in targets:
        say(f"  {target}")
    plan = folder / "plan.yaml"
    say(("Next", "bold"), f": put in your people and rules, then `tocsin check {plan}`,")
    say(f"`tocsin simulate {plan}` and `tocsin serve --plan {plan} --org {folder / 'org.yaml'}`.")
