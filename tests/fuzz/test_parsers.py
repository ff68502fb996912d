"""Whatever bytes come, every parser ends with an answer: briefly here, long in `make torture`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.mutating import CORPUS, Target, search
from tests.fuzz.targets import TARGETS

INPUTS = 40
"""Changed inputs of each target, beside its seeds and what has broken it once."""

texts = st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))

each = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@each
def test_no_input_breaks_it(target: Target) -> None:
    brief = Target(target.name, target.run, target.seeds, target.words, min(target.at_most, 4096))
    tried = search(brief, 20261121, inputs=INPUTS + len(target.seeds))
    assert not tried.crashes, f"{tried.crashes[0][0][:300]!r}\n{tried.crashes[0][1]}"


@each
@settings(
    max_examples=15, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(data=st.binary(max_size=60) | texts)
def test_any_small_input(target: Target, data: bytes) -> None:
    target.run(data)


@each
def test_what_broke_it_once_does_not_any_more(target: Target) -> None:
    for data in target.regressions():
        target.run(data)


def test_every_kept_input_belongs_to_a_target() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} <= set(TARGETS)
