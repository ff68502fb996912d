"""Files into the record: content and timeline entry in one transaction."""

from hashlib import sha256

from msgspec.structs import replace

from tocsin.core.incident import commands as c
from tocsin.core.incident.attaching import file_name
from tocsin.core.incident.authority import placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.state import Incident
from tocsin.engine.advance import advance, keep
from tocsin.engine.attachments import Attachment, File
from tocsin.engine.ports import Transaction
from tocsin.engine.world import World


class _Refused(Exception):
    """Leaves a transaction, so that no content is kept without its entry."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def attach(world: World, code: str, file: File, command: c.Attach) -> Incident | Refusal:
    """Keep a file with the incident `code`; the same one under the same name is kept once."""
    try:
        with world.store.write() as tx:
            incident = _attach(tx, world, code, file, command)
    except _Refused as refused:
        return refused.refusal
    world.wake()
    return incident


def _attach(tx: Transaction, world: World, code: str, file: File, command: c.Attach) -> Incident:
    kept = tx.locked(code)
    now = world.now()
    if kept is None:
        hint = "list them: tocsin incidents"
        raise _Refused(Refusal("incident.unknown", f"there is no incident {code}", hint))
    hashed = sha256(file.content)
    command = replace(
        command,
        name=file_name(file.name),
        media_type=file.media_type,
        size=len(file.content),
        hash=hashed.hexdigest(),
    )
    standing = placed(world.rules.organisation, command, now).standing
    command = replace(command, standing=standing)
    plan = world.rules.plan_of(kept.incident.plan)
    decision = decide(plan, kept.incident, command, now)
    if isinstance(decision, Refusal):
        raise _Refused(decision)
    if not decision:
        return kept.incident
    number = tx.keep_attachment(
        Attachment(
            incident_id=kept.incident.id,
            name=command.name,
            media_type=command.media_type,
            size=command.size,
            hash=hashed.digest(),
            content=file.content,
            by=command.by,
            at=now,
        )
    )
    # Decided again, now that the content has its id: the same decision, complete.
    decision = decide(plan, kept.incident, replace(command, attachment=number), now)
    if isinstance(decision, Refusal):
        raise AssertionError(decision.reason)
    advanced = advance(world, plan, kept, decision, now)
    keep(tx, [advanced])
    return advanced.change.incident
