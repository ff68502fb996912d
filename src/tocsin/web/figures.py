"""Figures for /metrics: what the store counts, and how requests were answered."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from tocsin.engine.checkup import Health
from tocsin.engine.ports import StoreUnavailable

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Counts = Callable[[], Mapping[str, int]]

GAUGES = {
    "deliveries_due": ("tocsin_deliveries_due", "Messages that wait to be sent."),
    "alerts_firing": ("tocsin_alerts_firing", "Alerts that fire."),
    "alerts": ("tocsin_alerts", "Episodes of alerts on the record."),
    "alerts_quiet": (
        "tocsin_alerts_quiet",
        "Alerts that fire and are kept quiet by planned maintenance.",
    ),
    "alerts_forgotten": (
        "tocsin_forgotten_alerts",
        "Quiet alerts that no end of maintenance makes loud again. Anything but 0 is a fault.",
    ),
    "unreadable": ("tocsin_unreadable", "Requests that could not be understood."),
    "unarmed": (
        "tocsin_unarmed_incidents",
        "Open incidents of which nobody will hear again. Anything but 0 is a fault.",
    ),
    "in_emergency": (
        "tocsin_emergency_mode",
        "Whether this node works by its journal, because it can't reach its store.",
    ),
    "roster_age": (
        "tocsin_emergency_roster_age_seconds",
        "How old the roster is by which this node works in an emergency; else 0.",
    ),
}
"""What the store counts -> the name and meaning of its figure."""


class Figures:
    """The figures of one application."""

    def __init__(
        self, version: str, counts: Counts, health: Callable[[], Health | None] = lambda: None
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Stored(version, counts))
        self._registry.register(_Health(health))
        self._answered = Histogram(
            "tocsin_http_request_seconds",
            "Time until a request was answered, by route.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self._registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._answered.labels(method, route, f"{status // 100}xx").observe(seconds)

    def text(self, accept: str) -> tuple[bytes, str]:
        """Return all figures and their content type, in the format that was asked for."""
        encode, content_type = choose_encoder(accept)
        encoded: bytes = encode(self._registry)
        return encoded, content_type


class _Health(Collector):
    """How the last check-up found this node."""

    def __init__(self, health: Callable[[], Health | None]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; none before the first check-up."""
        health = self._health()
        if health is None or health.probe is None:
            return
        figures = (
            ("tocsin_well", "Whether the last check-up found nothing wrong.", health.is_well),
            ("tocsin_probe_up", "Whether the last probe came through.", not health.probe.failed),
            ("tocsin_probe_seconds", "How long the last probe took.", health.probe.seconds),
            ("tocsin_engine_lag_seconds", "How far the engine was behind at most.", health.lag),
            (
                "tocsin_assertions_violated",
                "Assertions about the store that do not hold. Anything but 0 is a fault.",
                len(health.violations),
            ),
        )
        for name, meaning, value in figures:
            yield GaugeMetricFamily(name, meaning, value=float(value))
        if health.heard_at is not None:
            meaning = "When the watchdog heard this node last."
            at = health.heard_at.timestamp()
            yield GaugeMetricFamily("tocsin_heartbeat_timestamp_seconds", meaning, value=at)


class _Stored(Collector):
    """What the store counts at the moment of asking."""

    def __init__(self, version: str, counts: Counts) -> None:
        self._version = version
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; without a store only that there is none."""
        info = GaugeMetricFamily("tocsin_build_info", "The version.", labels=["version"])
        info.add_metric([self._version], 1)
        yield info
        try:
            counts = self._counts()
        except StoreUnavailable:
            yield GaugeMetricFamily("tocsin_store_up", "Whether the store answers.", value=0)
            return
        up = 0 if counts.get("in_emergency") else 1
        yield GaugeMetricFamily("tocsin_store_up", "Whether the store answers.", value=up)
        states = GaugeMetricFamily(
            "tocsin_incidents", "Incidents that are not over.", labels=["state"]
        )
        for state in ("open", "acknowledged"):
            states.add_metric([state], counts.get(f"incidents_{state}", 0))
        yield states
        for counted, (name, meaning) in GAUGES.items():
            yield GaugeMetricFamily(name, meaning, value=counts.get(counted, 0))
