"""What people can do in a scenario: each verb, and the command that it is.

A new command becomes a verb by one entry in VERBS. In a file, a verb holds the command's main
field as a text, or all of its fields by name:

    - {at: 5m, escalate: team-lead}
    - {at: 5m, escalate: {to: team-lead, why: it is worse than we thought}}

A verb with a `value` holds pairs instead, each a command of its own: `facts: {cosmetic: true}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tocsin.core.incident import commands as c
from tocsin.core.plan.shapes import problem

FILLED_ELSEWHERE = ("via", "standing", "person_standing", "leads_elsewhere")
"""Fields of commands that no scenario writes: whoever hands the command in knows them."""


@dataclass(frozen=True)
class Verb:
    """A verb: the field that its text is (`by`: who does it), and what it says to authors."""

    command: type[c.Command]
    main: str
    about: str
    example: Any
    value: str = ""

    def fields(self) -> dict[str, bool]:
        """Return the fields that a scenario may write, and whether each must be there."""
        return {
            field.name: field.required
            for field in msgspec.structs.fields(self.command)
            if field.name not in FILLED_ELSEWHERE
        }

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what stands behind the verb."""
        simple = ["string", "number", "boolean"]
        if self.value:
            return {"type": "object", "additionalProperties": {"type": simple}, "minProperties": 1}
        properties: dict[str, Any] = {name: {} for name in self.fields()}
        whole = {"type": "object", "properties": properties, "additionalProperties": False}
        return {"anyOf": [{"type": "string"}, whole]}


VERBS: dict[str, Verb] = {
    "acknowledge": Verb(c.Acknowledge, "by", "Who says: I have it.", "dora"),
    "release": Verb(c.Release, "by", "Who gives it back.", "dora"),
    "resolve": Verb(c.Resolve, "by", "Who says that the trouble is over.", "dora"),
    "reopen": Verb(c.Reopen, "by", "Who says that it was not over.", "dora"),
    "close": Verb(c.Close, "by", "Who says that nothing is left to do.", "dora"),
    "note": Verb(c.Note, "text", "What is put on the record.", "rolled back"),
    "severity": Verb(c.SetSeverity, "severity", "The level that somebody confirms.", "P1"),
    "escalate": Verb(
        c.Escalate, "to", "The recipient, or `level 2`, that somebody calls for.", "team-lead"
    ),
    "facts": Verb(
        c.RecordFact, "name", "What is observed: facts with values.", {"error_rate": 0.2}, "value"
    ),
    "role": Verb(
        c.TakeRole, "role", "Roles with who takes each.", {"incident-commander": "ana"}, "person"
    ),
    "hand_over": Verb(
        c.HandOver,
        "role",
        "Roles with who takes each from its holder.",
        {"incident-commander": "ben"},
        "person",
    ),
    "leave_role": Verb(
        c.LeaveRole, "role", "The role that whoever does it holds no longer.", "incident-commander"
    ),
    "shadow": Verb(
        c.Shadow,
        "role",
        "Roles with who looks on at each.",
        {"incident-commander": "cleo"},
        "person",
    ),
    "stand_down": Verb(
        c.StandDown,
        "by",
        "Who ends the response, because of `why`; `false_alarm: true` says that "
        "there never was any trouble.",
        {"by": "dora", "false_alarm": True, "why": "a test"},
    ),
    "mode": Verb(c.SetMode, "mode", "The mode that is started.", "disaster-recovery"),
    "decide": Verb(
        c.TakeDecision,
        "about",
        "A kind of decision, with the `choice` and its `amount`.",
        {"about": "spend", "choice": "two more replicas", "amount": 400},
    ),
    "break_glass": Verb(c.BreakGlass, "by", "Who reads what is not for them, and why.", "emil"),
    "tick": Verb(c.Tick, "task", "The task that is done.", "recovery/data-integrity"),
    "waive": Verb(c.Waive, "task", "The task that is not needed; `why` says why.", "duty/users"),
    "enter_phase": Verb(c.EnterPhase, "phase", "The phase that is entered.", "recovery"),
    "publish": Verb(
        c.Publish,
        "audience",
        "The audience that is told how things stand, with a `text` or a `template`.",
        {"audience": "customers", "text": "We are on it", "status": "investigating"},
    ),
    "approve": Verb(c.Approve, "update", "The proposed update that may go out.", "update-1"),
    "withdraw": Verb(c.Withdraw, "update", "The proposed update that does not go out.", "update-1"),
}


def shape(name: str, said: Any) -> Any:
    """Check what stands behind a verb; raises a problem that says how it is written."""
    verb = VERBS[name]
    if verb.value:
        if not isinstance(said, dict) or not said:
            wanted = f"{verb.main} and {verb.value}"
            raise problem("file.wrong-type", f"`{name}` must hold {wanted}", example_of(name))
        return said
    if not said or not isinstance(said, str | dict):
        raise problem("file.wrong-type", f"`{name}` must hold a text", example_of(name))
    return said


def commands(name: str, said: Any, by: str, why: str) -> list[c.Command]:
    """Return the commands that a verb and what stands behind it mean.

    `by` and `why` count where the verb does not say. Raises ValueError `what; hint` for a value
    that the command cannot take.
    """
    verb = VERBS[name]
    written: list[Mapping[str, Any]]
    if verb.value:
        written = [{verb.main: key, verb.value: value} for key, value in said.items()]
    else:
        written = [said if isinstance(said, dict) else {verb.main: said}]
    made = []
    for one in written:
        fields = {"by": by or "somebody", "why": why, **one}
        try:
            made.append(msgspec.convert(fields, type=verb.command))
        except msgspec.ValidationError as error:
            slip = str(error).replace(" - at `$.", " - at `")
            raise ValueError(f"`{name}`: {slip}; {example_of(name)}") from None
    return made


def example_of(name: str) -> str:
    example = VERBS[name].example
    if isinstance(example, dict):
        inside = ", ".join(f"{key}: {value}" for key, value in example.items())
        return f"For example: `{name}: {{{inside}}}`."
    return f"For example: `{name}: {example}`."
