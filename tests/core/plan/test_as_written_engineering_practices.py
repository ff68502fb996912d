"""The document of engineering-practices as it was written: complete, and asked about what is open.

The document is not part of this repository; its lines that say something are counted below.
"""

from pathlib import Path

import pytest
from tests.core.plan.plans import FOLDER

from tocsin.core.plan.catalogue.source import check_document
from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem

FILES = FOLDER / "engineering-practices"
AS_WRITTEN, DECIDED = FILES / "as-written.plan.yaml", FILES / "plan.yaml"

SAYING_SOMETHING = {
    line
    for first, last in (
        (1, 1), (3, 4), (6, 6), (8, 12), (14, 18), (20, 20), (22, 28), (30, 34), (36, 40),
        (42, 42), (44, 48), (50, 54), (56, 56), (58, 64), (67, 67), (69, 73), (75, 79), (81, 85),
        (87, 87), (89, 93), (95, 99), (101, 105), (107, 107), (109, 113), (115, 119), (121, 125),
        (127, 127), (129, 133), (135, 139), (141, 145), (147, 147), (149, 153), (155, 159),
        (161, 165), (167, 167), (169, 172), (174, 177), (179, 182),
    )
    for line in range(first, last + 1)
}  # fmt: skip


def problems(path: Path = AS_WRITTEN) -> list[Problem]:
    text = path.read_text(encoding="utf-8")
    return read(text, path.name, exists=lambda name: (FILES / name).exists())[1]


def lines_asked(code: str, said: str = "") -> list[str]:
    lines = AS_WRITTEN.read_text(encoding="utf-8").splitlines()
    found = [one for one in problems() if one.code == code and said in one.what]
    return [lines[one.line - 1].strip() for one in found]


@pytest.mark.parametrize("path", [AS_WRITTEN, DECIDED], ids=["as written", "decided"])
def test_every_line_of_the_document_has_its_clause(path: Path) -> None:
    found = citations(path.read_text(encoding="utf-8"))
    cited = {n for one in found.every if one.clause for n in range(one.first, one.last + 1)}
    assert cited >= SAYING_SOMETHING
    assert not found.problems


def test_it_can_be_read_and_not_be_put_in_force() -> None:
    text = AS_WRITTEN.read_text(encoding="utf-8")
    plan, found = read(text, AS_WRITTEN.name)
    assert plan is not None
    assert {one.level for one in found} == {"warning", "note"}
    in_force, refused = read(text.replace("standing: as written\n", ""), "plan.yaml")
    assert in_force is None
    assert {"plan.freeze-level", "plan.no-window", "plan.open-contradiction"} <= {
        one.code for one in refused if one.level == "error"
    }


def test_what_was_decided_leaves_nothing_open() -> None:
    assert {one.level for one in problems(DECIDED)} <= {"note"}


ASKED = [
    # item of the acceptance list, code, words of the problem, words of the plan's line
    ("drills how often", "plan.interval", "exercises", "exercises:"),
    ("thresholds reviewed how often", "plan.interval", "thresholds", "thresholds:"),
    ("recovery tested how often", "plan.interval", "recovery-tests", "recovery-tests:"),
    ("audits how often", "plan.interval", "audits", "# L144"),
    ("unacknowledged for how long", "plan.no-acknowledge-limit", "unanswered", "severities:"),
    ("post-mortem for which incidents", "plan.postmortem-levels", "which incidents", "postmortem:"),
    ("post-mortem by when", "plan.postmortem-deadline", "by when", "postmortem:"),
    ("freeze from which level", "plan.freeze-level", "from which severity", "freeze:"),
    ("commander without contact", "plan.nobody-fills", "incident-commander", "incident-commander:"),
    ("nobody speaks", "plan.nobody-fills", "communication-lead", "communication-lead:"),
    ("technical lead without contact", "plan.nobody-fills", "technical-lead", "technical-lead:"),
    ("experts without contact", "plan.nobody-fills", "matter-expert", "Subject matter"),
    ("watched for how long", "plan.watch-length", "how long", "# L27"),
    ("what is business-critical", "plan.no-figure", "business_critical", "# L40"),
    ("what is significant", "plan.no-figure", "significant", "# L54"),
    ("channel without a name", "plan.no-channel", "where people talk", "# L42"),
    ("customers told by when", "plan.duty-deadline", "customers", "# L97"),
    ("patches at once, or after tests", "plan.open-contradiction", "patch", "Whether a patch"),
    ("lessons at once, or afterwards", "plan.open-contradiction", "lessons", "When lessons"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "said", "written"), [row[1:] for row in ASKED], ids=[row[0] for row in ASKED]
)
def test_what_its_authors_are_asked(code: str, said: str, written: str) -> None:
    assert [line for line in lines_asked(code, said) if written in line]


def test_no_level_says_when_it_comes() -> None:
    asked = [line.partition("# ")[2] for line in lines_asked("plan.manual-level")]
    assert asked == ["L37", "L38", "L38", "L39", "L39", "L40"]


def test_no_contact_is_filled_in() -> None:
    asked = [line.partition(":")[0] for line in lines_asked("plan.unfilled-contact")]
    plan, _ = read(AS_WRITTEN.read_text(encoding="utf-8"), AS_WRITTEN.name)
    assert plan is not None
    assert asked == list(plan.contacts)


def test_a_document_whose_last_line_does_not_end_is_noticed() -> None:
    (note,) = check_document("# Incident Response\n\n- Improve monitoring", "document.md")
    assert (note.code, note.level, note.line) == ("plan.no-final-newline", "note", 3)


def test_the_example_of_the_document_keeps_its_own_cadence() -> None:
    text = AS_WRITTEN.read_text(encoding="utf-8").replace("every: 30m", "every: 15m")
    found = [one.what for one in read(text, "plan.yaml")[1] if one.code == "plan.template-example"]
    assert len(found) == 1
    assert "30 minutes later in the example, and 15" in found[0]
    assert "plan.template-example" not in {one.code for one in problems()}
