"""Moments of an incident in words, and back: `resolved` is "the resolution"."""

from collections.abc import Callable

_FIXED = {
    "opened": "detection",
    "acknowledged": "the acknowledgement",
    "assessed": "the assessment",
    "raised": "the rise in severity",
    "resolved": "the resolution",
    "reopened": "the reopening",
    "closed": "the closing",
    "alert": "the latest alert",
    "assigned": "the assignment",
}
_FORMS = {
    "phase": "the start of the phase {}",
    "after": "the end of the phase {}",
    "told": "the call to {}",
    "armed": "the beginning of {}",
    "done": "the completion of {}",
    "missed": "the missed limit {}",
    "mode": "the start of the mode {}",
    "role": "the taking of the role {}",
    "published": "the update to {}",
}

Naming = Callable[[str, str], str]
"""Says a thing of some kind ("phase", "done" ...) by the name that people know it by."""


def moment(name: str, naming: Naming = lambda kind, name: name) -> str:
    """Say a moment as a noun; what nobody knows comes back as it is."""
    if name in _FIXED:
        return _FIXED[name]
    kind, _, of = name.partition(" ")
    return _FORMS[kind].format(naming(kind, of)) if of and kind in _FORMS else name


def heard_moment(words: str) -> str:
    """Read what `moment` says without a naming."""
    for name, said in _FIXED.items():
        if words == said:
            return name
    for kind, form in _FORMS.items():
        before = form.removesuffix("{}")
        if words.startswith(before):
            return f"{kind} {words.removeprefix(before)}"
    return words


def gate(name: str, naming: Naming = lambda kind, name: name) -> str:
    """Say what has to wait: `close` -> "closing", `leave containment` -> "leaving containment"."""
    kind, _, of = name.partition(" ")
    if kind in ("resolve", "close") and not of:
        return {"resolve": "resolving", "close": "closing"}[kind]
    verbs = {"phase": "entering", "leave": "leaving", "publish": "publishing to", "tick": "ticking"}
    named_as = {"leave": "phase", "tick": "done"}.get(kind, kind)
    return f"{verbs[kind]} {naming(named_as, of)}" if kind in verbs else name
