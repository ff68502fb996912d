"""Laws of living: under any plan without errors, whatever people do, whenever they do it."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.lives import (
    COMMANDS,
    START,
    Life,
    lived,
    made_command,
    made_life,
    organisation_for,
    smallest,
)
from tests.core.plan.generated import ROOMS, Data, clean_plan, made_plan, plans

from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Command
from tocsin.core.plan.model import Plan
from tocsin.core.rehearsal import acts
from tocsin.core.simulation import LOOKS_AT_MOST, Deed, Played, Scenario, play, simulate

quick = settings(
    deadline=None, max_examples=80, report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
LABELS = ({"alertname": "ApiDown"}, {"alertname": "alertname"}, {"alertname": "Slow", "db": "x"})


def told(life: Life) -> str:
    """A life in which a law is broken, made short."""
    short = smallest(life, tries=200)
    return f"{lived(short)}\n{short.data}\n{short.opening}\n{short.missing}\n" + "\n".join(
        map(str, short.moments)
    )


def check_life(data: Data, seed: int, length: int) -> None:
    """Live through a story of its seed under a plan, or say in which short one a law breaks."""
    plan, data, _ = clean_plan(data)
    if plan is None:
        return
    life = made_life(seed, plan, data, length)
    if lived(life):
        raise AssertionError(told(life))


@quick
@given(plans(), st.integers(0, 2**32), st.integers(0, 40))
def test_the_laws_hold_in_any_life(data: Data, seed: int, length: int) -> None:
    check_life(data, seed, length)


@settings(quick, max_examples=15)
@given(st.integers(0, 2**32))
def test_the_laws_hold_where_the_whole_language_is_used(seed: int) -> None:
    check_life(made_plan(seed, frozenset(ROOMS), 0.4), seed, 40)


def a_scenario(plan: Plan, seed: int, length: int) -> Scenario:
    """A story with several incidents, alerts, failing ways, and people who do anything."""
    random = Random(seed)
    names = ("", "a", "b")
    deeds = []
    for _ in range(length):
        at = timedelta(minutes=random.choice((0, 1, 20, 90, 600)) * random.randint(0, 5))
        labels = random.choice(LABELS)
        doings: list[Command | acts.Act] = [
            acts.AlertFires(by="prom", labels=labels),
            acts.AlertEnds(by="prom", labels=labels),
            acts.Reported(by="ana", title="Bad", severity=random.choice(("P0", ""))),
            acts.Outage(channel="inbox", lasts=timedelta(hours=1)),
            *(made_command(random, kind, plan) for kind in random.choices(COMMANDS, k=6)),
        ]
        command = random.choice(doings)
        deeds.append(Deed(at=at, command=command, incident=random.choice(names)))
    return Scenario(
        starts=START, deeds=tuple(deeds), lasts=timedelta(days=1), detected=random.random() < 0.8,
        severity=random.choice(("P0", "P1", "P2")), seed=None,
    )  # fmt: skip


def check_played(played: Played) -> None:
    """A story is told in order of time, and each record as well."""
    times = [happening.at for happening in played.happenings]
    assert times == sorted(times)
    for timeline in played.timelines.values():
        assert isinstance(timeline[0], e.Opened)
        instants = [event.at for event in timeline]
        assert instants == sorted(instants)
    for happening in played.happenings:
        if happening.do == "refused":
            assert happening.code
            assert happening.why


def check_rehearsal(data: Data, seed: int, length: int) -> None:
    """Play a story of its seed twice: it ends, in order, and both times in the same way."""
    plan, _, _ = clean_plan(data)
    if plan is None:
        return
    scenario = a_scenario(plan, seed, length)
    people = organisation_for(plan, ())
    first = play(plan, people, scenario)
    check_played(first)
    assert len(first.happenings) < LOOKS_AT_MOST
    assert tuple(simulate(plan, people, scenario)) == first.happenings


@settings(quick, max_examples=40)
@given(plans(), st.integers(0, 2**32), st.integers(0, 25))
def test_a_rehearsal_ends_and_is_told_the_same_way_twice(
    data: Data, seed: int, length: int
) -> None:
    check_rehearsal(data, seed, length)


@settings(quick, max_examples=10)
@given(plans(), st.integers(0, 2**32))
def test_people_who_react_at_random_are_told_the_same_way_twice(data: Data, seed: int) -> None:
    plan, _, _ = clean_plan(data)
    if plan is None:
        return
    scenario = Scenario(starts=START, seed=seed, lasts=timedelta(days=2))
    first = play(plan, organisation_for(plan, ()), scenario)
    check_played(first)
    assert play(plan, organisation_for(plan, ()), scenario) == first
