"""Plans with one mistake about communication each; see `broken_catalogue`."""

from tests.core.plan.plans import small

STEPS = "  measured_from: start\n  steps:\n    - {page: on-call, at: immediate, for: [P0, P1]}\n"
TEAM = "audiences: {team: {to: lead}, customers: {visibility: customers, to: users}}\n"


def plan(more: str) -> str:
    return small(STEPS, more=more)


BROKEN: dict[str, str] = {
    "plan.unknown-audience": plan(
        "updates:\n  - {audience: nobody, every: 15m} #! plan.unknown-audience\n"
    ),
    "plan.unknown-channel": plan(
        "audiences:\n  team: {to: lead, channels: [telex]} #! plan.unknown-channel\n"
    ),
    "plan.unknown-template": plan(
        TEAM + "updates:\n  - {audience: team, every: 15m, template: x} #! plan.unknown-template\n"
    ),
    "plan.unknown-status": plan("statuses:\n  A: [B] #! plan.unknown-status\n"),
    "plan.unknown-update": plan(
        TEAM + "updates:\n  - {audience: team, every: 15m, before: x} #! plan.unknown-update\n"
    ),
    "plan.unknown-topic": plan(
        "audiences:\n  team: {to: lead, topics: [weather]} #! plan.unknown-topic\n"
    ),
    "plan.address": plan(
        "audiences: {public: {visibility: public}}\n"
        "status_page:\n  audience: public\n  url: status.example.org #! plan.address\n"
    ),
    "plan.announcement-template": plan(
        TEAM + "announcements:\n"
        "  - {at: opened, audience: team, automatic: true} #! plan.announcement-template\n"
    ),
    "plan.audience-unreachable": plan(
        "audiences:\n  team: {} #! plan.audience-unreachable\n"
    ),
    "plan.cadence-overlap": plan(
        TEAM + "updates:\n  - {audience: team, every: 15m}\n"
        "  - {audience: team, every: 30m} #! plan.cadence-overlap\n"
    ),
    "plan.channel-circle": plan(
        "channels:\n  room:\n    else: [room] #! plan.channel-circle\n"
    ),
    "plan.channel-depends": plan(
        "providers: {chat: {name: Chat}}\n"
        "channels:\n  room: {depends_on: [chat]} #! plan.channel-depends\n"
    ),
    "plan.channel-tier": plan(
        "channels: {hook: {tiers: [gold]}}\n"
        "audiences:\n  team: {channels: [hook]} #! plan.channel-tier\n"
    ),
    "plan.publishing-contradiction": plan(
        "publishing:\n  - {approved_by: cto}\n"
        "  - {automatic: true} #! plan.publishing-contradiction\n"
    ),
    "plan.status-page-audience": plan(
        "status_page: {url: 'https://status.example.org'} #! plan.status-page-audience\n"
    ),
    "plan.status-unreachable": plan(
        "statuses:\n  A: []\n  B: [A] #! plan.status-unreachable\n"
    ),
    "plan.template-text": plan("templates:\n  t: {} #! plan.template-text\n"),
    "plan.template-field": plan(
        "templates:\n  t: {text: '{{ weather }}'} #! plan.template-field\n"
    ),
    "plan.template-filter": plan(
        "templates:\n  t: {text: '{{ now | backwards }}'} #! plan.template-filter\n"
    ),
    "plan.template-origin": plan(
        "templates:\n  t: {text: '{{ incident.weather }}'} #! plan.template-origin\n"
    ),
    "plan.template-placeholder": plan(
        "templates:\n  t: {text: 'See [Name]'} #! plan.template-placeholder\n"
    ),
    "plan.template-not-known": plan(
        TEAM + "templates:\n  t: {text: '{{ incident.duration }}'} #! plan.template-not-known\n"
        "announcements: [{at: opened, audience: team, template: t}]\n"
    ),
    "plan.template-example": plan(
        "templates:\n  t:\n    text: 'Now: {{ now }}'\n    example:\n"
        "      values: {now: noon}\n      reads: 'Now: night' #! plan.template-example\n"
    ),
    "plan.template-inside": plan(
        TEAM + "templates:\n"
        "  t: {audience: customers, text: '{{ incident.channel }}'} #! plan.template-inside\n"
    ),
    "plan.template-title": plan(
        TEAM + "templates:\n"
        "  t: {audience: customers, text: '{{ incident.title }}'} #! plan.template-title\n"
    ),
    "plan.template-audience": plan(
        TEAM + "templates: {t: {audience: customers, text: x}}\nannouncements:\n"
        "  - {at: opened, audience: team, template: t} #! plan.template-audience\n"
    ),
    "plan.template-severity": plan(
        TEAM + "templates: {t: {for: [P1], text: x}}\nannouncements:\n"
        "  - {at: opened, audience: team, template: t} #! plan.template-severity\n"
    ),
}  # fmt: skip
