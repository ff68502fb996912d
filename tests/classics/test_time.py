"""Classics about time: clocks that change, calendars, senders that are slow, seconds that are not.

The number in a test's name is the row of the table in README.md.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from tests.engine.story import MONDAY_TEN, ORGANISATION, PLAN, Story

from tocsin.core.alerts import Signal
from tocsin.core.calendars import Calendars, act_at, due_at
from tocsin.core.naming import name
from tocsin.core.oncall import on_call, shifts
from tocsin.core.people import Roster
from tocsin.core.plan.afterwards.model import Recurring
from tocsin.core.programme import periods
from tocsin.core.times import After, Within
from tocsin.sources.alertmanager.parse import AlertmanagerWebhook

BERLIN = Roster(
    id="primary",
    time_zone="Europe/Berlin",
    rotation=("ana", "ben", "cleo"),
    handover_weekday=0,
    handover_time="09:00",
    first_week="2026-01-05",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def handovers(roster: Roster, start: str, weeks: int) -> Iterator[datetime]:
    """The handovers from `start` on, as the clocks of the roster show them."""
    begins = utc(start)
    for shift in shifts(roster, begins, begins + timedelta(weeks=weeks))[1:]:
        yield shift.start.astimezone(ZoneInfo(roster.time_zone))


def test_01_a_shift_keeps_its_time_of_day_when_the_clocks_change():
    """oncall#3261, #5247, #5266, #5455, #4103: shifts moved by an hour, previews were wrong."""
    seen = list(handovers(BERLIN, "2026-03-01T00:00", 40))
    assert len(seen) == 40
    assert {(at.weekday(), f"{at:%H:%M}") for at in seen} == {(0, "09:00")}


def test_02_at_no_instant_around_a_change_of_clocks_is_nobody_on_call():
    """oncall#4208, target/goalert PR #1252: for one hour nobody was on call."""
    roster = replace(BERLIN, handover_weekday=6, handover_time="02:30")  # the hour that is twice
    for day in ("2026-03-29", "2026-10-25"):
        start = utc(f"{day}T00:00") - timedelta(days=1)
        parts = shifts(roster, start, start + timedelta(days=3))
        assert all(before.end == after.start for before, after in pairwise(parts))
        for minute in range(0, 3 * 24 * 60, 7):
            at = start + timedelta(minutes=minute)
            shift = on_call(roster, at)
            assert shift.start <= at < shift.end


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Australia/Lord_Howe", "2026-09-20T00:00"),  # clocks move by half an hour
        ("Pacific/Apia", "2011-12-18T00:00"),  # there was no 30 December 2011
        ("Antarctica/Troll", "2026-03-15T00:00"),  # clocks move by two hours
    ],
)
def test_03_half_hours_and_days_that_never_were(zone: str, start: str):
    """OpsKnight PR #378: Lord Howe's half hour and Samoa's missing day."""
    friday = replace(BERLIN, time_zone=zone, handover_weekday=4, first_week="2011-01-03")
    parts = shifts(friday, utc(start), utc(start) + timedelta(weeks=4))
    assert all(before.end == after.start for before, after in pairwise(parts))
    assert [one.person for one in parts[1:4]] == [
        friday.rotation[(friday.rotation.index(parts[0].person) + n) % 3] for n in (1, 2, 3)
    ]
    if zone != "Pacific/Apia":
        assert {f"{at:%a %H:%M}" for at in handovers(friday, start, 4)} == {"Fri 09:00"}


def test_04_the_31st_of_january_skips_no_february():
    """oncall#3782, #3792, #4638; prometheus/alertmanager#5447: arithmetic with months."""
    monthly = Recurring(id="drill", name="Drill", kind="drill", months=1, line=1)
    found = periods(monthly, date(2028, 1, 31), date(2028, 5, 31))
    assert [period.last for period in found] == [
        date(2028, 1, 31),
        date(2028, 2, 29),
        date(2028, 3, 31),
        date(2028, 4, 30),
        date(2028, 5, 31),
    ]
    assert all(a.last + timedelta(days=1) == b.first for a, b in pairwise(found))


def test_05_four_hours_are_four_hours_on_the_night_the_clocks_change():
    """healthchecks#815, #350, v3.0.1: late and false alarms on the days of the change."""
    berlin = Calendars(time_zone="Europe/Berlin")
    for night in ("2026-03-28T23:30", "2026-10-24T23:30"):
        start = utc(night)
        assert act_at(After(timedelta(hours=4)), start, berlin) == start + timedelta(hours=4)
        assert due_at(Within(timedelta(hours=4)), start, berlin) == start + timedelta(hours=4)


def test_06_a_rotation_of_several_weeks_turns_in_order_over_years():
    """OneUptime#1890, #2413: "TZ hell", and rotations that named the wrong person."""
    roster = replace(BERLIN, weeks=2, time_zone="America/New_York", first_week="2026-01-07")
    start = utc("2025-06-01T00:00")
    people = [one.person for one in shifts(roster, start, start + timedelta(weeks=156))]
    order = {"ana": "ben", "ben": "cleo", "cleo": "ana"}
    assert all(order[before] == after for before, after in pairwise(people))


def test_36_an_alert_of_a_sender_whose_clock_is_slow_calls_people(story: Story):
    """prometheus/prometheus#10342: its promised end was in the past: nothing was sent."""
    slow = MONDAY_TEN - timedelta(hours=1)
    for minute in (0, 1, 2):
        story.until(f"{minute}m")
        signal: Signal = story.signal("ApiDown", severity="critical", firing=False)
        promised = slow + timedelta(minutes=4 + minute)
        story.take_in([replace(signal, starts_at=slow, ends_at=promised)])
    assert story.incident().state == "open"
    assert story.pages == ["0:01 ana"]


@pytest.mark.parametrize("jump", [timedelta(hours=8), timedelta(days=3650)])
def test_37_a_clock_that_jumps_ahead_loses_nothing(story: Story, jump: timedelta):
    """APScheduler#339, #351, #752, #794 (open), #1066; dbader/schedule PR #323: suspend, jumps."""
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    story.now += jump
    story.tick()
    called = [address.split("@")[0] for address, _ in story.sent]
    assert called[:3] == ["ana", "dora", "cleo"]
    assert story.sent[1][1].late


def test_37_a_clock_that_is_set_back_sends_nothing_twice(story: Story):
    """APScheduler#35, #526: jobs ran again, or never, after the clock was set back."""
    story.alert("ApiDown", severity="critical")
    story.until("11m")
    story.now -= timedelta(hours=1)
    story.tick()
    assert story.pages == ["0:00 ana", "0:10 dora"]
    story.until("31m")
    assert story.pages == ["0:00 ana", "0:10 dora", "0:30 cleo"]


@pytest.mark.parametrize(
    "starts", ["2016-12-31T23:59:60Z", "2028-02-29T23:59:59Z", "2038-01-19T03:14:08Z"]
)
def test_38_seconds_and_days_that_few_clocks_know(story: Story, starts: str):
    """Cloudflare RRDNS 2016/17, Linux 2012: a leap second stopped what it should not."""
    body = (
        '{"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "ApiDown",'
        f' "severity": "critical"}}, "annotations": {{}}, "startsAt": "{starts}"}}]}}'
    )
    parsed = list(AlertmanagerWebhook().parse("prometheus", body.encode(), story.now))
    story.take_in(parsed)
    story.until("1m")
    assert len(story.pages) == 1  # Ana is called, or the owner of what could not be read.


def test_38_the_end_of_a_year_numbers_anew_by_the_calendar_of_the_plan(
    store_story: Callable[..., Story],
):
    """Cloudflare RRDNS 2016/17: time around New Year; ids follow the zone of the plan."""
    midnight = utc("2026-12-31T23:30")
    assert name("INC-{YYYY}-{n:03}", 1, midnight, "Europe/Berlin") == "INC-2027-001"
    assert name("INC-{YYYY}-{n:03}", 7, midnight, "UTC") == "INC-2026-007"
    story = store_story(plan=PLAN.replace("INC-{n:03}", "INC-{YYYY}-{n:03}"))
    assert ORGANISATION.count("time_zone: UTC") == 1
    story.now = utc("2026-12-31T23:59:59")
    story.alert("Old", severity="critical")
    story.now = utc("2027-01-01T00:00:00")
    story.alert("New", severity="critical")
    assert {story.incident("INC-2026-001").title, story.incident("INC-2027-001").title} == {
        "Old",
        "New",
    }
