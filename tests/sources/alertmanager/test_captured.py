"""What real Prometheus, Alertmanager and amtool sent is understood to the last field."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.sources.alertmanager.payloads import (
    CAPTURED,
    NOW,
    Found,
    captured,
    only_signal,
    read_posted,
    read_webhook,
)

from tocsin.core.alerts import Signal, fingerprint


def test_every_capture_names_its_version():
    parts = {tuple(path.stem.split("-")[:2]) for path in CAPTURED.glob("*.json")}
    assert parts
    assert all(version[0].isdigit() for _, version in parts)


def by_shop(found: Sequence[Found]) -> dict[str, Signal]:
    signals = [item for item in found if isinstance(item, Signal)]
    assert len(signals) == len(found)
    return {signal.labels["shop"]: signal for signal in signals}


def ends(signal: Signal) -> datetime:
    assert signal.ends_at is not None
    return signal.ends_at


def test_webhook_firing():
    signal = only_signal(read_webhook(captured("webhook-firing")))
    assert signal == Signal(
        integration="prometheus",
        fingerprint=fingerprint("prometheus", signal.labels),
        firing=True,
        labels={
            "alertname": "CheckoutDown",
            "cluster": "test",
            "instance": signal.labels["instance"],
            "job": "shop",
            "severity": "critical",
            "shop": "berlin",
            "team": "payments",
        },
        annotations={"summary": "Checkout in berlin answers nobody"},
        starts_at=signal.starts_at,
        ends_at=None,
        link=signal.link,
    )
    assert signal.name == "CheckoutDown"
    assert signal.starts_at is not None
    assert signal.starts_at.tzinfo is UTC
    assert signal.link.endswith("/graph?g0.expr=checkout_up+%3D%3D+0&g0.tab=1")


def test_webhook_mixed_and_resolved():
    two = by_shop(read_webhook(captured("webhook-two")))
    mixed = by_shop(read_webhook(captured("webhook-mixed")))
    over = by_shop(read_webhook(captured("webhook-resolved")))
    assert [two[shop].firing for shop in ("berlin", "paris")] == [True, True]
    assert [mixed[shop].firing for shop in ("berlin", "paris")] == [False, True]
    assert [over[shop].firing for shop in ("berlin", "paris")] == [False, False]
    for shop, signal in two.items():
        # The same episode in three messages: same identity, same start, and an end at last.
        assert mixed[shop].fingerprint == over[shop].fingerprint == signal.fingerprint
        assert mixed[shop].starts_at == over[shop].starts_at == signal.starts_at
        assert signal.ends_at is None
        assert signal.starts_at is not None
        assert ends(over[shop]) > signal.starts_at
    assert mixed["paris"].ends_at is None
    assert two["berlin"].fingerprint != two["paris"].fingerprint


def test_prometheus_posts():
    firing = by_shop(read_posted(captured("post-firing")))
    over = by_shop(read_posted(captured("post-resolved")))
    for shop in ("berlin", "paris"):
        # Both are over by NOW: the end that a firing alert promises passes unless it is repeated.
        assert firing[shop].fingerprint == over[shop].fingerprint
        assert firing[shop].starts_at == over[shop].starts_at
        assert ends(over[shop]) < ends(firing[shop])
        assert not over[shop].firing


def test_amtool_says_nothing_about_times_unless_asked():
    signal = only_signal(read_posted(captured("add")))
    assert signal.labels == {"alertname": "CheckoutDown", "shop": "berlin"}
    assert (signal.firing, signal.starts_at, signal.ends_at) == (True, None, None)
    assert (signal.annotations, signal.link) == ({}, "")


def test_amtool_with_everything():
    signal = only_signal(read_posted(captured("add-everything")))
    assert signal.labels["quoted"] == "one, two"
    assert signal.annotations == {"summary": "Checkout is down"}
    assert signal.starts_at == datetime(2026, 11, 21, 3, 30, tzinfo=UTC)
    assert signal.ends_at == datetime(2026, 11, 21, 4, 30, tzinfo=UTC)
    assert ends(signal) < NOW
    assert not signal.firing
    assert signal.link == "http://example.test/1"


def test_webhook_and_api_agree_on_who_an_alert_is():
    through_alertmanager = only_signal(read_webhook(captured("webhook-firing")))
    labels = through_alertmanager.labels
    direct = by_shop(read_posted(captured("post-firing")))["berlin"]
    same_port = {**direct.labels, "instance": labels["instance"]}
    assert fingerprint("prometheus", same_port) == through_alertmanager.fingerprint
