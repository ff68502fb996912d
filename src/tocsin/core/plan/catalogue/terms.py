"""Words of the plan: what conditions may call `widespread`, and facts of components.

A word with a meaning gives way to it wherever a condition uses it. An open one is a fact that
people state in the incident.
"""

from tocsin.core.plan.catalogue.model import COMPONENT_STATES, Term
from tocsin.core.plan.catalogue.standing import (
    FIGURES,
    component_fact,
    group_figure,
    is_state,
    provider_fact,
)
from tocsin.core.plan.model import FactRule
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path


def add_names(scope: Scope) -> None:
    """Make known to conditions what the catalogue adds to the facts of the plan.

    `scope.facts` gains the facts of components and providers and the open words;
    `scope.figures` what follows from them; `scope.words` the words that stand for something.
    """
    _add_states(scope)
    for name, term in compile_terms(scope).items():
        path: Path = ("terms", name)
        if name in scope.facts or name in scope.figures:
            scope.error(
                path, "plan.name", f"`{name}` is the name of a fact already",
                "Give the word another name, or remove the fact.",
            )  # fmt: skip
        elif term.open:
            scope.facts[name] = FactRule(
                name, "number" if term.figure else "bool", about=term.about, line=term.line
            )
        elif term.figure:
            scope.words[name] = term.stands_for
        else:
            criterion = scope.condition((*path, "means"), term.stands_for)
            if criterion is not None:
                scope.words[name] = f"({criterion.text})"


def _add_states(scope: Scope) -> None:
    file = scope.file
    parts = [("components", name, component_fact(name, part), part.fact is not None)
             for name, part in file.components.items()]  # fmt: skip
    parts += [("providers", name, provider_fact(name, part), part.fact is not None)
              for name, part in file.providers.items()]  # fmt: skip
    for section, name, fact, named in parts:
        path: Path = (section, name)
        known = scope.facts.get(fact)
        if named and known is not None and not is_state(known.values):
            scope.error(
                (*path, "fact"), "plan.component-fact", f"`{fact}` never says that it is down",
                f"For example `{fact}: [up, degraded, down]` under `facts:`.",
            )  # fmt: skip
        elif named:
            scope.knows("facts", scope.document.keys(("facts",)), fact, (*path, "fact"))
        elif known is not None:
            scope.error(
                path, "plan.component-fact", f"`{fact}` is a fact of the plan already",
                f"Say that it is meant: `fact: {fact}`.",
            )  # fmt: skip
        else:
            about = f"How {name} is"
            scope.facts[fact] = FactRule(
                fact, "one of", COMPONENT_STATES, about, scope.line(path)
            )  # fmt: skip
    if parts:
        names = [*FIGURES, *(group_figure(c.group) for c in file.components.values() if c.group)]
        for name in names:
            scope.figures[name] = FactRule(name, "number", about=FIGURES.get(name, ""))


def compile_terms(scope: Scope) -> dict[str, Term]:
    """The words of the plan, unchecked."""
    terms = {}
    for name, file in scope.file.terms.items():
        means = file.means
        is_open = means == "unspecified"
        figure = isinstance(means, float) or (is_open and file.type == "number")
        terms[name] = Term(
            name=name, line=scope.line(("terms", name)), about=file.about, open=is_open,
            figure=figure, stands_for="" if is_open else str(means),
        )  # fmt: skip
    return terms
