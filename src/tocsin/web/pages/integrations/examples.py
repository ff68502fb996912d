"""Payloads to try an integration with, as its machines send them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Example:
    """One payload; `form` is the source that understands it."""

    id: str
    word: str
    form: Literal["alertmanager", "alertmanager-api"]
    text: str


_FIRING = """{
  "version": "4",
  "status": "firing",
  "receiver": "tocsin",
  "groupLabels": {"alertname": "CheckoutDown"},
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "CheckoutDown", "service": "checkout", "severity": "critical"},
      "annotations": {"summary": "Nobody can pay"},
      "startsAt": "2026-01-05T18:00:00Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "https://prometheus.example.org/graph"
    }
  ]
}"""

_LIST = """[
  {
    "labels": {"alertname": "SearchSlow", "service": "search", "severity": "warning"},
    "annotations": {"summary": "Search takes 4 s"}
  }
]"""

_BAD = """{"version": "4", "status": "firing", "alerts": ["this is no alert"]}"""

EXAMPLES = {
    one.id: one
    for one in (
        Example("firing", "Alertmanager: a critical alert", "alertmanager", _FIRING),
        Example(
            "over",
            "Alertmanager: the same is over",
            "alertmanager",
            _FIRING.replace('"firing"', '"resolved"').replace("0001-01-01", "2026-01-06"),
        ),
        Example("list", "Prometheus: a warning", "alertmanager-api", _LIST),
        Example("unreadable", "Something that can't be understood", "alertmanager", _BAD),
    )
}


def examples_for(source: str) -> list[Example]:
    """Return what can be tried with an integration of that source."""
    return list(EXAMPLES.values()) if source == "alertmanager" else []
