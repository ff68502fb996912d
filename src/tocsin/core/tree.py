"""YAML text -> a tree in which every key and value knows its line and column.

A strict subset of YAML 1.2: no anchors, no tags, one document, no key twice. What is left out is
what nobody can check by reading: a plan is read at night, by people who did not write it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.tokens import ScalarToken

from tocsin.core.problem import Level, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
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
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=\S)")
_MOJIBAKE = re.compile("[\u00c2\u00c3\u00c5\u00e2\u00f0][\u0080-\u00bf\u0152-\u0178\u02c6-\u2122]+")


@dataclass(slots=True)
class Node:
    """A value with its place, and with the place of its key if it stands in a mapping.

    Exactly one of `scalar`, `fields` and `items` is meant: `kind` says which. `holes` names the
    fields that were taken out because they could not be understood.
    """

    kind: str
    line: int
    column: int
    scalar: Scalar = None
    fields: dict[str, "Node"] = field(default_factory=dict)
    items: list["Node"] = field(default_factory=list)
    key_line: int = 0
    key_column: int = 0
    holes: set[str] = field(default_factory=set)
    quoted: bool = False

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

    def remove(self, part: str | int) -> None:
        """Take a child out and remember that it was there."""
        if self.kind == "map":
            self.fields.pop(str(part), None)
            self.holes.add(str(part))
        elif isinstance(part, int) and part < len(self.items):
            del self.items[part]
            self.holes.add("[]")


class Findings:
    """Collects the problems of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(
        self, place: tuple[int, int], code: str, what: str, hint: str, level: Level = "error"
    ) -> None:
        """Note one problem at (line, column), both from 1."""
        self.problems.append(
            Problem(
                file=self.file, line=place[0], column=place[1],
                code=code, level=level, what=what, hint=hint,
            )
        )  # fmt: skip


def read_tree(text: str | bytes, file: str) -> tuple[Node | None, list[Problem]]:
    """Read YAML; never raises.

    The node is None when the text as a whole is no document; then at least one problem is an
    error. Duplicate keys and the like are problems of a document that could be read.
    """
    found = Findings(file)
    decoded = _decode(text, found)
    if decoded is None or not _characters_are_fine(decoded, found):
        return None, found.problems
    _note_mojibake(decoded, found)
    try:
        node = _Builder(found).build(YAML(typ="safe", pure=True).parse(decoded))
    except MarkedYAMLError as error:
        found.add(*_cause(error, decoded))
        return None, found.problems
    except (YAMLError, ValueError, AttributeError, TypeError, IndexError) as error:
        # The parser answers some broken escapes and directives with bare Python errors.
        found.add(
            (0, 0), "file.syntax", f"the text is not YAML: {_first_line(error)}",
            "Look for an unfinished quotation mark, a stray % or \\ near the last change.",
        )  # fmt: skip
        return None, found.problems
    return node, found.problems


def _decode(text: str | bytes, found: Findings) -> str | None:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        found.add(
            (0, 0), "file.too-large", f"the file has {size:,} bytes; {MAX_BYTES:,} are allowed",
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
    return decoded.removeprefix("\ufeff")


def _characters_are_fine(text: str, found: Findings) -> bool:
    fine = True
    for number, line in enumerate(text.splitlines(), 1):
        if tab := _TAB_INDENT.match(line):
            found.add(
                (number, tab.group().index("\t") + 1), "file.tab", "a tab indents this line",
                "YAML indents with spaces only: replace each tab by two spaces.",
            )  # fmt: skip
            fine = False
    if control := _CONTROL.search(text):
        before = text[: control.start()]
        place = (before.count("\n") + 1, control.start() - (before.rfind("\n") + 1) + 1)
        found.add(
            place, "file.control-character",
            f"an invisible character (U+{ord(control.group()):04X}) stands here",
            "Delete it; it probably came along when the text was pasted.",
        )  # fmt: skip
        fine = False
    return fine


def _note_mojibake(text: str, found: Findings) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if damage := _MOJIBAKE.search(line):
            repaired = repair_mojibake(damage.group())
            meant = f"It was probably {repaired!r}. " if repaired else ""
            found.add(
                (number, damage.start() + 1), "file.mojibake",
                f"{damage.group()!r} looks like text that was read in the wrong encoding",
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


def _cause(error: MarkedYAMLError, text: str) -> tuple[tuple[int, int], str, str, str]:
    """Where the cause of a syntax error stands, and its words; the parser stumbles later on."""
    context, mark = error.context_mark, error.problem_mark or error.context_mark
    if mark is None:
        return (0, 0), "file.syntax", *_syntax_words(error)
    if opened := _long_quote(text, mark.line):
        return opened, "file.syntax", *_UNCLOSED_QUOTE
    said = error.context or ""
    begins = "quoted scalar" in said or "simple key" in said
    if context is not None and (begins or ("flow" in said and context.line < mark.line)):
        mark = context
    return (mark.line + 1, mark.column + 1), "file.syntax", *_syntax_words(error)


def _long_quote(text: str, line: int) -> tuple[int, int] | None:
    """Where a quoted text of several lines begins whose end is on this line (from 0)."""
    found = None
    try:
        for token in YAML(typ="safe", pure=True).scan(text):
            if isinstance(token, ScalarToken) and token.style in ("'", '"'):
                start, end = token.start_mark, token.end_mark
                if start.line < end.line == line:
                    found = (start.line + 1, start.column + 1)
    except (YAMLError, ValueError, AttributeError, TypeError, IndexError):
        pass  # it breaks off where the parser did
    return found


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["it cannot be read"])[0]


_UNCLOSED_QUOTE = (
    "a quotation mark is opened here, and closed by the next one lines below",
    "Close it on its own line.",
)
_SYNTAX = (
    ("mapping values are not allowed", "a second `:` on this line, or a wrong indentation",
     "Put a text that contains `: ` in quotes; keys of one level start in the same column."),
    ("found unexpected end of stream", "a quotation mark is opened and never closed",
     "Close it; the place given is where it is opened."),
    ("cannot start any token", "this character cannot start a value",
     "Put the value in quotes."),
    ("expected <block end>", "this line does not fit the indentation of the lines above",
     "Keys of one level start in the same column; list items start with `- `."),
    ("expected ',' or", "a bracket or brace is not closed, or a comma is missing",
     "Check that every { has its } and every [ its ], with commas between the entries."),
    ("expected the node content", "a bracket or brace is opened and never closed",
     "Check that every { has its } and every [ its ]."),
    ("could not find expected ':'", "a key without `:`",
     "Write `key: value`, with a space after the colon."),
    ("did not find expected", "the structure breaks off here",
     "Check indentation and brackets of this line and the one above."),
    ("found unknown escape", "unknown \\ sequence in double quotes",
     "Use single quotes, in which \\ has no special meaning."),
)  # fmt: skip


def _syntax_words(error: MarkedYAMLError) -> tuple[str, str]:
    said = str(error.problem or error.context or "it cannot be read")
    for beginning, what, hint in _SYNTAX:
        if beginning in said:
            return what, hint
    return f"the text is not YAML here: {said}", "Compare with the line above and the indentation."


class _Builder:
    """Builds the tree from parser events, without recursion: depth cannot exhaust the stack."""

    def __init__(self, found: Findings) -> None:
        self.found = found
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.keys: list[tuple[str, int, int] | None] = []

    def build(self, events: Iterator[Event]) -> Node | None:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.found.add(
                        _at(event), "file.syntax", "a second document starts here with `---`",
                        "One file holds one document: move the rest into a file of its own.",
                    )  # fmt: skip
                    return None
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                self._open(event)
                if len(self.stack) > MAX_DEPTH:
                    self.found.add(
                        _at(event), "file.too-deep", f"more than {MAX_DEPTH} levels of nesting",
                        "Nothing in a plan is nested so deeply: look for brackets left open.",
                    )  # fmt: skip
                    return None
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self.stack.pop()
                self.keys.pop()
            elif isinstance(event, ScalarEvent | AliasEvent):
                self._leaf(event)
        if self.root is None:
            self.found.add((1, 1), "file.empty", "the file is empty", "`tocsin new` writes one.")
        return self.root

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        self._refuse_extras(event)
        node = Node("map" if isinstance(event, MappingStartEvent) else "list", *_at(event))
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

    def _leaf(self, event: ScalarEvent | AliasEvent) -> None:
        self._refuse_extras(event)
        line, column = _at(event)
        if not self._wants_key():
            if isinstance(event, AliasEvent):
                self._leave_hole()
            else:
                scalar, quoted = self._resolve(event), event.style in ("'", '"')
                self._attach(Node("scalar", line, column, scalar=scalar, quoted=quoted))
            return
        name = "*" if isinstance(event, AliasEvent) else str(event.value)
        if not name:
            self.found.add(
                (line, column), "file.key", "a value without a key", "Write the key before `:`."
            )
        self.keys[-1] = (name, line, column)

    def _wants_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].kind == "map" and self.keys[-1] is None

    def _attach(self, node: Node) -> None:
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
                f"`{name}` stands here a second time; the first is on line {earlier.key_line}",
                "Keep one of them. Only the first was read.",
            )  # fmt: skip
            return
        parent.fields[name] = node

    def _leave_hole(self) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.kind == "map" and (key := self.keys[-1]):
            parent.holes.add(key[0])
            self.keys[-1] = None

    def _refuse_extras(self, event: Any) -> None:
        if event.anchor:
            self.found.add(
                _at(event), "file.alias", f"anchors and aliases (`{event.anchor}`) are not allowed",
                "Write the value out in full; a text that starts with & or * needs quotes.",
            )  # fmt: skip
        if getattr(event, "tag", None):
            self.found.add(
                _at(event), "file.tag", f"the tag `{event.tag}` is not allowed",
                "Remove it; a text that starts with ! needs quotes.",
            )  # fmt: skip

    def _resolve(self, event: ScalarEvent) -> Scalar:
        text = str(event.value)
        if event.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text) and len(text) <= MAX_DIGITS:
            return int(text)
        if _FLOAT.fullmatch(text) and len(text) <= MAX_DIGITS:
            number = float(text)
            return number if isfinite(number) else text
        return text


def _at(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1)
