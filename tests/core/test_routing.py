"""What an alert means under a plan."""

from tests.core.incident.cast import PLAN_TEXT, the_plan

from tocsin.core.routing import MEMORY, Route, Router

RULES = """\
alerts:
  group_by: [alertname, service]
  rules:
    - {match: {severity: critical, team: [db, web]}, severity: P0}
    - {match: {alertname: "~Api.*"}, facts: {service_availability: none}}
    - {match: {severity: warning}, facts: {users_affected: 7}}
  otherwise: P2
"""
PLAN = the_plan(
    PLAN_TEXT[: PLAN_TEXT.index("alerts:")] + RULES + PLAN_TEXT[PLAN_TEXT.index("ids:") :]
)


def route(**labels: str) -> Route:
    return Router(PLAN).route(labels)


def test_the_first_rule_that_matches_counts() -> None:
    assert route(severity="critical", team="db", alertname="ApiDown").severity == "P0"
    assert route(severity="critical", team="ops", alertname="ApiDown").why.startswith(
        "alert rule: alertname ~Api.*; criterion: service_availability"
    )


def test_facts_of_a_rule_go_through_the_criteria() -> None:
    found = route(alertname="ApiSlow")
    assert (found.severity, dict(found.facts)) == ("P0", {"service_availability": "none"})


def test_facts_that_meet_no_criterion_are_kept_and_said() -> None:
    found = route(severity="warning")
    assert (found.severity, found.why) == ("P2", "alert rule: severity warning; no criterion holds")


def test_every_alert_goes_somewhere() -> None:
    found = route()
    assert (found.severity, found.group) == ("P2", "all alerts")
    assert found.line > 0


def test_the_group_is_made_of_the_labels_the_plan_names() -> None:
    one = route(alertname="X", service="web", instance="a")
    two = route(alertname="X", service="web", instance="b")
    other = route(alertname="X", service="db")
    assert one.group == two.group == "alertname=X,service=web"
    assert other.group != one.group
    assert one.title == "X web"


def test_a_regular_expression_must_match_as_a_whole() -> None:
    assert route(alertname="MyApiDown").severity == "P2"


def test_memory_is_bounded_and_forgetting_changes_nothing() -> None:
    router = Router(PLAN)
    first = router.route({"alertname": "ApiDown", "service": "s0"})
    for number in range(MEMORY + 10):
        router.route({"alertname": "ApiDown", "service": f"s{number}"})
    assert len(router._known) <= MEMORY
    assert router.route({"alertname": "ApiDown", "service": "s0"}) == first
