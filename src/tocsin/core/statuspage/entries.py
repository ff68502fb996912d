"""What gets onto the page: which events of an incident the public learns of, and how."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tocsin.core.incident import events as e
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.plan.communication.model import StatusPage
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan
from tocsin.core.statuspage.board import is_over, source_of
from tocsin.core.statuspage.model import WHOLE, Claim, PageState, Publication
from tocsin.core.statuspage.states import BY_FACT, BY_IMPACT, impact_of, states_of

CHANGES_STATES = (
    e.FactRecorded, e.UpdatePublished, e.Resolved, e.Reopened, e.Closed, e.StoodDown, e.Restricted,
    e.SeverityChanged,
    e.MergedInto,
)  # fmt: skip
"""Events after which the page may have to show something else."""

OVER = ("resolved", "closed")


class ForPage(msgspec.Struct, frozen=True, kw_only=True):
    """What an incident's latest events mean for the page, if it is on it, or comes onto it now.

    It comes onto it with the first of `said`, if it is `welcome` then. `states` is how components
    are by what it knows, `began` since when at the earliest. `hidden`: all of it goes away.
    """

    incident_id: int
    at: datetime
    said: tuple[Publication, ...] = ()
    welcome: bool = False
    states: dict[str, PageState] = {}
    began: dict[str, datetime] = {}
    closing: Publication | None = None
    hidden: bool = False
    never_was: bool = False


class OnPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the page says of an incident already; `states` is what it claims of components."""

    count: int = 0
    over: bool = False
    states: dict[str, PageState] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written: publications with their numbers, and claims."""

    publications: tuple[Publication, ...] = ()
    claims: tuple[Claim, ...] = ()


def for_page(plan: Plan, events: Sequence[e.Event], incident: Incident) -> ForPage | None:
    """Return what events mean for the page, None if nothing; `incident` is as it is after them.

    Only updates to the page's audience get onto it, never drills, never what is restricted.
    """
    page = plan.communication.status_page
    if page is None or not page.audience or incident.exercise:
        return None
    if page.audience not in incident.updates:
        return None
    if not any(isinstance(event, CHANGES_STATES) for event in events):
        return None
    at = events[-1].at
    if incident.restricted is not None:
        return ForPage(incident_id=incident.id, at=at, hidden=True)
    over = incident.state in OVER
    states = _with_whole(plan, incident, states_of(plan, incident)) if not over else {}
    return ForPage(
        incident_id=incident.id,
        at=at,
        said=tuple(_said(plan, page, events, incident, states)),
        welcome=_welcome(page, incident),
        states=states,
        began=_began(plan, incident, states),
        closing=_closing(plan, events, incident),
        never_was=incident.false_alarm,
    )


def step(news: ForPage, known: OnPage) -> Step:
    """Return what is to be written, given what the page says already."""
    if not known.count and not (news.said and news.welcome):
        return Step()
    numbered = [
        msgspec.structs.replace(one, number=known.count + k) for k, one in enumerate(news.said, 1)
    ]
    last_over = numbered[-1].over if numbered else known.over
    if news.closing is not None and not last_over:
        number = known.count + len(numbered) + 1
        numbered.append(msgspec.structs.replace(news.closing, number=number))
    if news.never_was:
        return Step(publications=tuple(numbered))
    return Step(publications=tuple(numbered), claims=tuple(_claims(news, known)))


def _with_whole(
    plan: Plan, incident: Incident, states: dict[str, PageState]
) -> dict[str, PageState]:
    """Where no component is known to be impaired, the incident is about the whole."""
    if any(state != "operational" for state in states.values()):
        return states
    return {**states, WHOLE: BY_IMPACT[impact_of(plan, incident)]}


def _claims(news: ForPage, known: OnPage) -> list[Claim]:
    """Whatever differs from what the page says: what is not impaired any more is operational."""
    source = source_of(news.incident_id)
    found = []
    for name in dict.fromkeys((*known.states, *news.states)):
        was = known.states.get(name, "operational")
        state = news.states.get(name, "operational")
        if state != was:
            # Before it came onto the page it was out already: the bars tell the truth.
            at = news.at if known.count else news.began.get(name, news.at)
            found.append(Claim(component=name, source=source, state=state, at=at))
    return found


def _welcome(page: StatusPage, incident: Incident) -> bool:
    if page.severities and incident.severity not in page.severities:
        return False
    return not page.when or holds(page.when, situation(incident))


def _said(
    plan: Plan, page: StatusPage, events: Sequence[e.Event], incident: Incident,
    states: dict[str, PageState],
) -> list[Publication]:  # fmt: skip
    touched = tuple(name for name, state in states.items() if name and state != "operational")
    return [
        Publication(
            incident_id=incident.id,
            number=0,
            at=event.at,
            status=event.status,
            title=" ".join(event.subject.split()),
            text=event.text,
            impact=impact_of(plan, incident),
            components=touched,
            over=is_over(event.status, resolved=incident.state in OVER),
            ways=event.subscriptions,
        )
        for event in events
        if isinstance(event, e.UpdatePublished) and event.audience == page.audience
    ]


def _closing(plan: Plan, events: Sequence[e.Event], incident: Incident) -> Publication | None:
    """An incident that ends without a last word is over on the page too, in no words."""
    closed = next((event for event in events if isinstance(event, e.Closed | e.MergedInto)), None)
    if closed is None:
        return None
    return Publication(
        incident_id=incident.id, number=0, at=closed.at, status="resolved", title="", text="",
        impact=impact_of(plan, incident), over=True,
    )  # fmt: skip


def _began(plan: Plan, incident: Incident, states: dict[str, PageState]) -> dict[str, datetime]:
    """Since when each impaired component is so, as far as the incident knows."""
    catalogue = plan.catalogue
    facts = [one.fact for one in catalogue.components.values()]
    facts += [one.fact for one in catalogue.providers.values()]
    bad = [
        incident.facts[name].at
        for name in facts
        if name in incident.facts
        and BY_FACT.get(incident.facts[name].value, "operational") != "operational"
    ]
    earliest = min(bad, default=incident.opened_at)
    found = {}
    for name in states:
        about = catalogue.components.get(name)
        fact = incident.facts.get(about.fact) if about is not None else None
        found[name] = fact.at if fact is not None and fact.value in BY_FACT else earliest
    return found
