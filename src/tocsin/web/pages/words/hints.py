"""Ways out as pages say them: what to press and fill in, where the engine's hint has a command."""

import re
from dataclasses import dataclass
from functools import partial

_CODE = r"\S+"


@dataclass(frozen=True)
class Way:
    """A hint in a page's words, and the part of the page in which to follow it ("" if none)."""

    text: str
    anchor: str = ""


_PHRASES: tuple[tuple[str, str, str], ...] = (
    (rf"tocsin tick {_CODE} (\S+) --member (\S+)", r"tick it for \2 under “To do”", "to-do"),
    (rf"tocsin tick {_CODE} (\S+) --choice '[^']*'", "choose it under “To do”", "to-do"),
    (rf"tocsin tick {_CODE} (\S+)", "press “Done” at it under “To do”", "to-do"),
    (rf"tocsin waive {_CODE} (?:\S+) REASON", "press “Not needed” at it and say why", "to-do"),
    (rf"tocsin fact {_CODE} NAME=VALUE", "under “Facts”", "facts"),
    (rf"tocsin fact {_CODE} (\S+)=VALUE", r"“\1” under “Facts”", "facts"),
    (rf"tocsin escalate {_CODE} RECIPIENT", "“Call somebody” under “More”", "more"),
    (rf"tocsin escalate {_CODE} (\S+) --why REASON", r"type “/page \1” and the reason", "say"),
    (rf"tocsin escalate {_CODE} (\S+)", r"type “/page \1”", "say"),
    (rf"tocsin role {_CODE} (\S+) \S+ --hand-over", r"“Hand over” at \1 under “Roles”", "roles"),
    (rf"tocsin role {_CODE} (\S+) \S+", r"\1 is taken and given under “Roles”", "roles"),
    (rf"tocsin phase {_CODE} (\S+) --force --why REASON", "“Although something is open” at the"
     " phases", "phases"),
    (rf"tocsin phase {_CODE} (\S+)", r"go on to \1 at the phases", "phases"),
    (rf"tocsin approve {_CODE} (?:\S+) --no --why REASON", "press “Hold back” and say why",
     "told"),
    (rf"tocsin approve {_CODE} \S+", "press “Approve” at it", "told"),
    (rf"tocsin update {_CODE} --audience (\S+) --set (\S+?)=\.\.\.",
     r"write an update to \1, with “\2”", "told"),
    (rf"tocsin update {_CODE} --audience (\S+)[^;]*", r"write the update to \1", "told"),
    (rf"tocsin note {_CODE}[^;]*", "write it below", "say"),
    (rf"tocsin (resolve|reopen|close|acknowledge|release)(?: {_CODE})?", r"press “\1”", ""),
    (rf"tocsin severity {_CODE} (\S+)[^;]*", r"“Severity” under “More”", "more"),
    (rf"tocsin mode {_CODE}[^;]*", "“Mode” under “More”", "more"),
    (rf"tocsin decide {_CODE} (\S+) '([^']*)'", r"“Decide” under “More”, \1: “\2”", "more"),
    (rf"tocsin show {_CODE}", "they stand on this page", ""),
    (rf"tocsin link {_CODE} (\S+)", r"“Link” to \1 under “More”", "more"),
    (r"tocsin merge (\S+) (\S+)", r"on the page of \1, “Merge” into \2", "more"),
    (r"tocsin incidents", "see the list of incidents", ""),
    (r"--force --why REASON", "open “Although something is open” and say why", "phases"),
    (r"--severity CODE", "choose the severity under “More”", "more"),
    (r"--next 30m", "promise the next update", "told"),
    (r"--next", "the promise", "told"),
    (r"--template (\S+)", r"take the template \1", "told"),
    (r"--why REASON", "fill in “Why”", ""),
    (r"--why '([^']*)'", r"fill in “Why”: \1", ""),
    (r"--as PERSON", "sign in", ""),
    (r"--free", "write freely", "told"),
    (rf"tocsin (\w+) {_CODE}", r"type “/\1” into the line", "say"),
)  # fmt: skip
"""Commands and options in hints of the core, how pages say it, and where; the first that fits."""

_WORDS = {"resolve": "Resolve", "reopen": "Reopen", "close": "Close"}
_WORDS |= {"acknowledge": "Acknowledge", "release": "Release"}


def on_the_page(hint: str) -> Way:
    """Return a hint as a page says it."""
    anchor = ""
    for pattern, phrase, place in _PHRASES:
        said = re.sub(pattern, partial(_expanded, phrase), hint)
        if said != hint:
            hint, anchor = said, anchor or place
    return Way(hint, anchor)


def _expanded(phrase: str, found: re.Match[str]) -> str:
    said = found.expand(phrase)
    for verb, button in _WORDS.items():
        said = said.replace(f"“{verb}”", f"“{button}”")
    return said
