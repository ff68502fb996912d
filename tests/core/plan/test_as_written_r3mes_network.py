"""The document of r3mes-network as it was written: complete, and asked what it leaves open.

The document is not part of this repository; its lines that say something are counted below.
"""

from pathlib import Path

import pytest
from tests.core.plan.plans import FOLDER

from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read

AS_WRITTEN = FOLDER / "r3mes-network" / "as-written.plan.yaml"
DECIDED = FOLDER / "r3mes-network" / "plan.yaml"

SAYING_SOMETHING = {
    line
    for first, last in (
        (1, 1), (3, 3), (5, 5), (7, 7), (9, 11), (13, 15), (17, 19), (21, 23), (25, 25),
        (27, 27), (29, 33), (35, 35), (37, 40), (42, 45), (47, 50), (52, 52), (54, 57), (59, 62),
        (64, 64), (66, 69), (71, 74), (76, 76), (78, 81), (83, 86), (88, 88), (90, 90), (92, 96),
        (98, 101), (103, 106), (108, 111), (113, 113), (115, 118), (120, 124), (126, 129),
        (131, 131), (133, 136), (138, 142), (144, 144), (146, 146), (148, 151), (153, 157),
        (159, 162), (164, 164), (166, 169), (171, 174), (176, 179), (181, 181), (183, 183),
        (185, 187), (189, 189), (191, 193), (195, 195), (197, 197), (199, 201), (203, 203),
        (205, 208), (210, 210), (212, 214), (216, 216), (218, 220), (222, 222), (224, 228),
    )
    for line in range(first, last + 1)
}  # fmt: skip


@pytest.mark.parametrize("path", [AS_WRITTEN, DECIDED], ids=["as written", "decided"])
def test_every_line_of_the_document_has_its_clause(path: Path) -> None:
    found = citations(path.read_text(encoding="utf-8"))
    cited = {n for one in found.every if one.clause for n in range(one.first, one.last + 1)}
    assert cited >= SAYING_SOMETHING
    assert not found.problems


ASKED = [
    # item of the acceptance list, code, words of the problem, words of the plan's line
    ("immediate without tolerance", "plan.tolerance", "how much time", "immediate"),
    ("escalation required, no chain", "plan.required-without-recipient", "P0", "P0:"),
    ("a limit, and nobody is told", "plan.nobody-told", "P1 has a time limit", "P1:"),
    ("stability for how long", "plan.watch-length", "how long it lasts", "watch: unspecified"),
    ("high error rates", "plan.no-figure", "high-error-rates", "above: unspecified"),
    ("suspicious activity", "plan.no-figure", "suspicious_activity", "# L136"),
    ("users, if required by what", "plan.duty-rule", "`users`", "# L109"),
    ("authorities, if required by what", "plan.duty-rule", "`authorities`", "# L110"),
    ("disclosure, if required by what", "plan.duty-rule", "`disclosure`", "# L193"),
    ("users by when", "plan.unspecified", "`within`", "within: unspecified"),
    ("what the owner does", "plan.role-without-duties", "incident-owner", "# L40"),
    ("who may own it", "plan.nobody-fills", "incident-owner", "# L40"),
    ("post-mortem by when", "plan.postmortem-deadline", "by when", "# L84"),
    ("response time", "plan.open-contradiction", "how soon the response begins", "Response Time"),
    ("three papers", "plan.open-contradiction", "an incident report", "Which paper"),
    ("one channel for all", "plan.open-contradiction", "told apart", "one channel"),
    ("how often stakeholders hear", "plan.unspecified", "`every`", "# L226"),
]


@pytest.mark.parametrize(
    ("code", "said", "written"), [row[1:] for row in ASKED], ids=[row[0] for row in ASKED]
)
def test_what_its_authors_are_asked(code: str, said: str, written: str) -> None:
    text = AS_WRITTEN.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = [
        problem
        for problem in read(text, "as-written.plan.yaml")[1]
        if problem.code == code and said in problem.what and written in lines[problem.line - 1]
    ]
    assert found


def test_the_words_if_possible_and_its_like_are_kept() -> None:
    plan, _ = read(AS_WRITTEN.read_text(encoding="utf-8"), "as-written.plan.yaml")
    assert plan is not None
    needs = {task.text: task.need for task in plan.tasks if task.need != "always"}
    asked = {"Update status page": "if applicable", "Interview users": "if applicable",
             "Reproduce issue": "if possible", "Scale resources": "if needed",
             "Tell affected users": "if required", "Tell authorities": "if required"}  # fmt: skip
    assert asked.items() <= needs.items()


def test_it_is_a_plan_that_can_be_read_and_not_put_in_force() -> None:
    text = AS_WRITTEN.read_text(encoding="utf-8")
    plan, problems = read(text, "as-written.plan.yaml")
    assert plan is not None
    assert {problem.level for problem in problems} == {"warning", "note"}
    in_force, refused = read(text.replace("standing: as written\n", ""), "plan.yaml")
    assert in_force is None
    assert "plan.watch-length" in {one.code for one in refused if one.level == "error"}


def test_what_was_decided_leaves_nothing_open() -> None:
    text = DECIDED.read_text(encoding="utf-8")
    assert {problem.level for problem in read(text, "plan.yaml")[1]} <= {"note"}


def test_what_the_phases_ask_for_stands_under_the_headings_of_the_document() -> None:
    plan, _ = read(DECIDED.read_text(encoding="utf-8"), "plan.yaml")
    assert plan is not None
    assert [phase.id for phase in plan.response.phases] == [
        "detection", "initial-response", "investigation", "resolution", "post-incident",
    ]  # fmt: skip
    headings = dict.fromkeys(task.group for task in plan.tasks if task.after.startswith("phase "))
    assert [heading for heading in headings if not heading.startswith("Data breach")][:9] == [
        "Initial response: Acknowledge", "Initial response: Containment",
        "Initial response: Communication", "Investigation: Gather information",
        "Investigation: Identify the root cause", "Resolution: Implement the fix",
        "Resolution: Recovery", "Post-incident: Documentation", "Post-incident: Review",
    ]  # fmt: skip
