"""One line in the room: what it means, and that every text means something."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.core.incident.night import Night

from tocsin.core.incident import commands as c
from tocsin.core.incident.saying import (
    BY_VERB,
    SAYINGS,
    Help,
    Here,
    Mistake,
    completions,
    said,
)
from tocsin.core.incident.sayings import ALSO

CLAUSES = """
roles:
  incident-commander: {from: on-call-engineer}
  scribe: {}
phases:
  assessment: {}
  recovery: {steps: [Restart the queue, {one_of: [Fix forward, Roll back]}]}
modes:
  disaster-recovery: {name: Disaster recovery}
authority: {spend: cto}
audiences:
  stakeholders: {}
"""

NIGHT = Night(CLAUSES)
NIGHT.does(c.EnterPhase(by="ana", phase="recovery"))
HERE = Here(
    plan=NIGHT.plan,
    incident=NIGHT.incident,
    by="ana",
    people={"ana": "Ana Prieto", "ben": "Ben Okafor"},
    entries=40,
)


def meant(line: str, **fields: Any) -> None:
    """Hold that a line means a command with these fields; all of them are by Ana on the page."""
    command = said(line, HERE)
    assert isinstance(command, c.Command), command
    assert (command.by, command.via) == ("ana", "page")
    kind = fields.pop("kind")
    assert type(command) is kind
    assert {name: getattr(command, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("restarted the queue", {"kind": c.Note, "text": "restarted the queue"}),
        ("  //etc/hosts was wrong ", {"kind": c.Note, "text": "/etc/hosts was wrong"}),
        ("/note two\nlines", {"kind": c.Note, "text": "two\nlines"}),
        ("/ack", {"kind": c.Acknowledge, "severity": ""}),
        ("/ACK p1", {"kind": c.Acknowledge, "severity": "P1"}),
        ("/release on a train", {"kind": c.Release, "why": "on a train"}),
        ("/severity p0 all down", {"kind": c.SetSeverity, "severity": "P0", "why": "all down"}),
        ("/severity crit", {"kind": c.SetSeverity, "severity": "P0"}),
        ("/page CTO they call", {"kind": c.Escalate, "to": "cto", "why": "they call"}),
        ("/page team", {"kind": c.Escalate, "to": "team-lead"}),
        ("/page level 2 now", {"kind": c.Escalate, "to": "level 2", "why": "now"}),
        ("/page nobody", {"kind": c.Escalate, "to": "nobody"}),
        ("/fact user_facing=YES", {"kind": c.RecordFact, "name": "user_facing", "value": True}),
        ("/fact error_rate 0,5", {"kind": c.RecordFact, "name": "error_rate", "value": 0.5}),
        ("/fact serv = Deg", {"kind": c.RecordFact, "name": "service_availability"}),
        ("/fact serv=Deg", {"kind": c.RecordFact, "value": "degraded"}),
        ("/fact data_breach=?", {"kind": c.RecordFact, "value": "?"}),
        ("/fact affected_systems a=b", {"kind": c.RecordFact, "value": "a=b"}),
        ("/update on it", {"kind": c.Publish, "audience": "stakeholders", "text": "on it"}),
        ("/update stake fine", {"kind": c.Publish, "audience": "stakeholders", "text": "fine"}),
        ("/role incident", {"kind": c.TakeRole, "role": "incident-commander", "person": "ana"}),
        ("/role scribe @Ben", {"kind": c.TakeRole, "role": "scribe", "person": "ben"}),
        (
            "/handover incident-commander ben rolled back, watching",
            {"kind": c.HandOver, "person": "ben", "why": "rolled back, watching"},
        ),
        ("/tick restart", {"kind": c.Tick, "task": "recovery/restart-the-queue"}),
        ("/waive restart it is off", {"kind": c.Waive, "why": "it is off"}),
        ("/phase rec", {"kind": c.EnterPhase, "phase": "recovery"}),
        ("/mode disaster", {"kind": c.SetMode, "mode": "disaster-recovery"}),
        ("/mode none", {"kind": c.SetMode, "mode": ""}),
        (
            "/decide spend buy more because it helps",
            {"kind": c.TakeDecision, "about": "spend", "choice": "buy more", "why": "it helps"},
        ),
        ("/resolve rolled back", {"kind": c.Resolve, "why": "rolled back"}),
        ("/stand-down others do it", {"kind": c.StandDown, "false_alarm": False}),
        ("/false-alarm load test", {"kind": c.StandDown, "false_alarm": True, "why": "load test"}),
        ("/reopen", {"kind": c.Reopen}),
        ("/close", {"kind": c.Close}),
        ("/pin #12 the cause", {"kind": c.Pin, "number": 12, "why": "the cause"}),
        ("/pin that was it", {"kind": c.Pin, "number": 40, "why": "that was it"}),
        ("/unpin 12", {"kind": c.Unpin, "number": 12}),
        ("/link inc-2 caused-by it", {"kind": c.Link, "to": "INC-2", "relation": "caused_by"}),
        ("/link INC-2 same people", {"kind": c.Link, "relation": "relates", "why": "same people"}),
        ("/merge inc-2", {"kind": c.Merge, "into": "INC-2"}),
        ("/sev P1", {"kind": c.SetSeverity, "severity": "P1"}),
    ],
)  # fmt: skip
def test_a_line_means_what_it_says(text: str, fields: dict[str, Any]) -> None:
    meant(text, **fields)


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("", "saying.empty", "/help"),
        (" / ", "saying.empty", "/help"),
        ("/sverity P0", "saying.unknown", "severity"),
        ("/qqq", "saying.unknown", "/help"),
        ("/severity", "saying.incomplete", "/severity P0"),
        ("/fact error_rate", "saying.incomplete", "/fact"),
        ("/handover scribe", "saying.incomplete", "/handover"),
        ("/unpin it", "saying.incomplete", "/unpin 12"),
        ("/decide spend because", "saying.incomplete", "because"),
        ("/severity p", "saying.ambiguous", "P1"),
        ("x" * 10_001, "saying.too-long", "file"),
    ],
)
def test_what_cannot_be_understood_says_what_can(text: str, code: str, hint: str) -> None:
    mistake = said(text, HERE)
    assert isinstance(mistake, Mistake), mistake
    assert mistake.code == code
    assert hint in mistake.hint


def test_several_audiences_have_to_be_told_apart() -> None:
    night = Night(CLAUSES + "  customers: {}\n")
    here = Here(plan=night.plan, incident=night.incident, by="ana")
    mistake = said("/update all is well", here)
    assert isinstance(mistake, Mistake)
    assert mistake.code == "saying.audience"
    assert "customers" in mistake.hint


def test_help_is_for_all_or_for_one_word() -> None:
    assert said("/help", HERE) == Help()
    assert said("/help /sev", HERE) == Help("severity")
    assert said("/?", HERE) == Help()


def test_every_example_in_the_help_is_understood() -> None:
    for saying in SAYINGS:
        assert not isinstance(said(saying.example, HERE), Mistake), saying
    assert set(ALSO.values()) <= set(BY_VERB)
    assert not set(ALSO) & set(BY_VERB)


@given(
    st.one_of(
        st.text(),
        st.builds(
            "/{} {}".format,
            st.sampled_from([*BY_VERB, *ALSO]),
            st.one_of(
                st.text(),
                st.lists(
                    st.sampled_from(
                        [
                            "scribe", "ben", "@", "=", "?", "P0", "because", "12", "level", "²",
                            "recovery", "stake", "data_breach=", "error_rate=9e999", "#", "\x00",
                        ]
                    )
                ).map(" ".join),
            ),
        ),
    )
)  # fmt: skip
@example("/fact error_rate=" + "9" * 5000)
@example("/pin ²")
@example("/\n/\n")
def test_every_text_means_something(text: str) -> None:
    meaning = said(text, HERE)
    assert isinstance(meaning, c.Command | Help | Mistake)
    if isinstance(meaning, Mistake):
        assert meaning.what
        assert meaning.hint
    assert all(isinstance(line, str) for line in completions(text, HERE))


def test_completions_offer_words_first_and_then_what_they_are_about() -> None:
    assert completions("/se", HERE) == ("/severity ",)
    assert completions("/severity ", HERE) == ("/severity P0 ", "/severity P1 ")
    assert completions("/sev p1", HERE) == ("/severity P1 ",)
    assert completions("/fact err", HERE) == ("/fact error_rate=",)
    assert completions("/tick recovery/r", HERE) == ("/tick recovery/restart-the-queue ",)
    assert completions("no slash", HERE) == completions("//slash", HERE) == ()
