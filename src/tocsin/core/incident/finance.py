"""What an incident costs: amounts that follow from other facts, worked out exactly, to the cent."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from tocsin.core.incident import events as e
from tocsin.core.incident.state import Incident
from tocsin.core.plan.consequences.amounts import compute, exact, names_in, to_cents
from tocsin.core.plan.consequences.model import Cost, Finance, Group
from tocsin.core.plan.consequences.money import TIER
from tocsin.core.plan.model import LARGEST, FactValue, Plan

GROUPS: tuple[Group, ...] = ("direct", "indirect", "recovery")


class Derived(msgspec.Struct, frozen=True):
    """An amount that the plan has worked out: the fact, its value, and how it came about."""

    name: str
    value: float
    why: str
    line: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One amount of a breakdown; a credit is negative. `low` and `high` bound an estimate."""

    fact: str
    name: str
    group: Group
    amount: Decimal
    estimated: bool
    low: Decimal
    high: Decimal
    how: str


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """What an incident costs, line by line. `net` and `gross` leave recovery out, an investment."""

    currency: str
    lines: tuple[Line, ...]
    groups: Mapping[str, Decimal]
    gross: Decimal
    net: Decimal
    low: Decimal
    high: Decimal


def following(
    plan: Plan, facts: Mapping[str, FactValue], changed: Collection[str], now: datetime
) -> list[e.FactRecorded]:
    """Record the amounts that follow from the facts that have `changed`, where they are new."""
    return [
        e.FactRecorded(at=now, why=one.why, line=one.line, name=one.name, value=one.value)
        for one in derived(plan, facts, changed)
        if facts.get(one.name) != one.value
    ]


def derived(plan: Plan, facts: Mapping[str, FactValue], changed: Collection[str]) -> list[Derived]:
    """Return the amounts that follow anew from the facts that have `changed`, totals last.

    What people have stated holds until something that it follows from is stated anew.
    """
    finance = plan.consequences.finance
    if finance is None:
        return []
    values = _numbers(facts)
    found: list[Derived] = []
    moved = set(changed)
    for cost in finance.costs:
        if not cost.derived or not _inputs(cost) & moved:
            continue
        amount = _worked_out(cost, values)
        if amount is not None:
            values[cost.fact] = amount
            moved.add(cost.fact)
            found.append(Derived(cost.fact, float(amount), _how(cost, values), cost.line))
    parts = _parts(finance)
    if not moved & parts:
        return found
    return found + _totals(finance, values)


def breakdown(plan: Plan, incident: Incident) -> Breakdown | None:
    """Return what the incident costs as far as that is known; None if the plan counts no money."""
    finance = plan.consequences.finance
    if finance is None:
        return None
    values = _numbers(incident.fact_values())
    lines = tuple(
        _line(cost, values) for cost in finance.costs if cost.fact in values
    )  # fmt: skip
    losses = [line for line in lines if line.group != "recovery"]
    return Breakdown(
        currency=finance.currency,
        lines=lines,
        groups={
            group: _sum(line.amount for line in lines if line.group == group) for group in GROUPS
        },
        gross=_sum(line.amount for line in losses if line.amount > 0),
        net=_sum(line.amount for line in losses),
        low=_sum(line.low for line in losses),
        high=_sum(line.high for line in losses),
    )


def _line(cost: Cost, values: Mapping[str, Decimal]) -> Line:
    sign = -1 if cost.credit else 1
    amount = values[cost.fact]
    bounds = [values.get(f"{cost.fact}{mark}", amount) for mark in ("_low", "_high")]
    low, high = sorted(
        sign * to_cents(bound) for bound in (bounds if cost.estimated else [amount] * 2)
    )
    return Line(
        fact=cost.fact, name=cost.name, group=cost.group, amount=sign * to_cents(amount),
        estimated=cost.estimated, low=low, high=high,
        how=_how(cost, values) if cost.derived else "",
    )  # fmt: skip


def _numbers(facts: Mapping[str, FactValue]) -> dict[str, Decimal]:
    return {
        name: exact(value)
        for name, value in facts.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _inputs(cost: Cost) -> frozenset[str]:
    named = names_in(cost.formula) if cost.formula else frozenset()
    return (named | {cost.tiers_by}) - {TIER, ""}


def _worked_out(cost: Cost, values: Mapping[str, Decimal]) -> Decimal | None:
    known = dict(values)
    if cost.tiers:
        if cost.tiers_by not in values:
            return None
        reached = [
            Decimal(amount) for at, amount in cost.tiers if values[cost.tiers_by] >= Decimal(at)
        ]
        known[TIER] = reached[-1] if reached else Decimal(0)
    amount = compute(cost.formula or TIER, known)
    return None if amount is None or abs(amount) > LARGEST else to_cents(amount)


def _how(cost: Cost, values: Mapping[str, Decimal]) -> str:
    inputs = ", ".join(
        f"{name} = {values[name]}" for name in sorted(_inputs(cost)) if name in values
    )
    said = cost.formula or f"tier by {cost.tiers_by}"
    return f"{cost.name} = {said} ({inputs})"


def _parts(finance: Finance) -> set[str]:
    return {cost.fact for cost in finance.costs if cost.group != "recovery"}


def _totals(finance: Finance, values: Mapping[str, Decimal]) -> list[Derived]:
    """The sums; recovery is an investment, reported apart from the loss."""
    costs = [c for c in finance.costs if c.group != "recovery" and c.fact in values]
    wanted: list[tuple[str, list[Cost], str]] = [
        (finance.gross, [c for c in costs if not c.credit], "costs without credits"),
        (finance.actual, [c for c in costs if not c.estimated], "without estimates"),
        (finance.total, costs, "costs less credits"),
    ]
    return [
        Derived(name, float(_net(some, values)), f"sum: {what}", finance.line)
        for name, some, what in wanted
        if name
    ]


def _net(costs: Iterable[Cost], values: Mapping[str, Decimal]) -> Decimal:
    return _sum((-1 if c.credit else 1) * to_cents(values[c.fact]) for c in costs)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))
