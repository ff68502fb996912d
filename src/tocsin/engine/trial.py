"""A trial call: does a page reach this person, through every contact there is?"""

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.engine.advance import call, contacts_of, next_names
from tocsin.engine.audit import Doer, audited
from tocsin.engine.ports import Change
from tocsin.engine.world import World

WHY = "a trial call: nothing is wrong, and nothing needs to be done"


def trial_call(
    world: World, person_id: str, by: str, via: str, address: str = ""
) -> Incident | Refusal:
    """Page one person through all their contacts at once, marked as an exercise.

    It is on the record like any other call. The incident is resolved from the start, so that the
    plan calls nobody else.
    """
    contacts = contacts_of(world, person_id)
    if not contacts:
        known = ", ".join(sorted(world.rules.organisation.people))
        return Refusal("person.unknown", f"nobody is called {person_id!r}", f"known: {known}")
    now = world.now()
    plan = world.rules.plan
    with world.store.write() as tx:
        names = next_names(tx, plan, now, 1, world.emergency())[0]
        opening = c.Open(
            by=by,
            via=via,
            why=WHY,
            number=names.number,
            code=names.code,
            title=f"Trial call to {person_id}",
            severity=plan.severities[-1].code,
            exercise=True,
        )
        opened = decide(plan, None, opening, now)
        if isinstance(opened, Refusal):
            raise AssertionError(opened.reason)
        told = e.Told(
            at=now,
            by=by,
            via=via,
            why=WHY,
            message="page",
            to=person_id,
            people=(person_id,),
            step="trial",
        )
        resolved = decide(plan, replay(opened), c.Resolve(by=by, via=via, why=WHY), now)
        if isinstance(resolved, Refusal):
            raise AssertionError(resolved.reason)
        events = (*opened, told, *resolved)
        incident = replay(events)
        page = len(opened) + 1
        tx.keep([Change(None, events, incident, None)])
        tx.keep_deliveries(
            [call(world, plan, incident, told, (page, person_id, contact)) for contact in contacts]
        )
        audited(tx, now, Doer(by, via, address), "test.sent", person_id, incident.code)
    world.wake()
    return incident
