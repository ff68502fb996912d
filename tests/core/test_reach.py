"""Who a recipient stands for, and why nobody can be reached when that is so."""

from datetime import UTC, datetime

import msgspec
import pytest

from tocsin.core.delivery import Contact
from tocsin.core.oncall import reach
from tocsin.core.organisation import check_together
from tocsin.core.people import Organisation, Override, Person, Recipient, Roster

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)  # the first week, ana's


def person(name: str, *contacts: Contact) -> Person:
    return Person(id=name, name=name.capitalize(), contacts=contacts, line=3)


MAIL = Contact("email", "someone@example.org", "mail")
HOOK = Contact("webhook", "customers", "ip")
PRIMARY = Roster(
    id="primary",
    time_zone="UTC",
    rotation=("ana", "ben", "cleo"),
    handover_weekday=0,
    handover_time="09:00",
    first_week="2026-01-05",
    line=9,
)
COMPANY = Organisation(
    name="Example Ltd",
    version="1",
    time_zone="UTC",
    people={
        "ana": person("ana", MAIL),
        "ben": person("ben", MAIL),
        "cleo": person("cleo", MAIL),
        "mute": person("mute"),
    },
    rosters={"primary": PRIMARY},
    recipients={
        "on-call-engineer": Recipient(id="on-call-engineer", roster="primary", line=20),
        "team-lead": Recipient(id="team-lead", people=("cleo", "mute"), line=21),
        "silent": Recipient(id="silent", people=("mute",), line=22),
        "affected-users": Recipient(id="affected-users", contacts=(HOOK,), line=23),
        "nobody": Recipient(id="nobody", line=24),
        "ghost": Recipient(id="ghost", people=("casper",), line=25),
        "lost": Recipient(id="lost", roster="secondary", line=26),
    },
    integrations={},
    last_resort="team-lead",
)


def ids(people: tuple[Person, ...]) -> list[str]:
    return [person.id for person in people]


def with_override(who: str) -> Organisation:
    start, end = NOW.replace(hour=10), NOW.replace(hour=14)
    override = Override(start=start, end=end, person=who, line=14)
    roster = msgspec.structs.replace(PRIMARY, overrides=(override,))
    return msgspec.structs.replace(COMPANY, rosters={"primary": roster})


def test_a_roster_stands_for_whoever_is_on_call_now():
    assert ids(reach(COMPANY, "on-call-engineer", NOW).people) == ["ana"]
    assert ids(reach(COMPANY, "on-call-engineer", NOW.replace(day=14)).people) == ["ben"]
    assert ids(reach(with_override("cleo"), "on-call-engineer", NOW).people) == ["cleo"]


def test_everyone_is_all_of_the_rotation_from_whoever_is_on_call():
    later = NOW.replace(day=14)
    found = reach(COMPANY, "on-call-engineer", later, everyone=True)
    assert ids(found.people) == ["ben", "cleo", "ana"]


def test_everyone_includes_somebody_from_outside_who_stands_in():
    company = with_override("dora")
    dora = {**company.people, "dora": person("dora", MAIL)}
    company = msgspec.structs.replace(company, people=dora)
    found = reach(company, "on-call-engineer", NOW, everyone=True)
    assert ids(found.people) == ["dora", "ana", "ben", "cleo"]


def test_everyone_makes_no_difference_to_people_and_audiences():
    assert reach(COMPANY, "team-lead", NOW) == reach(COMPANY, "team-lead", NOW, everyone=True)


def test_people_without_contacts_are_left_out_and_named():
    found = reach(COMPANY, "team-lead", NOW)
    assert (ids(found.people), found.left_out, found.gap) == (["cleo"], ("mute",), "")


def test_an_audience_stands_for_its_own_contacts():
    found = reach(COMPANY, "affected-users", NOW)
    assert (found.people, found.contacts, found.gap) == ((), (HOOK,), "")


def test_a_person_is_a_recipient_too():
    assert ids(reach(COMPANY, "ben", NOW).people) == ["ben"]


def test_a_recipient_may_be_a_roster_and_people_and_contacts_each_person_once():
    both = Recipient(id="both", roster="primary", people=("ana", "ben"), contacts=(HOOK,))
    company = msgspec.structs.replace(COMPANY, recipients={"both": both})
    found = reach(company, "both", NOW)
    assert (ids(found.people), found.contacts) == (["ana", "ben"], (HOOK,))


@pytest.mark.parametrize(
    ("recipient", "why"),
    [
        ("stranger", 'the organisation has no recipient "stranger"'),
        ("nobody", 'recipient "nobody" has no roster, people or contacts'),
        ("silent", "Mute (mute) has no contacts"),
        ("mute", "Mute (mute) has no contacts"),
        ("ghost", 'the organisation has no person "casper"'),
        ("lost", 'recipient "lost" names the roster "secondary", which does not exist'),
    ],
)
def test_a_gap_says_why_nobody_can_be_reached(recipient, why):
    for everyone in (False, True):
        found = reach(COMPANY, recipient, NOW, everyone=everyone)
        assert (found.people, found.contacts, found.gap) == ((), (), why)


def test_a_gap_on_a_roster_says_who_was_on_call_and_by_what():
    found = reach(with_override("mute"), "on-call-engineer", NOW)
    assert found.gap == (
        '"mute" is on call in roster "primary", by override on line 14; Mute (mute) has no contacts'
    )
    assert found.left_out == ("mute",)


def test_a_roster_without_rotation_is_a_gap_and_no_failure():
    empty = {"primary": msgspec.structs.replace(PRIMARY, rotation=())}
    company = msgspec.structs.replace(COMPANY, rosters=empty)
    found = reach(company, "on-call-engineer", NOW)
    assert found.gap == 'nobody is in the rotation of roster "primary"'


def test_other_people_of_a_recipient_are_reached_when_its_roster_fails():
    half = Recipient(id="half", roster="secondary", people=("ana",))
    company = msgspec.structs.replace(COMPANY, recipients={"half": half})
    found = reach(company, "half", NOW)
    assert (ids(found.people), found.gap) == (["ana"], "")


# Plan and organisation together


def test_a_plan_whose_recipients_are_all_there_has_no_problems():
    wanted = ["on-call-engineer", "team-lead", "affected-users", "ben"]
    assert check_together(wanted, COMPANY, "org.yaml") == []


def test_a_recipient_that_the_organisation_lacks_is_an_error():
    [problem] = check_together(["team-led", "team-lead"], COMPANY, "org.yaml")
    assert (problem.code, problem.level) == ("organisation.missing-recipient", "error")
    assert "`team-led`" in problem.what
    assert problem.hint.startswith("Did you mean `team-lead`?")
    assert problem.file == "org.yaml"


def test_a_roster_is_no_recipient_but_a_hint():
    [problem] = check_together(["primary"], COMPANY)
    assert "`primary: {roster: primary}`" in problem.hint


@pytest.mark.parametrize(("name", "line"), [("silent", 22), ("nobody", 24), ("mute", 3)])
def test_a_recipient_that_leads_to_no_contact_is_an_error(name, line):
    [problem] = check_together([name], COMPANY, "org.yaml")
    assert (problem.code, problem.level) == ("organisation.unreachable-recipient", "error")
    assert (problem.line, problem.column) == (line, 1)


def test_no_last_resort_is_a_warning():
    company = msgspec.structs.replace(COMPANY, last_resort="")
    [problem] = check_together(["team-lead"], company)
    assert (problem.code, problem.level) == ("organisation.no-last-resort", "warning")
