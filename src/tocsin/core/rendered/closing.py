"""The end of the document: alerts, numbers, what is still open, what was decided, the clauses."""

from collections.abc import Sequence
from datetime import timedelta

from tocsin.core.plan.citations import Citations
from tocsin.core.plan.model import AlertRule, FactValue, Plan
from tocsin.core.problem import Problem
from tocsin.core.rendered.clauses import clauses
from tocsin.core.rendered.outline import Block, Item, Listing, Paragraph, Section, Table, Text, code
from tocsin.core.rendered.wording import Wording, part
from tocsin.core.words.phrases import fact_words, listed, sentence
from tocsin.core.words.times import duration

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def alerts(wording: Wording) -> Section:
    """How alerts become incidents."""
    alerts_ = wording.plan.alerts
    rows = tuple(_rule(rule) for rule in alerts_.rules)
    labels = listed([f"“{one}”" for one in alerts_.group_by])
    said = []
    if labels:
        said.append(f"Alerts that agree in {labels} belong to one incident.")
    if alerts_.otherwise:
        said.append(f"An alert that no rule matches means {alerts_.otherwise}.")
    if alerts_.resolve_incident:
        said.append("When its last alert is over, so is the incident.")
    else:
        said.append("The end of its alerts does not resolve an incident: a person does.")
    again = duration(timedelta(seconds=alerts_.reopen_within_seconds))
    said.append(f"An alert that returns within {again} reopens the incident.")
    lines = tuple((rule.line,) for rule in alerts_.rules)
    table = Table(("An alert with", "Means"), rows, lines) if rows else None
    lead = Paragraph("The first rule that matches counts.") if rows else None
    return part("alerts", "Alerts", Paragraph(" ".join(said)), lead, table, line=alerts_.line)


def _rule(rule: AlertRule) -> tuple[Text, ...]:
    labels = []
    for label, accepted in rule.match.items():
        texts = [
            f"like {text.removeprefix('~')}" if text.startswith("~") else text for text in accepted
        ]
        labels.append(f"{label} {listed(texts, 'or')}")
    means = [rule.severity] if rule.severity else []
    means += [f"{fact_words(name)} is {_value(value)}" for name, value in rule.facts.items()]
    if rule.kind:
        means.append(f"kind: {rule.kind}")
    return listed(labels), listed(means)


def _value(value: FactValue) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def arrangements(wording: Wording) -> Section:
    """Days, hours, numbers, channels."""
    plan = wording.plan
    hours = plan.calendars.business
    rows: list[tuple[Text, ...]] = [
        ("Times of day", f"on the clocks of {plan.time_zone}"),
        ("Business days", listed([_DAYS[day] for day in hours.days])),
        ("Business hours", f"{hours.opens} to {hours.closes}"),
    ]
    if hours.holidays:
        rows.append(("Days off", "\n".join(hours.holidays)))
    for occasion in plan.calendars.occasions.values():
        every = "every week" if occasion.weeks == 1 else f"every {occasion.weeks} weeks"
        rows.append((f"Next {occasion.name}", f"{every} from {occasion.first}, at {occasion.at}"))
    rows.append(("Incident numbers", (code(plan.incident_id),)))
    if plan.incident_channel:
        rows.append(("Channel of an incident", (code(plan.incident_channel),)))
    return part("arrangements", "Days, hours and numbers", Table((), tuple(rows)))


def open_points(problems: Sequence[Problem], cited: Citations) -> Section:
    """What the plan leaves open, and what was decided where its document leaves something open."""
    found = [problem for problem in problems if problem.level != "error"]
    opens = tuple(
        Item(sentence(one.what), (*((one.hint,) if one.hint else ()), f"line {one.line}"))
        for one in found
    )
    decided = tuple(Item(sentence(one.text), (f"line {one.line}",)) for one in cited.decisions)
    blocks: list[Block] = []
    if opens:
        blocks += [Paragraph("Still open, or assumed because nothing is said:"), Listing(opens)]
    if decided:
        blocks += [Paragraph("Decided, where the document leaves it open:"), Listing(decided)]
    return part("open-points", "Open points and decisions", *blocks)


def index(plan: Plan, cited: Citations) -> Section:
    """Every clause with its line in the plan and the lines of the document that it comes from."""
    rows: list[tuple[Text, ...]] = []
    sourced = bool(cited.every)
    found = clauses(plan)
    for clause in found:
        row: tuple[Text, ...] = (clause.title, clause.kind, str(clause.line))
        rows.append((*row, source_lines(cited, clause.line)) if sourced else row)
    headings = ("Clause", "Kind", "Plan line", *(("Document lines",) if sourced else ()))
    lines = tuple((clause.line,) for clause in found)
    return part("clauses", "Index of clauses", Table(headings, tuple(rows), lines))


def source_lines(cited: Citations, line: int) -> str:
    """Say which lines of the document a line of the plan cites: "42, 50–53"."""
    spans: list[list[int]] = []
    for number in cited.of(line):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in spans)
