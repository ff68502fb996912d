"""A tick says that something is so: it is refused while facts or a watch say that it is not."""

from tests.core.incident.night import Night

from tocsin.core.incident import commands as c

RECOVERY = """
phases:
  recovery:
    steps:
      - {id: full, do: All of it works, done_when: 'service_availability == "full"'}
      - {id: quiet, do: No errors, need: if possible, done_when: error_rate == 0.0}
      - {id: clear, do: Clear the context}
gates:
  - {before: tick recovery/clear, watch: {for: 10m, after: resolved}}
"""


def tick(task: str) -> c.Tick:
    return c.Tick(by="ana", task=task)


def test_nobody_says_that_it_is_so_while_the_facts_say_that_it_is_not() -> None:
    night = Night(RECOVERY).states("service_availability", "degraded")
    refused = night.refuses(tick("full"))
    assert refused.code == "incident.not-so"
    assert "service_availability is degraded" in refused.reason
    assert "waive" not in refused.hint
    night.states("service_availability", "full")
    assert "recovery/full" not in night.open_tasks()


def test_what_nobody_has_stated_is_taken_from_whoever_ticks() -> None:
    night = Night(RECOVERY).does(tick("full"))
    assert "recovery/full" not in night.open_tasks()


def test_what_may_be_left_out_says_how() -> None:
    night = Night(RECOVERY).states("error_rate", 0.2)
    refused = night.refuses(tick("quiet"))
    assert (refused.code, "tocsin waive" in refused.hint) == ("incident.not-so", True)


def test_a_watch_can_stand_before_a_step() -> None:
    night = Night(RECOVERY)
    assert "begins only after resolved" in night.refuses(tick("clear")).reason
    night.at(5).does(c.Resolve(by="ana"))
    assert "goes on for 6m" in night.at(9).refuses(tick("clear")).reason
    night.at(16).does(tick("clear"))
    assert "recovery/clear" not in night.open_tasks()
