"""What the commands that do something to an incident share: the request, and how it is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.cli.output import clean, print_json, say, severity, state, without_empty
from tocsin.cli.server import OPEN_STATES, connect, incident_path, is_code, pick
from tocsin.cli.trouble import wrong_usage


@dataclass(frozen=True)
class Asked:
    """The options that every such command has."""

    server: str
    data: Path | None
    person: str
    why: str
    as_json: bool


def act(
    asked: Asked,
    incident: str,
    verb: str,
    body: Mapping[str, Any] | None = None,
    states: str = OPEN_STATES,
) -> Mapping[str, Any]:
    """Do `verb` to the incident, say how it is then, and return it."""
    server = connect(asked.server, asked.data)
    code = pick(server, incident, states)
    whole = without_empty({"as": asked.person, "why": asked.why}) | dict(body or {})
    incident_after: Mapping[str, Any] = server.post(incident_path(code, verb), whole)
    report(incident_after, as_json=asked.as_json)
    return incident_after


def refuse_code(asked: Asked, word: str, name: str, example: str) -> None:
    """Refuse a word that stands alone where `name` belongs, and is an incident's code."""
    if is_code(connect(asked.server, asked.data), word):
        raise wrong_usage(
            f"`{clean(word)}` is the code of an incident, and {name} is missing behind it",
            f"For example: {example} (if {name} is meant, name the incident in front of it)",
        )


def report(incident: Mapping[str, Any], *, as_json: bool) -> None:
    """Print how an incident is after something was done to it."""
    if as_json:
        print_json(incident)
        return
    say(*headline(incident))


def headline(incident: Mapping[str, Any]) -> list[Any]:
    """Return the parts of one line: code, severity, title, state, who has it."""
    holder = incident.get("acknowledged_by")
    parts: list[Any] = [(clean(incident["code"]), "bold"), "  "]
    parts += [severity(clean(incident["severity"])), f" {clean(incident.get('severity_name', ''))}"]
    parts += ["  ", clean(incident["title"]), "  ", state(clean(incident["state"]))]
    if holder and incident["state"] == "acknowledged":
        parts.append(f" by {clean(holder)}")
    return parts


def parted(words: Sequence[str], names: Sequence[str], example: str) -> tuple[str, list[str]]:
    """Part `[INCIDENT] NAME...` into the incident, "" if left out, and the rest."""
    if len(words) == len(names):
        return "", list(words)
    if len(words) == len(names) + 1:
        return words[0], list(words[1:])
    few = len(words) < len(names)
    what = f"{names[len(words)]} is missing" if few else f"`{words[-1]}` is one word too many"
    raise wrong_usage(what, f"For example: {example} (several words need quotes)")
