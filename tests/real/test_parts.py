"""The real parts alone: an alert fires, arrives and resolves within seconds, and is understood."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.real.configs import ALERT, RULES, alertmanager_config, prometheus_config
from tests.real.loopback import Gauge, Listener, Request
from tests.real.parts import Part, amtool
from tests.servers import DidNotHappen, wait_until

from tocsin.core.alerts import Signal
from tocsin.engine.ports import Source
from tocsin.sources.alertmanager.parse import AlertmanagerApi, AlertmanagerWebhook

pytestmark = pytest.mark.alertmanager

SHOP = 'checkout_up{shop="berlin"}'


def signals(source: Source, requests: list[Request]) -> list[Signal]:
    """Read requests as at the moments they came, and insist that all of it can be read."""
    found = [item for r in requests for item in source.parse("prometheus", r.body, r.at)]
    assert all(isinstance(item, Signal) for item in found), found
    return [item for item in found if isinstance(item, Signal)]


def test_prometheus_alertmanager_webhook(
    prometheus: Callable[[str, str], Part],
    alertmanager: Callable[[str], Part],
    gauge: Gauge,
    listener: Listener,
) -> None:
    gauge.values[SHOP] = 0
    manager = alertmanager(alertmanager_config(f"{listener.url}/in/alertmanager"))
    prometheus(prometheus_config(gauge.address, manager.address), RULES)

    def arrived() -> list[Signal]:
        return signals(AlertmanagerWebhook(), listener.posted("/in/alertmanager"))

    fired = wait_until(arrived, 10, "the webhook arrives")[0]
    assert (fired.name, fired.firing, fired.ends_at) == (ALERT, True, None)
    assert fired.labels["shop"] == "berlin"
    assert fired.annotations["summary"] == "Checkout in berlin answers nobody"
    assert fired.link.startswith("http://")

    gauge.values[SHOP] = 1
    wait_until(lambda: not arrived()[-1].firing, 10, "the webhook says resolved")
    resolved = arrived()[-1]
    assert resolved.fingerprint == fired.fingerprint
    assert resolved.starts_at == fired.starts_at
    assert resolved.starts_at is not None
    assert resolved.ends_at is not None
    assert resolved.ends_at > resolved.starts_at


def test_prometheus_speaks_the_api_itself(
    prometheus: Callable[[str, str], Part], gauge: Gauge, listener: Listener
) -> None:
    gauge.values[SHOP] = 0
    prometheus(prometheus_config(gauge.address, listener.address), RULES)

    def arrived() -> list[Signal]:
        return signals(AlertmanagerApi(), listener.posted("/api/v2/alerts"))

    fired = wait_until(arrived, 10, "Prometheus posts to /api/v2/alerts")[0]
    assert fired.firing
    # Firing, it promises an end in the future; repeated in time, that never comes.
    assert fired.ends_at is not None

    gauge.values[SHOP] = 1
    wait_until(lambda: not arrived()[-1].firing, 10, "Prometheus posts an end that is over")
    resolved = arrived()[-1]
    assert resolved.fingerprint == fired.fingerprint
    assert resolved.starts_at == fired.starts_at
    assert len({signal.firing for signal in arrived()}) == 2


def test_amtool_adds_an_alert_with_a_bearer_key(tmp_path: Path, listener: Listener) -> None:
    done = amtool(tmp_path, listener.url, "secret-1", "alert", "add", ALERT, "shop=berlin")
    assert done.returncode == 0, done.stderr
    (signal,) = signals(AlertmanagerApi(), listener.posted("/api/v2/alerts"))
    assert signal.labels == {"alertname": ALERT, "shop": "berlin"}
    assert (signal.firing, signal.ends_at) == (True, None)
    assert listener.requests[-1].headers["authorization"] == "Bearer secret-1"


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(DidNotHappen, match=r"not within 0\.1 s: pigs fly"):
        wait_until(lambda: False, 0.1, "pigs fly")


def test_a_part_that_cannot_start_shows_its_log(alertmanager: Callable[[str], Part]) -> None:
    with pytest.raises(RuntimeError, match="no routes provided"):
        alertmanager("receivers: []")
