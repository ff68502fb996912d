"""The keys of the plan language where a plan uses them: what they mean, what holds without them."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tocsin.core.plan.file import PlanFile
from tocsin.core.tree import Node, Path

_NOTHING: tuple[Any, ...] = (None, "", [], {})


@cache
def _schema() -> dict[str, Any]:
    return PlanFile.model_json_schema(by_alias=True)


def place_at(tree: Node, line: int) -> Path:
    """Return the path of the outermost clause that begins at a line, or that goes on over it."""
    best: Path = ()
    for path, node in _nodes(tree, ()):
        begins = node.key_line or node.line
        if begins == line:
            return path
        if begins < line:
            best = path
    return best


def _nodes(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    """All nodes below one, in the order of the file."""
    children: list[tuple[str | int, Node]] = [*node.fields.items(), *enumerate(node.items)]
    for part, child in children:
        yield (*path, part), child
        yield from _nodes(child, (*path, part))


def node_at(tree: Node, path: Path) -> Node | None:
    """Return the node at a path; None if there is none."""
    node: Node | None = tree
    for part in path:
        node = node.child(part) if node is not None else None
    return node


def meaning(path: Path) -> str:
    """Say what the key at a path is for; "" if the language does not describe it."""
    found: Mapping[str, Any] = _schema()
    description = ""
    for part in path:
        found = _below(found, part)
        description = found.get("description", "")
    return description


def left_out(tree: Node, path: Path) -> Iterator[tuple[str, Any, str]]:
    """Return (key, what holds without it, its meaning) of every key that is not written there."""
    found: Mapping[str, Any] = _schema()
    for part in path:
        found = _below(found, part)
    node = node_at(tree, path)
    if node is None or node.kind != "map":
        return
    for key, schema in _properties(found).items():
        default = schema.get("default")
        if key not in node.fields and default not in _NOTHING and not isinstance(default, dict):
            yield key, default, schema.get("description", "")


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        own = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**_schema()["$defs"][name], **own}
    return schema


def _options(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    schema = _resolved(schema)
    inner = [option for one in schema.get("anyOf", ()) for option in _options(one)]
    return [schema, *inner]


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for option in _options(schema):
        found |= option.get("properties", {})
    return found


def _below(schema: Mapping[str, Any], part: str | int) -> Mapping[str, Any]:
    """The schema of what stands under a key or number."""
    options = _options(schema)
    for option in options:
        if isinstance(part, str) and part in option.get("properties", {}):
            found: Mapping[str, Any] = option["properties"][part]
            return found
    for option in options:
        more = option.get("additionalProperties" if isinstance(part, str) else "items")
        if isinstance(more, dict):
            return more
    return {}
