"""People in their normal form: roles, teams, who may do what, modes, who may read what."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec

from tocsin.core.times import AnyTime

ANYBODY, NOBODY, ASSIGNED = "anybody", "nobody", "assigned"
"""Words beside roles, recipients and qualifications; `assigned`: whom the task is for."""

REASON, SEVERITY = "reason", "severity"
"""What may have to be said with a command, beside facts."""


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """What handing a role over takes: facts that are stated, and a word on how things stand."""

    records: tuple[str, ...] = ()
    note: bool = False
    line: int = 0


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A function in the incident.

    Its holders are people of the recipient `taken_from` (on call then, if `on_call`) who have the
    qualifications `needs` and hold none of the roles `not_with`; anybody else needs a reason.
    `one`: a second holder takes it from the first. `lead`: its holder leads the response.

    The person on call of `default` holds it from the opening; `by_acknowledging` gives it to
    whoever acknowledges first. `then` are the recipients who take it, in this order, when its
    holder leaves. A holder is due for relief `relieve_after`; then `relieved_by` is told.
    People of `shadowed_by` look on. `experts` maps components to recipients.
    """

    id: str
    name: str
    duties: tuple[str, ...] = ()
    mandate: tuple[str, ...] = ()
    taken_from: str = ""
    on_call: bool = False
    needs: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()
    one: bool = True
    lead: bool = False
    assign_within: AnyTime | None = None
    required_for: tuple[str, ...] = ()
    default: str = ""
    by_acknowledging: bool = False
    then: tuple[str, ...] = ()
    hand_over: HandOver | None = None
    relieve_after: timedelta | None = None
    relieved_by: str = ""
    shadowed_by: str = ""
    experts: Mapping[str, str] = {}
    line: int = 0

    def recipients(self) -> tuple[str, ...]:
        """Every recipient that the role names."""
        named = (self.taken_from, self.default, self.relieved_by, self.shadowed_by)
        return tuple(to for to in (*named, *self.then, *self.experts.values()) if to)


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the response with a lead of its own; set up when `when` holds."""

    id: str
    name: str
    lead: str
    line: int
    roles: tuple[str, ...] = ()
    when: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do one thing: roles, recipients, qualifications, or one of the words above.

    `or_with_reason`: others as well, with a reason. `say` is what has to come along. `needs_two`:
    two different people ask for it before it happens. `up_to` is the largest amount, in
    `currency`; None: no limit. It concerns `severities` (empty: all) while `when` holds.
    """

    may: tuple[str, ...]
    line: int
    or_with_reason: bool = False
    say: tuple[str, ...] = ()
    needs_two: bool = False
    up_to: float | None = None
    currency: str = ""
    severities: tuple[str, ...] = ()
    when: str = ""


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """A way of working beside the severity; starts when `when` holds and `ends_when` does not."""

    id: str
    name: str
    line: int
    about: str = ""
    when: str = ""
    ends_when: str = ""
    started_by: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()


class Confidential(msgspec.Struct, frozen=True, kw_only=True):
    """Who may read incidents of which `when` holds, and what others read as their title."""

    when: str
    readers: tuple[str, ...]
    title: str
    line: int


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """The least severity (a code) of incidents of which `when` holds; `unless` may go below."""

    when: str
    at_least: str
    line: int
    unless: tuple[str, ...] = ()


class Several(msgspec.Struct, frozen=True, kw_only=True):
    """What is different from `when_open` open incidents on; a person leads `leads_at_most`."""

    when_open: int
    line: int
    page: tuple[str, ...] = ()
    leads_at_most: int | None = None


class People(msgspec.Struct, frozen=True, kw_only=True):
    """All of it but the roles, which stand in the plan itself.

    `authority` maps verbs (and kinds of decision) to rules of which one must allow it; a verb
    that is missing is everybody's. `in_doubt` says what an uncertain fact counts for; it is "" in
    a plan that does not say, and then counts for nothing.
    """

    teams: tuple[Team, ...] = ()
    authority: Mapping[str, tuple[Rule, ...]] = {}
    modes: Mapping[str, Mode] = {}
    confidential: tuple[Confidential, ...] = ()
    floors: tuple[Floor, ...] = ()
    in_doubt: Literal["higher", "lower", "ask", ""] = ""
    in_doubt_line: int = 0
    several: Several | None = None

    def recipients(self, roles: Mapping[str, Role]) -> set[str]:
        """Every recipient that is named; words, roles and qualifications are none."""
        no_recipients = {ANYBODY, NOBODY, ASSIGNED, *roles}
        no_recipients |= {need for role in roles.values() for need in role.needs}
        named = {to for rules in self.authority.values() for rule in rules for to in rule.may}
        named |= {to for mode in self.modes.values() for to in (*mode.started_by, *mode.notify)}
        named |= {to for rule in self.confidential for to in rule.readers}
        named |= {to for floor in self.floors for to in floor.unless}
        named |= set(self.several.page) if self.several is not None else set()
        return named - no_recipients
