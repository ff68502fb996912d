"""Reading an organisation file: what it becomes, and every mistake with its place and code."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.delivery import Contact
from tocsin.core.organisation import read_organisation
from tocsin.core.people import Integration, Organisation, Override, Person, Recipient, Roster
from tocsin.core.problem import Problem

EXAMPLE = """\
tocsin: 1
organisation: Example Ltd
time_zone: Europe/Berlin
people:
  ana: {name: Ana Prieto, access: administrator, contacts: [inbox, email ana@example.org]}
  ben: {name: Ben Okafor, contacts: [inbox, {slack: ops}]}
  dora: {name: Dora Vasile, contacts: [inbox, email dora@example.org]}
rosters:
  primary:
    rotation: [ana, ben]
    handover: monday 09:00
    first_week: 2026-01-05
    overrides:
      - {from: 2026-03-06 18:00, to: 2026-03-07 09:00, person: dora}
recipients:
  on-call-engineer: {roster: primary}
  team-lead: {people: [dora]}
  affected-users: {contacts: [webhook customers]}
last_resort: team-lead
integrations:
  prometheus: {source: alertmanager, owner: team-lead}
webhooks:
  customers: {url: "env:CUSTOMER_HOOK_URL", secret: "env:CUSTOMER_HOOK_SECRET"}
slack: {ops: "env:SLACK_OPS_URL"}
"""


def read(text: str) -> Organisation:
    organisation, problems = read_organisation(text, "org.yaml")
    assert organisation is not None, problems
    return organisation


def problems_of(text: str, **known) -> list[Problem]:
    organisation, problems = read_organisation(text, "org.yaml", **known)
    failed = any(problem.level == "error" for problem in problems)
    assert (organisation is None) == failed
    return problems


def change(old: str, new: str) -> str:
    """The example with one change; the change must be one."""
    assert EXAMPLE.count(old) == 1, old
    return EXAMPLE.replace(old, new)


def test_a_file_becomes_an_organisation():
    organisation = read(EXAMPLE)
    assert organisation.name == "Example Ltd"
    assert organisation.time_zone == "Europe/Berlin"
    assert organisation.last_resort == "team-lead"
    assert organisation.people["ana"] == Person(
        id="ana",
        name="Ana Prieto",
        contacts=(Contact("inbox", "", "local"), Contact("email", "ana@example.org", "mail")),
        access="administrator",
        line=5,
    )
    assert organisation.people["ben"].access == "responder"
    assert organisation.people["ben"].contacts[1] == Contact("slack", "ops", "ip")
    assert organisation.rosters["primary"] == Roster(
        id="primary",
        time_zone="Europe/Berlin",
        rotation=("ana", "ben"),
        handover_weekday=0,
        handover_time="09:00",
        first_week="2026-01-05",
        weeks=1,
        overrides=(
            Override(
                start=datetime(2026, 3, 6, 17, tzinfo=UTC),
                end=datetime(2026, 3, 7, 8, tzinfo=UTC),
                person="dora",
                line=14,
            ),
        ),
        line=9,
    )
    assert organisation.recipients == {
        "on-call-engineer": Recipient(id="on-call-engineer", roster="primary", line=16),
        "team-lead": Recipient(id="team-lead", people=("dora",), line=17),
        "affected-users": Recipient(
            id="affected-users", contacts=(Contact("webhook", "customers", "ip"),), line=18
        ),
    }
    assert organisation.integrations == {
        "prometheus": Integration(
            id="prometheus", source="alertmanager", owner="team-lead", line=21
        )
    }
    assert organisation.webhooks == {
        "customers": ("env:CUSTOMER_HOOK_URL", "env:CUSTOMER_HOOK_SECRET")
    }
    assert organisation.slack == {"ops": "env:SLACK_OPS_URL"}


def test_a_good_file_has_no_problems():
    assert problems_of(EXAMPLE) == []


def test_the_version_follows_the_text():
    assert read(EXAMPLE).version == read(EXAMPLE).version
    assert read(EXAMPLE).version != read(EXAMPLE + "# a comment\n").version
    assert read_organisation(EXAMPLE.encode(), "org.yaml")[0] == read(EXAMPLE)


def test_a_roster_may_have_its_own_zone_and_longer_turns():
    text = change(
        "    first_week:", "    each: 2 weeks\n    time_zone: Asia/Tokyo\n    first_week:"
    )
    roster = read(text).rosters["primary"]
    assert (roster.time_zone, roster.weeks) == ("Asia/Tokyo", 2)
    assert roster.overrides[0].start == datetime(2026, 3, 6, 9, tzinfo=UTC)


def test_an_integration_s_key_may_be_renewed():
    text = change("owner: team-lead}", "owner: team-lead, key_version: 2}")
    assert read(text).integrations["prometheus"].key_version == 2


def test_an_override_covers_both_occurrences_of_an_hour():
    text = change(
        "2026-03-06 18:00, to: 2026-03-07 09:00", "2026-10-25 02:30, to: 2026-10-25 02:45"
    )
    override = read(text).rosters["primary"].overrides[0]
    assert override.start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert override.end == datetime(2026, 10, 25, 1, 45, tzinfo=UTC)


def test_both_ways_to_write_a_contact_mean_the_same():
    text = change("{slack: ops}", "slack   ops")
    assert read(text).people["ben"].contacts == read(EXAMPLE).people["ben"].contacts


# What to change in the example; then the code that follows, where it points to, how bad it is.
ANA = "email ana@example.org"
SECRET = '"env:CUSTOMER_HOOK_SECRET"'
BAD = [
    ("contact", ANA, "email Ana", "email Ana", "error"),
    ("contact", ANA, "email", "email]", "error"),
    ("contact", ANA, "ana@example.org", "ana@example.org", "error"),
    ("contact", ANA, "inbox ana", "inbox ana", "error"),
    ("contact", ANA, '""', '""', "error"),
    ("contact", "{slack: ops}", "{slack: ops, email: x}", "{slack: ops, ", "error"),
    ("contact", "webhook customers", "webhook https://x.org/a", "webhook https", "error"),
    ("date", "2026-01-05", "2026-02-30", "2026-02-30", "error"),
    ("date", "2026-01-05", "2026-W02", "2026-W02", "error"),
    ("date", "2026-01-05", "0001-01-01", "0001-01-01", "error"),
    ("empty-override", "to: 2026-03-07", "to: 2026-03-05", "{from", "error"),
    ("empty-override", "to: 2026-03-07 09:00", "to: 2026-03-06 18:00", "{from", "error"),
    ("empty-recipient", "{people: [dora]}", "{}", "team-lead: {}", "error"),
    ("empty-rotation", "rotation: [ana, ben]", "rotation: []", "rotation: ", "error"),
    ("handover", "monday 09:00", "montag 09:00", "montag", "error"),
    ("handover", "monday 09:00", "monday 24:00", "monday", "error"),
    ("literal-secret", "env:SLACK_OPS_URL", "https://x.org/T0", '"https://x', "warning"),
    ("literal-secret", SECRET, "hush", "hush", "warning"),
    ("literal-secret", '"env:CUSTOMER_HOOK_URL"', "https://a:b@x.org", "https", "warning"),
    ("moment", "2026-03-06 18:00", "2026-03-06", "2026-03-06, ", "error"),
    ("moment", "2026-03-06 18:00", "2026-02-30 18:00", "2026-02-30", "error"),
    ("name", "affected-users:", "Affected_Users:", "Affected_Users:", "error"),
    ("no-contacts", "[inbox, {slack: ops}]", "[]", "ben: {name", "error"),
    ("one-domain", "[inbox, {slack: ops}]", "[slack ops]", "contacts: [slack", "warning"),
    ("reference", "env:SLACK_OPS_URL", "SLACK_OPS_URL", '"SLACK', "error"),
    ("reference", "env:SLACK_OPS_URL", "env:SLACK OPS", '"env:SLACK', "error"),
    ("reference", SECRET, '"env:"', '"env:"', "error"),
    ("roster-of-one", "rotation: [ana, ben]", "rotation: [ben, ben]", "rotation: ", "warning"),
    ("same-name", "affected-users:", "ben:", "ben: {contacts", "error"),
    ("time-zone", "Europe/Berlin", "Europe/Berln", "Europe/Berln", "error"),
    ("turn", "first_week:", "each: 7 days\n    first_week:", "7 days", "error"),
    ("unknown-channel", ANA, "emial ana@example.org", "emial", "error"),
    ("unknown-endpoint", "{slack: ops}", "slack opps", "slack opps", "error"),
    ("unknown-endpoint", "webhook customers", "webhook custom", "webhook custom]", "error"),
    ("unknown-person", "person: dora", "person: dorra", "dorra", "error"),
    ("unknown-person", "rotation: [ana, ben]", "rotation: [ana, bne]", "bne", "error"),
    ("unknown-person", "{people: [dora]}", "{people: [dorra]}", "dorra", "error"),
    ("unknown-recipient", "last_resort: team-lead", "last_resort: team-led", "team-led\n", "error"),
    ("unknown-recipient", "owner: team-lead", "owner: team-led", "team-led}", "error"),
    ("unknown-roster", "roster: primary", "roster: primry", "primry", "error"),
    ("unknown-source", "alertmanager", "alertmanger", "alertmanger", "error"),
    ("unsigned-webhook", f", secret: {SECRET}", "", "customers: {", "warning"),
    ("unused-roster", "{roster: primary}", "{people: [ana]}", "primary:", "warning"),
]


@pytest.mark.parametrize(("code", "old", "new", "at", "level"), BAD)
def test_a_mistake_is_told_with_code_place_and_hint(code, old, new, at, level):
    text = change(old, new)
    problems = problems_of(text)
    found = [problem for problem in problems if problem.code == f"organisation.{code}"]
    assert text.count(at) == 1, at
    before = text[: text.index(at)]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert [(one.line, one.column, one.level) for one in found] == [(*place, level)], problems
    assert found[0].file == "org.yaml"
    assert found[0].what
    assert found[0].hint


@pytest.mark.parametrize(
    ("old", "new", "proposal"),
    [
        ("Europe/Berlin", "europe/berlin", "Did you mean `Europe/Berlin`?"),
        ("person: dora", "person: dorra", "Did you mean `dora`?"),
        ("roster: primary", "roster: primry", "Did you mean `primary`?"),
        ("last_resort: team-lead", "last_resort: tem-lead", "Did you mean `team-lead`?"),
        ("{slack: ops}", "{slak: ops}", "Did you mean `slack`?"),
        ("{slack: ops}", "{slack: opps}", "Did you mean `ops`?"),
        ("alertmanager", "alertmanger", "Did you mean `alertmanager`?"),
        (ANA, "ana@example.org", "Write `email ana@example.org`."),
        ("rotation:", "rotations:", "Did you mean `rotation`?"),
    ],
)
def test_a_slip_is_answered_with_what_was_probably_meant(old, new, proposal):
    assert any(proposal in problem.hint for problem in problems_of(change(old, new)))


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    text = change("person: dora", "person: dorra").replace("monday", "mon")
    text = text.replace("Europe/Berlin", "Berlin").replace("owner: team-lead", "owner: boss")
    text = text.replace("{contacts: [webhook customers]}", "{contacts: [fax 12]}")
    problems = problems_of(text)
    assert [problem.code for problem in problems] == [
        "organisation.time-zone",
        "organisation.handover",
        "organisation.unknown-channel",
        "organisation.unknown-recipient",
    ]
    # The roster with the bad handover is left out of the checks until that is cured.
    cured = problems_of(text.replace("mon 09:00", "monday 09:00"))
    assert "organisation.unknown-person" in {problem.code for problem in cured}


def test_what_could_not_be_read_is_not_reported_as_missing():
    text = change("name: Ben Okafor", "nam: Ben Okafor")
    assert {problem.code for problem in problems_of(text)} == {"file.unknown-key"}
    text = change("    handover: monday 09:00\n", "")
    assert {problem.code for problem in problems_of(text)} == {"file.missing-key"}
    text = change(ANA, "7")
    assert {problem.code for problem in problems_of(text)} == {"file.wrong-type"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rotation: [ana, ben]", "rotation: [7]"),
        ("rotation: [ana, ben]", "rotation: [ana, 7]"),
        ("{roster: primary}", "{roster: 7, people: [ana]}"),
        ("{people: [dora]}", "{people: [7]}"),
        ("[webhook customers]", "[7]"),
        (SECRET, "7"),
    ],
)
def test_a_damaged_part_is_reported_once(old, new):
    problems = problems_of(change(old, new))
    assert [problem.code for problem in problems] == ["file.wrong-type"]


def test_a_file_must_say_whose_people_it_lists():
    codes = [problem.what for problem in problems_of("tocsin: 1\n")]
    assert codes == [f"the file has no `{key}`" for key in ("organisation", "people", "recipients")]


def test_a_person_on_a_roster_needs_contacts_and_anyone_else_should_have_some():
    dora = "[inbox, email dora@example.org]"
    without = change(dora, "[]").replace("last_resort: team-lead\n", "")
    code = "organisation.no-contacts"
    assert [p.level for p in problems_of(without) if p.code == code] == ["error"]
    nobody_on_call = without.replace("person: dora", "person: ben")
    assert [p.level for p in problems_of(nobody_on_call) if p.code == code] == ["warning"]


def test_a_person_whom_nothing_mentions_is_noticed():
    text = change("  dora: {", "  emil: {name: Emil Haddad, contacts: [inbox]}\n  dora: {")
    [problem] = problems_of(text)
    assert (problem.code, problem.level) == ("organisation.unaddressed-person", "warning")
    assert (problem.line, problem.column) == (7, 3)
    assert problems_of(text.replace("last_resort: team-lead", "last_resort: emil"))[0].code == (
        "organisation.one-domain"
    )


@pytest.mark.parametrize("place", ["{people: [emil]}", "{people: [dora, emil]}"])
def test_a_person_whom_a_recipient_means_is_mentioned(place):
    text = change(
        "  dora: {", "  emil: {name: Emil Haddad, contacts: [email e@example.org]}\n  dora: {"
    )
    [problem] = problems_of(text.replace("{people: [dora]}", place))
    assert problem.code == "organisation.one-domain"


def test_a_person_who_owns_an_integration_is_mentioned():
    text = change(
        "  dora: {", "  emil: {name: Emil Haddad, contacts: [inbox, slack ops]}\n  dora: {"
    )
    assert problems_of(text.replace("owner: team-lead", "owner: emil")) == []


def test_the_last_resort_must_be_reachable():
    text = change("[inbox, email dora@example.org]", "[]").replace("person: dora", "person: ben")
    [problem] = [one for one in problems_of(text) if one.level == "error"]
    assert (problem.code, problem.line) == ("organisation.unreachable-recipient", 19)
    assert "`dora`" in problem.hint


def test_overrides_that_are_over_are_noted_only_if_the_time_is_known():
    after, before = datetime(2026, 3, 7, 8, tzinfo=UTC), datetime(2026, 3, 7, 7, 59, tzinfo=UTC)
    assert problems_of(EXAMPLE, now=before) == []
    tokyo = change("    first_week:", "    time_zone: Asia/Tokyo\n    first_week:")
    assert len(problems_of(tokyo, now=before)) == 1
    [note] = problems_of(EXAMPLE, now=after)
    assert (note.code, note.level, note.line) == ("organisation.past-override", "note", 14)


def test_overlapping_overrides_are_noted_at_the_later_one():
    more = "person: dora}\n      - {from: 2026-03-06 20:00, to: 2026-03-06 21:00, person: ben}"
    [note] = problems_of(change("person: dora}", more))
    assert (note.code, note.level, note.line) == ("organisation.overlapping-overrides", "note", 15)
    assert "line 14" in note.what
    around = more.replace("06 20:00", "05 20:00").replace("06 21:00", "08 21:00")
    assert [note.line for note in problems_of(change("person: dora}", around))] == [15]
    third = "\n      - {from: 2026-03-07 08:00, to: 2026-03-07 08:30, person: ben}"
    notes = problems_of(change("person: dora}", more + third))
    assert [note.line for note in notes] == [15, 16]
    unsorted = "      - {from: 2026-03-08 09:00, to: 2026-03-08 10:00, person: ana}\n"
    text = change("person: dora}", more).replace("    overrides:\n", f"    overrides:\n{unsorted}")
    assert [note.line for note in problems_of(text)] == [16]
    apart = more.replace("06 20:00", "07 09:00").replace("06 21:00", "07 21:00")
    assert problems_of(change("person: dora}", apart)) == []


def test_an_override_in_the_hour_that_is_skipped_is_refused():
    text = change(
        "2026-03-06 18:00, to: 2026-03-07 09:00", "2026-03-29 02:45, to: 2026-03-29 03:15"
    )
    [problem] = problems_of(text)
    assert problem.code == "organisation.empty-override"
    assert "set forward" in problem.hint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SECRET, "hush-hush"),
        (SECRET, '"env:hush-hush"'),
        ("env:SLACK_OPS_URL", "https://hooks.example.org/hush-hush"),
        ("env:SLACK_OPS_URL", "hush-hush"),
        ('"env:CUSTOMER_HOOK_URL"', "https://me:hush-hush@example.org"),
        ("webhook customers", "webhook https://example.org/hush-hush"),
    ],
)
def test_no_message_repeats_a_secret(old, new):
    problems = problems_of(change(old, new))
    assert problems
    assert "hush-hush" not in "".join(str(problem) for problem in problems)


def test_channels_and_sources_are_those_of_the_installation():
    text = change(ANA, "sms +49301234567").replace("alertmanager", "grafana")
    assert {problem.code for problem in problems_of(text)} == {
        "organisation.unknown-channel",
        "organisation.unknown-source",
    }
    channels = ("inbox", "slack", "email", "webhook", "sms")
    organisation, problems = read_organisation(text, "org.yaml", channels, ("grafana",))
    assert organisation is not None, problems
    assert organisation.people["ana"].contacts[1] == Contact("sms", "+49301234567", "carrier")


# What may come at any place where a value stands.
values = st.sampled_from(
    ["", "~", "0", "-1", "[]", "{}", "[~]", "{a: b}", "[[inbox]]", "true", "x", "ana", '"\\u0000"']
)


@given(st.lists(st.tuples(st.integers(0, len(EXAMPLE)), st.integers(0, 12), values), max_size=3))
def test_damage_anywhere_gives_problems_and_never_an_exception(cuts):
    text = EXAMPLE
    for start, length, value in cuts:
        text = text[:start] + value + text[start + length :]
    problems_of(text)
