"""Bundles as values: what they are called, in which order, and that nothing gets lost in them."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.channels.messages import PAGE, PATIENT, like

from tocsin.core.bundles import bundle_id, bundled, most_together
from tocsin.core.delivery import Message

MINUTE = timedelta(minutes=1)


def page(number: int, **changes: object) -> Message:
    name = f"INC-{number:03}"
    own: dict[str, object] = {
        "id": f"{name}.3.al.email",
        "incident": name,
        "title": f"Alert{number}",
    }
    return like(**{**own, **changes})


def test_one_alone_stays_as_it_is():
    assert bundled([PAGE]) == PAGE
    assert PAGE.parts == (PAGE,)
    assert PAGE.late == ""


def test_a_subject_counts_incidents_and_names_the_worst():
    low = page(1, severity="P2", severity_name="Low", rank=2)
    two = [low, page(2, due_at=PAGE.sent_at - MINUTE), page(3)]
    assert bundled(two).subject == "[P0 Critical] 3 incidents need you: INC-002 Alert2, and 2 more"
    alarms = [page(n, kind="alarm", exercise=True) for n in (1, 2)]
    assert bundled(alarms).subject == (
        "EXERCISE UNANSWERED: [P0 Critical] 2 incidents need you: INC-001 Alert1, and 1 more"
    )


def test_two_messages_about_one_incident_are_one_incident():
    both = bundled([page(1, id="a"), page(1, id="b")])
    assert both.subject == "[P0 Critical] INC-001 Alert1"
    assert {part.id for part in both.parts} == {"a", "b"}


def test_a_bundle_that_comes_again_says_so():
    again = bundled([page(1, attempt=2), page(2, attempt=2)])
    assert again.subject.endswith("and 1 more (attempt 2)")


def test_what_is_tried_again_goes_in_smaller_parts_and_alone_at_the_third_try():
    assert [most_together(attempts) for attempts in range(7)] == [40, 5, 1, 40, 5, 1, 40]


def test_deadlines_are_told_from_other_details():
    details = (("service", "a"), ("To acknowledge by", "10:00"), ("To name a lead by", "11:00"))
    assert page(1, details=details).limits == details[1:]


def test_from_one_minute_on_a_message_says_how_late_it_is():
    assert page(1, due_at=PAGE.sent_at - MINUTE).late == ""
    assert page(1, due_at=PAGE.sent_at - 8 * 60 * MINUTE - 20 * MINUTE).late == "8h20m"
    assert page(1, kind="update", due_at=PAGE.sent_at - 8 * 60 * MINUTE).late == ""


IDS = st.sets(st.text(max_size=20), min_size=1, max_size=8)


@PATIENT
@given(IDS, IDS)
def test_an_id_stands_for_one_set_whatever_its_order(one: set[str], other: set[str]):
    assert bundle_id(sorted(one)) == bundle_id(sorted(one, reverse=True))
    if "\n" not in "".join(one | other):
        assert (bundle_id(sorted(one)) == bundle_id(sorted(other))) == (one == other)


@PATIENT
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_nothing_is_lost_and_everything_has_its_own_link(ranks: list[int]):
    messages = [
        page(number, rank=rank, link=f"https://t.example/a/{number}")
        for number, rank in enumerate(ranks)
    ]
    whole = bundled(messages)
    assert sorted(whole.parts, key=lambda one: one.id) == sorted(messages, key=lambda one: one.id)
    assert [part.rank for part in whole.parts] == sorted(ranks)
    assert len({part.link for part in whole.parts}) == len(messages)
