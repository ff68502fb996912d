"""What may stand in the pattern of an incident's number or channel; `core.naming` fills it in."""

import re

from tocsin.core.naming import FIELD

LONGEST = 80

_ANY_FIELD = re.compile(r"\{[^{}]*\}")
_NO_PART_OF_A_CODE = re.compile(r"[^A-Za-z0-9._-]")


def fault_in(pattern: str, *, numbered: bool) -> tuple[str, str] | None:
    """What is wrong with a pattern, as (what, hint); None if it is fine.

    `numbered`: it must tell incidents apart, so it needs `{n}` exactly once; and what it makes
    stands in addresses, so nothing may be around the fields that has a meaning there.
    """
    for field in _ANY_FIELD.findall(pattern):
        if not FIELD.fullmatch(field):
            return (
                f"`{field}` means nothing in a pattern",
                "Known are {YYYY}, {MM}, {DD}, {QX} (quarter), {n} and {n:03} (three digits).",
            )
    if re.search(r"[{}]", _ANY_FIELD.sub("", pattern)):
        return "a brace is not closed in the pattern", "For example: `INC-{YYYY}-{n:03}`."
    stranger = _NO_PART_OF_A_CODE.search(FIELD.sub("", pattern)) if numbered else None
    if stranger is not None and pattern.isprintable():
        return (
            f"`{stranger.group()}` cannot stand in an incident's code, which is part of addresses",
            "Use letters without accents, digits, `.`, `_` and `-`: `INC-{YYYY}-{n:03}`.",
        )
    fields = [match[1] for match in FIELD.finditer(pattern)]
    counters = sum(field.startswith("n") for field in fields)
    if counters > 1 or (numbered and not counters):
        said = "has two counters" if counters else "does not number the incidents"
        return f"the pattern {said}", "It needs `{n}` once: `INC-{YYYY}-{n:03}`."
    for part, within in (("DD", "MM"), ("MM", "YYYY"), ("QX", "YYYY")):
        if part in fields and within not in fields:
            return (
                f"{{{part}}} without {{{within}}} comes back, and numbers would come twice",
                "Write `{YYYY}-{MM}-{DD}`, `{YYYY}-{MM}` or `{YYYY}`.",
            )
    if not pattern.strip() or len(pattern) > LONGEST or not pattern.isprintable():
        return (
            "the pattern is empty, too long or not printable",
            f"Use up to {LONGEST} plain characters.",
        )
    return None
