"""YAML text -> a tree in which every key and value knows its line and column.

A strict subset of YAML 1.2: no anchors, no tags, one document, no key twice. What is left out is
what nobody can check by reading: a plan is read at night, by people who did not write it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from yaml.events import (  # type: ignore[import-untyped]
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from tocsin.core.parser import NotYaml, events
from tocsin.core.problem import Level, Problem

MAX_BYTES = 512 * 1024
MAX_VALUES = 20_000
MAX_DEPTH = 32
MAX_ERRORS = 300
MAX_NOTED = 2_000
MAX_DIGITS = 30
"""No quantity in a plan is longer; Python itself refuses numbers of many thousand digits."""

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_CONTROL = re.compile(
    # What the parser does not take, or takes for the end of a line where people see none.
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)
_TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=\S)", re.MULTILINE)
_MOJIBAKE = re.compile("[\u00c2\u00c3\u00c5\u00e2\u00f0][\u0080-\u00bf\u0152-\u0178\u02c6-\u2122]+")


_NO_FIELDS: dict[str, "Node"] = {}
_NO_ITEMS: list["Node"] = []
_NO_HOLES: frozenset[str] = frozenset()


@dataclass(slots=True)
class Node:
    """A value with its place, and with the place of its key if it stands in a mapping.

    Exactly one of `scalar`, `fields` and `items` is meant: `kind` says which. `holes` names the
    fields that were taken out because they could not be understood. A node that is no list or no
    map shares an empty one with all others: thousands of them would cost more than the parsing.
    """

    kind: str
    line: int
    column: int
    scalar: Scalar = None
    quoted: bool = False
    key_line: int = 0
    key_column: int = 0
    fields: dict[str, "Node"] = field(default_factory=lambda: _NO_FIELDS)
    items: list["Node"] = field(default_factory=lambda: _NO_ITEMS)
    holes: set[str] | frozenset[str] = _NO_HOLES

    def plain(self) -> Any:
        """The value without its places: dicts, lists, texts, numbers, booleans, None."""
        if self.kind == "map":
            return {name: child.plain() for name, child in self.fields.items()}
        if self.kind == "list":
            return [child.plain() for child in self.items]
        return self.scalar

    def child(self, part: str | int) -> "Node | None":
        """The node under a key or an index; None if there is none."""
        if self.kind == "map":
            return self.fields.get(str(part))
        if self.kind == "list" and isinstance(part, int) and 0 <= part < len(self.items):
            return self.items[part]
        return None

    def has_holes(self) -> bool:
        """Whether something was taken out here or anywhere below."""
        return bool(self.holes) or any(
            child.has_holes() for child in (*self.fields.values(), *self.items)
        )

    def lose(self, name: str) -> None:
        """Remember that a field was here that could not be understood; `[]` for an item."""
        if isinstance(self.holes, frozenset):
            self.holes = {name}
        else:
            self.holes.add(name)

    def remove(self, part: str | int) -> None:
        """Take a child out and remember that it was there."""
        if self.kind == "map":
            self.fields.pop(str(part), None)
            self.lose(str(part))
        elif isinstance(part, int) and part < len(self.items):
            del self.items[part]
            self.lose("[]")


class Enough(Exception):
    """So many problems were found that looking for more of them would help nobody."""


class Findings:
    """Collects the problems of one file, up to a number that nobody reads any more.

    What comes after that is dropped, or ends the search with Enough if `ends` is set.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.ends = False
        self._errors = 0

    def add(
        self, place: tuple[int, int], code: str, what: str, hint: str, level: Level = "error"
    ) -> None:
        """Note one problem at (line, column), both from 1."""
        if level == "error":
            self._errors += 1
        if self._errors > MAX_ERRORS or len(self.problems) >= MAX_NOTED:
            if self.ends:
                raise Enough
            # An error always has room: no flood of warnings can make a broken file look sound.
            if level != "error" or self._errors > MAX_ERRORS:
                return
        self.problems.append(
            Problem(
                file=self.file, line=place[0], column=place[1],
                code=code, level=level, what=what, hint=hint,
            )
        )  # fmt: skip

    def is_full(self) -> bool:
        """Whether so many errors were noted that the others make no difference."""
        return self._errors > MAX_ERRORS


def read_tree(text: str | bytes, file: str) -> tuple[Node | None, list[Problem]]:
    """Read YAML; never raises.

    The node is None when the text as a whole is no document; then at least one problem is an
    error. Duplicate keys and the like are problems of a document that could be read.
    """
    found = Findings(file)
    decoded = _decode(text, found)
    if decoded is None:
        return None, found.problems
    note_mojibake(decoded, found)
    if not _characters_are_fine(decoded, found):
        return None, found.problems
    try:
        node = _Builder(found).build(events(decoded))
    except NotYaml as error:
        found.add(error.place, "file.syntax", error.what, error.hint)
        return None, found.problems
    return node, found.problems


def _decode(text: str | bytes, found: Findings) -> str | None:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        found.add(
            (0, 0), "file.too-large",
            f"the file has more than the {MAX_BYTES:,} bytes that are allowed",
            "Is this the right file? Split what belongs to different plans.",
        )  # fmt: skip
        return None
    if isinstance(text, bytes):
        try:
            decoded = text.decode("utf-8")
        except UnicodeDecodeError as error:
            line = text[: error.start].count(b"\n") + 1
            found.add(
                (line, 1), "file.not-utf8", f"byte {text[error.start]:#04x} is not UTF-8 text",
                "Save the file as UTF-8 in your editor.",
            )  # fmt: skip
            return None
    else:
        decoded = text
    # Every line break is one character from here on: places count as editors do.
    return decoded.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _characters_are_fine(text: str, found: Findings) -> bool:
    fine = True
    for tab in _TAB_INDENT.finditer(text):
        found.add(
            _place(text, tab.group().index("\t") + tab.start()), "file.tab",
            "a tab indents this line",
            "YAML indents with spaces only: replace each tab by two spaces.",
        )  # fmt: skip
        fine = False
        if len(found.problems) >= MAX_ERRORS:
            break
    if control := _CONTROL.search(text):
        found.add(
            _place(text, control.start()), "file.control-character",
            f"an invisible character (U+{ord(control.group()):04X}) stands here",
            "Delete it; it probably came along when the text was pasted.",
        )  # fmt: skip
        fine = False
    return fine


def note_mojibake(text: str, found: Findings) -> None:
    """Report each line that holds UTF-8 read as something else, with the repaired text."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.isascii():
            continue
        if damage := _MOJIBAKE.search(line):
            repaired = repair_mojibake(damage.group())
            meant = f"It was probably {_cut(repaired)!r}. " if repaired else ""
            found.add(
                (number, damage.start() + 1), "file.mojibake",
                f"{_cut(damage.group())!r} looks like text that was read in the wrong encoding",
                f"{meant}Write what is meant and save the file as UTF-8.", "warning",
            )  # fmt: skip


def repair_mojibake(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252; the empty text if it is not that."""
    raw = bytearray()
    for character in text:
        try:
            raw += character.encode("cp1252")
        except UnicodeEncodeError:
            # The five bytes that Windows-1252 leaves free were passed through as they are.
            if ord(character) > 0xFF:
                return ""
            raw.append(ord(character))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""


class _Builder:
    """Builds the tree from parser events, without recursion: depth cannot exhaust the stack."""

    def __init__(self, found: Findings) -> None:
        self.found = found
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.keys: list[tuple[str, int, int] | None] = []
        self.values = 0
        self.documents = 0

    def build(self, events: Iterable[Any]) -> Node | None:
        for event in events:
            kind = type(event)
            if kind is ScalarEvent or kind is AliasEvent:
                self._leaf(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self.stack.pop()
                self.keys.pop()
            elif kind is DocumentStartEvent:
                self.documents += 1
            if self._is_too_much(event):
                return None
        if self.root is None:
            self.found.add((1, 1), "file.empty", "the file is empty", "`tocsin new` writes one.")
        return self.root

    def _is_too_much(self, event: Any) -> bool:
        """Whether nothing more is read, because no plan looks like this; reported."""
        if self.documents > 1:
            self.found.add(
                _at(event), "file.syntax", "a second document starts here with `---`",
                "One file holds one document: move the rest into a file of its own.",
            )  # fmt: skip
        elif len(self.stack) > MAX_DEPTH:
            self.found.add(
                _at(event), "file.too-deep", f"more than {MAX_DEPTH} levels of nesting",
                "Nothing in a plan is nested so deeply: look for brackets left open.",
            )  # fmt: skip
        elif self.values > MAX_VALUES:
            self.found.add(
                _at(event), "file.too-large", f"more than {MAX_VALUES:,} values in one file",
                "Is this the right file? Split what belongs to different plans.",
            )  # fmt: skip
        else:
            return self.found.is_full()
        return True

    def _open(self, event: Any) -> None:
        self._refuse_extras(event)
        if type(event) is MappingStartEvent:
            node = Node("map", *_at(event), fields={})
        else:
            node = Node("list", *_at(event), items=[])
        if self._wants_key():
            self.found.add(
                _at(event), "file.key", "a key must be one word or text, not a list or map",
                "Remove the `?` or the brackets before the colon. A value that starts with `{` "
                "and is meant as text needs quotes.",
            )  # fmt: skip
            self.keys[-1] = ("?", *_at(event))
        else:
            self._attach(node)
        self.stack.append(node)
        self.keys.append(None)

    def _leaf(self, event: Any) -> None:
        self._refuse_extras(event)
        line, column = _at(event)
        alias = type(event) is AliasEvent
        if not self._wants_key():
            if alias:
                self._leave_hole()
            else:
                quoted = event.style == "'" or event.style == '"'
                self._attach(Node("scalar", line, column, _resolved(event), quoted))
            return
        name = "*" if alias else event.value
        if not name:
            self.found.add(
                (line, column), "file.key", "a value without a key", "Write the key before `:`."
            )
        self.keys[-1] = (name, line, column)

    def _wants_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].kind == "map" and self.keys[-1] is None

    def _attach(self, node: Node) -> None:
        self.values += 1
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if parent.kind == "list":
            parent.items.append(node)
            return
        key = self.keys[-1]
        self.keys[-1] = None
        assert key is not None  # _wants_key was asked first
        name, node.key_line, node.key_column = key
        if earlier := parent.fields.get(name):
            self.found.add(
                (node.key_line, node.key_column), "file.duplicate-key",
                f"`{_cut(name)}` stands here a second time; the first is on line "
                f"{earlier.key_line}",
                "Keep one of them. Only the first was read.",
            )  # fmt: skip
            return
        parent.fields[name] = node

    def _leave_hole(self) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.kind == "map" and (key := self.keys[-1]):
            parent.lose(key[0])
            self.keys[-1] = None

    def _refuse_extras(self, event: Any) -> None:
        if event.anchor:
            self.found.add(
                _at(event), "file.alias",
                f"anchors and aliases (`{_cut(event.anchor)}`) are not allowed",
                "Write the value out in full; a text that starts with & or * needs quotes.",
            )  # fmt: skip
        if type(event) is not AliasEvent and event.tag:
            self.found.add(
                _at(event), "file.tag", f"the tag `{_cut(event.tag)}` is not allowed",
                "Remove it; a text that starts with ! needs quotes.",
            )  # fmt: skip


def _resolved(event: Any) -> Scalar:
    text: str = event.value
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return text


def _at(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1)


def _place(text: str, position: int) -> tuple[int, int]:
    """(line, column), both from 1, of a character counted from 0."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _cut(text: str) -> str:
    """The beginning of a text, as much as fits into a message."""
    return text if len(text) <= 60 else text[:57] + "..."
