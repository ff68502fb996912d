"""Who is on call: worked examples, then laws over all time zones and their clock changes.

The oracle below is written anew with the standard library's zoneinfo, so that it shares neither
code nor time-zone arithmetic with what it judges.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from whenever import Instant, available_timezones

from tocsin.core.oncall import Shift, first_instant, last_instant, next_shift, on_call, shifts
from tocsin.core.people import Override, Roster

NOTABLE = (
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Apia",  # no 30 December 2011
    "Europe/Dublin",  # winter time is the exception in law
    "Antarctica/Troll",  # two hours
    "Africa/Casablanca",  # clocks set back for Ramadan
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "UTC",
)
ZONES = sorted(available_timezones())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def roster(**changes) -> Roster:
    fields = {
        "id": "primary",
        "time_zone": "Europe/Berlin",
        "rotation": ("ana", "ben", "cleo"),
        "handover_weekday": 0,
        "handover_time": "09:00",
        "first_week": "2026-01-05",
        "line": 7,
    }
    return Roster(**{**fields, **changes})


def override(start: str, end: str, person: str, line: int = 0) -> Override:
    return Override(start=utc(start), end=utc(end), person=person, line=line)


def expected(roster: Roster, now: datetime) -> str:
    """Who is on call by definition: the last override that holds `now`, else the last handover."""
    for change in reversed(roster.overrides):
        if change.start <= now < change.end:
            return change.person
    first = date.fromisoformat(roster.first_week)
    day = first - timedelta(days=first.weekday()) + timedelta(days=roster.handover_weekday)
    clock, zone = time.fromisoformat(roster.handover_time), ZoneInfo(roster.time_zone)
    turns = (now.date() - day).days // (7 * roster.weeks) + 2
    while datetime.combine(day + timedelta(weeks=turns * roster.weeks), clock, zone) > now:
        turns -= 1
    return roster.rotation[turns % len(roster.rotation)]


# Worked examples


def test_the_shift_says_who_from_when_to_when_and_why():
    # Berlin is at UTC+1 in winter, so Monday 09:00 is 08:00 UTC.
    assert on_call(roster(), utc("2026-01-07T12:00")) == Shift(
        person="ana",
        start=utc("2026-01-05T08:00"),
        end=utc("2026-01-12T08:00"),
        why="rotation",
        line=7,
    )


def test_a_shift_begins_at_its_start_and_has_ended_at_its_end():
    assert on_call(roster(), utc("2026-01-12T07:59:59.999999")).person == "ana"
    assert on_call(roster(), utc("2026-01-12T08:00")).person == "ben"


def test_everyone_takes_their_turn_and_then_it_starts_again():
    whole = shifts(roster(), utc("2026-01-05T08:00"), utc("2026-02-02T08:00"))
    assert [shift.person for shift in whole] == ["ana", "ben", "cleo", "ana"]


def test_the_rotation_reaches_back_before_its_first_week():
    assert on_call(roster(), utc("2026-01-04T12:00")).person == "cleo"
    assert on_call(roster(), utc("2016-01-04T12:00")).why == "rotation"


def test_any_day_of_the_first_week_means_that_week():
    wednesday = roster(first_week="2026-01-07", handover_weekday=4)
    assert on_call(wednesday, utc("2026-01-09T08:00")).start == utc("2026-01-09T08:00")
    assert on_call(wednesday, utc("2026-01-09T08:00")).person == "ana"
    assert on_call(wednesday, utc("2026-01-09T07:59")).person == "cleo"


def test_a_turn_may_last_several_weeks():
    assert on_call(roster(weeks=2), utc("2026-01-13T12:00")) == Shift(
        person="ana",
        start=utc("2026-01-05T08:00"),
        end=utc("2026-01-19T08:00"),
        why="rotation",
        line=7,
    )


def test_a_roster_of_one_hands_over_to_the_same_person():
    alone = roster(rotation=("ana",))
    assert next_shift(alone, utc("2026-01-07T12:00")).person == "ana"
    assert next_shift(alone, utc("2026-01-07T12:00")).start == utc("2026-01-12T08:00")


def test_handover_follows_the_clocks_of_the_roster_not_the_hours():
    # The week of 29 March 2026 has 167 hours in Berlin, the week of 25 October has 169.
    spring = on_call(roster(), utc("2026-03-25T12:00"))
    assert (spring.end - spring.start) == timedelta(hours=167)
    autumn = on_call(roster(), utc("2026-10-21T12:00"))
    assert (autumn.end - autumn.start) == timedelta(hours=169)


def test_a_handover_that_occurs_twice_happens_the_first_time():
    sunday = roster(handover_weekday=6, handover_time="02:30", first_week="2026-10-25")
    assert on_call(sunday, utc("2026-10-25T00:30")).start == utc("2026-10-25T00:30")
    assert on_call(sunday, utc("2026-10-25T01:30")).start == utc("2026-10-25T00:30")
    assert on_call(sunday, utc("2026-10-25T00:29")).person == "cleo"
    # The clocks show 02:15 for the second time: before 02:30, and yet after the handover.
    assert on_call(sunday, utc("2026-10-25T01:15")).person == "ana"


def test_a_handover_that_does_not_occur_moves_forward():
    sunday = roster(handover_weekday=6, handover_time="02:30", first_week="2026-03-23")
    assert on_call(sunday, utc("2026-03-29T01:30")).start == utc("2026-03-29T01:30")
    assert on_call(sunday, utc("2026-03-29T01:29")).person == "cleo"


def test_a_handover_on_a_day_that_does_not_occur_moves_to_the_next_day():
    friday = roster(time_zone="Pacific/Apia", handover_weekday=4, first_week="2011-12-26")
    # Samoa went from Thursday at UTC-10 straight to Saturday at UTC+14.
    assert on_call(friday, utc("2011-12-30T19:00")).start == utc("2011-12-30T19:00")
    assert on_call(friday, utc("2011-12-30T18:59")).person == "cleo"


def test_local_times_that_occur_twice_begin_first_and_end_last():
    twice = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - local time, on purpose
    assert first_instant(twice, "Europe/Berlin") == utc("2026-10-25T00:30")
    assert last_instant(twice, "Europe/Berlin") == utc("2026-10-25T01:30")


def test_local_times_that_do_not_occur_move_forward():
    never = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - local time, on purpose
    assert first_instant(never, "Europe/Berlin") == utc("2026-03-29T01:30")
    assert last_instant(never, "Europe/Berlin") == utc("2026-03-29T01:30")


# Overrides


def test_an_override_takes_the_shift_over_and_gives_it_back():
    changed = roster(overrides=(override("2026-01-06T18:00", "2026-01-07T09:00", "ben", 11),))
    assert shifts(changed, utc("2026-01-05T08:00"), utc("2026-01-12T08:00")) == [
        Shift(
            person="ana",
            start=utc("2026-01-05T08:00"),
            end=utc("2026-01-06T18:00"),
            why="rotation",
            line=7,
        ),
        Shift(
            person="ben",
            start=utc("2026-01-06T18:00"),
            end=utc("2026-01-07T09:00"),
            why="override",
            line=11,
        ),
        Shift(
            person="ana",
            start=utc("2026-01-07T09:00"),
            end=utc("2026-01-12T08:00"),
            why="rotation",
            line=7,
        ),
    ]


def test_an_override_is_half_open():
    changed = roster(overrides=(override("2026-01-06T18:00", "2026-01-07T09:00", "ben"),))
    assert on_call(changed, utc("2026-01-06T18:00")).why == "override"
    assert on_call(changed, utc("2026-01-07T09:00")).why == "rotation"


@pytest.mark.parametrize(("order", "who"), [((0, 1), "dora"), ((1, 0), "ben")])
def test_of_two_overrides_the_later_in_the_file_wins(order, who):
    two = (
        override("2026-01-06T00:00", "2026-01-08T00:00", "ben"),
        override("2026-01-07T00:00", "2026-01-09T00:00", "dora"),
    )
    changed = roster(overrides=tuple(two[place] for place in order))
    assert on_call(changed, utc("2026-01-07T12:00")).person == who


def test_an_override_inside_another_interrupts_it():
    changed = roster(
        overrides=(
            override("2026-01-06T00:00", "2026-01-09T00:00", "ben"),
            override("2026-01-07T00:00", "2026-01-08T00:00", "dora"),
        )
    )
    found = shifts(changed, utc("2026-01-06T00:00"), utc("2026-01-09T00:00"))
    assert [(shift.person, shift.start.day) for shift in found] == [
        ("ben", 6),
        ("dora", 7),
        ("ben", 8),
    ]


def test_an_override_may_span_a_handover():
    changed = roster(overrides=(override("2026-01-11T00:00", "2026-01-13T00:00", "dora"),))
    assert next_shift(changed, utc("2026-01-12T09:00")).person == "ben"
    assert next_shift(changed, utc("2026-01-12T09:00")).start == utc("2026-01-13T00:00")


def test_an_override_without_length_changes_nothing():
    inverted = roster(overrides=(override("2026-01-08T00:00", "2026-01-07T00:00", "dora"),))
    week = (utc("2026-01-05T08:00"), utc("2026-01-12T08:00"))
    assert shifts(inverted, *week) == shifts(roster(), *week)


# Refusals


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="naive"):
        on_call(roster(), datetime(2026, 1, 7))  # noqa: DTZ001 - the refusal is the point


def test_a_rotation_of_nobody_is_refused():
    with pytest.raises(ValueError, match='rotation of roster "primary"'):
        on_call(roster(rotation=()), utc("2026-01-07T00:00"))


def test_no_time_has_no_shifts():
    assert shifts(roster(), utc("2026-01-07T00:00"), utc("2026-01-07T00:00")) == []
    assert shifts(roster(), utc("2026-01-07T00:00"), utc("2026-01-06T00:00")) == []


# Laws

NOW = utc("2026-11-21T00:00")
TEN_YEARS = timedelta(days=3653)
instants = st.datetimes(
    min_value=(NOW - TEN_YEARS).replace(tzinfo=None),
    max_value=(NOW + TEN_YEARS).replace(tzinfo=None),
    timezones=st.just(UTC),
)


@st.composite
def overrides(draw) -> Override:
    start = draw(instants)
    length = draw(st.timedeltas(timedelta(hours=-1), timedelta(days=20)))
    return Override(start=start, end=start + length, person=draw(st.sampled_from("uvw")))


@st.composite
def rosters(draw) -> Roster:
    return roster(
        time_zone=draw(st.sampled_from(NOTABLE) | st.sampled_from(ZONES)),
        rotation=tuple("abcde"[: draw(st.integers(1, 5))]),
        handover_weekday=draw(st.integers(0, 6)),
        handover_time=f"{draw(st.integers(0, 23)):02}:{draw(st.integers(0, 59)):02}",
        first_week=draw(st.dates(date(2010, 1, 1), date(2030, 1, 1))).isoformat(),
        weeks=draw(st.integers(1, 4)),
        overrides=tuple(draw(st.lists(overrides(), max_size=5))),
    )


@settings(max_examples=300)
@given(rosters(), instants)
@example(roster(time_zone="Pacific/Apia", handover_weekday=4), utc("2011-12-30T10:00"))
def test_at_every_instant_of_twenty_years_the_right_person_is_on_call(roster, now):
    shift = on_call(roster, now)
    assert shift.start <= now < shift.end
    assert shift.person == expected(roster, now)


@settings(max_examples=300)
@given(rosters(), instants, st.timedeltas(timedelta(0), timedelta(days=120)))
def test_shifts_part_a_span_and_agree_with_on_call(roster, start, length):
    found = shifts(roster, start, start + length)
    assert sum((shift.end - shift.start for shift in found), timedelta()) == length
    assert [shift.start for shift in found[1:]] == [shift.end for shift in found[:-1]]
    for shift in found:
        assert shift.start < shift.end
        for at in (shift.start, shift.end - timedelta(microseconds=1)):
            whole = on_call(roster, at)
            assert (whole.person, whole.why) == (shift.person, shift.why)
            assert max(whole.start, start) == shift.start
            assert min(whole.end, start + length) == shift.end


@given(rosters(), instants)
def test_the_next_shift_begins_when_this_one_ends(roster, now):
    assert next_shift(roster, now).start == on_call(roster, now).end


def changes_of_clocks(zone: str, start: int = 2000, end: int = 2040) -> list[Instant]:
    at = Instant.from_utc(start, 1, 1).to_tz(zone).next_transition()
    found = []
    while at is not None and at.year < end:
        found.append(at.to_instant())
        at = at.next_transition()
    return found


def hold_around(zone: str, change: Instant) -> None:
    """Check rosters whose handover falls around one change of the clocks of `zone`."""
    at = change.to_stdlib()
    before = (at - timedelta(minutes=1)).astimezone(ZoneInfo(zone))
    for minutes in (-60, -15, 1, 16, 61, 121, 601):
        # Counted on local clocks, so that it falls into what is skipped or repeated.
        local = before.replace(tzinfo=None) + timedelta(minutes=minutes)
        one = roster(
            time_zone=zone,
            rotation=("a", "b"),
            handover_weekday=local.weekday(),
            handover_time=f"{local:%H:%M}",
            first_week=local.date().isoformat(),
        )
        handover = first_instant(local, zone)
        assert on_call(one, handover - timedelta(microseconds=1)).person == "b"
        for later in (0, 1, 29, 59, 119):
            assert on_call(one, handover + timedelta(minutes=later)).person == "a"
        assert last_instant(local, zone) >= handover
        assert expected(one, handover) == "a"
        span = (handover - timedelta(days=8), handover + timedelta(days=8))
        found = shifts(one, *span)
        assert sum((shift.end - shift.start for shift in found), timedelta()) == span[1] - span[0]
        assert [shift.person for shift in found] in (list("abab"), list("aba"))
        assert [shift.start for shift in found[1:]] == [shift.end for shift in found[:-1]]


@pytest.mark.parametrize("zone", NOTABLE[:7])
def test_no_change_of_clocks_leaves_a_gap(zone):
    for change in changes_of_clocks(zone):
        hold_around(zone, change)


@pytest.mark.slow
def test_no_change_of_clocks_in_any_zone_leaves_a_gap():
    cases = 0
    for zone in ZONES:
        for change in changes_of_clocks(zone):
            hold_around(zone, change)
            cases += 1
    # That the loop ran: the data knows many thousand changes.
    assert cases > 10_000
