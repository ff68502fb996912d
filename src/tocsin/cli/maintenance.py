"""`tocsin maintenance`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, print_json, say, table, tell, without_empty
from tocsin.cli.server import DataOption, JsonOption, ServerOption, connect
from tocsin.cli.trouble import wrong_usage

app = make_app()

EXAMPLES = """
tocsin maintenance
tocsin maintenance plan "Database upgrade" --from "saturday 22:00" --for 2h --component search
tocsin maintenance update 3 "It takes half an hour longer." --until "sunday 00:30"
tocsin maintenance complete 3
"""

PATH = "/api/v1/maintenances"
VERBS = ("update", "start", "complete", "cancel")


@app.command(cls=Command, epilog=EXAMPLES)
def maintenance(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[plan TITLE] [VERB NUMBER [TEXT]]",
            help="VERB: update, start, complete, cancel. Without words, all is listed.",
        ),
    ] = None,
    starts: Annotated[str, typer.Option("--from", metavar="TIME", help="When it begins.")] = "",
    ends: Annotated[str, typer.Option("--until", metavar="TIME", help="When it ends.")] = "",
    lasts: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="How long it lasts.")
    ] = "",
    components: Annotated[
        list[str] | None,
        typer.Option("--component", metavar="ID", help="What is worked on; may be repeated."),
    ] = None,
    text: Annotated[str, typer.Option(metavar="TEXT", help="What people will notice.")] = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan maintenance, announce it on the status page, and say how it goes.

    Everything said here is for the public.
    """
    found = connect(server, data)
    match words or []:
        case []:
            listed = found.get(PATH)
            if as_json:
                print_json(listed)
            else:
                _list(listed["maintenances"])
            return
        case ["plan", title]:
            body = {
                "title": title, "text": text, "starts": starts, "ends": ends, "lasts": lasts,
                "components": components or [],
            }  # fmt: skip
            done = found.post(PATH, without_empty(body))
        case [verb, number, *rest] if verb in VERBS and number.isdigit() and len(rest) < 2:
            said = {"text": rest[0] if rest else text, "ends": ends}
            done = found.post(f"{PATH}/{number}/{verb}", without_empty(said))
        case _:
            raise wrong_usage(
                f"`{clean(' '.join(words or []))}` can't be understood",
                f"For example: {EXAMPLES.splitlines()[2]}",
            )
    if as_json:
        print_json(done)
        return
    _say(done)


def _list(listed: list[Mapping[str, Any]]) -> None:
    if not listed:
        say("Nothing is planned.")
        return
    rows = [
        [
            str(one["id"]), clean(one["state"]).replace("_", " "), clean(one["starts_at"]),
            clean(one["ends_at"]), clean(one["title"]),
        ]
        for one in listed
    ]  # fmt: skip
    table(["number", "state", "from", "until", "title"], rows, {})
    for one in listed:
        if count := one.get("alerts_kept_quiet"):
            firing = one.get("alerts_still_quiet")
            still = f", {firing} still firing" if firing else ""
            alerts = "1 alert" if count == 1 else f"{count} alerts"
            say(f"Maintenance {one['id']} kept {alerts} quiet{still}.")


def _say(done: Mapping[str, Any]) -> None:
    say(
        (f"{done['id']}", "bold"), f"  {clean(done['title'])}  ",
        clean(done["state"]).replace("_", " "),
        f"  {clean(done['starts_at'])} to {clean(done['ends_at'])}",
    )  # fmt: skip
    for remark in done.get("remarks", []):
        tell(clean(remark))
