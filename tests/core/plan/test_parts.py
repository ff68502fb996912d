"""The other parts of a plan: clocks, calendars, roles, facts, alerts, patterns, its version."""

from datetime import timedelta
from hashlib import sha256

import pytest
from tests.core.plan.plans import accepted, codes_of, one, plan_of, small

from tocsin.core.plan.model import FactRule
from tocsin.core.plan.patterns import fault_in
from tocsin.core.plan.read import read
from tocsin.core.times import BusinessDays, Immediate, Within

STEPS = "  steps: [{page: on-call, at: immediate}]\n"


def test_the_version_is_the_hash_of_the_text() -> None:
    text = small(STEPS)
    assert accepted(text).version == sha256(text.encode()).hexdigest()
    assert accepted(text + "# a comment\n").version != accepted(text).version
    from_bytes, _ = read(text.encode(), "plan.yaml")
    assert from_bytes == accepted(text)


def test_clocks_that_every_plan_has_and_own_ones() -> None:
    own = (
        "clocks:\n"
        "  respond: {stops_at: assessed}\n"
        "  fix: {starts_at: acknowledged, stops_at: resolved}\n"
    )
    plan = accepted(small(STEPS, more=own).replace("[down]", "[down], fix: < 2h, respond: 1h"))
    assert {name: (c.starts_at, c.stops_at) for name, c in plan.clocks.items()} == {
        "acknowledge": ("opened", "acknowledged"),
        "respond": ("opened", "assessed"),
        "fix": ("acknowledged", "resolved"),
    }
    fix = next(target for target in plan.severity("P0").targets if target.clock == "fix")
    assert fix.within == Within(timedelta(hours=2), strict=True)


def test_severities_are_ranked_in_the_order_of_the_file() -> None:
    plan = accepted(small(STEPS).replace("{when: [slow]}", "{name: High, when: [slow]}"))
    assert [(s.rank, s.code, s.name) for s in plan.severities] == [
        (0, "P0", "P0"), (1, "P1", "High"),
    ]  # fmt: skip


def test_a_plan_without_a_title_goes_by_its_name() -> None:
    assert accepted(small(STEPS)).title == "small"
    assert accepted(small(STEPS, more="title: All about it\n")).title == "All about it"


def test_two_names_for_the_same_limit_are_no_contradiction() -> None:
    """Acknowledge and respond are met by the same event unless the plan says otherwise."""
    text = small(STEPS).replace("[down]", "[down], acknowledge: 1h, respond: 5m")
    assert codes_of(text) == []


def test_the_plan_wide_tolerance_and_its_default() -> None:
    text = small(STEPS).replace("tolerance: 5m", "tolerance: 2m")
    assert accepted(text).steps["P0"][0].at == Immediate(timedelta(minutes=2))
    without = text.replace("tolerance: 2m\n", "")
    assert accepted(without).steps["P0"][0].at == Immediate(timedelta(minutes=5))
    assert codes_of(without) == ["plan.tolerance"]


def test_calendars() -> None:
    section = (
        "time_zone: Europe/Berlin\n"
        "calendars:\n"
        "  business: {days: [monday, saturday], hours: '08:00-16:30', holidays: [2026-05-01]}\n"
        "  Sprint Review: {every: 2 weeks, from: 2026-01-09, at: '15:00'}\n"
        "  fair: {every: week, from: 2026-01-01}\n"
    )
    calendars = accepted(small(STEPS, more=section)).calendars
    assert calendars.time_zone == "Europe/Berlin"
    assert calendars.business.days == (0, 5)
    assert (calendars.business.opens, calendars.business.closes) == ("08:00", "16:30")
    assert calendars.business.holidays == ("2026-05-01",)
    review = calendars.occasions["sprint review"]
    assert (review.weeks, review.first, review.at) == (2, "2026-01-09", "15:00")
    assert calendars.occasions["fair"].weeks == 1


@pytest.mark.parametrize(
    "section",
    [
        "{business: {hours: '17:00-09:00'}}",
        "{business: {hours: '09:00'}}",
        "{business: {hours: '24:00-25:00'}}",
        "{business: {holidays: [2026-02-30]}}",
        "{business: {holidays: [2026-W01-1]}}",
        "{business: {holidays: [9999-12-31]}}",
        "{x: {every: 0 weeks, from: 2026-01-01}}",
        "{x: {every: 2 months, from: 2026-01-01}}",
        "{x: {every: week, from: today}}",
        "{x: {every: week, from: 2026-01-01, at: noon}}",
    ],
)
def test_calendars_that_cannot_be_read(section: str) -> None:
    assert codes_of(small(STEPS, more=f"calendars: {section}\n")) == ["plan.calendar"]


def test_facts_in_their_short_and_long_forms() -> None:
    text = small(STEPS).replace(
        "facts: {",
        "facts: {rate: number, note: text, door: [up, down2], level: "
        "{type: one of, values: [low, high], about: How bad it is}, ",
    )
    facts = accepted(text).facts
    assert facts["rate"].kind == "number"
    assert facts["note"].kind == "text"
    assert facts["down"].kind == "bool"
    assert (facts["door"].kind, facts["door"].values) == ("one of", ("up", "down2"))
    level = facts["level"]
    assert level == FactRule("level", "one of", ("low", "high"), "How bad it is", level.line)


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        ("down: true", True),
        ('down: "true"', False),
        ("down: 1", False),
        ("rate: 0.5", True),
        ("rate: 1", True),
        ("rate: high", False),
        ("rate: true", False),
        ("door: up", True),
        ("door: sideways", False),
        ("door: [up]", False),
        ("note: anything", True),
        ("note: {a: b}", False),
    ],
)
def test_facts_that_an_alert_rule_may_state(value: str, fine: bool) -> None:
    text = small(STEPS).replace("facts: {", "facts: {rate: number, note: text, door: [up, low], ")
    rule = f"{{match: {{a: b}}, facts: {{{value}}}}}"
    text = text.replace("{otherwise: P1}", f"{{otherwise: P1, rules: [{rule}]}}")
    assert codes_of(text) == ([] if fine else ["plan.fact-values"])


@pytest.mark.parametrize("name", ["in", "true", "Rate", "error-rate", "1st", ""])
def test_names_that_a_condition_could_not_use(name: str) -> None:
    text = small(STEPS).replace("facts: {", f'facts: {{"{name}": number, ')
    assert set(codes_of(text)) <= {"plan.name", "file.key"}
    assert "rate_2" in accepted(text.replace(f'"{name}"', "rate_2")).facts
    assert codes_of(text)


def test_roles() -> None:
    text = small(
        STEPS,
        more="roles:\n  lead-role: {name: The lead, duties: [Decide], from: lead, "
        "assign: next business day, required_for: P0}\n",
    )
    role = accepted(text).roles["lead-role"]
    assert (role.name, role.duties, role.taken_from) == ("The lead", ("Decide",), "lead")
    assert (role.assign_within, role.required_for) == (BusinessDays(1), ("P0",))
    assert codes_of(text.replace("from: lead", "from: laed")) == ["plan.unknown-recipient"]
    assert codes_of(text.replace("for: P0", "for: P9")) == ["plan.unknown-severity"]


def test_a_role_is_told_only_under_a_name_that_the_organisation_knows() -> None:
    """A role is held during an incident; a step has to reach somebody before that."""
    text = small("  steps: [{page: boss, at: 0m}]\n", more="roles: {boss: {from: lead}}\n")
    assert codes_of(text) == ["plan.unknown-recipient"]
    assert codes_of(text.replace("lead: phone", "lead: phone, boss: phone")) == []


def test_alerts() -> None:
    section = (
        "alerts:\n"
        "  group_by: [alertname, region]\n"
        "  rules:\n"
        "    - {match: {team: [a, b], severity: critical}, severity: P0}\n"
        "    - {match: {team: a}, facts: {down: true}}\n"
        "  otherwise: P0\n"
        "  resolve_incident: true\n"
        "  reopen_within: 1h\n"
    )
    text = small(STEPS).replace("alerts: {otherwise: P1}\n", section)
    alerts = accepted(text).alerts
    assert alerts.group_by == ("alertname", "region")
    assert alerts.rules[0].match == {"team": ("a", "b"), "severity": ("critical",)}
    assert alerts.rules[1].facts == {"down": True}
    assert (alerts.otherwise, alerts.resolve_incident) == ("P0", True)
    assert alerts.reopen_within_seconds == 3600


@pytest.mark.parametrize(
    ("broad", "narrow", "hidden"),
    [
        ("{a: b}", "{a: b, c: d}", True),
        ("{a: b, c: d}", "{a: b}", False),
        ("{a: [b, c]}", "{a: c}", True),
        ("{a: b}", "{a: [b, c]}", False),
        ("{a: '~b.*'}", "{a: bcd}", True),
        ("{a: '~b'}", "{a: bcd}", False),
        ("{a: '~b.*'}", "{a: '~b.*'}", True),
        ("{a: '~.*'}", "{a: '~b+'}", True),
        ("{a: '~b.*'}", "{a: '~bc.*'}", False),
        ("{}", "{a: b}", True),
    ],
)
def test_rules_that_an_earlier_one_hides(broad: str, narrow: str, hidden: bool) -> None:
    rules = f"[{{match: {broad}, severity: P0}}, {{match: {narrow}, severity: P1}}]"
    text = small(STEPS).replace("{otherwise: P1}", f"{{otherwise: P1, rules: {rules}}}")
    assert codes_of(text) == (["plan.rule-never-matches"] if hidden else [])


def test_an_unmatched_alert_is_the_worst_where_the_plan_is_silent() -> None:
    text = small(STEPS).replace("alerts: {otherwise: P1}\n", "")
    assert accepted(text).alerts.otherwise == "P0"
    assert codes_of(text) == ["plan.alerts-otherwise"]


@pytest.mark.parametrize(
    "pattern",
    [
        "INC-{YYYY}-{n:03}",
        "{n}",
        "INC-{YYYY}-{MM}-{DD}-{n:03}",
        "{YYYY}{QX}-{n}",
        "I_{YYYY}.{n:09}",
    ],
)
def test_patterns_that_number_incidents(pattern: str) -> None:
    assert fault_in(pattern, numbered=True) is None


@pytest.mark.parametrize(
    "pattern",
    ["INC", "{n}-{n}", "{N}", "{n:3}", "{n", "n}", "{DD}-{n}", "{MM}-{n}", "{YYYY}-{DD}-{n}",
     "{QX}-{n}", "{}", "{n}" + "x" * 90, "{n}\x07", ""],
)  # fmt: skip
def test_patterns_that_do_not(pattern: str) -> None:
    assert fault_in(pattern, numbered=True) is not None


def test_a_channel_may_be_fixed_but_not_broken() -> None:
    assert fault_in("#r3mes-incidents", numbered=False) is None
    assert plan_of("r3mes-network").incident_channel == "#r3mes-incidents"
    text = small(STEPS, more='channels: {incident: "#inc-{date}"}\n')
    assert one(text, "plan.pattern").line == 10


def test_the_second_of_two_clocks_may_end_with_the_first() -> None:
    """Equal limits, business days and clocks with other starts are no contradiction."""
    more = (
        "clocks:\n"
        "  respond: {stops_at: assessed}\n"
        "  fix: {starts_at: acknowledged, stops_at: resolved}\n"
    )
    for times in (
        "acknowledge: 1h, respond: 1h",
        "acknowledge: 1h, respond: next business day",
        "acknowledge: next day, respond: 5m",
        "acknowledge: 1h, fix: 5m",  # the repair counts from the acknowledgement
    ):
        assert codes_of(small(STEPS, more=more).replace("[down]", f"[down], {times}")) == []
    text = small(STEPS, more=more).replace("[down]", "[down], respond: 5m, acknowledge: 1h")
    assert codes_of(text) == ["plan.contradiction"]


@pytest.mark.parametrize("policy", ["recommended", "optional"])
def test_only_not_required_explains_that_nobody_is_told(policy: str) -> None:
    text = small("  steps: [{page: lead, P0: 0m}]\n").replace("[slow]", "[slow], respond: 1h")
    assert codes_of(text) == ["plan.nobody-told"]
    told = text.replace("respond: 1h", f"respond: 1h, escalation_policy: {policy}")
    assert codes_of(told) == ["plan.nobody-told"]
    assert codes_of(told.replace(policy, "not required")) == []
