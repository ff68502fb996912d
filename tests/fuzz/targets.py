"""All targets, by name."""

from __future__ import annotations

from tests.fuzz import machines, sinks, texts
from tests.fuzz.mutating import Target

TARGETS: dict[str, Target] = {
    target.name: target for target in (*texts.TARGETS, *machines.TARGETS, *sinks.TARGETS)
}
