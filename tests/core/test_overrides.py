"""Overrides that people made, among those of the file: laws over all zones and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.delivery import Contact
from tocsin.core.oncall import gaps, on_call, shifts
from tocsin.core.overrides import MadeOverride, void, with_overrides
from tocsin.core.people import Organisation, Override, Person, Roster

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "UTC")
PEOPLE = ("ana", "ben", "cleo", "mute", "gone")
CHANGE = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""When the clocks of Berlin go back; what is drawn lies around it."""

instants = st.integers(-20_000, 20_000).map(lambda n: CHANGE + timedelta(minutes=n))


def organisation(zone: str, overrides: tuple[Override, ...] = ()) -> Organisation:
    mail = (Contact("email", "x@example.org", "mail"),)
    people = {one: Person(id=one, name=one, contacts=mail) for one in ("ana", "ben", "cleo")}
    people["mute"] = Person(id="mute", name="Mute", contacts=())
    roster = Roster(
        id="primary", time_zone=zone, rotation=("ana", "ben", "cleo"), handover_weekday=6,
        handover_time="02:30", first_week="2026-01-05", overrides=overrides,
    )  # fmt: skip
    return Organisation(
        name="x", version="v", time_zone=zone, people=people, rosters={"primary": roster},
        recipients={}, integrations={},
    )  # fmt: skip


@st.composite
def made_ones(draw: st.DrawFn) -> list[MadeOverride]:
    found = []
    for number in range(1, draw(st.integers(0, 6)) + 1):
        start = draw(instants)
        removed = draw(st.none() | instants)
        found.append(
            MadeOverride(
                id=number,
                roster=draw(st.sampled_from(("primary", "primary", "primary", "nights"))),
                person=draw(st.sampled_from(PEOPLE)),
                start=start,
                end=start + timedelta(minutes=draw(st.integers(1, 9000))),
                made_by="ana",
                made_at=start,
                removed_by="ben" if removed else "",
                removed_at=removed,
            )
        )
    return found


def expected(base: Organisation, made: list[MadeOverride], at: datetime) -> str:
    """Who is on call by definition: the last one made that holds, else whatever the file says."""
    for one in sorted(made, key=lambda one: one.id, reverse=True):
        removed = one.removed_at is not None and one.removed_at <= at
        holds = one.start <= at < one.end and not removed
        if holds and one.roster == "primary" and one.person not in ("mute", "gone"):
            return one.person
    return on_call(base.rosters["primary"], at).person


in_file = st.lists(
    st.tuples(instants, st.integers(1, 5000), st.sampled_from(("ana", "ben", "cleo"))), max_size=3
).map(
    lambda drawn: tuple(
        Override(start=start, end=start + timedelta(minutes=long), person=person, line=9)
        for start, long, person in drawn
    )
)


@settings(max_examples=300)
@given(
    zone=st.sampled_from(ZONES),
    file=in_file,
    made=made_ones(),
    start=instants,
    long=st.integers(1, 20_000),
)
def test_merged_shifts_tile_time_and_say_who_by_definition(
    zone: str, file: tuple[Override, ...], made: list[MadeOverride], start: datetime, long: int
) -> None:
    base = organisation(zone, file)
    merged = with_overrides(base, made).rosters["primary"]
    end = start + timedelta(minutes=long)
    found = shifts(merged, start, end)
    assert found[0].start == start
    assert found[-1].end == end
    for before, after in pairwise(found):
        assert before.end == after.start
    for one in found:
        assert one.start < one.end
        middle = one.start + (one.end - one.start) / 2
        for at in (one.start, middle, one.end - timedelta(microseconds=1)):
            assert expected(base, made, at) == one.person
    assert {one.made for one in found if one.made} <= {one.id for one in made}


@settings(max_examples=200)
@given(zone=st.sampled_from(ZONES), made=made_ones(), start=instants, long=st.integers(1, 20_000))
def test_gaps_are_exactly_when_nobody_is_woken(
    zone: str, made: list[MadeOverride], start: datetime, long: int
) -> None:
    roster = with_overrides(organisation(zone), made).rosters["primary"]
    end = start + timedelta(minutes=long)
    found = gaps(roster, start, end, {"ana", "cleo"})
    uncovered = sum(
        ((s.end - s.start) for s in shifts(roster, start, end) if s.person == "ben"), timedelta()
    )
    assert sum((gap.end - gap.start for gap in found), timedelta()) == uncovered
    for gap in found:
        assert start <= gap.start < gap.end <= end
        assert on_call(roster, gap.start).person == gap.person == "ben"


def test_an_organisation_without_overrides_is_the_files() -> None:
    base = organisation("UTC")
    assert with_overrides(base, []) is base


def test_what_vanished_makes_an_override_void() -> None:
    base = organisation("UTC")

    def why(roster: str, person: str) -> str:
        end = CHANGE + timedelta(hours=1)
        return void(
            base,
            MadeOverride(
                roster=roster, person=person, start=CHANGE, end=end, made_by="a", made_at=CHANGE
            ),
        )

    assert why("primary", "ana") == ""
    assert "roster" in why("nights", "ana")
    assert "organisation" in why("primary", "gone")
    assert "contacts" in why("primary", "mute")


def test_a_roster_without_a_rotation_is_one_gap() -> None:
    empty = Roster(
        id="x", time_zone="UTC", rotation=(), handover_weekday=0, handover_time="09:00",
        first_week="2026-01-05",
    )  # fmt: skip
    (gap,) = gaps(empty, CHANGE, CHANGE + timedelta(days=1), {"ana"})
    assert (gap.start, gap.end, gap.person) == (CHANGE, CHANGE + timedelta(days=1), "")
    assert gaps(empty, CHANGE, CHANGE, set()) == []
