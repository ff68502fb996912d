"""What transactions of the simulated store know beside incidents: rules, overrides, the page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from tocsin.core.overrides import MadeOverride
from tocsin.core.statuspage.entries import OnPage
from tocsin.core.statuspage.model import Claim, Publication, Window
from tocsin.engine.audit import Act, Wanted
from tocsin.engine.overrides import CHANGES, InForce
from tocsin.engine.ports import Activation, FileSeen, What
from tocsin.simulation.disk import SECRET, NotSimulated
from tocsin.simulation.views import Views


class Beside(Views):
    """See engine.ports.Transaction."""

    # What is in force.

    def document(self, what: What, version: str) -> tuple[str, str] | None:
        """See Reading."""
        found: tuple[str, str] | None = self._see("documents").get((what, version))
        return found

    def active(self, what: What) -> tuple[str, str] | None:
        """See Reading."""
        newest = self.activations(what, None, 1)
        return self.document(what, newest[0].version) if newest else None

    def activations(self, what: What, before: int | None, limit: int) -> list[Activation]:
        """See Reading."""
        found = [
            one
            for one in self._see("activations").values()
            if one.what == what and (before is None or one.id < before)
        ]
        return sorted(found, key=lambda one: one.id, reverse=True)[:limit]

    def activate(self, activation: Activation, text: str) -> None:
        """See Transaction."""
        key = (activation.what, activation.version)
        if self._see("documents").get(key) is None:
            self._see("documents").put(key, (activation.file, text))
        number = self._new_id("activations")
        self._see("activations").put(number, replace(activation, id=number))

    def lock_rules(self) -> None:
        """See Transaction."""
        self._store.pause_within()
        self._lock("meta", "secret")

    def files_seen(self, what: What) -> list[FileSeen]:
        """See Reading."""
        found = [seen for seen in self._see("files_seen").values() if seen.what == what]
        return sorted(found, key=lambda seen: seen.source)

    def keep_file_seen(self, seen: FileSeen) -> None:
        """See Transaction."""
        self._see("files_seen").put((seen.what, seen.source), seen)

    def secret(self) -> bytes:
        """See Reading."""
        return SECRET

    def in_force(self) -> InForce:
        """See OverridesReading."""
        plan = self.activations("plan", None, 1)
        organisation = self.activations("organisation", None, 1)
        return InForce(
            plan[0].version if plan else "",
            organisation[0].version if organisation else "",
            self._see("counters").get(CHANGES) or 0,
        )

    def overrides(self, ends_after: datetime | None = None) -> list[MadeOverride]:
        """See OverridesReading."""
        found = self._see("overrides").values()
        return [one for one in found if ends_after is None or one.end > ends_after]

    def override(self, number: int) -> MadeOverride | None:
        """See OverridesReading."""
        found: MadeOverride | None = self._see("overrides").get(number)
        return found

    def keep_override(self, made: MadeOverride) -> MadeOverride:
        """See OverridesWriting."""
        kept = replace(made, id=self._new_id("overrides"))
        self._see("overrides").put(kept.id, kept)
        return kept

    def remove_override(self, number: int, by: str, at: datetime) -> None:
        """See OverridesWriting."""
        view = self._see("overrides")
        view.put(number, replace(view.get(number), removed_by=by, removed_at=at))

    # Beside incidents.

    def keep_act(self, act: Act) -> None:
        """See AuditWriting."""
        number = self._new_id("audit")
        self._see("audit").put(number, replace(act, id=number))

    def acts(self, wanted: Wanted, before: int | None, limit: int) -> list[Act]:
        """See AuditReading; knows the one question that the engine asks."""
        if wanted != Wanted(act=wanted.act, about=wanted.about) or before is not None:
            raise NotSimulated("the audit is asked for an act and whom it is about, no more")
        found = [
            act
            for act in self._see("audit").values()
            if act.act == wanted.act and act.about == wanted.about
        ]
        return found[::-1][:limit]

    def credentials(self, _person: str) -> list[Any]:
        """See AccountsReading: nobody signs in here."""
        return []

    def api_keys(self, _person: str) -> list[Any]:
        """See AccountsReading: nobody signs in here."""
        return []

    def end_sessions(self, _person: str) -> int:
        """See AccountsWriting: nobody signs in here."""
        return 0

    def acting_windows(self, _now: datetime) -> list[Window]:
        """See QuietWriting: nobody plans maintenance here."""
        return []

    def on_page(self, incident_id: int, source: str) -> OnPage:
        """See StatusReading."""
        said = [p for p in self._see("publications").values() if p.incident_id == incident_id]
        if not said:
            return OnPage()
        last = max(said, key=lambda one: one.number)
        claims = (claim for claim in self._see("claims").values() if claim.source == source)
        states = {claim.component: claim.state for claim in claims}
        return OnPage(count=last.number, over=last.over, states=states)

    def keep_publications(self, new: Sequence[Publication]) -> None:
        """See StatusWriting."""
        for one in new:
            self._see("publications").put(self._new_id("publications"), one)

    def keep_claims(self, new: Sequence[Claim]) -> None:
        """See StatusWriting."""
        for one in new:
            self._see("claims").put(self._new_id("claims"), one)

    def drop_claims(self, source: str) -> None:
        """See StatusWriting."""
        self._drop("claims", "source", source)

    def drop_publications(self, incident_id: int) -> None:
        """See StatusWriting."""
        self._drop("publications", "incident_id", incident_id)

    def _drop(self, table: str, field: str, value: object) -> None:
        view = self._see(table)
        rows = {**view.table.rows, **view.changed}
        for key, row in rows.items():
            if row is not None and getattr(row, field) == value:
                view.drop(key)
