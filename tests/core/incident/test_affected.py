"""What an incident has hit, what leans on it, and for how long."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.core.incident.night import START, Night

from tocsin.core.incident import commands as c
from tocsin.core.incident.affected import affected, impact_of
from tocsin.core.incident.attaching import NAME_AT_MOST, file_name

CATALOGUE = """
components:
  database: {importance: core}
  cache: {}
  api: {depends_on: [database, cache], providers: [bank, cards], failover: true}
  checkout: {depends_on: api}
  blog: {}
  mail: {providers: bank}
providers:
  bank: {}
  cards: {}
"""


def hit(night: Night) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (one.component, one.state, one.by_way_of) for one in affected(night.plan, night.incident)
    ]


def test_what_leans_on_trouble_may_be_affected_over_any_number_of_steps() -> None:
    night = Night(CATALOGUE)
    assert hit(night) == []
    night.states("component_database", "down").states("component_blog", "degraded")
    assert hit(night) == [
        ("database", "down", ()),
        ("blog", "degraded", ()),
        ("api", "may be affected", ("database",)),
        ("checkout", "may be affected", ("api",)),
    ]


def test_what_is_said_of_a_component_counts_more_than_what_it_leans_on() -> None:
    night = Night(CATALOGUE).states("component_database", "down").states("component_api", "up")
    assert hit(night) == [("database", "down", ())]


def test_what_was_down_is_up_again_and_what_never_was_is_not() -> None:
    night = Night(CATALOGUE).states("component_cache", "down").states("component_blog", "up")
    night.states("component_cache", "up")
    assert hit(night) == [("cache", "up again", ())]
    night.states("component_cache", "up").at(5).states("component_cache", "degraded")
    (one, *_) = affected(night.plan, night.incident)
    assert (one.state, one.since, one.by) == ("degraded", START + timedelta(minutes=5), "ana")


def test_a_failover_stands_in_for_one_provider_and_not_for_two() -> None:
    night = Night(CATALOGUE).states("provider_bank", "down")
    assert hit(night) == [("mail", "may be affected", ("bank",))]
    night.states("provider_cards", "down")
    assert ("api", "may be affected", ("bank", "cards")) in hit(night)


def test_it_lasts_from_the_opening_until_it_is_resolved() -> None:
    night = Night("").at(30)
    now = night.now
    assert impact_of(night.incident, now).length == timedelta(minutes=30)
    night.does(c.Resolve(by="ana", why="over"))
    over = impact_of(night.incident, now + timedelta(hours=1))
    assert (over.since, over.until, over.length) == (START, now, timedelta(minutes=30))
    night.at(60).does(c.Reopen(by="ana"))
    again = impact_of(night.incident, night.now)
    assert (again.until, again.length) == (None, timedelta(minutes=60))


def test_what_is_merged_is_over_and_says_where_it_goes_on() -> None:
    night = Night(CATALOGUE).at(10)
    other = c.Other(code="INC-2", number=2, state="open")
    night.does(c.Merge(by="ana", into="INC-2", other=other))
    assert night.incident.running() == ()
    assert impact_of(night.incident, START + timedelta(days=1)).length == timedelta(minutes=10)
    for command in (
        c.Acknowledge(by="ana"),
        c.Reopen(by="ana"),
        c.SetSeverity(by="a", severity="P0"),
    ):
        assert "INC-2" in night.refuses(command).hint
    before = len(night.events)
    night.at(60 * 24)
    assert len(night.events) == before


@given(st.text())
def test_every_name_of_a_file_becomes_one_that_is_harmless(given_name: str) -> None:
    name = file_name(given_name)
    assert name
    assert name.isprintable()
    assert not set("/\\") & set(name)
    assert name.strip(". ") == name
    assert len(name) <= NAME_AT_MOST
