"""The document of vpn-payments as it was written: complete, and asked about what it leaves open.

The document is not part of this repository; its lines that say something are counted below.
"""

from pathlib import Path

import pytest
from tests.core.plan.plans import FOLDER

from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem

FILES = FOLDER / "vpn-payments"
AS_WRITTEN, DECIDED = FILES / "as-written.plan.yaml", FILES / "plan.yaml"

SAYING_SOMETHING = {
    line
    for first, last in (
        (1, 1), (3, 3), (5, 5), (7, 7), (9, 13), (15, 19), (21, 24), (28, 28), (30, 30), (32, 37),
        (39, 44), (46, 46), (48, 53), (55, 59), (61, 61), (63, 67), (69, 74), (76, 76), (78, 82),
        (84, 92), (94, 94), (96, 100), (102, 103), (107, 107), (109, 109), (111, 115), (117, 117),
        (119, 123), (125, 125), (127, 131), (135, 135), (137, 137), (139, 142), (144, 144),
        (146, 149), (151, 154), (158, 158), (160, 163), (165, 168), (170, 173), (175, 178),
        (180, 183), (187, 187), (189, 191), (193, 195), (197, 199), (201, 203), (207, 207),
        (209, 214), (216, 221), (223, 227), (229, 235), (237, 243), (247, 247), (249, 249),
        (251, 253), (255, 257), (259, 262), (266, 266), (268, 272), (276, 276), (278, 281),
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
    plan, found = read(text, "as-written.plan.yaml")
    assert plan is not None
    assert {one.level for one in found} == {"warning", "note"}
    in_force, refused = read(text.replace("standing: as written\n", ""), "plan.yaml")
    assert in_force is None
    errors = {one.code for one in refused if one.level == "error"}
    assert "plan.time" in errors


def test_what_was_decided_leaves_nothing_open() -> None:
    assert {one.level for one in problems(DECIDED)} <= {"note"}


ASKED = [
    # item of the acceptance list, code, words of the problem, words of the plan's line
    ("security team unused", "plan.unused", "security-team", "# L272"),
    ("commander without contact", "plan.nobody-fills", "incident-commander", "# L117"),
    ("expert without contact", "plan.nobody-fills", "subject-matter-expert", "# L125"),
    ("milestone without unit", "plan.time", "`T+5` has no unit", "# L165"),
    ("milestones without meaning", "plan.milestone-meaning", "by then", "# L158"),
    ("chain without severities", "plan.same-for-all", "a P2 reaches cto", "steps:"),
    ("step without item", "plan.step-without-item", "stuck operations", "# L88"),
    ("template missing", "plan.missing-file", "docs/postmortem/template.md", "# L102-103"),
    ("T+60 twice", "plan.milestone-overlap", "`Incident documented`", "# L181"),
    ("channel without a name", "plan.no-channel", "where people talk", "channels:"),
    ("tested if possible, or always", "plan.open-contradiction", "tested", "a fix is tested"),
    ("High: ticket, or notified", "plan.open-contradiction", "ticket", "a High incident"),
    ("post-mortem while unresolved", "plan.open-contradiction", "T+60", "come about at T+60"),
]


@pytest.mark.parametrize(
    ("code", "said", "written"), [row[1:] for row in ASKED], ids=[row[0] for row in ASKED]
)
def test_what_its_authors_are_asked(code: str, said: str, written: str) -> None:
    assert [line for line in lines_asked(code, said) if written in line]


def test_no_contact_is_filled_in() -> None:
    unfilled = [line.partition("# ")[2] for line in lines_asked("plan.unfilled-contact")]
    assert unfilled == ["L268", "L269", "L270", "L271", "L271", "L272"]


def test_every_milestone_lacks_its_unit() -> None:
    asked = [line.partition(":")[0] for line in lines_asked("plan.time")]
    assert asked == ["T+0", "T+5", "T+15", "T+30", "T+60"]


def test_in_force_a_milestone_without_a_unit_is_an_error() -> None:
    text = DECIDED.read_text(encoding="utf-8").replace("  T+15m:  ", "  T+15:  ")
    plan, found = read(text, "plan.yaml")
    assert plan is None
    assert [(one.code, one.level) for one in found if one.level == "error"][:1] == [
        ("plan.time", "error")
    ]


def test_a_template_that_is_there_is_not_missed() -> None:
    assert "plan.missing-file" not in {one.code for one in problems(DECIDED)}
