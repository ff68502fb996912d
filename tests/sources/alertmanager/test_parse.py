"""What each field means, and that one bad alert costs nobody else theirs."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.sources.alertmanager.payloads import (
    API,
    INTEGRATION,
    NOW,
    WEBHOOK,
    only_signal,
    only_unreadable,
    posted,
    read_posted,
    read_webhook,
    webhook,
)

from tocsin.core.alerts import Signal, Unreadable, fingerprint
from tocsin.engine.ports import Source
from tocsin.sources.alertmanager import parse

LABELS = {"alertname": "CheckoutDown", "shop": "berlin"}
READERS = {"webhook": (read_webhook, webhook), "api": (read_posted, posted)}
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(params=READERS)
def read(request):
    """Reads alerts in either form."""
    reader, builder = READERS[request.param]
    return lambda *alerts: reader(builder(*alerts))


def test_both_are_sources():
    sources: list[Source] = [WEBHOOK, API]
    assert [source.name for source in sources] == ["alertmanager", "alertmanager-api"]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-21T12:00:00Z", NOON),
        ("2026-11-21t12:00:00z", NOON),
        ("2026-11-21 12:00:00Z", NOON),
        ("2026-11-21T12:00:00.123456789Z", NOON.replace(microsecond=123457)),
        ("2026-11-21T12:00:00.5Z", NOON.replace(microsecond=500000)),
        ("2026-11-21T17:30:00+05:30", NOON),
        ("2026-11-21T00:15:00-11:45", NOON),
        ("2026-11-21T17:30:00+0530", NOON),
        ("2026-11-21T12:00:00", NOON),
        ("2026-11-21T12:00Z", NOON),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (
            "9999-12-31T23:59:59.999999999Z",
            datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        ),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00.000Z", None),
        ("0001-01-01T00:53:28+00:53", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("0000-00-00T00:00:00Z", None),
        ("2026-02-30T12:00:00Z", None),
        ("2026-11-21T12:00:00+99:99", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1700000000, None),
        ({"seconds": 1}, None),
    ],
)
def test_times(read, text, instant):
    signal = only_signal(read({"labels": LABELS, "startsAt": text}))
    assert signal.starts_at == instant
    assert signal.firing
    assert signal.fingerprint == fingerprint(INTEGRATION, LABELS)


def test_times_are_utc_whatever_the_offset(read):
    signal = only_signal(read({"labels": LABELS, "startsAt": "2026-11-21T17:30:00+05:30"}))
    assert signal.starts_at is not None
    assert signal.starts_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("ends_at", "firing"),
    [
        (None, True),
        ("0001-01-01T00:00:00Z", True),
        ("2026-11-21T12:00:00.000001Z", True),
        ("2026-11-21T12:00:00Z", False),
        ("2026-11-21T13:00:00+01:00", False),
        ("2026-11-21T12:00:00-00:01", True),
        ("2020-01-01T00:00:00Z", False),
        ("not a time", True),
        ("", True),  # to Alertmanager 0.25 that is 1970, and so over, which nobody can have meant
    ],
)
def test_posted_alert_is_over_when_its_end_is_given_and_not_later_than_now(ends_at, firing):
    signal = only_signal(read_posted(posted({"labels": LABELS, "endsAt": ends_at})))
    assert signal.firing is firing


def test_now_may_be_in_any_zone():
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    body = posted({"labels": LABELS, "endsAt": "2026-11-21T12:00:00Z"})
    assert not only_signal(API.parse(INTEGRATION, body, tokyo)).firing


@pytest.mark.parametrize(
    ("status", "firing"),
    [("firing", True), ("resolved", False), ("Resolved", False), (" FIRING ", True)],
)
def test_webhook_status(status, firing):
    # Whatever the times are: the webhook says itself what holds.
    alert = {"labels": LABELS, "status": status, "endsAt": "2020-01-01T00:00:00Z"}
    assert only_signal(read_webhook(webhook(alert))).firing is firing


@pytest.mark.parametrize(("group", "firing"), [("firing", True), ("resolved", False), (7, True)])
def test_webhook_alert_without_status_has_the_status_of_its_group(group, firing):
    body = json.dumps({"status": group, "alerts": [{"labels": LABELS}]}).encode()
    assert only_signal(read_webhook(body)).firing is firing


def test_webhook_status_that_nobody_knows_is_not_guessed():
    body = webhook({"labels": LABELS, "status": "perhaps"})
    assert only_unreadable(read_webhook(body)).why == (
        "the status of an alert is neither firing nor resolved"
    )


@pytest.mark.parametrize("empty", ["", None])
def test_empty_labels_are_dropped_as_alertmanager_does(read, empty):
    signal = only_signal(read({"labels": {**LABELS, "zone": empty}}))
    assert signal.labels == LABELS
    assert signal.fingerprint == fingerprint(INTEGRATION, LABELS)


def test_labels_that_prometheus_would_refuse_are_kept(read):
    labels = {"host.name": "a", "käse": "b", "": "c", "with space": "d"}
    assert only_signal(read({"labels": labels})).labels == labels


def test_numbers_and_truth_values_become_their_json_text():
    body = b'[{"labels": {"a": 1.0, "b": 1e2, "c": true, "d": -0, "e": 12345678901234567890123}}]'
    assert only_signal(read_posted(body)).labels == {
        "a": "1.0",
        "b": "1e2",
        "c": "true",
        "d": "-0",
        "e": "12345678901234567890123",
    }


def test_annotations_never_cost_an_alert(read):
    annotations = {"value": 3.5, "list": [1, {"a": "b"}], "none": None, "text": "x"}
    signal = only_signal(read({"labels": LABELS, "annotations": annotations}))
    assert signal.annotations["value"] == "3.5"
    assert json.loads(signal.annotations["list"]) == [1, {"a": "b"}]
    assert (signal.annotations["none"], signal.annotations["text"]) == ("", "x")
    assert only_signal(read({"labels": LABELS, "annotations": None})).annotations == {}
    text = only_signal(read({"labels": LABELS, "annotations": "help"})).annotations
    assert text == {"annotations": '"help"'}


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("http://prometheus:9090/graph?a=b&c=d", "http://prometheus:9090/graph?a=b&c=d"),
        ("https://x", "https://x"),
        ("HTTPS://x", "HTTPS://x"),
        ("javascript:alert(1)//http://", ""),
        (" javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("/graph", ""),
        ("http:/x", ""),
        ("", ""),
        (None, ""),
        (5, ""),
        (["http://x"], ""),
    ],
)
def test_only_web_addresses_become_links(read, url, link):
    assert only_signal(read({"labels": LABELS, "generatorURL": url})).link == link


GOOD = {"labels": LABELS, "startsAt": "2026-11-21T11:00:00Z"}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (7, "an alert is not a JSON object"),
        (None, "an alert is not a JSON object"),
        ("text", "an alert is not a JSON object"),
        ([], "an alert is not a JSON object"),
        ({}, "an alert without labels"),
        ({"labels": {}}, "an alert without labels"),
        ({"labels": None}, "an alert without labels"),
        ({"labels": {"a": ""}}, "an alert without labels"),
        ({"labels": "a=b"}, "an alert's labels are not a JSON object"),
        ({"labels": [["a", "b"]]}, "an alert's labels are not a JSON object"),
        ({"labels": {"a": ["b"]}}, "the value of a label is not text"),
        ({"labels": {"a": {"b": "c"}}}, "the value of a label is not text"),
        (
            {"labels": {f"l{number}": "x" for number in range(257)}},
            "an alert with more than 256 labels",
        ),
        (
            {"labels": LABELS, "annotations": {"a": "x" * 256 * 1024}},
            "an alert of more than 256 KiB",
        ),
    ],
)
def test_a_bad_alert_costs_only_itself(read, bad, why):
    first, second, third = read(GOOD, bad, GOOD)
    assert isinstance(second, Unreadable)
    assert second.why == why
    assert second.integration == INTEGRATION
    original = {"status": "firing", **bad} if isinstance(bad, dict) else bad
    if len(second.payload) < parse.KEPT_BYTES:
        assert json.loads(second.payload) in (bad, original)
    for signal in (first, third):
        assert isinstance(signal, Signal)
        assert signal == only_signal(read(GOOD))


def test_what_is_kept_of_a_huge_alert_is_cut(read):
    found = read({"labels": LABELS, "annotations": {"a": "x" * 300_000}})
    assert len(only_unreadable(found).payload) == 64 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"1",
        b'"text"',
        b"{",
        b'{"alerts": {}}',
        b'{"alerts": [}',
        b"[{]",
        b"labels=x",
        b"\x00",
        b"\xff\xfe[\x00]\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"alerts":' * 100_000,
        b'[{"labels":{"a":' + b"[" * 100_000,
        b'[{"labels":{"a":"b"},"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        b'{"alerts":[{"labels":{"a":"b"},"x":' + b"[" * 5000 + b"]" * 5000 + b"}]}",
    ],
)
def test_nonsense_is_kept_and_said_to_be_nonsense(body):
    for reader in (read_webhook, read_posted):
        unreadable = only_unreadable(reader(body))
        assert unreadable.payload == body[: 64 * 1024]
        assert unreadable.why


def test_a_body_of_the_other_form_is_nonsense():
    assert only_unreadable(read_webhook(posted(GOOD))).why.startswith("not the expected JSON")
    assert only_unreadable(read_posted(webhook(GOOD))).why.startswith("not the expected JSON")


def test_bodies_without_alerts_say_nothing(read):
    assert list(read()) == []


def test_a_body_that_is_too_large_is_not_read():
    body = b"[" + b" " * parse.BODY_BYTES + b"]"
    unreadable = only_unreadable(read_posted(body))
    assert unreadable.why == "a body of more than 16 MiB"
    assert len(unreadable.payload) == parse.KEPT_BYTES


def test_many_alerts_are_read_and_too_many_are_said(read):
    alerts = [{"labels": {"n": str(number)}} for number in range(parse.ALERTS_PER_BODY + 3)]
    *signals, rest = read(*alerts)
    assert [signal.labels["n"] for signal in signals] == [a["labels"]["n"] for a in alerts[:-3]]
    assert isinstance(rest, Unreadable)
    assert rest.why == "3 alerts beyond the 50000 that one body may hold"
    assert b'"50000"' in rest.payload
    assert len(read(*alerts[:-3])) == parse.ALERTS_PER_BODY


def test_many_small_alerts_are_counted_too():
    body = b"[" + b'{"labels":{"a":"b"}},' * parse.ALERTS_PER_BODY + b'{"labels":{"a":"b"}}]'
    *signals, rest = read_posted(body)
    assert len(signals) == parse.ALERTS_PER_BODY
    assert isinstance(rest, Unreadable)


def test_deep_nesting_is_called_by_its_name():
    unreadable = only_unreadable(read_posted(b'[{"labels":{"a":"b"},"x":' + b"[" * 100_000))
    assert unreadable.why == "JSON that is nested too deeply"


def test_alerts_that_the_sender_left_out_are_not_passed_over_in_silence():
    signal, left_out = read_webhook(webhook(GOOD, truncatedAlerts=12))
    assert isinstance(signal, Signal)
    assert isinstance(left_out, Unreadable)
    assert left_out.why == "the sender left alerts out (max_alerts)"
    assert left_out.payload == b"12"


def test_what_cannot_be_stored_is_replaced():
    body = rb'[{"labels": {"a": "x\u0000y", "b": "\ud83d\ude00", "c": "\ud800", "d": "\uDC00z"}}]'
    assert only_signal(read_posted(body)).labels == {
        "a": "x\ufffdy",
        "b": "\N{GRINNING FACE}",
        "c": "\ufffd",
        "d": "\ufffdz",
    }
    # A backslash that is itself escaped starts no escape.
    body = rb'[{"labels": {"a": "\\u0000", "b": "\\ud800", "c": "\\\u0000"}}]'
    labels = {"a": r"\u0000", "b": r"\ud800", "c": "\\\ufffd"}
    assert only_signal(read_posted(body)).labels == labels
    bad_utf8 = b'[{"labels": {"a": "M\xfcnchen \xed\xa0\x80"}}]'
    signal = only_signal(read_posted(bad_utf8))
    assert signal.labels["a"].startswith("M\ufffdnchen \ufffd")
    assert only_signal(read_posted(b"\xef\xbb\xbf" + posted(GOOD))).labels == LABELS


def test_duplicates_and_order_within_a_body_are_left_as_they_are(read):
    found = read(GOOD, {"labels": {"other": "x"}}, GOOD)
    assert found[0] == found[2]
    assert [signal.labels for signal in found] == [LABELS, {"other": "x"}, LABELS]


def test_integrations_do_not_share_identities():
    body = posted(GOOD)
    one, other = (only_signal(API.parse(name, body, NOW)) for name in ("one", "other"))
    assert (one.integration, other.integration) == ("one", "other")
    assert one.fingerprint != other.fingerprint


def test_unknown_fields_are_ignored(read):
    alert = {**GOOD, "fingerprint": "c4fa8262820e0e19", "x": [1, {"y": None}]}
    assert only_signal(read(alert)) == only_signal(read(GOOD))


def test_the_case_of_keys_does_not_matter_to_go():
    alert = {"Labels": LABELS, "ENDSAT": "2026-11-21T11:00:00Z", "generatorUrl": "http://x"}
    signal = only_signal(read_posted(posted(alert)))
    assert (signal.labels, signal.firing, signal.link) == (LABELS, False, "http://x")
    one_slip = {"labels": LABELS, "EndsAt": "2026-11-21T11:00:00Z"}
    assert not only_signal(read_posted(posted(one_slip))).firing
