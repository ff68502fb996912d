"""`tocsin apply`."""

import re
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.compare import show_changes
from tocsin.cli.differences import show_differences
from tocsin.cli.files import TextFile, open_text, show_problems
from tocsin.cli.output import clean, counted, listed, print_json, say, table, tell, without_empty
from tocsin.cli.server import (
    AsOption,
    DataOption,
    JsonOption,
    Server,
    ServerOption,
    WhyOption,
    connect,
)
from tocsin.cli.trouble import Trouble, wrong_usage
from tocsin.core.candidate import NamedText, examine
from tocsin.core.plan.change import Change
from tocsin.core.plan.compare import compare
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem

app = make_app()

EXAMPLES = """
tocsin apply plan.yaml
tocsin apply plan.yaml org.yaml --yes --why "Cleo has joined us"
tocsin apply --history
tocsin apply --version 3f9a12c0
"""

# Keys at the top of a file; `organisation` may stand in both. A file that is no YAML has them too.
_KEYS = {
    "plan": {"plan", "severities", "escalation", "facts", "clocks", "standing"},
    "organisation": {"people", "rosters", "recipients", "integrations", "last_resort"},
}
_KEY = re.compile(r"^[\"']?([a-z_]+)[\"']?\s*:", re.MULTILINE)
SHORTEST_VERSION = 6
VERSION_SHOWN = 12

Offered = dict[str, TextFile]
"""`plan`, `organisation` or both."""


@app.command(cls=Command, epilog=EXAMPLES)
def apply(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="A plan, an organisation, or both."),
    ] = None,
    version: Annotated[
        str,
        typer.Option(metavar="VERSION", help="Go back to this one; its beginning will do."),
    ] = "",
    history: Annotated[
        bool, typer.Option("--history", help="Only list what was in force, newest first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a plan, an organisation or both in force on a running server.

    The files are checked, what changes is shown, and it is asked whether to go on. All of it
    is put in force, or nothing. Incidents that run keep the plan that opened them.
    """
    if [bool(files), bool(version), history].count(True) != 1:
        hint = "For example: tocsin apply plan.yaml, or tocsin apply --history"
        raise wrong_usage("name files, or a version, or ask for the history", hint)
    offered = recognised([open_text(path, "plan or organisation") for path in files or ()])
    _check(offered, as_json=as_json)
    there = connect(server, data)
    if history:
        _tell_history(there, as_json=as_json)
        return
    if version:
        offered = _kept(there, version)
    rules = there.get("/api/v1/rules")
    changed = {
        what: file for what, file in offered.items() if _version(file) != _in_force(rules, what)
    }
    changes: tuple[Change, ...] = ()
    if changed:
        for what, file in changed.items():
            changes += _compared(there, rules, what, file, as_json=as_json)
        _ask(changed, yes=yes)
        rules = _put(there, rules, changed, {"as": person, "why": why}, as_json=as_json)
    if as_json:
        told = {"changed": [], "problems": [], "changes": msgspec.to_builtins(changes)}
        print_json(told | rules)
    else:
        _tell(rules, offered)


def recognised(files: list[TextFile]) -> Offered:
    """Say which file is the plan and which the organisation; raises Trouble for anything else."""
    found: Offered = {}
    for file in files:
        keys = set(_KEY.findall(file.content.decode("utf-8-sig", "replace")))
        whats = [what for what, own in _KEYS.items() if keys & own]
        if not whats and "organisation" in keys:
            whats = ["organisation"]
        if len(whats) != 1 or "scenario" in keys:
            hint = "A plan has `severities:`, an organisation has `people:`."
            raise wrong_usage(f"{file.name} is neither a plan nor an organisation", hint)
        if whats[0] in found:
            what = f"{found[whats[0]].name} and {file.name} are both of one kind: {whats[0]}"
            raise wrong_usage(what, "One plan and one organisation are in force at a time.")
        found[whats[0]] = file
    return found


def _check(offered: Offered, *, as_json: bool) -> None:
    """Print all problems and end with 1 if any is an error; the server need not be asked then."""
    texts: dict[str, NamedText] = {w: (file.name, file.content) for w, file in offered.items()}
    candidate = examine(texts.get("plan"), texts.get("organisation"))
    if candidate.is_refused:
        _refuse(list(candidate.problems), offered, as_json=as_json)
    warnings = [problem for problem in candidate.problems if problem.level == "warning"]
    if warnings:
        show_problems(warnings, list(offered.values()), on_error_stream=True)


def _refuse(problems: list[Problem], offered: Offered, *, as_json: bool) -> None:
    if as_json:
        print_json({"changed": [], "problems": msgspec.to_builtins(problems)})
    else:
        show_problems(problems, list(offered.values()))
        errors = sum(problem.level == "error" for problem in problems)
        say((counted(errors, "error"), "bold red"), ": nothing was changed.")
    raise typer.Exit(1)


def _compared(
    there: Server, rules: Mapping[str, Any], what: str, file: TextFile, *, as_json: bool
) -> tuple[Change, ...]:
    """Show what is different from what is in force: for people in a plan, else in the text."""
    version = _in_force(rules, what)
    before = str(there.get(f"/api/v1/{what}s/{version}")["text"]) if version else ""
    old, new = read(before, what)[0], read(file.content, file.name)[0]
    if what != "plan" or old is None or new is None:
        show_differences(before, file.content.decode(), file.name, errors=as_json)
        return ()
    changes = compare(old, new)
    if not as_json:
        show_changes(changes)
    return changes


def _ask(changed: Offered, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise wrong_usage("there is nobody to ask whether to go on", "Add --yes to go on.")
    names = listed([f"the {what} {file.name}" for what, file in changed.items()])
    if not typer.confirm(f"Put {clean(names)} in force?", err=True):
        raise Trouble("nothing was changed", "")


def _put(
    there: Server,
    rules: Mapping[str, Any],
    changed: Offered,
    said: Mapping[str, str],
    *,
    as_json: bool,
) -> dict[str, Any]:
    """Apply; the server refuses it if something else is in force than what was compared."""
    body: dict[str, Any] = {
        what: {"file": file.name, "text": file.content.decode()} for what, file in changed.items()
    }
    expects = {what: _in_force(rules, what) for what in ("plan", "organisation")}
    body |= {"expects": without_empty(expects)} | without_empty(said)
    answer = there.send("PUT", "/api/v1/rules", body=body)
    if answer.status_code == 422 and (found := answer.json().get("problems")):
        _refuse(msgspec.convert(found, list[Problem]), changed, as_json=as_json)
    document: dict[str, Any] = there.read(answer)
    return document


def _tell(rules: Mapping[str, Any], offered: Offered) -> None:
    changed = rules.get("changed", [])
    for what in offered:
        now = rules[what]
        words = "is in force" if what in changed else "was in force already"
        title, version = clean(now["title"]), clean(now["version"])[:VERSION_SHOWN]
        say(f"The {what} ", (title, "bold"), f" {words}: version ", (version, "bold"))
    if "plan" in offered and rules["running_on_older"]:
        count = int(rules["running_on_older"])
        verb = "stays" if count == 1 else "stay"
        say(f"{counted(count, 'running incident')} {verb} on the plan that opened them.")
    for file in rules["files"]:
        if file["what"] in changed and file["version"] != rules[file["what"]]["version"]:
            what = f"{file['source']} says something else; it counts again when it is changed"
            tell(f"tocsin: note: {what}")


def _tell_history(there: Server, *, as_json: bool) -> None:
    found = {what: list(_versions(there, what)) for what in ("plan", "organisation")}
    if as_json:
        print_json({"plans": found["plan"], "organisations": found["organisation"]})
        return
    rows = [(one["at"], what, one) for what, versions in found.items() for one in versions]
    table(
        ["since (UTC)", "", "version", "by", "title", ""],
        [
            [
                clean(at)[:16].replace("T", " "),
                what,
                clean(one["version"])[:VERSION_SHOWN],
                clean(one["by"]),
                clean(one["title"]),
                "in force" if one["in_force"] else "",
            ]
            for at, what, one in sorted(rows, key=lambda row: str(row[0]), reverse=True)
        ],
        {4: 1},
    )


def _kept(there: Server, wanted: str) -> Offered:
    """Return the plan or organisation of a version that was in force; raises Trouble."""
    if len(wanted) < SHORTEST_VERSION:
        hint = f"Write at least {SHORTEST_VERSION} characters of it."
        raise wrong_usage(f"`{clean(wanted)}` is too short for a version", hint)
    found = {
        (what, str(one["version"]))
        for what in ("plan", "organisation")
        for one in _versions(there, what)
        if str(one["version"]).startswith(wanted.lower())
    }
    if len(found) != 1:
        several = "several versions begin" if found else "no version begins"
        raise wrong_usage(f"{several} with `{clean(wanted)}`", "`tocsin apply --history` lists all")
    ((what, version),) = found
    document = there.get(f"/api/v1/{what}s/{version}")
    return {what: TextFile(clean(document["file"]), str(document["text"]).encode())}


def _versions(there: Server, what: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = there.get(f"/api/v1/{what}s", limit="200", cursor=cursor)
        yield from page["versions"]
        cursor = page["next"] or ""
        if not cursor:
            return


def _in_force(rules: Mapping[str, Any], what: str) -> str:
    return str(rules[what]["version"]) if rules[what] is not None else ""


def _version(file: TextFile) -> str:
    return sha256(file.content).hexdigest()
