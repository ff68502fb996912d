"""What the parts of the incident room show, found when a part asks for it."""

from collections.abc import Sequence
from functools import cached_property

from tocsin.core.deployments import RecentChange
from tocsin.core.incident.affected import Affected, Impact, affected, impact_of
from tocsin.core.incident.attaching import is_picture
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.people import Person
from tocsin.core.plan.model import Severity
from tocsin.engine.changes import recent_changes
from tocsin.web.access import Known, may
from tocsin.web.api.alert_models import AlertDocument
from tocsin.web.api.documents import alert
from tocsin.web.pages.incident import known, overview, parties
from tocsin.web.pages.incident.ladder import Ladder, ladder
from tocsin.web.pages.incident.to_do import ToDo, to_do
from tocsin.web.pages.words.markdown import markdown
from tocsin.web.pages.words.sentences import Line, Names, line
from tocsin.web.room import Room
from tocsin.web.site import Web


class View:
    """An incident as one reader sees it at one moment; templates call it `view`.

    Who the reader is matters only if they may do something: all who only look see the same.
    """

    is_picture = staticmethod(is_picture)
    markdown = staticmethod(markdown)

    def __init__(self, web: Web, caller: Known, room: Room) -> None:
        self._web = web
        self._caller = caller
        self.room = room
        self.plan = room.plan
        self.incident = room.incident
        self.organisation = web.world.rules.organisation
        self.now = web.world.now()
        self.names = Names(self.organisation, room.plan)

    @property
    def severity(self) -> Severity:
        """The incident's level."""
        return self.plan.severity(self.incident.severity)

    @property
    def is_live(self) -> bool:
        """Whether people may still be called about it."""
        return self.incident.state in PAGEABLE

    @cached_property
    def may_act(self) -> bool:
        """Whether the reader is offered anything."""
        return may(self._caller, "respond")

    @property
    def may_change(self) -> bool:
        """Whether the reader may do what is not possible any more once it is closed."""
        return self.may_act and self.incident.state != "closed"

    @property
    def me(self) -> str:
        """Who the reader is, for what is theirs; to be asked only if they may act."""
        return self._caller.by

    @cached_property
    def people(self) -> list[Person]:
        """Everybody, by name."""
        return sorted(self.organisation.people.values(), key=lambda one: one.name)

    @cached_property
    def acts(self) -> list[overview.Act]:
        """The buttons that change the state."""
        if not self.may_act:
            return []
        return overview.acts(self.plan, self.incident, self.organisation, self.me, self.now)

    @property
    def main_act(self) -> overview.Act | None:
        """The one that leads on, unless the plan holds it up."""
        return next((act for act in self.acts if act.is_main), None)

    @cached_property
    def clocks(self) -> overview.Clocks:
        """The clocks by how they stand."""
        return overview.clocks(self.incident, self.names, self.now)

    @cached_property
    def leader(self) -> overview.Leader:
        """Who leads."""
        return overview.leader(self.plan, self.incident, self.names)

    @cached_property
    def impact(self) -> Impact:
        """How long something was wrong."""
        return impact_of(self.incident, self.now)

    @cached_property
    def affected(self) -> Sequence[Affected]:
        """What it has hit, worst first."""
        return affected(self.plan, self.incident)

    @cached_property
    def to_do(self) -> ToDo:
        """What the plan still wants."""
        return to_do(self.plan, self.incident, self.names, self.now, self.room.ends)

    @cached_property
    def roles(self) -> list[parties.ShownRole]:
        """The roles, with who holds them."""
        return parties.roles(self.plan, self.incident)

    @cached_property
    def facts(self) -> list[known.ShownFact]:
        """What is known, then what could be stated."""
        return known.facts(self.plan, self.incident)

    @cached_property
    def ladder(self) -> Ladder:
        """Who was called and who comes next."""
        return ladder(self.room, self.organisation, self.now)

    @cached_property
    def alerts(self) -> list[tuple[int, AlertDocument]]:
        """The alerts with their ids."""
        return [(one.id, alert(one, self.room.quiet.get(one.id))) for one in self.room.alerts]

    @cached_property
    def changes(self) -> Sequence[RecentChange]:
        """What was rolled out around the opening, the nearest before it first."""
        return recent_changes(self._web.world, self.incident)

    @cached_property
    def moments(self) -> list[Line]:
        """The pinned entries."""
        return [line(entry, self.names) for entry in self.room.moments]
