"""Whatever the order of outages, alerts, answers and escalations: nothing is lost (H4, H5)."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.engine.nights import Night

FEW = settings(
    max_examples=3,
    stateful_step_count=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def test_a_few_random_nights_lose_nothing() -> None:
    run_state_machine_as_test(Night, settings=FEW)
