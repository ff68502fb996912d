"""`tocsin key`."""

from typing import Annotated

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, print_json, say, table, tell
from tocsin.cli.server import DataOption, JsonOption, Server, ServerOption, connect
from tocsin.cli.trouble import wrong_usage

app = make_app()

EXAMPLES = """
tocsin key ana --name 'deploy script' --scope respond --days 30
tocsin key
tocsin key --revoke 4g5zcz8hb7
"""


@app.command("key", cls=Command, epilog=EXAMPLES)
def key(
    person: Annotated[
        str, typer.Argument(metavar="[PERSON]", help="Whose key; without it, all are listed.")
    ] = "",
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What will use it.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", metavar="SCOPE",
            help="read (if left out), respond, command, administer or audit; repeatable.",
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", help="How long it is good.")] = 90,
    revoke: Annotated[str, typer.Option("--revoke", metavar="ID", help="Revoke that key.")] = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Make a key by which a program acts for a person; list or revoke keys.

    The key is printed this once. It may what its scopes say, and never more than its owner.
    """
    if revoke and (person or name):
        raise wrong_usage("a key is either made or revoked", "Give PERSON, or --revoke ID.")
    there = connect(server, data)
    if revoke:
        gone = there.post(f"/api/v1/keys/{revoke}/revoke", {})
        if as_json:
            print_json(gone)
            return
        say(f"Revoked: {clean(gone['name'])} of {clean(gone['person'])}.")
        return
    if not person:
        _list(there, as_json)
        return
    if not name:
        raise wrong_usage("a key needs a name", "Say what will use it: --name 'deploy script'.")
    wanted = {"person": person, "name": name, "scopes": scope or ["read"], "days": days}
    made = there.post("/api/v1/keys", wanted)
    if as_json:
        print_json(made)
        return
    print(clean(made["key"]))
    tell(f"It is {made['person']}'s, for {', '.join(made['scopes'])}, until {made['expires_at']}.")


def _list(server: Server, as_json: bool) -> None:
    found = server.get("/api/v1/keys")
    if as_json:
        print_json(found)
        return
    rows = [
        [
            clean(one["id"]),
            clean(one["person"]),
            clean(one["name"]),
            clean(" ".join(one["scopes"])),
            "revoked" if one["revoked_at"] else f"until {clean(one['expires_at'])}",
        ]
        for one in found["keys"]
    ]
    if rows:
        table(["id", "person", "name", "scopes", ""], rows, {})
    else:
        say("There are no keys for programs.")
