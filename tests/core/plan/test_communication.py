"""Audiences, updates and templates of a plan file: what they become, and what is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.incident.night import FRAME, plan_with
from tests.core.plan.broken_communication import BROKEN
from tests.core.plan.test_problems import expected
from tests.core.plan.test_problems import found as found_in

from tocsin.core.incident.cadence import chosen
from tocsin.core.plan.communication.model import Cadence, Template, TemplateField
from tocsin.core.plan.communication.templates import (
    FILTERS,
    Incomplete,
    Rendered,
    Value,
    fill,
    left_open,
    shown,
)
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem
from tocsin.core.times import Never, Within

NOW = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
AS_WRITTEN = FRAME.replace("plan: night", "plan: night\nstanding: as written")
TEAM = "audiences: {team: {to: security-team}, customers: {visibility: customers, to: board}}\n"


def found(clauses: str, frame: str = FRAME) -> list[Problem]:
    silent = ("plan.no-criteria", "plan.unwatched")
    return [p for p in read(frame + clauses, "night.yaml")[1] if p.code not in silent]


def codes(clauses: str, frame: str = FRAME) -> list[str]:
    return [problem.code for problem in found(clauses, frame)]


def template(text: str, **fields: TemplateField) -> Template:
    return Template(id="t", line=1, text=text, fields=fields)


def field(name: str, **more: object) -> TemplateField:
    return TemplateField(name=name, line=1, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clauses", "code"),
    [
        ("audiences: {team: {to: nobody-known}}", "plan.unknown-recipient"),
        ("audiences: {team: {to: board, channels: [telex]}}", "plan.unknown-channel"),
        ("audiences: {team: {to: board, topics: [weather]}}", "plan.unknown-topic"),
        ("audiences: {team: {to: board, for: [P9]}}", "plan.unknown-severity"),
        ("audiences: {team: {to: board, when: weather}}", "plan.unknown-fact"),
        ("audiences: {team: {}}", "plan.audience-unreachable"),
        ("channels: {room: {depends_on: [chat]}}", "plan.unknown-part"),
        ("channels: {room: {else: [room]}}", "plan.channel-circle"),
        ("channels: {a: {else: [b]}, b: {else: [c]}, c: {else: [a]}}", "plan.channel-circle"),
        ("channels: {room: {name: '{n}{n}'}}", "plan.pattern"),
        ("updates: [{audience: nobody, every: 15m}]", "plan.unknown-audience"),
        (TEAM + "updates: [{audience: team, every: 15m, before: x}]", "plan.unknown-update"),
        (TEAM + "updates: [{audience: team, every: 15m, during: x}]", "plan.unknown-phase"),
        (TEAM + "updates: [{audience: team, every: 15m, until: x}]", "plan.moment"),
        (TEAM + "updates: [{audience: team, every: 15m, remind: x}]", "plan.unknown-recipient"),
        (TEAM + "updates: [{audience: team, every: 15m, template: x}]", "plan.unknown-template"),
        (TEAM + "updates: [{audience: team, every: 15m, while_status: x}]", "plan.unknown-status"),
        (TEAM + "updates: [{audience: team, every: 15}]", "plan.time"),
        ("statuses: {A: [B]}", "plan.unknown-status"),
        ("statuses: {A: [], B: [A]}", "plan.status-unreachable"),
        ("templates: {t: {}}", "plan.template-text"),
        ("templates: {t: {text: x, file: y}}", "plan.template-text"),
        ("templates: {t: {text: '{{ weather }}'}}", "plan.template-field"),
        ("templates: {t: {text: '{{ Weather }}'}}", "plan.template-field"),
        ("templates: {t: {text: '{{ now | backwards }}'}}", "plan.template-filter"),
        ("templates: {t: {text: '{{ incident.weather }}'}}", "plan.template-origin"),
        ("templates: {t: {text: '{{ role.nobody }}'}}", "plan.template-origin"),
        ("templates: {t: {text: '{{ fact.weather }}'}}", "plan.template-origin"),
        ("templates: {t: {text: '{{ a }}', fields: {a: fact.weather}}}", "plan.template-origin"),
        ("templates: {t: {text: x, fields: {a: incident.code}}}", "plan.template-field"),
        ("templates: {t: {text: x, literal: ['[y]']}}", "plan.template-field"),
        ("templates: {t: {text: '[Name]'}}", "plan.template-placeholder"),
        ("templates: {t: {text: x, display: '{level}'}}", "plan.display"),
        ("templates: {t: {text: x, status: Done}}", "plan.unknown-status"),
        ("announcements: [{at: opened, audience: x}]", "plan.unknown-audience"),
        (TEAM + "announcements: [{at: noon, audience: team}]", "plan.moment"),
        (TEAM + "announcements: [{at: opened, audience: team, holds: x}]", "plan.gate"),
        (
            TEAM + "announcements: [{at: opened, audience: team, automatic: true}]",
            "plan.announcement-template",
        ),
        (
            TEAM + "templates: {t: {audience: customers, text: x}}\n"
            "announcements: [{at: opened, audience: team, template: t}]",
            "plan.template-audience",
        ),
        (
            TEAM + "templates: {t: {for: [P1], text: x}}\n"
            "announcements: [{at: opened, audience: team, template: t}]",
            "plan.template-severity",
        ),
        (
            TEAM + "templates: {t: {audience: customers, text: '{{ incident.channel }}'}}",
            "plan.template-inside",
        ),
        ("publishing: [{may: nobody-known}]", "plan.unknown-recipient"),
        ("publishing: [{component: x}]", "plan.unknown-part"),
        (
            "publishing: [{approved_by: cto}, {automatic: true}]",
            "plan.publishing-contradiction",
        ),
        ("status_page: {url: status.example.org}", "plan.address"),
        ("status_page: {url: 'https://status.example.org'}", "plan.status-page-audience"),
        (TEAM + "status_page: {audience: team}", "plan.status-page-audience"),
        ("support: {tickets: {to: nobody-known}}", "plan.unknown-recipient"),
        ("support: {prepared: {outage: x}}", "plan.unknown-template"),
        ("phases: {a: {steps: [{publish: nobody}]}}", "plan.unknown-audience"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(clauses: str, code: str) -> None:
    assert code in codes(clauses + "\n")


@pytest.mark.parametrize("code", BROKEN)
def test_each_mistake_is_reported_at_its_line(code: str) -> None:
    """Beside it only notes stand, about what nobody watches."""
    assert set(expected(BROKEN[code])) <= set(found_in(BROKEN[code]))
    problems = read(BROKEN[code], "plan.yaml")[1]
    assert {p.code for p in problems if p.level != "note"} == {code}
    problem = next(p for p in problems if p.code == code)
    assert len(problem.what) > 15
    assert problem.hint.rstrip().endswith((".", "?"))


def test_an_undecided_template_is_an_error_in_force_and_a_warning_as_written() -> None:
    clauses = "templates: {t: {text: 'See [Name]'}}\n"
    for frame, level in ((FRAME, "error"), (AS_WRITTEN, "warning")):
        one = next(p for p in found(clauses, frame) if p.code == "plan.template-placeholder")
        assert (one.level, "[Name]" in one.what) == (level, True)


def test_a_text_is_the_name_of_a_channel_and_a_field_in_it_makes_it_each_incidents_own() -> None:
    plan = plan_with('channels: {incident: "#inc-{n:03}", ops: "#ops"}\n')
    kinds = {name: channel.kind for name, channel in plan.communication.channels.items()}
    assert (plan.incident_channel, kinds) == (
        "#inc-{n:03}", {"incident": "per-incident", "ops": "fixed"},
    )  # fmt: skip


CHAT = "providers: {chat: {name: Chat}}\ncomponents: {api: {providers: [chat]}}\n"


def test_a_channel_needs_another_that_does_not_need_the_same() -> None:
    alone = CHAT + "channels: {incident: {name: room, depends_on: [chat]}}\n"
    assert codes(alone) == ["plan.channel-depends"]
    same = CHAT + (
        "channels: {incident: {name: room, depends_on: [chat], else: [b]},"
        " b: {depends_on: [api], else: [mail]}, mail: {kind: email}}\n"
    )
    assert codes(same) == ["plan.channel-depends"]
    other = CHAT + (
        "channels: {incident: {name: room, depends_on: [chat], else: [mail]},"
        " mail: {kind: email}}\n"
    )
    assert codes(other) == []


def test_a_channel_for_a_tier_that_the_audience_does_not_hold() -> None:
    clauses = "channels: {hook: {tiers: [gold]}}\naudiences: {a: {channels: [hook], tiers: %s}}\n"
    assert codes(clauses % "[basic]") == ["plan.channel-tier"]
    assert codes(clauses % "[basic, gold]") == []


@pytest.mark.parametrize(
    ("rules", "level"),
    [
        ("{audience: team, every: 15m}, {audience: team, every: 30m}", "error"),
        ("{audience: team, for: [P0], every: 15m}, {audience: team, every: 30m}", None),
        (
            "{audience: team, for: [P0], every: 15m}, {audience: team, for: [P1], every: 30m}",
            None,
        ),
        ("{audience: team, for: [P0], every: 15m}, {audience: team, for: P0, every: 1h}", "error"),
        ("{audience: team, every: 15m, before: all}, {audience: team, every: 30m}", None),
        ("{id: a, audience: team, every: 15m}, {audience: team, every: 1h, before: a}", None),
        ("{audience: team, every: 15m}, {audience: customers, every: 30m}", None),
        ("{audience: team, every: 15m}, {audience: team, every: 15m}", None),
        (
            "{audience: team, when: user_facing, every: 15m},"
            " {audience: team, after: 4h, every: 30m}",
            "warning",
        ),
    ],
)
def test_rules_that_hold_at_once_need_a_word_on_which_counts(rules: str, level: str | None) -> None:
    problems = [p for p in found(f"{TEAM}updates: [{rules}]\n") if p.code == "plan.cadence-overlap"]
    assert [p.level for p in problems] == ([] if level is None else [level])


def test_an_open_choice_of_cadence_is_undecided() -> None:
    clauses = TEAM + "updates: [{audience: customers, every: 'choice(30m, 1h)'}]\n"
    assert [p.level for p in found(clauses) if p.code == "plan.choice"] == ["error"]
    assert [p.level for p in found(clauses, AS_WRITTEN) if p.code == "plan.choice"] == ["warning"]


ALERT = (
    TEAM
    + """
roles: {commander: {name: Commander}}
templates:
  alert:
    text: "Commander: {{ commander }}"
    fields: {commander: {from: role.commander%s}}
announcements: [{at: opened, audience: team, template: alert%s}]
"""
)


def test_a_field_that_is_not_known_yet_needs_a_fallback() -> None:
    assert [p.level for p in found(ALERT % ("", ""))] == ["warning"]
    assert [p.level for p in found(ALERT % ("", ", automatic: true"))] == ["error"]
    assert codes(ALERT % (", fallback: to be assigned", ", automatic: true")) == []
    assert codes(ALERT % (", optional: true", ", automatic: true")) == []


def test_what_is_known_when_it_is_resolved_is_known_then() -> None:
    clauses = (
        TEAM + "templates: {t: {text: '{{ incident.duration }}'}}\n"
        "announcements: [{at: %s, audience: team, template: t, automatic: true}]\n"
    )
    assert codes(clauses % "resolved") == []
    assert codes(clauses % "opened") == ["plan.template-not-known"]


EXAMPLE = """
updates: [{audience: team, every: 30m}]
templates:
  t:
    text: |
      Now: {{ now }}
      Next: {{ next_update }}
    example:
      values: {now: 2024-01-01 10:00 UTC, next_update: 2024-01-01 %s UTC}
      reads: |
        Now: 2024-01-01 10:00 UTC
        Next: 2024-01-01 %s UTC
"""


def test_an_example_is_a_test_of_its_template_and_of_the_cadence() -> None:
    assert codes(TEAM + EXAMPLE % ("10:30", "10:30")) == []
    (wrong,) = found(TEAM + EXAMPLE % ("10:30", "10:31"))
    assert (wrong.code, wrong.level) == ("plan.template-example", "error")
    assert "line 2 of the example comes out as `Next: 2024-01-01 10:30 UTC`" in wrong.what
    (late,) = found(TEAM + EXAMPLE % ("11:00", "11:00"))
    assert (late.code, late.level) == ("plan.template-example", "warning")


def test_an_example_must_have_values_for_everything() -> None:
    clauses = "templates: {t: {text: '{{ now }}', example: {values: %s, reads: x}}}\n"
    assert "does not say `now`" in found(clauses % "{}")[0].what
    strange = [problem.what for problem in found(clauses % "{then: x}")]
    assert any("no place for `then`" in what for what in strange)


def test_a_file_that_is_not_there_is_reported() -> None:
    text = FRAME + "templates: {t: {file: docs/notice.md}}\n"
    _, problems = read(text, "night.yaml", exists=lambda path: False)
    assert "plan.missing-file" in [problem.code for problem in problems]
    _, problems = read(text, "night.yaml", exists=lambda path: path == "docs/notice.md")
    assert "plan.missing-file" not in [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Impact: [Brief description]", ("[Brief description]",)),
        ("every [30min/1hr]", ("[30min/1hr]",)),
        ("costs $X, and Y more", ("$X", "Y")),
        ("at HH:MM on YYYY-MM-DD", ("HH:MM", "YYYY-MM-DD")),
        ("up XX.X%", ("XX.X%",)),
        ("- [ ] done, - [x] done", ()),
        ("see [SECURITY.md](SECURITY.md)", ()),
        ("### A heading, with item 3", ()),
        ("[Service Status] all good", ()),
    ],
)
def test_what_looks_like_a_placeholder(text: str, left: tuple[str, ...]) -> None:
    assert left_open(text, ["[Service Status]"]) == left


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (NOW, "", "2026-03-06 18:00 EST"),
        (NOW, "time", "18:00 EST"),
        (NOW, "date", "2026-03-06"),
        (timedelta(minutes=95), "", "1h35m"),
        (95, "duration", "1h35m"),
        (("api", "web"), "", "api, web"),
        (("api", "web"), "list", "- api\n- web"),
        ("api, web", "list", "- api\n- web"),
        ("down", "upper", "DOWN"),
        (1234567, "number", "1,234,567"),
        (1234.5, "number", "1,234.50"),
        (0.5, "", "0.5"),
        (1200000.0, "", "1200000"),
        (True, "", "yes"),
    ],
)
def test_how_values_are_shown(value: Value, style: str, text: str) -> None:
    assert shown(value, "America/New_York", style) == text


def test_a_fallback_may_be_empty_and_an_optional_line_goes() -> None:
    fields = {"a": field("a", fallback=""), "b": field("b", optional=True)}
    told = fill(template("A{{ a }}\nB {{ b }}\nC", **fields), {}, "UTC")
    assert told == Rendered("", "A\nC")


def test_a_subject_is_one_line() -> None:
    one = Template(id="t", line=1, subject="Now: {{ title }}", text="x")
    told = fill(one, {"title": "a\r\nBcc: b"}, "UTC")
    assert told == Rendered("Now: a Bcc: b", "x")


NAMES = st.sampled_from(["a", "b", "incident.code", "now"])
TEXTS = st.one_of(
    st.text(max_size=40), st.sampled_from(["{{ b }}", "{{ now | time }}", "}}{{", "[Name]"])
)
VALUES = st.one_of(
    TEXTS, st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1980, 1, 1),  # noqa: DTZ001
                 max_value=datetime(2999, 1, 1)),  # noqa: DTZ001
    st.timedeltas(), st.tuples(TEXTS),
)  # fmt: skip
PIECES = st.one_of(
    st.text(alphabet=st.characters(exclude_characters="{}", codec="utf-8")),
    st.builds("{{{{ {} }}}}".format, NAMES),
    st.builds("{{{{ {} | {} }}}}".format, NAMES, st.sampled_from(FILTERS)),
    st.just("\n"),
)


@given(
    pieces=st.lists(PIECES, max_size=12),
    known=st.dictionaries(NAMES, VALUES),
    fallback=st.one_of(st.none(), TEXTS),
    optional=st.booleans(),
)
def test_filling_in_never_fails_and_leaves_no_place_open(
    pieces: list[str], known: dict[str, Value], fallback: str | None, optional: bool
) -> None:
    """What is filled in stays text, even if it looks like a place to be filled in."""
    text = "".join(pieces)
    fields = {"a": field("a", fallback=fallback), "b": field("b", optional=optional)}
    told = fill(template(text, **fields), known, "Europe/Berlin")
    if isinstance(told, Incomplete):
        assert told.missing
        return
    said = [shown(v, "Europe/Berlin", style) for v in known.values() for style in ("", *FILTERS)]
    said += [fallback or "", (fallback or "").upper()]
    if not any("{" in one or "}" in one for one in said):
        assert "{{" not in told.text


@given(st.text(alphabet="abc{}| .now", max_size=30))
def test_what_is_filled_in_is_text_to_the_last_letter(words: str) -> None:
    if words.strip():
        told = fill(template("<{{ a }}>", a=field("a")), {"a": words}, "UTC")
        assert told == Rendered("", f"<{words}>")


RULES = st.builds(
    Cadence,
    id=st.sampled_from(["a", "b", "c"]),
    audience=st.just("team"),
    line=st.integers(1, 99),
    every=st.one_of(
        st.builds(Within, st.timedeltas(timedelta(minutes=1), timedelta(hours=9))),
        st.just(Never()),
    ),
    severities=st.sampled_from([(), ("P0",)]),
    during=st.sampled_from([(), ("disaster",)]),
    when=st.sampled_from(["", "user_facing"]),
    before=st.sampled_from([(), ("all",), ("a",)]),
)
PLAN = plan_with(TEAM)


@given(st.lists(RULES, min_size=1, max_size=6))
def test_one_of_the_rules_counts_and_never_a_less_special_or_less_frequent_one(
    rules: list[Cadence],
) -> None:
    one = chosen(rules, PLAN, NOW)
    assert one in rules
    if any(rule.before for rule in rules):
        return
    assert one is not None
    assert one.specificity == max(rule.specificity for rule in rules)
    rivals = [r for r in rules if r.specificity == one.specificity and isinstance(r.every, Within)]
    if rivals:
        assert isinstance(one.every, Within)
        assert one.every.limit == min(r.every.limit for r in rivals if isinstance(r.every, Within))


@given(st.lists(RULES, min_size=1, max_size=5), RULES)
def test_a_rule_before_all_counts_where_no_other_says_so(
    rules: list[Cadence], other: Cadence
) -> None:
    plain = [Cadence(id=r.id, audience="team", line=r.line, every=r.every) for r in rules]
    first = Cadence(id="first", audience="team", line=1, every=other.every, before=("all",))
    assert chosen([*plain, first], PLAN, NOW) is first


def test_the_order_of_rules_means_nothing() -> None:
    often = Cadence(id="a", audience="team", line=9, every=Within(timedelta(minutes=15)))
    seldom = Cadence(id="b", audience="team", line=1, every=Within(timedelta(hours=1)))
    assert chosen([often, seldom], PLAN, NOW) is chosen([seldom, often], PLAN, NOW) is often
    assert chosen([], PLAN, NOW) is None


def test_what_stands_in_the_file_of_a_template_is_looked_at() -> None:
    text = FRAME + "audiences: {all: {name: All, visibility: public, to: team-lead}}\n"
    text += "templates: {long: {audience: all, file: long.md}}\n"
    files = {"long.md": "{{ incident.title }} hit {{ nobody }}, [Name]\n"}
    _, problems = read(text, "night.yaml", text_of=files.get)
    assert {"plan.template-field", "plan.template-title", "plan.template-placeholder"} <= {
        problem.code for problem in problems
    }
    _, problems = read(text, "night.yaml", text_of=lambda path: None)
    assert not [problem for problem in problems if problem.code.startswith("plan.template")]
