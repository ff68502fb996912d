"""A file that a user wrote, read strictly: text -> checked model, or every problem with its place.

    found = read_document(text, "org.yaml", OrganisationFile)
    if isinstance(found, list):
        for problem in found: ...            # nothing but problems; each has line, column, hint
    else:
        found.model                          # the pydantic model
        found.place(("people", 0, "email"))  # -> (12, 7): where that value stands

A model used here forbids unknown keys (`extra="forbid"`). `examples=[...]` of a field are shown to
whoever got it wrong, and a validator may raise `PydanticCustomError(code, what, {"hint": ...})` to
word a problem itself (`code` holds a dot, as in "plan.time").
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, lru_cache
from heapq import nlargest
from itertools import islice
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from whenever import available_timezones

from tocsin.core.problem import Level, Problem
from tocsin.core.tree import Enough, Findings, Node, Path, read_tree

M = TypeVar("M", bound=BaseModel)

MAX_PROBLEMS = 300
MAX_ROUNDS = 12
_NEAR_LENGTH = 60
_NEAR_NAMES = 700
_NEAR_MANY = 200
_NEAR_COMPARED = 8
"""How much is compared for a proposal, of how many names: a flood of slips must not take long."""


@dataclass(frozen=True)
class Document(Generic[M]):
    """What was read: the model, where each part of it stands, and what was noted on the way.

    `problems` holds warnings; after `salvage_document` errors too. Paths name keys and list
    indexes as the model has them.
    """

    model: M
    tree: Node
    file: str
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path) -> tuple[int, int]:
        """(line, column) from 1 of the value at `path`, or of its key if it is a list or map.

        A path that leads nowhere gives the place of its last part that exists.
        """
        node, _ = _walk(self.tree, path)
        return _place_of(node)

    def text_place(self, path: Path) -> tuple[int, int]:
        """(line, column) of the first character of a text: behind the quote, if there is one."""
        node, _ = _walk(self.tree, path)
        return node.line, node.column + node.quoted

    def key_place(self, path: Path) -> tuple[int, int]:
        """(line, column) of the key at `path`; for a list item, of the item."""
        node, _ = _walk(self.tree, path)
        return (node.key_line, node.key_column) if node.key_line else (node.line, node.column)

    def keys(self, path: Path) -> tuple[str, ...]:
        """The keys written under `path`, those included whose value could not be understood."""
        node, rest = _walk(self.tree, path)
        return () if rest else (*node.fields, *(hole for hole in node.holes if hole != "[]"))

    def damaged(self, path: Path) -> bool:
        """Whether something was taken out of the map or list at `path` itself."""
        node, rest = _walk(self.tree, path)
        return str(rest[0]) in node.holes if rest else bool(node.holes)

    def damaged_within(self, path: Path) -> bool:
        """Whether something was taken out of the value at `path` or anywhere within it."""
        node, rest = _walk(self.tree, path)
        return str(rest[0]) in node.holes if rest else node.has_holes()


def read_document(text: str | bytes, file: str, model: type[M]) -> Document[M] | list[Problem]:
    """Read YAML into `model`. Any error gives the list of all problems instead; never raises."""
    document, problems = salvage_document(text, file, model)
    if document is None or any(problem.level == "error" for problem in problems):
        return problems
    return document


def salvage_document(
    text: str | bytes, file: str, model: type[M]
) -> tuple[Document[M] | None, list[Problem]]:
    """Like `read_document`, but what is wrong is taken out so that the rest can be checked too.

    The document is None only if nothing could be kept. Every problem is in the second value and
    in `Document.problems`.
    """
    tree, problems = read_tree(text, file)
    if tree is None:
        return None, in_order(problems)
    found = Findings(file)
    if tree.kind != "map":
        found.add(
            (tree.line, tree.column), "file.not-a-map", f"the file is {_found(tree)}",
            "It must consist of lines `key: value` at the left margin.",
        )  # fmt: skip
        return None, in_order(problems + found.problems)
    schema = _schema_of(model)
    _require_keys(tree, schema, found)
    try:
        kept = _validate(tree, model, schema, found)
    except Enough:
        return None, enough(problems + found.problems)
    problems = in_order(problems + found.problems)
    return (None if kept is None else Document(kept, tree, file, problems)), problems


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    # Building it takes longer than reading a plan; callers must not change it.
    return model.model_json_schema()


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems of one file by their place, each once, and no more of them than anybody reads."""
    ordered = sorted(set(problems))
    left = len(ordered) - MAX_PROBLEMS
    if left <= 0:
        return ordered
    # Errors first: what is cut off must never make a broken file look sound.
    kept = sorted(ordered, key=lambda problem: problem.level != "error")[:MAX_PROBLEMS]
    return [*sorted(kept), _more(ordered[0].file, f"{left} more problems at least", "note")]


def enough(problems: Iterable[Problem]) -> list[Problem]:
    """As `in_order`, of a file whose reading was ended because it has too many problems."""
    ordered = in_order(problems)
    kept = [problem for problem in ordered if problem.code != "file.too-many"]
    return [*kept, _more(ordered[0].file, "more problems than are looked for", "error")]


def _more(file: str, what: str, level: Level) -> Problem:
    return Problem(
        file=file, line=0, column=0, code="file.too-many", level=level, what=what,
        hint="Cure these first.",
    )  # fmt: skip


def _require_keys(tree: Node, schema: dict[str, Any], found: Findings) -> None:
    """Report top keys that the schema requires although the model can do without.

    Models give such keys a default so that a file without them can still be checked.
    """
    for name in schema.get("required", ()):
        slips = get_close_matches(name, tree.fields.keys() - schema["properties"].keys(), n=1)
        if name not in tree.fields and name not in tree.holes and not slips:
            found.add((1, 1), "file.missing-key", *_missing_words((), name, schema))
        if name not in tree.fields:
            tree.lose(name)


def _validate(tree: Node, model: type[M], schema: dict[str, Any], found: Findings) -> M | None:
    for _ in range(MAX_ROUNDS):
        try:
            return model.model_validate(tree.plain())
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        wrong = [(_path_of(tree, detail["loc"]), detail) for detail in details]
        for path, detail in wrong:
            if found.is_full():
                break
            _report(tree, path, detail, schema, found)
        # Who has so many mistakes to cure needs no search for more.
        if len(wrong) > MAX_PROBLEMS:
            raise Enough
        # From the back, so that removing an item of a list does not shift the ones to come.
        for path, detail in sorted(wrong, key=lambda pair: _order(pair[0]), reverse=True):
            if not path:
                return None
            gone = path[:-1] if detail["type"] == "missing" else path
            if not gone:
                return None
            parent, rest = _walk(tree, gone[:-1])
            if not rest:
                parent.remove(gone[-1])
    return None


def _order(path: Path) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, p, "") if isinstance(p, int) else (1, 0, p) for p in path)


def _path_of(tree: Node, loc: tuple[int | str, ...]) -> Path:
    """Drop from a pydantic location what does not stand in the file (branches of unions)."""
    path: list[int | str] = []
    node = tree
    for position, part in enumerate(loc):
        child = node.child(part)
        if child is not None:
            path.append(part)
            node = child
        elif position == len(loc) - 1 and node.kind == "map" and part != "[key]":
            path.append(part)
    return tuple(path)


def _walk(tree: Node, path: Path) -> tuple[Node, Path]:
    node = tree
    for position, part in enumerate(path):
        child = node.child(part)
        if child is None:
            return node, path[position:]
        node = child
    return node, ()


def _place_of(node: Node) -> tuple[int, int]:
    if node.kind != "scalar" and node.key_line:
        return node.key_line, node.key_column
    return node.line, node.column


def said(path: Path) -> str:
    """Write a path as people read it: `severities.P0.when[2]`, list items counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def near(name: str, known: Iterable[Any]) -> str:
    """A sentence that proposes the known name that `name` was probably meant to be, or none."""
    lower = name[:_NEAR_LENGTH].lower()
    by_lower: dict[str, str] = {}
    names = [str(candidate) for candidate in islice(known, _NEAR_NAMES)]
    if len(names) > _NEAR_MANY:
        # Of many names, only those that begin alike are looked at: slips are seldom in front.
        names = [text for text in names if text[:1].lower() == lower[:1]]
    for text in names:
        # What differs more in length is never near enough.
        if 3 * len(text) <= 7 * len(lower) and 3 * len(lower) <= 7 * len(text):
            by_lower[text.lower()] = text
    likely: Collection[str] = by_lower
    if len(by_lower) > _NEAR_COMPARED:
        # Comparing letter by letter takes long: only those that share most pairs of letters are
        # worth it; of those that share as many, always the same ones.
        pairs = _pairs(lower)
        alike = {text: (_shared(pairs, _pairs(text)), text) for text in by_lower}
        likely = nlargest(_NEAR_COMPARED, alike, key=alike.__getitem__)
    close = get_close_matches(lower, likely, n=1, cutoff=0.6)
    return f"Did you mean `{by_lower[close[0]]}`? " if close else ""


@lru_cache(maxsize=2048)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(len(text)))


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one) + len(other) or 1)


@cache
def time_zones() -> frozenset[str]:
    """All time zones that there are, by name; looking for them reads hundreds of files."""
    return frozenset(available_timezones())


def zone_hint(name: str) -> str:
    """What to write instead of a time zone that is not known."""
    usual = "Zones are named by place, as in `Europe/Berlin`, or `UTC`."
    # What is near an abbreviation is another zone; and `Etc/GMT+1` is west of Greenwich.
    if len(name) <= 5 and name.isupper():
        return usual
    places = [zone for zone in time_zones() if "/" in zone and not zone.startswith("Etc/")]
    return near(name, [*places, "UTC"]) + usual


def listed(names: Collection[Any], limit: int = 12) -> str:
    """Names as a list in a sentence: `a`, `b`, `c`."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(f"`{name}`" for name in islice(names, limit)) + more


def _report(
    tree: Node, path: Path, detail: ErrorDetails, schema: dict[str, Any], found: Findings
) -> None:
    node, _ = _walk(tree, path)
    kind = detail["type"]
    if kind == "missing":
        # If it was there, or is there with a slip in its name, that problem is told already.
        known = _part(schema, path[:-1]).get("properties", {})
        slips = get_close_matches(str(path[-1]), node.fields.keys() - known, n=1)
        if str(path[-1]) not in node.holes and not slips:
            words = _missing_words(path[:-1], str(path[-1]), schema)
            found.add(_place_of(node), "file.missing-key", *words)
        return
    if kind == "extra_forbidden":
        place = (node.key_line, node.key_column) if node.key_line else (node.line, node.column)
        known = _part(schema, path[:-1]).get("properties", {})
        name = str(path[-1])
        where = f" in `{said(path[:-1])}`" if len(path) > 1 else ""
        hint = near(name, known) + f"Known here: {listed(known)}."
        if " " in name and node.scalar is None:
            hint = "Within { } a text that contains a comma needs quotes. " + hint
        found.add(place, "file.unknown-key", f"unknown key `{name}`{where}", hint)
        return
    context = detail.get("ctx", {})
    place = _place_of(node)
    if detail["loc"][-1:] == ("[key]",):
        place = (node.key_line, node.key_column)
    if "." in kind:
        found.add(place, kind, detail["msg"], str(context.get("hint", "")))
        return
    what, hint = _wrong_words(node, path, detail, _part(schema, path))
    wrong_type = kind.endswith("_type") or kind == "int_from_float"
    found.add(place, "file.wrong-type" if wrong_type else "file.wrong-value", what, hint)


def _missing_words(path: Path, name: str, schema: dict[str, Any]) -> tuple[str, str]:
    where = f"`{said(path)}` has no" if path else "the file has no"
    part = _part(schema, (*path, name))
    example = part.get("examples", [None])[0]
    about = f" ({part['description'].rstrip('.')})" if "description" in part else ""
    hint = f"Add `{name}: {_yaml(example)}`{about}." if example is not None else f"Add it{about}."
    return f"{where} `{name}`", hint


_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "none_required": "nothing",
}


_LISTS = ("list_type", "tuple_type")


def _wrong_words(
    node: Node, path: Path, detail: ErrorDetails, part: dict[str, Any]
) -> tuple[str, str]:
    name = said(path) or "the file"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _LISTS and node.kind == "scalar" and "string" in part.get("type", ()):
        what = f"`{name}` must be a text or a list, not {_found(node)}"
    elif kind in _WANTED:
        what = f"`{name}` must be {_WANTED[kind]}, not {_found(node)}"
    elif kind == "literal_error":
        what = f"`{name}` must be {context['expected']}, not {_found(node)}"
    elif kind == "value_error":
        what = f"`{name}`: {context['error']}"
    else:
        message = detail["msg"]
        what = f"`{name}`: {message[:1].lower()}{message[1:]}"
    return what, _example_words(node, path, detail, part)


def _example_words(node: Node, path: Path, detail: ErrorDetails, part: dict[str, Any]) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        options = str(detail.get("ctx", {}).get("expected", "")).replace(" or ", ", ").split(", ")
        if str(node.scalar) in options:
            return f"Write it without quotes: `{path[-1]}: {node.scalar}`."
        if len(options) == 1 and path:
            return f"This version reads `{path[-1]}: {options[0]}`."
        proposal = near(str(node.scalar), [option.strip("'") for option in options])
        return proposal.rstrip() or "Choose one of them."
    key = path[-1] if path and isinstance(path[-1], str) else ""
    lead = f"{key}: " if key else ""
    if part.get("examples"):
        return f"For example: `{lead}{_yaml(part['examples'][0])}`."
    if kind == "string_type" and node.kind == "scalar" and node.scalar is not None:
        return f'If it is meant as text, put it in quotes: `{lead}"{_yaml(node.scalar)}"`.'
    if kind in _LISTS and node.kind == "scalar" and "string" in part.get("type", ()):
        return f'Put it in quotes: `{lead}"{_yaml(node.scalar)}"`.'
    if kind in _LISTS and node.kind == "scalar":
        return f"Put it in brackets: `{lead}[{_yaml(node.scalar)}]`."
    return str(part.get("description", "")) or "`tocsin new` writes files to compare with."


def _found(node: Node) -> str:
    value = node.scalar
    if node.kind == "map":
        return "keys with values"
    if node.kind == "list":
        return "a list"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"the number {value}"
    return f'the text "{value if len(value) <= 60 else value[:57] + "..."}"'


def _yaml(value: Any) -> str:
    """Write an example the way it would stand in the file, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(item) for item in value) + "]"
    return str(value)


def _part(schema: dict[str, Any], path: Path) -> dict[str, Any]:
    """The part of a JSON Schema that describes the value at `path`; empty if it says nothing."""
    definitions = schema.get("$defs", {})
    part = schema
    for step in path:
        inner = _options(part, definitions)
        part = next((p for option in inner if (p := _step(option, step)) is not None), {})
    options = _options(part, definitions)
    merged: dict[str, Any] = {}
    for option in (*options, part):
        merged = {**merged, **option}
    properties = [option["properties"] for option in options if "properties" in option]
    return merged | ({"properties": properties[0]} if properties else {})


def _options(part: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in part:
        return _options(definitions.get(part["$ref"].rsplit("/", 1)[-1], {}), definitions)
    if "anyOf" in part:
        return [inner for option in part["anyOf"] for inner in _options(option, definitions)]
    return [part]


def _step(option: dict[str, Any], step: str | int) -> dict[str, Any] | None:
    if isinstance(step, int):
        items = option.get("items")
        return items if isinstance(items, dict) else None
    if step in option.get("properties", {}):
        inner = option["properties"][step]
        return inner if isinstance(inner, dict) else None
    extra = option.get("additionalProperties")
    return extra if isinstance(extra, dict) else None
