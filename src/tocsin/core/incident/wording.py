"""Wording that a plan does not want in post-mortems, reports and measures, pointed out.

Nothing is changed and nothing refused: whoever writes decides.
"""

import re
from collections.abc import Collection, Iterable

import msgspec

from tocsin.core.plan.model import Plan

_BLAME = (
    "blame", "fault", "careless", "negligent", "incompetent", "human error", "should have known",
    "failed to", "forgot to", "forgot", "stupid", "lazy", "sloppy", "guilty",
)  # fmt: skip
_CAUSES = re.compile(r"\b(because|caused|cause|due to|led to|responsible)\b", re.IGNORECASE)


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """Words in a text, the line from 1 on which they stand, and what to write instead."""

    line: int
    words: str
    hint: str


def in_postmortem(plan: Plan, text: str, people: Collection[str] = ()) -> list[Wording]:
    """Point out what blames, and names of `people` beside causes, if the plan is blameless."""
    rule = plan.afterwards.postmortem
    if rule is None or not rule.blameless:
        return []
    found = _phrases(text, _BLAME, "Say what in the system or the process let it happen.")
    for number, line in enumerate(text.splitlines(), 1):
        if _CAUSES.search(line):
            hint = "Name the role or the system instead of the person."
            found += [Wording(line=number, words=w, hint=hint) for w in _said(line, people)]
    return sorted(found, key=lambda one: (one.line, one.words))


def in_document(plan: Plan, document: str, text: str) -> list[Wording]:
    """Point out the words that the readers of a document or report would not understand."""
    avoid = [rule.avoid for rule in plan.afterwards.documents if rule.id == document]
    avoid += [
        entry.avoid for entry in plan.afterwards.programme if entry.id == f"report/{document}"
    ]
    return _phrases(text, [word for words in avoid for word in words], "Say it in plain words.")


def in_measure(plan: Plan, text: str) -> list[Wording]:
    """Point out wording that makes a measure say nothing."""
    rule = plan.afterwards.action_items
    vague = () if rule is None else rule.vague
    return _phrases(text, vague, "Say what is changed, where, and how one can tell that it is.")


def _phrases(text: str, phrases: Iterable[str], hint: str) -> list[Wording]:
    known = tuple(phrases)
    return [
        Wording(line=number, words=words, hint=hint)
        for number, line in enumerate(text.splitlines(), 1)
        for words in _said(line, known)
    ]


def _said(line: str, phrases: Iterable[str]) -> list[str]:
    return [p for p in phrases if p and re.search(rf"\b{re.escape(p)}\b", line, re.IGNORECASE)]
