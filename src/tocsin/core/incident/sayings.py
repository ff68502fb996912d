"""What can be said in one line in the incident room: the words, what stands behind them, and why.

`saying.said` understands them; the room's help and docs/room.md list them.
"""

import msgspec


class Saying(msgspec.Struct, frozen=True):
    """One word with a slash before it; `arguments` as help shows them, `[...]` may be left out."""

    verb: str
    arguments: str
    about: str
    example: str


SAYINGS: tuple[Saying, ...] = (
    Saying("ack", "[SEVERITY]", "I have it; with a severity, that is confirmed too.", "/ack P1"),
    Saying("release", "[WHY]", "I don't have it any more; call the next.",
           "/release I am on a train"),
    Saying("severity", "SEVERITY [WHY]", "Confirm or change how bad it is.",
           "/severity P0 all down"),
    Saying("page", "RECIPIENT [WHY]", "Call more people now.", "/page cto customers are calling"),
    Saying("fact", "NAME=VALUE", "State what is observed; ? means that nobody knows.",
           "/fact users_affected=500"),
    Saying("update", "[AUDIENCE] TEXT", "Tell an audience how things stand.",
           "/update stakeholders rolled back, watching"),
    Saying("approve", "UPDATE", "Let an update out that somebody else has written.",
           "/approve update-2"),
    Saying("withdraw", "UPDATE WHY", "A proposed update does not go out.",
           "/withdraw update-2 it is out of date"),
    Saying("role", "ROLE [PERSON]", "Take a role, or give it to somebody.",
           "/role incident-commander ana"),
    Saying("handover", "ROLE PERSON HOW THINGS STAND", "Hand a role over.",
           "/handover incident-commander ben rolled back, watching"),
    Saying("tick", "TASK [CHOICE]", "A task of the plan is done.", "/tick roll-back"),
    Saying("waive", "TASK WHY", "A task of the plan is not needed.",
           "/waive roll-back it was no change"),
    Saying("phase", "PHASE [WHY]", "Go on to a phase of the plan.", "/phase recovery"),
    Saying("mode", "MODE", 'Start a mode of the plan; "none" ends it.', "/mode disaster-recovery"),
    Saying("decide", "ABOUT CHOICE because WHY", "Put a decision on the record.",
           "/decide spend buy capacity because nothing else helps"),
    Saying("resolve", "[WHY]", "The trouble is over.", "/resolve rolled back"),
    Saying("stand-down", "WHY", "End the response to something that was real.",
           "/stand-down the provider has taken over"),
    Saying("false-alarm", "WHY", "There never was any trouble.", "/false-alarm a load test"),
    Saying("reopen", "[WHY]", "It was not over.", "/reopen errors are back"),
    Saying("close", "[WHY]", "Nothing is left to do.", "/close"),
    Saying("pin", "[ENTRY] [WHY]", "This entry tells the story; without a number, the newest.",
           "/pin 12 this was the cause"),
    Saying("unpin", "ENTRY", "This entry does not.", "/unpin 12"),
    Saying("link", "INCIDENT [relates|caused_by|duplicates] [WHY]",
           "Two incidents belong together.",
           "/link INC-12 caused_by"),
    Saying("merge", "INCIDENT [WHY]", "This is the same as that incident, and goes on there.",
           "/merge INC-12 same database"),
    Saying("note", "TEXT", "Put something on the record; so does a line without a slash.",
           "/note restarted the queue"),
    Saying("help", "[WORD]", "Show this list, or one line of it.", "/help severity"),
)  # fmt: skip
"""Everything that can be said, in the order of an incident's life."""

ALSO = {
    "acknowledge": "ack", "have": "ack", "sev": "severity", "escalate": "page", "call": "page",
    "publish": "update", "hand-over": "handover", "done": "tick", "skip": "waive",
    "standdown": "stand-down", "falsealarm": "false-alarm", "?": "help",
}  # fmt: skip
"""Other words for the same -> the word in SAYINGS."""
