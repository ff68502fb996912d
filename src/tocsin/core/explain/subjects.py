"""What of a plan can be explained, and what somebody means who asks for it."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

from tocsin.core.plan.model import Plan
from tocsin.core.problem import Problem
from tocsin.core.rendered.clauses import Clause, clauses
from tocsin.core.tree import Node
from tocsin.core.words.phrases import named

_LINE = re.compile(r"(?:line )?(\d{1,6})")
_CODE = re.compile(r"[a-z]+\.[a-z-]+")


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is meant: clauses, or a recipient, a section of the file, a line, a kind of problem."""

    name: str
    clauses: tuple[Clause, ...] = ()
    recipient: str = ""
    section: str = ""
    line: int = 0
    code: str = ""


def find(plan: Plan, tree: Node, problems: Iterable[Problem], what: str) -> Subject | None:
    """Return what `what` means; None if nothing in the plan is called so."""
    wanted = " ".join(what.split())
    every = clauses(plan)
    if number := _LINE.fullmatch(wanted):
        line = int(number[1])
        here = tuple(clause for clause in every if clause.line == line)
        return Subject(name=f"line {line}", line=line, clauses=here)
    if _CODE.fullmatch(wanted) and any(problem.code == wanted for problem in problems):
        return Subject(name=wanted, code=wanted)
    exact = tuple(clause for clause in every if wanted in (clause.id, clause.key))
    known = wanted in plan.recipients() or wanted in plan.contacts
    if exact or known:
        return Subject(name=wanted, clauses=exact, recipient=wanted if known else "")
    if wanted in tree.fields:
        return Subject(name=wanted, section=wanted)
    plain = wanted.casefold()
    loose = tuple(
        clause
        for clause in every
        if plain in {clause.title.casefold(), clause.id.casefold(), _last(clause.id)}
    )
    if loose:
        return Subject(name=loose[0].id or loose[0].title, clauses=loose)
    code = plan.named(wanted)
    return find(plan, tree, problems, code) if code != wanted else None


def _last(id_: str) -> str:
    return id_.rpartition("/")[2].casefold() if "/" in id_ else ""


def near_misses(plan: Plan, tree: Node, problems: Iterable[Problem], what: str) -> list[str]:
    """Return names that are written much like `what`."""
    names = [name for _, name, _ in listing(plan, tree)]
    names += [problem.code for problem in problems]
    lowered = {name.casefold(): name for name in names}
    close = get_close_matches(what.casefold(), lowered, n=3, cutoff=0.55)
    return [lowered[one] for one in close]


def listing(plan: Plan, tree: Node) -> list[tuple[str, str, int]]:
    """Return (kind, name, line) of everything that can be asked for by its name."""
    found = [
        (clause.kind, clause.id or clause.key, clause.line)
        for clause in clauses(plan)
        if clause.id or (clause.key and clause.kind not in ("step", "criterion"))
    ]
    places = tree.fields.get("contacts")
    for name in sorted({*plan.recipients(), *plan.contacts}):
        node = places.fields.get(name) if places is not None else None
        found.append(("recipient", name, node.key_line if node is not None else 0))
    found += [("section", name, node.key_line) for name, node in tree.fields.items()]
    kept: dict[tuple[str, str], tuple[str, str, int]] = {}
    for kind, name, line in found:
        if name:
            kept.setdefault((kind, name), (kind, name, line))
    return list(kept.values())


def mentions(plan: Plan, name: str) -> list[Clause]:
    """Return the clauses that name a recipient."""
    return [clause for clause in clauses(plan) if _mentions(clause.value, name)]


def _mentions(value: msgspec.Struct, name: str) -> bool:
    for field in value.__struct_fields__:
        held = getattr(value, field)
        if field not in ("id", "name", "text", "title", "line") and (
            held == name or (isinstance(held, tuple) and name in held)
        ):
            return True
    return False


def called(name: str) -> str:
    """Say the name of a subject."""
    words = named(name)
    return f"{words} ({name})" if words != name else name
