"""Words that stand where a document was never filled in."""

_PLACEHOLDERS = frozenset({"unfilled", "contact", "tbd", "todo", ""})


def is_unfilled(text: str) -> bool:
    """Whether a contact is a placeholder such as `[contact]`, `TBD` or `unfilled`."""
    return text.strip().lower().strip("[]<>") in _PLACEHOLDERS
