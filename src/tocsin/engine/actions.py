"""What people do to incidents: one transaction each, through `decide`, in every interface."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Literal

import msgspec
from msgspec.structs import replace

from tocsin.core.incident import commands as c
from tocsin.core.incident.authority import led_by, placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import FactValue, Plan
from tocsin.engine.advance import OTHERS_AT_MOST, advance, keep, next_names
from tocsin.engine.audit import Doer, audited
from tocsin.engine.ports import Transaction
from tocsin.engine.probe import world_of
from tocsin.engine.relating import link, merge
from tocsin.engine.world import World

FORM_LASTS = timedelta(days=1)
"""So long it is remembered that a form was sent."""

ALL_OPEN = 10_000
"""So many open incidents are looked at when one person is to lead another."""


_encode = msgspec.json.Encoder(order="deterministic").encode


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says when declaring an incident; without a severity the criteria decide.

    A second report by the same person with the same `key` is the same report.
    """

    title: str
    facts: Mapping[str, FactValue] = {}
    severity: str = ""
    kind: str = ""
    by: str
    via: Literal["page", "api", "cli"]
    why: str = ""
    key: str = ""


class Repeated(msgspec.Struct, frozen=True):
    """What was asked came a second time, and has been done: the incident as it is now."""

    incident: Incident


class _Refused(Exception):
    """Leaves a transaction, so that nothing of it is kept."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def declare(world: World, report: Report) -> Incident | Refusal:
    """Open an incident by hand; its first calls are ordered in the same transaction."""
    title = " ".join(report.title.split())
    if not title:
        return Refusal("incident.no-title", "the incident has no title", "say what is broken")
    try:
        with world.store.write() as tx:
            incident = _declare(tx, world, report, title)
    except _Refused as refused:
        return refused.refusal
    world.wake()
    return incident


def act_once(
    world: World, code: str, command: c.Command, form: str
) -> Incident | Refusal | Repeated:
    """As `act`, but only once for the same command from the same form, which has a number.

    What was refused may be asked again.
    """
    key = sha256(f"form {form} ".encode() + _encode((code, command))).digest()
    try:
        with world.store.write() as tx:
            now = world.now()
            kept = tx.locked(code)
            if kept is not None and not tx.spend(key, now + FORM_LASTS, now):
                return Repeated(kept.incident)
            done = _act(tx, world, code, command)
            if isinstance(done, Refusal):
                raise _Refused(done)
    except _Refused as refused:
        return refused.refusal
    world.wake()
    return done


def act(world: World, code: str, command: c.Command) -> Incident | Refusal:
    """Do `command` to the incident `code`, whatever follows from it included.

    The answer shows the incident as it truly is afterwards (invariant E2).
    """
    if isinstance(command, c.Link):
        return link(world, code, command)
    if isinstance(command, c.Merge):
        return merge(world, code, command)
    with world.store.write() as tx:
        done = _act(tx, world, code, command)
    if isinstance(done, Incident):
        world.wake()
    return done


def _act(tx: Transaction, world: World, code: str, command: c.Command) -> Incident | Refusal:
    kept = tx.locked(code)
    # Not before: whoever waits for the lock must not record an earlier time than came first.
    now = world.now()
    if kept is None:
        return Refusal(
            "incident.unknown", f"there is no incident {code}", "list them: tocsin incidents"
        )
    world = world_of(world, kept.incident)
    plan = world.rules.plan_of(kept.incident.plan)
    elsewhere = _leads_elsewhere(tx, plan, kept.incident, command)
    command = placed(world.rules.organisation, command, now, elsewhere)
    if isinstance(command, c.Pin):
        command = replace(command, entries=kept.entries)
    decision = _taken_over(tx, kept.incident, command) or decide(plan, kept.incident, command, now)
    if isinstance(decision, Refusal):
        return decision
    if not decision:
        return kept.incident
    advanced = advance(world, plan, kept, decision, now)
    keep(tx, [advanced])
    if isinstance(command, c.BreakGlass):
        # A timeline is read by those whom it concerns; this concerns whoever reads the audit.
        audited(tx, now, Doer(command.by, command.via), "incident.break-glass", code)
    return advanced.change.incident


def _leads_elsewhere(tx: Transaction, plan: Plan, incident: Incident, command: c.Command) -> int:
    """Count the other open incidents that a person leads who is to take a role in this one."""
    several = plan.people.several
    if several is None or not isinstance(command, c.TakeRole | c.HandOver):
        return 0
    current = tx.incidents(PAGEABLE, None, ALL_OPEN)
    return led_by(plan, command.person, [one.incident for one in current], incident)


def _taken_over(tx: Transaction, incident: Incident, command: c.Command) -> Refusal | None:
    """Refuse to reopen an incident whose alerts already have another one (invariant A4)."""
    if not isinstance(command, c.Reopen) or not incident.group:
        return None
    current = tx.latest_of_groups([incident.group]).get(incident.group)
    if current is None or current.incident.state not in PAGEABLE:
        return None
    if current.incident.id == incident.id:
        return None
    other = current.incident.code
    return Refusal(
        "incident.taken-over", f"{other} has the same alerts and is open", f"go on with {other}"
    )


def _declare(tx: Transaction, world: World, report: Report, title: str) -> Incident:
    now = world.now()
    plan = world.rules.plan
    group = f"report {report.by} {report.key}" if report.key else ""
    if group and (same := tx.latest_of_groups([group]).get(group)) is not None:
        return same.incident
    names = next_names(tx, plan, now, 1, world.emergency())[0]
    opening = c.Open(
        by=report.by,
        via=report.via,
        why=report.why,
        number=names.number,
        code=names.code,
        channel=names.channel,
        title=title,
        severity=report.severity,
        facts=report.facts,
        incident_kind=report.kind,
        others=tx.unresolved(OTHERS_AT_MOST),
        group=group,
    )
    decision = decide(plan, None, placed(world.rules.organisation, opening, now), now)
    if isinstance(decision, Refusal):
        raise _Refused(decision)
    advanced = advance(world, plan, None, decision, now)
    keep(tx, [advanced])
    return advanced.change.incident
