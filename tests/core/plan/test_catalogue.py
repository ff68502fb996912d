"""What a plan is about: components, inventories, words, sources; and what is wrong with them."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.core.plan.broken_catalogue import BROKEN, STEPS, plan
from tests.core.plan.plans import MONDAY, accepted, codes_of, one, problems_of, small

from tocsin.core.document import salvage_document
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.fold import replay
from tocsin.core.plan.catalogue import file
from tocsin.core.plan.catalogue.review import parse_interval, review_due
from tocsin.core.plan.catalogue.selection import BadSelection, members
from tocsin.core.plan.catalogue.source import check_document
from tocsin.core.plan.catalogue.standing import figures, state_of
from tocsin.core.plan.classify import propose
from tocsin.core.plan.file import PlanFile
from tocsin.core.plan.read import read

SHOP = """
components:
  api: {name: API, importance: core, checks: health}
  web: {checks: ping, depends_on: api, public_name: Website}
  email: {group: channels, providers: mailer, checks: probe}
  sms: {group: channels, providers: texter, failover: true, checks: probe}
  payments: {fact: paying, importance: core, checks: probe, runbook: docs/payments.md}
providers:
  mailer: {importance: core, credentials: mailer-key, status_source: "https://status.example"}
  texter: {contact: support@texter.example}
inventories:
  secrets:
    mailer-key: {where: GitHub Secrets, systems: [mailer, email]}
    disk-key: {where: Vault, class: encryption}
    token-key: {where: GitHub Secrets, class: signing}
  data: {emails: {personal: true}, prices: Price list}
"""


def shop(more: str = "", criteria: str = "core_components_down >= 1.0") -> str:
    text = small(STEPS, more=SHOP + more).replace("[down]", f"['{criteria}']")
    return text.replace("facts: {", "facts: {paying: [up, down], ")


@pytest.mark.parametrize("code", BROKEN)
def test_each_code_at_its_line(code: str) -> None:
    text = BROKEN[code]
    if code == "plan.nobody-fills":
        text = text.replace("users: mail", 'users: "[contact]"')
    problem = one(text, code)
    line = next(n for n, line in enumerate(text.splitlines(), 1) if f"#! {code}" in line)
    assert problem.line == line, problem
    others = {"plan.unfilled-contact"} if code == "plan.nobody-fills" else set()
    assert set(codes_of(text)) - others == {code}
    assert len(problem.hint) > 15


def test_a_component_that_is_down_makes_what_follows_from_it() -> None:
    catalogue = accepted(shop()).catalogue
    assert figures(catalogue, {}) == {}
    assert figures(catalogue, {"component_api": "down", "component_email": "degraded"}) == {
        "components_down": 1, "core_components_down": 1, "components_affected": 2,
        "providers_down": 0, "critical_providers_down": 0, "providers_down_without_failover": 0,
        "channels_down": 0,
    }  # fmt: skip


def test_a_provider_down_with_failover_is_told_from_one_without() -> None:
    catalogue = accepted(shop()).catalogue
    texter = figures(catalogue, {"provider_texter": "down"})
    assert (texter["providers_down"], texter["providers_down_without_failover"]) == (1, 0)
    mailer = figures(catalogue, {"provider_mailer": "down"})
    assert (mailer["critical_providers_down"], mailer["providers_down_without_failover"]) == (1, 1)


def test_a_component_may_use_a_fact_that_the_plan_has_already() -> None:
    plan_ = accepted(shop())
    assert "component_payments" not in plan_.facts
    assert state_of(plan_.catalogue, "payments", {"paying": "down"}) == "down"
    assert state_of(plan_.catalogue, "payments", {}) == "up"
    assert figures(plan_.catalogue, {"paying": "down"})["core_components_down"] == 1


def test_what_depends_on_a_provider_is_found_through_others() -> None:
    catalogue = accepted(shop()).catalogue
    assert catalogue.dependents("mailer") == ("email",)
    assert catalogue.dependents("api") == ("web",)
    assert catalogue.dependents("web") == ()


def test_criteria_may_speak_of_components() -> None:
    plan_ = accepted(shop())
    assert propose(plan_, {"component_web": "down"}).severity is None
    proposal = propose(plan_, {"component_api": "down"})
    assert proposal.severity is not None
    assert proposal.severity.code == "P0"


def opened(text: str, **facts: str) -> list[e.Event]:
    command = c.Open(by="anna", via="web", number=1, code="INC-1", title="x", facts=facts)
    decision = decide(accepted(text), None, command, MONDAY)
    assert not isinstance(decision, Refusal), decision
    return decision


def stated(events: list[e.Event]) -> dict[str, object]:
    return {x.name: x.value for x in events if isinstance(x, e.FactRecorded)}


def test_what_follows_is_recorded_like_any_fact_when_it_changes() -> None:
    text = shop()
    events = opened(text, component_web="down")
    assert stated(events)["components_down"] == 1
    assert stated(events)["core_components_down"] == 0
    incident = replay(events)
    command = c.RecordFact(by="bo", via="web", name="component_api", value="down")
    more = decide(accepted(text), incident, command, MONDAY)
    assert not isinstance(more, Refusal)
    assert stated(more) == {
        "component_api": "down", "components_down": 2, "core_components_down": 1,
        "components_affected": 2,
    }  # fmt: skip
    assert any(isinstance(x, e.SeverityChanged) and x.severity == "P0" for x in more)


def test_nobody_states_what_follows() -> None:
    text = shop()
    incident = replay(opened(text, component_web="down"))
    command = c.RecordFact(by="bo", via="web", name="components_down", value=0)
    assert isinstance(decide(accepted(text), incident, command, MONDAY), Refusal)


APPLIES = "applies_to:\n  when: kind == 'outage' || down\n"


def test_an_incident_that_the_plan_is_not_for_is_refused() -> None:
    text = shop(APPLIES)
    command = c.Open(
        by="anna", via="web", number=1, code="INC-1", title="x",
        incident_kind="wish", facts={"down": False},
    )  # fmt: skip
    refusal = decide(accepted(text), None, command, MONDAY)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "incident.not-covered"
    noted = decide(accepted(shop(APPLIES + "  otherwise: note\n")), None, command, MONDAY)
    assert not isinstance(noted, Refusal)
    assert any(isinstance(x, e.Noted) for x in noted)


def test_what_is_unknown_keeps_nobody_out_and_no_alert_is_refused() -> None:
    text = accepted(shop(APPLIES))
    unknown = c.Open(by="anna", via="web", number=1, code="INC-1", title="x")
    assert not isinstance(decide(text, None, unknown, MONDAY), Refusal)
    alert = c.Open(
        by="prometheus", via="alert", number=1, code="INC-1", title="x",
        incident_kind="wish", facts={"down": False},
    )  # fmt: skip
    happened = decide(text, None, alert, MONDAY)
    assert not isinstance(happened, Refusal)
    assert any(isinstance(x, e.Noted) for x in happened)


def inventory() -> PlanFile:
    document, problems = salvage_document(shop(), "x", PlanFile)
    assert document is not None
    assert not problems
    return document.model


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        ("secrets", ("mailer-key", "disk-key", "token-key")),
        ('secrets where class == "encryption"', ("disk-key",)),
        ("secrets where class != 'encryption'", ("mailer-key", "token-key")),
        ('secrets where where == "GitHub Secrets" and class == "signing"', ("token-key",)),
        ('secrets where system == "mailer"', ("mailer-key",)),
        ('secrets where class == "none and such"', ()),
        ("data where personal", ("emails",)),
        ("data where not personal", ("prices",)),
        ('components where importance == "core"', ("api", "payments")),
        ('components where group == "channels" and system == "texter"', ("sms",)),
        ("providers", ("mailer", "texter")),
    ],
)
def test_a_selection_means_these_members(selection: str, chosen: tuple[str, ...]) -> None:
    assert members(inventory(), selection) == chosen


@pytest.mark.parametrize(
    "selection", ["secret", "", "secrets where", "secrets where colour == 'red'", "secrets and x",
                  "secrets where class = 'x'", "secrets where class == 'x' or personal"],
)  # fmt: skip
def test_a_selection_that_means_nothing_says_so(selection: str) -> None:
    with pytest.raises(BadSelection) as error:
        members(inventory(), selection)
    assert all(len(words) > 10 for words in error.value.args)


STEP = 'phases: {repair: {steps: [{do: Rotate, each: "%s"}]}}\n'


def test_a_step_goes_through_a_selection() -> None:
    task = accepted(shop(STEP % "secrets where class == 'signing'")).tasks[0]
    assert task.each == ("token-key",)
    assert "plan.selection" in codes_of(shop(STEP % "secrte"))
    assert "plan.empty-selection" in codes_of(shop(STEP % "secrets where class == 'x'"))


def test_a_freeze_is_ordered_at_once_and_lifting_it_is_owed() -> None:
    freeze = "freeze: {for: P0, lifted_by: lead, when: down}\n"
    halt, lift = (t for t in accepted(shop(freeze)).tasks if t.group == "freeze")
    assert (halt.do, halt.severities, halt.when) == ("act", ("P0",), "down")
    assert (lift.do, lift.after, lift.by, lift.holds) == (
        "act", "done freeze", "lead", ("close",),
    )  # fmt: skip


def test_a_route_tells_its_team_when_its_component_is_not_up() -> None:
    route = "detection: {routing: [{component: payments, to: lead}, {when: slow, to: cto}]}\n"
    first, second = (t for t in accepted(shop(route)).tasks if t.group == "routing")
    assert (first.do, first.to) == ("notify", ("lead",))
    assert first.when == 'paying in ["degraded", "down", "none"]'
    assert (second.when, second.to) == ("slow", ("cto",))
    assert "file.wrong-value" in codes_of(shop("detection: {routing: [{to: lead}]}\n"))


def test_principles_are_shown_at_their_moment() -> None:
    catalogue = accepted(
        plan("principles: [No blame, {text: Preserve evidence, at: opened}]\n")
    ).catalogue
    assert [p.text for p in catalogue.prompts("opened")] == ["Preserve evidence"]
    assert [p.text for p in catalogue.principles] == ["No blame", "Preserve evidence"]
    assert "plan.moment" in codes_of(plan("principles: [{text: a, at: noon}]\n"))


def test_files_that_are_not_there_are_named_if_somebody_can_look() -> None:
    more = (
        "document: plan.md\nreferences: {runbooks: docs/runbooks/, status: 'https://a.example'}\n"
        "analysis: {runbooks: docs/r, code: [src], logs: [loki]}\n"
    )
    assert "plan.missing-file" not in codes_of(shop(more))
    _, problems = read(shop(more), "plan.yaml", exists=lambda path: path == "src")
    missing = [p.what for p in problems if p.code == "plan.missing-file"]
    wanted = ["plan.md", "docs/runbooks/", "docs/r", "docs/payments.md"]
    assert sorted(missing) == sorted(f"there is no `{path}`" for path in wanted)


@pytest.mark.parametrize(
    ("text", "length"),
    [("1 year", (12, 0)), ("6 months", (6, 0)), ("quarter", (3, 0)), ("2 weeks", (0, 2)),
     ("0 years", None), ("sometimes", None), ("30 days", None)],
)  # fmt: skip
def test_how_often_a_plan_is_reviewed(text: str, length: tuple[int, int] | None) -> None:
    assert parse_interval(text) == length


def test_a_review_is_overdue_the_day_after_it_was_due() -> None:
    text = plan("reviewed: 2024-02-29\nreview_every: 1 year\n")
    assert review_due(accepted(text).catalogue.head) == date(2025, 2, 28)
    for day, codes in ((date(2025, 2, 28), []), (date(2025, 3, 1), ["plan.review-overdue"])):
        assert [p.code for p in read(text, "x", today=day)[1]] == codes
    assert codes_of(text) == []


def test_a_signature_that_names_the_project_is_ours() -> None:
    assert codes_of(plan("organisation: X\nproject: Notes\nsignature: The Notes Team\n")) == []


def test_a_circle_through_others_is_found() -> None:
    circle = "components:\n  a: {checks: x, depends_on: b}\n  b: {checks: x, depends_on: a}\n"
    assert codes_of(plan(circle)) == ["plan.circular", "plan.circular"]


def test_a_component_is_watched_by_a_threshold_or_a_source() -> None:
    component = "components: {api: {}}\n"
    for watch in (
        "thresholds: {gone: {component: api, state: down, states: {down: true}}}\n",
        "detection: {sources: [{text: Health checks, components: api}]}\n",
    ):
        assert "plan.unwatched" not in codes_of(plan(component + watch))


DOCUMENT = """# Plan ðŸš¨

- Drills
- Train
- drills

## Steps

**First:**
- Look

**Then:**
- Look

```text
- [Item]
- [Item]
```
last"""


def test_a_document_is_read_for_damage_and_repetition() -> None:
    problems = check_document(DOCUMENT, "plan.md")
    assert [(p.line, p.code) for p in problems] == [
        (1, "file.mojibake"), (5, "plan.said-twice"), (19, "plan.no-final-newline"),
    ]  # fmt: skip
    assert "🚨" in problems[0].hint
    assert "line 3" in problems[1].what
    assert check_document("", "plan.md") == []


def test_the_problems_of_a_broken_catalogue_come_all_at_once() -> None:
    text = plan(
        "components: {api: {depends_on: x, checks: a}}\nproviders: {p: {credentials: k}}\n"
        "inventories: {secrets: {s: {systems: y}}}\n"
    )
    assert [p.what for p in problems_of(text)] == [
        "unknown component `x`", "unknown secret `k`", "unknown component or provider `y`",
    ]  # fmt: skip


def test_every_key_is_described_for_editors() -> None:
    for _, model in sorted(vars(file).items()):
        if isinstance(model, type) and issubclass(model, BaseModel):
            assert all(field.description for field in model.model_fields.values()), model


ALL_KEYS = (Path(__file__).parent / "all_catalogue.yaml").read_text(encoding="utf-8")
LINES = ALL_KEYS.splitlines(keepends=True)


@given(st.integers(0, len(ALL_KEYS) - 1), st.sampled_from("x5 \n:-[]{}'\"#,!>"))
def test_no_damaged_catalogue_raises(position: int, character: str) -> None:
    text = ALL_KEYS[:position] + character + ALL_KEYS[position + 1 :]
    plan_, problems = read(text, "plan.yaml", exists=lambda path: False, today=date(2030, 1, 1))
    assert (plan_ is None) == any(problem.level == "error" for problem in problems)


@given(st.sets(st.integers(0, len(LINES) - 1), max_size=12), st.booleans())
def test_no_catalogue_with_lines_missing_raises(gone: set[int], as_written: bool) -> None:
    text = "".join(line for number, line in enumerate(LINES) if number not in gone)
    text += "standing: as written\n" if as_written else ""
    plan_, problems = read(text, "plan.yaml")
    assert (plan_ is None) == any(problem.level == "error" for problem in problems)
