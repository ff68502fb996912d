"""Severities and facts: how bad it is, and by what that is known."""

from collections.abc import Iterator

from tocsin.core.plan.model import Criterion, Example, Plan, Severity
from tocsin.core.rendered.cards import condition_text
from tocsin.core.rendered.outline import (
    Block,
    Item,
    Listing,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    code,
)
from tocsin.core.rendered.wording import Wording, part
from tocsin.core.words.conditions import condition
from tocsin.core.words.moments import moment
from tocsin.core.words.phrases import capital, fact_words, listed, named, sentence
from tocsin.core.words.times import limit

NOTHING = "–"
CRITERIA = "It is this severity if one of these holds:"
EXCEPTIONS = "It is no incident at all if nothing else holds than one of these:"
DEFINITION = "What it means:"
EXAMPLES = "Examples:"
POLICIES = {
    "required": "Somebody has to be escalated to before such an incident is closed.",
    "recommended": "Escalation is recommended; that there was none is noted when it is closed.",
    "optional": "Escalation is optional.",
    "not required": "No escalation is required; whoever escalates says why.",
}


def severities(wording: Wording) -> Section:
    """The table of severities, then each of them with its criteria and limits."""
    plan = wording.plan
    clocks = clocks_in_use(plan)
    headings = ("Severity", "Name", *(capital(named(clock)) for clock in clocks))
    rows = []
    for severity in plan.severities:
        limits = {target.clock: limit(target.within) for target in severity.targets}
        cells = (limits.get(clock, NOTHING) for clock in clocks)
        rows.append((severity.code, severity.name, *cells))
    return part(
        "severities", "Severities",
        Paragraph("From the worst to the least. The worst severity counts of which a criterion "
                  "holds; what nobody has stated is unknown and supports nothing."),
        Table(headings, tuple(rows), tuple(_lines_of_limits(one) for one in plan.severities)),
        *_clocks(wording, clocks),
        sections=[_severity(wording, severity) for severity in plan.severities],
    )  # fmt: skip


def _lines_of_limits(severity: Severity) -> tuple[int, ...]:
    return tuple(target.line for target in severity.targets)


def clocks_in_use(plan: Plan) -> tuple[str, ...]:
    """The clocks for which some severity has a limit."""
    used = [target.clock for severity in plan.severities for target in severity.targets]
    return tuple(dict.fromkeys((*(c for c in plan.clocks if c in used), *used)))


def _clocks(wording: Wording, clocks: tuple[str, ...]) -> Iterator[Block]:
    rules = [wording.plan.clocks[name] for name in clocks if name in wording.plan.clocks]
    if not rules:
        return
    yield Paragraph("What the limits count from, and what they wait for:")
    yield Table(
        ("Limit", "Counts from", "Is kept by"),
        tuple((capital(named(r.name)), moment(r.starts_at), moment(r.stops_at)) for r in rules),
        tuple((rule.line,) for rule in rules),
    )


def _severity(wording: Wording, severity: Severity) -> Section:
    blocks: list[Block] = []
    if severity.definition:
        blocks.append(Paragraph((Span(DEFINITION, "strong"), f" {severity.definition.strip()}")))
    known = _known_as(severity)
    if known:
        blocks.append(Paragraph(known))
    for lead, criteria in ((CRITERIA, severity.criteria), (EXCEPTIONS, severity.not_an_incident)):
        if criteria:
            items = [_criterion(wording, one) for one in criteria]
            blocks += [Paragraph(lead), Listing(tuple(items))]
    if not severity.criteria:
        blocks.append(Paragraph("Only people, and the rules for alerts, choose it."))
    if severity.examples:
        items = [Item(one.text, tuple(_stated(one)), one.line) for one in severity.examples]
        blocks += [Paragraph(EXAMPLES), Listing(tuple(items))]
    if severity.policy:
        blocks.append(Paragraph(POLICIES[severity.policy]))
    return part(f"severity-{severity.code}", _title(severity), *blocks, line=severity.line)


def _criterion(wording: Wording, criterion: Criterion) -> Item:
    """A condition; one that is a fact alone says nothing without what the fact means."""
    said = condition_text((criterion.text,), wording.facts)
    first, *rest = said if isinstance(said, tuple) else (said,)
    capitalised = capital(first) if isinstance(first, str) else first
    fact = wording.facts.get(criterion.text.strip().removeprefix("!"))
    about = (fact.about,) if fact is not None and fact.about else ()
    return Item((capitalised, *rest), about, criterion.line)


def _title(severity: Severity) -> str:
    return f"{severity.code}: {severity.name}" if severity.name != severity.code else severity.code


def _known_as(severity: Severity) -> str:
    said = []
    if severity.aliases:
        said.append(f"Also called {listed(severity.aliases)}.")
    if severity.criticality:
        said.append(f"Among several plans it counts as {severity.criticality}.")
    if severity.alert_kind:
        said.append(f"Its alerts are called {severity.alert_kind}.")
    return " ".join(said)


def _stated(example: Example) -> Iterator[Text]:
    if example.facts:
        stated = [f"{fact_words(name)} is {_value(value)}" for name, value in example.facts.items()]
        yield f"stated then: {', '.join(stated)}"


def _value(value: object) -> str:
    return ("true" if value else "not true") if isinstance(value, bool) else str(value)


def facts(wording: Wording) -> Section:
    """What can be stated of an incident."""
    plan = wording.plan
    rows: list[tuple[Text, ...]] = []
    for fact in plan.facts.values():
        values = {"bool": "yes or no", "number": "a number", "text": "a text"}.get(fact.kind)
        more = [f"at most {fact.most:g}"] if fact.most is not None else []
        if fact.not_enough:
            more.append(f"more than “{listed(fact.not_enough, 'or')}”")
        if fact.sentences is not None:
            more.append(f"at most {fact.sentences} sentence{'s' * (fact.sentences > 1)}")
        means = "; ".join((*([fact.about] if fact.about else []), *more))
        rows.append((
            (code(fact.name),), values or listed(fact.values, "or"), means or NOTHING,
        ))  # fmt: skip
    if not rows:
        return part("facts", "Facts")
    decide = sorted({s.code for s in plan.severities if s.criteria})
    lead = "What people and machines can state about an incident."
    if decide:
        lead += f" The severities {listed(decide)} depend on it." if len(decide) > 1 else ""
    lines = tuple((fact.line,) for fact in plan.facts.values())
    blocks: list[Block] = [Paragraph(lead), Table(("Fact", "Values", "Says"), tuple(rows), lines)]
    if plan.people.in_doubt:
        meaning = {
            "higher": "the worst that it may mean counts",
            "lower": "it counts for nothing until it is known",
            "ask": "it counts for nothing until it is known, and is asked for",
        }[plan.people.in_doubt]
        blocks.append(Paragraph(f"While a fact is in doubt, {meaning}."))
    return part("facts", "What can be stated", *blocks)


def applies(wording: Wording) -> str:
    """Say which incidents the plan is for; "" if it is for all."""
    applicability = wording.plan.catalogue.head.applies_to
    if applicability is None:
        return ""
    others = {"refuse": "Others are refused.", "note": "Others are opened with a note."}
    when = condition(applicability.when, wording.facts)
    return f"{sentence(f'Incidents of which holds: {when}')} {others[applicability.otherwise]}"
