"""The answers to a GET: the same JSON as Alertmanager's for the same alerts."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.sources.alertmanager.payloads import captured

from tocsin.sources.alertmanager.render import (
    FILTERS,
    AlertQuery,
    AlertRow,
    BadQuery,
    alerts_json,
    read_query,
    status_json,
)

START = datetime(2026, 11, 21, 9, 0, 0, 123999, tzinfo=UTC)


def row(name: str = "CheckoutDown", **fields: Any) -> AlertRow:
    """Build a firing alert."""
    known: dict[str, Any] = {
        "labels": {"alertname": name},
        "annotations": {},
        "starts_at": START,
        "ends_at": None,
        "updated_at": START,
        "fingerprint": bytes(16),
        "link": "",
        "firing": True,
        "receiver": "prometheus",
    }
    return AlertRow(**(known | fields))


def as_row(alert: dict[str, Any]) -> AlertRow:
    """Turn an alert of Alertmanager's own answer into a row."""
    return AlertRow(
        labels=alert["labels"],
        annotations=alert["annotations"],
        starts_at=datetime.fromisoformat(alert["startsAt"]),
        ends_at=datetime.fromisoformat(alert["endsAt"]),
        updated_at=datetime.fromisoformat(alert["updatedAt"]),
        fingerprint=bytes.fromhex(alert["fingerprint"]) + b"the rest",
        link=alert["generatorURL"],
        firing=True,
        receiver=alert["receivers"][0]["name"],
    )


def shown(rows: list[AlertRow], *parameters: tuple[str, str]) -> list[str]:
    """Return the names of the alerts in the answer."""
    answer = json.loads(alerts_json(rows, read_query(parameters)))
    return [alert["labels"]["alertname"] for alert in answer]


def test_alerts_are_rendered_as_alertmanager_does():
    theirs = json.loads(captured("get-alerts"))
    assert len(theirs) == 2
    rows = [as_row(alert) for alert in reversed(theirs)]
    assert json.loads(alerts_json(rows, AlertQuery())) == theirs


def test_status_has_the_fields_of_alertmanagers():
    theirs = json.loads(captured("get-status"))
    ours = json.loads(status_json("1.2.3", START, "plan: starter"))
    assert ours.keys() == theirs.keys()
    assert ours["versionInfo"].keys() == theirs["versionInfo"].keys()
    assert ours["versionInfo"]["version"] == "1.2.3"
    assert ours["cluster"] == theirs["cluster"]
    assert ours["config"] == {"original": "plan: starter"}
    assert ours["uptime"] == "2026-11-21T09:00:00.123Z"


def test_what_was_not_said_is_gos_zero_time_and_no_link():
    (alert,) = json.loads(alerts_json([row()], AlertQuery()))
    assert alert["endsAt"] == "0001-01-01T00:00:00.000Z"
    assert "generatorURL" not in alert


def test_times_are_utc():
    tokyo = START.astimezone(timezone(timedelta(hours=9)))
    (alert,) = json.loads(alerts_json([row(starts_at=tokyo)], AlertQuery()))
    assert alert["startsAt"] == "2026-11-21T09:00:00.123Z"


def test_what_is_over_is_not_shown():
    assert shown([row("a"), row("b", firing=False)]) == ["a"]


def test_filters_must_all_hold():
    rows = [row("a"), row("b"), row("c")]
    assert shown(rows, ("filter", 'alertname=~"a|b"'), ("filter", "alertname!=a")) == ["b"]
    assert shown(rows, ("filter", 'nothing=""')) == ["a", "b", "c"]


def test_receiver_is_a_pattern_for_the_whole_name():
    rows = [row("a", receiver="prometheus"), row("b", receiver="prometheus-eu")]
    assert shown(rows, ("receiver", "prometheus")) == ["a"]
    assert shown(rows, ("receiver", "prometheus.*")) == ["a", "b"]
    assert shown(rows, ("receiver", "")) == ["a", "b"]


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ([], ["active", "inhibited", "silenced"]),
        ([("active", "false")], ["inhibited", "silenced"]),
        ([("silenced", "0")], ["active", "inhibited"]),
        ([("inhibited", "no")], ["active", "silenced"]),
        ([("inhibited", "")], ["active", "inhibited", "silenced"]),
        ([("active", "TRUE"), ("silenced", "false"), ("inhibited", "f")], ["active"]),
        ([("active", "maybe")], ["inhibited", "silenced"]),
        ([("unprocessed", "false"), ("other", "x")], ["active", "inhibited", "silenced"]),
    ],
)
def test_states(parameters, names):
    rows = [
        row("active"),
        row("inhibited", inhibited_by=("i",)),
        row("silenced", silenced_by=("s",)),
    ]
    assert shown(rows, *parameters) == names


def test_what_keeps_an_alert_quiet_is_named():
    (alert,) = json.loads(alerts_json([row(silenced_by=("s1", "s2"))], AlertQuery()))
    assert alert["status"] == {
        "state": "suppressed",
        "silencedBy": ["s1", "s2"],
        "inhibitedBy": [],
    }


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ([("filter", "nonsense")], "filter"),
        ([("filter", 'a=~"("')], "filter"),
        ([("receiver", "(")], "receiver"),
        ([("filter", "a=b")] * (FILTERS + 1), "filter"),
    ],
)
def test_bad_queries_name_the_parameter(parameters, parameter):
    with pytest.raises(BadQuery) as refused:
        read_query(parameters)
    assert refused.value.parameter == parameter
    assert str(refused.value)
