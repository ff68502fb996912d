"""What does not fit together in who is told what, how often, by which ways and in which words."""

from collections.abc import Mapping
from itertools import combinations

from tocsin.core.plan.catalogue.model import Catalogue
from tocsin.core.plan.communication.check_templates import check_templates
from tocsin.core.plan.communication.model import Cadence, Channel, PublishingRule
from tocsin.core.plan.model import Plan
from tocsin.core.plan.scope import Scope
from tocsin.core.problem import Level
from tocsin.core.times import words
from tocsin.core.tree import Path


def check_communication(plan: Plan, scope: Scope) -> None:
    """Report what cannot work as it is written, or is left open."""
    _audiences_can_be_told(plan, scope)
    _channels_stand_without_what_they_report(plan, scope)
    _tiers_are_had(plan, scope)
    _cadences_agree(plan, scope)
    _statuses_can_be_reached(plan, scope)
    _publishing_agrees(plan, scope)
    _announcements_can_be_written(plan, scope)
    _status_page_is_read(plan, scope)
    check_templates(plan, scope)


def _audiences_can_be_told(plan: Plan, scope: Scope) -> None:
    room = plan.communication
    page = room.status_page.audience if room.status_page is not None else ""
    for audience in room.audiences.values():
        if not (audience.to or audience.channels or audience.id == page):
            scope.warn(
                ("audiences", audience.id), "plan.audience-unreachable",
                f"nothing says how {audience.id} are told",
                "Name recipients with `to:`, or `channels:`, or let `status_page:` be theirs.",
            )  # fmt: skip


def _channels_stand_without_what_they_report(plan: Plan, scope: Scope) -> None:
    """A channel that is down together with what it reports about is none."""
    channels = plan.communication.channels
    for channel in channels.values():
        if _comes_back(channels, channel.id, channel.instead, set()):
            scope.error(
                ("channels", channel.id, "else"), "plan.channel-circle",
                f"when {channel.id} is down, its turn comes again",
                "Let the last channel of the row have no `else`.",
            )  # fmt: skip
            continue
        needs = _needed(plan.catalogue, channel)
        for part in channel.depends_on:
            ways = [channels[name] for name in channel.instead if name in channels]
            if any(part not in _needed(plan.catalogue, way) for way in ways):
                continue
            through = f" (through {', '.join(sorted(needs - {part}))})" if needs - {part} else ""
            scope.warn(
                ("channels", channel.id, "depends_on"), "plan.channel-depends",
                f"the channel {channel.id} is gone when {part} fails, which is when it is needed"
                + through,
                "Name a channel that does not need it: `else: [phone]`.",
            )  # fmt: skip


def _needed(catalogue: Catalogue, channel: Channel) -> set[str]:
    """Components and providers without which a channel does not work, at however many removes."""
    needed: set[str] = set()
    ahead = list(channel.depends_on)
    while ahead:
        name = ahead.pop()
        if name in needed:
            continue
        needed.add(name)
        component = catalogue.components.get(name)
        if component is not None:
            ahead += [*component.depends_on, *component.providers]
    return needed


def _comes_back(
    channels: Mapping[str, Channel], start: str, ahead: tuple[str, ...], seen: set[str]
) -> bool:
    for name in ahead:
        if name == start:
            return True
        if name in channels and name not in seen:
            seen.add(name)
            if _comes_back(channels, start, channels[name].instead, seen):
                return True
    return False


def _tiers_are_had(plan: Plan, scope: Scope) -> None:
    channels = plan.communication.channels
    for audience in plan.communication.audiences.values():
        for number, name in enumerate(audience.channels):
            channel = channels.get(name)
            if channel is not None and channel.tiers and not {*channel.tiers} & {*audience.tiers}:
                scope.warn(
                    ("audiences", audience.id, "channels", number), "plan.channel-tier",
                    f"{name} is for {', '.join(channel.tiers)}, whom {audience.id} do not hold",
                    f"Add `tiers: [{channel.tiers[0]}]` to the audience, or take the channel out.",
                )  # fmt: skip


def _cadences_agree(plan: Plan, scope: Scope) -> None:
    """Two rules that hold at once and say different things need a word on which one counts."""
    seen: set[tuple[int, int]] = set()
    for one, other in combinations(plan.communication.cadences, 2):
        if one.audience != other.audience or not _can_hold_at_once(one, other):
            continue
        same = (one.every, one.promised) == (other.every, other.promised)
        if same or one.specificity != other.specificity or (one.line, other.line) in seen:
            continue
        if _prevails(one, other) != _prevails(other, one):
            continue
        seen.add((one.line, other.line))
        doubt = one.when or other.when or one.after or other.after
        level: Level = "warning" if doubt or scope.as_written else "error"
        scope.report(
            level, _path_of(scope, other), "plan.cadence-overlap",
            (
                f"{other.audience} are told {_often(other)} here and {_often(one)} on line "
                f"{one.line}, and both rules can hold at once",
                "The more frequent one is taken. Say which counts: give the rule an `id:`, and "
                "write `before: ID` (or `before: all`) at the one that does.",
            ),
        )  # fmt: skip


def _path_of(scope: Scope, rule: Cadence) -> Path:
    for number in range(len(scope.file.updates)):
        if scope.line(("updates", number)) == rule.line:
            return ("updates", number)
    return ("updates",)


def _often(rule: Cadence) -> str:
    return "as promised" if rule.promised else f"every {words(rule.every)}"


def _prevails(one: Cadence, other: Cadence) -> bool:
    return bool({*one.before} & {"all", other.id})


def _can_hold_at_once(one: Cadence, other: Cadence) -> bool:
    pairs = (
        (one.severities, other.severities),
        (one.while_status, other.while_status),
    )
    return all(not a or not b or {*a} & {*b} for a, b in pairs)


def _statuses_can_be_reached(plan: Plan, scope: Scope) -> None:
    statuses = plan.communication.statuses
    if not statuses:
        return
    first = next(iter(statuses))
    reached, ahead = {first}, [first]
    while ahead:
        for word in statuses.get(ahead.pop(), ()):
            if word not in reached:
                reached.add(word)
                ahead.append(word)
    for word in statuses:
        if word not in reached:
            scope.warn(
                ("statuses", word), "plan.status-unreachable", f"no status leads to {word}",
                f"Add it to those that may follow: `{first}: [{word}]`.",
            )  # fmt: skip


def _publishing_agrees(plan: Plan, scope: Scope) -> None:
    """Tocsin cannot publish by itself what somebody has to approve before."""
    rules = plan.communication.publishing
    for place, one in enumerate(rules):
        if one.automatic is not True:
            continue
        for number, other in enumerate(rules):
            if other.approved_by and not other.when and _overlap(one, other):
                # The rule that stands first counts; if it is the narrower one, that is meant.
                narrower = one.when or one.components or one.severities != other.severities
                if narrower and place < number:
                    continue
                scope.undecided(
                    ("publishing", place, "automatic"), "plan.publishing-contradiction",
                    f"this is published without anybody, and line {other.line} wants it approved "
                    f"by {' or '.join(other.approved_by)}",
                    "Put the narrower rule first, with `when:`, `for:` or `component:`, or take "
                    "one of the two out.",
                )  # fmt: skip
                break


def _overlap(one: PublishingRule, other: PublishingRule) -> bool:
    pairs = ((one.audiences, other.audiences), (one.severities, other.severities))
    return all(not a or not b or {*a} & {*b} for a, b in pairs)


def _announcements_can_be_written(plan: Plan, scope: Scope) -> None:
    for announcement in plan.communication.announcements:
        if announcement.automatic and not announcement.template:
            scope.found.add(
                (announcement.line, 1), "plan.announcement-template",
                f"Tocsin is to tell {announcement.audience} by itself, and has no words for it",
                "Add `template:`, or leave it to a person.", "error",
            )  # fmt: skip


def _status_page_is_read(plan: Plan, scope: Scope) -> None:
    page = plan.communication.status_page
    if page is None:
        return
    if not page.audience:
        scope.undecided(
            ("status_page",), "plan.status-page-audience",
            "nothing says which updates stand on the status page",
            "Name the audience that reads it: `audience: public`.",
        )  # fmt: skip
        return
    audience = plan.communication.audiences.get(page.audience)
    if audience is not None and not audience.outside:
        scope.warn(
            ("status_page", "audience"), "plan.status-page-audience",
            f"{page.audience} are {audience.visibility}, and everybody can read the page",
            "Write `visibility: public` at the audience, or name another one.",
        )  # fmt: skip
