"""Incidents that not everybody may read: who may, what others get to see, what leaves a trace."""

from tests.core.incident.crew import START, Crew

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.confidential import covered, may_read
from tocsin.core.message import Addressee, compose
from tocsin.core.oncall import standing

SECRET = """
roles: {commander: {name: Commander, duties: [Lead it], mandate: [strategy]}}
confidential:
  - {when: 'kind == "security"', readers: [security-team, commander], title: Security incident}
"""


def reads(crew: Crew, person: str) -> bool:
    return may_read(crew.incident, person, standing(crew.organisation, person, START))


def test_only_readers_read_it_from_the_first_instant_on() -> None:
    crew = Crew(SECRET, kind="security")
    assert [person for person in ("ana", "dora", "finn") if reads(crew, person)] == ["finn"]
    restricted = next(event for event in crew.events if isinstance(event, e.Restricted))
    assert restricted.line > 0
    assert restricted.at == START


def test_whoever_gets_a_role_among_the_readers_reads_it() -> None:
    crew = Crew(SECRET, kind="security")
    crew.does(c.TakeRole(by="ana", role="commander", person="ana"))
    assert reads(crew, "ana")


def test_an_incident_that_becomes_one_is_restricted_then() -> None:
    crew = Crew("confidential: [{when: 'data_breach == \"confirmed\"', readers: security-team}]")
    assert reads(crew, "ana")
    crew.does(c.RecordFact(by="ana", name="data_breach", value="confirmed"))
    assert not reads(crew, "ana")
    crew.does(c.RecordFact(by="finn", name="data_breach", value="no"))
    assert not reads(crew, "ana")  # What was written is written.


def message(crew: Crew, person: str) -> str:
    """The whole text that somebody gets for the first call."""
    told = next(event for event in crew.events if isinstance(event, e.Told))
    to = Addressee(person, standing(crew.organisation, person, START))
    made = compose(crew.plan, crew.incident, told, "m", "", to)
    return " ".join((made.subject, made.why, *(f"{k}: {v}" for k, v in made.details)))


def test_a_call_to_others_says_that_they_are_wanted_and_no_more() -> None:
    crew = Crew(SECRET, severity="P0", kind="security")
    crew.does(c.RecordFact(by="finn", name="affected_systems", value="vault"))
    to_ana, to_finn = message(crew, "ana"), message(crew, "finn")
    assert "Security incident" in to_ana
    assert "security-team" in to_ana
    for secret in ("Down", "vault"):
        assert secret not in to_ana
        assert secret in to_finn


def test_what_others_see_of_it_holds_nothing_of_its_content() -> None:
    crew = Crew(SECRET, kind="security")
    crew.does(c.RecordFact(by="finn", name="affected_systems", value="vault"))
    shown = covered(crew.incident)
    assert (shown.title, shown.code, shown.state) == ("Security incident", "INC-1", "open")
    assert "vault" not in str(shown)
    assert not shown.severity_why


def test_breaking_the_glass_takes_a_reason_and_stands_on_the_record() -> None:
    crew = Crew(SECRET, kind="security")
    assert crew.refuses(c.BreakGlass(by="gwen")).code == "incident.reason-missing"
    crew.does(c.BreakGlass(by="gwen", why="nobody of the team answers"))
    assert reads(crew, "gwen")
    assert [event.by for event in crew.events if isinstance(event, e.GlassBroken)] == ["gwen"]
    assert crew.asks(c.BreakGlass(by="finn", why="curious")) == []  # A reader breaks nothing.


def test_a_message_says_which_role_its_reader_has_and_the_severity_as_the_plan_shows_it() -> None:
    """S1.06."""
    crew = Crew(SECRET + 'display: "{code} - {name}"\n')
    crew.does(c.TakeRole(by="ana", role="commander", person="ana"))
    text = message(crew, "ana")
    assert "[P1 - High]" in text
    assert "Your role: Commander; Lead it" in text
    assert "Your mandate: strategy" in text
    assert "Your role" not in message(crew, "dora")
