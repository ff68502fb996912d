"""Captures what real parts send: `PYTHONPATH=src:. python -m tests.real.capture`.

To be run again when Debian has newer versions; the version stands in each file's name, in
tests/sources/alertmanager/captured, and files of an older version are to be removed.
"""

import json
import re
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from tests.real.configs import RULES, alertmanager_config, prometheus_config
from tests.real.loopback import Gauge, Listener, Request
from tests.real.parts import alertmanager, amtool, program, prometheus
from tests.servers import wait_until

CAPTURED = Path(__file__).parents[1] / "sources" / "alertmanager" / "captured"
WITHIN_S = 20.0
BERLIN, PARIS = 'checkout_up{shop="berlin"}', 'checkout_up{shop="paris"}'


def version(binary: str) -> str:
    """Return `alertmanager-0.25.0` for what `--version` says."""
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    match = re.search(r"(\w+), version ([\d.]+)", done.stdout + done.stderr)
    if match is None:
        raise RuntimeError(f"{binary} --version says: {done.stdout}")
    return f"{match[1]}-{match[2]}"


def keep(part: str, what: str, body: bytes) -> None:
    """Write a body exactly as it came."""
    CAPTURED.mkdir(exist_ok=True)
    (CAPTURED / f"{part}-{what}.json").write_bytes(body)


def newest(listener: Listener, is_it: Callable[[Request], bool]) -> bytes:
    """Wait until the newest message is the one that is wanted; return its body."""

    def found() -> bytes:
        request = listener.requests[-1] if listener.requests else None
        return request.body if request and is_it(request) else b""

    return wait_until(found, WITHIN_S, "the wanted message")


def states(*wanted: str) -> Callable[[Request], bool]:
    """Match a webhook whose alerts have these statuses."""

    def match(webhook: Request) -> bool:
        alerts = json.loads(webhook.body)["alerts"]
        return sorted(alert["status"] for alert in alerts) == sorted(wanted)

    return match


def ends(past: bool) -> Callable[[Request], bool]:
    """Match a post whose alerts all ended before, or all end after, it was sent."""

    def match(post: Request) -> bool:
        alerts = json.loads(post.body)
        return all((datetime.fromisoformat(a["endsAt"]) < post.at) is past for a in alerts)

    return match


def capture_webhook_and_answers(folder: Path, listener: Listener) -> None:
    """Capture webhooks: one alert, two of which one is over, both over; and what a GET answers."""
    name = version(program("prometheus-alertmanager", "alertmanager"))
    path = "/in/alertmanager"
    with ExitStack() as running:
        gauge = running.enter_context(Gauge())
        gauge.values = {BERLIN: 0.0, PARIS: 1.0}
        config = alertmanager_config(f"{listener.url}{path}")
        manager = running.enter_context(alertmanager(folder / "alertmanager", config))
        config = prometheus_config(gauge.address, manager.address)
        running.enter_context(prometheus(folder / "prometheus", config, RULES))
        keep(name, "webhook-firing", newest(listener, states("firing")))
        gauge.values[PARIS] = 0.0
        keep(name, "webhook-two", newest(listener, states("firing", "firing")))
        for get in ("alerts", "status"):
            with urllib.request.urlopen(f"{manager.url}/api/v2/{get}", timeout=5) as answer:
                keep(name, f"get-{get}", answer.read())
        gauge.values[BERLIN] = 1.0
        keep(name, "webhook-mixed", newest(listener, states("firing", "resolved")))
        gauge.values[PARIS] = 1.0
        keep(name, "webhook-resolved", newest(listener, states("resolved", "resolved")))


def capture_posts(folder: Path, listener: Listener) -> None:
    """Capture what Prometheus itself posts: firing with an end to come, resolved with one past."""
    name = version(program("prometheus"))
    with Gauge() as gauge:
        gauge.values = {BERLIN: 0.0, PARIS: 0.0}
        config = prometheus_config(gauge.address, listener.address)
        with prometheus(folder / "direct", config, RULES):
            keep(name, "post-firing", newest(listener, ends(past=False)))
            gauge.values = {BERLIN: 1.0, PARIS: 1.0}
            keep(name, "post-resolved", newest(listener, ends(past=True)))


def capture_amtool(folder: Path, listener: Listener) -> None:
    """Capture `amtool alert add`, bare and with everything."""
    name = version(program("amtool"))
    amtool(
        folder, listener.url, "", "alert", "add", "CheckoutDown", "shop=berlin"
    ).check_returncode()
    keep(name, "add", listener.requests[-1].body)
    everything = ["alertname=CheckoutDown", "shop=berlin", 'quoted="one, two"']
    everything += ["--annotation=summary=Checkout is down", "--generator-url=http://example.test/1"]
    everything += ["--start=2026-11-21T09:00:00+05:30", "--end=2026-11-21T10:00:00+05:30"]
    amtool(folder, listener.url, "", "alert", "add", *everything).check_returncode()
    keep(name, "add-everything", listener.requests[-1].body)


def main() -> None:
    """Capture all."""
    with tempfile.TemporaryDirectory() as name:
        for capture in (capture_webhook_and_answers, capture_posts, capture_amtool):
            with Listener() as listener:
                capture(Path(name), listener)


if __name__ == "__main__":
    main()
