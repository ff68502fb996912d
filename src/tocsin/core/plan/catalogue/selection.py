"""Which members of an inventory are meant: `secrets where class == "encryption"`.

    SELECTION = INVENTORY [ "where" TEST { "and" TEST } ]
    TEST      = FIELD ("==" | "!=") TEXT  |  "personal"  |  "not personal"
    FIELD     = class | where | system | owner | group | importance

Inventories are those of the plan, and `components` and `providers`. `system` is true of a member
that belongs to it, among others.
"""

import re
from collections.abc import Mapping

import msgspec

from tocsin.core.document import listed, near
from tocsin.core.plan.file import PlanFile
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path

FIELDS = ("class", "where", "system", "owner", "group", "importance")

_SELECTION = re.compile(r"\s*([a-z][a-z0-9-]*)\s*(?:\swhere\s+(.*))?", re.DOTALL)
_TEST = re.compile(r"""([a-z]+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)')""")
_AND = re.compile(r"""\s+and\s+(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")


class BadSelection(ValueError):
    """A selection that means nothing; the first argument says what, the second how to cure it."""


class _Entry(msgspec.Struct, frozen=True):
    """Something that can be selected: its name and, for each field, the texts it has there."""

    id: str
    fields: Mapping[str, tuple[str, ...]]
    personal: bool = False


def members(plan: PlanFile, selection: str) -> tuple[str, ...]:
    """The ids of the members that a selection means, in the order of the plan.

    Raises BadSelection with (what is wrong, hint).
    """
    match = _SELECTION.fullmatch(selection)
    if match is None:
        raise BadSelection(f"`{selection}` is no selection", _EXAMPLE)
    inventories = _inventories(plan)
    if match[1] not in inventories:
        known = f"Known: {listed(inventories)}." if inventories else "Add it under `inventories:`."
        raise BadSelection(f"unknown inventory `{match[1]}`", near(match[1], inventories) + known)
    tests = _AND.split(match[2].strip()) if match[2] is not None else []
    chosen = inventories[match[1]]
    for test in tests:
        chosen = [entry for entry in chosen if _passes(entry, test)]
        if not _readable(test):
            raise BadSelection(f"`{test}` is no test on a member", _EXAMPLE)
    return tuple(entry.id for entry in chosen)


_EXAMPLE = (
    'Write for example `secrets`, `secrets where class == "encryption"` or `data where personal`; '
    f"known are {listed(FIELDS)} and `personal`."
)


def select(scope: Scope, path: Path, selection: str) -> tuple[str, ...]:
    """Like `members`, for `each:` in a plan file: what is wrong is reported at `path`."""
    try:
        chosen = members(scope.file, selection)
    except BadSelection as error:
        what, hint = error.args
        if not scope.lost("inventories"):
            scope.error(path, "plan.selection", what, hint)
        return ()
    if not chosen:
        scope.warn(
            path, "plan.empty-selection", f"`{selection}` selects nothing",
            "Nothing would have to be done. Compare with the inventory.",
        )  # fmt: skip
    return chosen


def _readable(test: str) -> bool:
    match = _TEST.fullmatch(test.strip())
    return test.strip() in ("personal", "not personal") or (
        match is not None and match[1] in FIELDS
    )


def _passes(entry: _Entry, test: str) -> bool:
    plain = test.strip()
    if plain in ("personal", "not personal"):
        return entry.personal == (plain == "personal")
    match = _TEST.fullmatch(plain)
    if match is None:
        return False
    wanted = match[3] if match[3] is not None else match[4]
    return (wanted in entry.fields.get(match[1], ())) == (match[2] == "==")


def _inventories(plan: PlanFile) -> dict[str, list[_Entry]]:
    inventories = {
        name: [
            _Entry(
                member,
                {"class": (m.kind,), "where": (m.where,), "system": tuple(m.systems),
                 "owner": (m.owner,)},
                m.personal,
            )
            for member, m in listing.items()
        ]
        for name, listing in plan.inventories.items()
    }  # fmt: skip
    components = [
        _Entry(
            name,
            {"group": (c.group or "",), "importance": (c.importance,),
             "system": (*c.depends_on, *c.providers)},
        )
        for name, c in plan.components.items()
    ]  # fmt: skip
    providers = [
        _Entry(name, {"importance": (p.importance,)}) for name, p in plan.providers.items()
    ]  # fmt: skip
    built_in = {"components": components, "providers": providers}
    return {name: entries for name, entries in built_in.items() if entries} | inventories
