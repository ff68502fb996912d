"""The document of provider-sync as it was written: complete, and asked what it leaves open.

The document is not part of this repository; its lines that say something are counted below.
"""

from pathlib import Path

import pytest
from tests.core.plan.plans import FOLDER

from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read
from tocsin.core.times import Choice

AS_WRITTEN = FOLDER / "provider-sync" / "as-written.plan.yaml"
DECIDED = FOLDER / "provider-sync" / "plan.yaml"

SAYING_SOMETHING = {
    line
    for first, last in (
        (1, 1), (3, 3), (5, 9), (11, 15), (17, 21), (23, 27), (29, 29), (31, 31), (33, 36),
        (38, 38), (40, 44), (46, 49), (51, 55), (57, 63), (65, 66), (68, 72), (74, 74), (76, 76),
        (78, 82), (84, 85), (87, 89), (91, 92), (94, 97), (99, 100), (102, 104), (106, 107),
        (110, 110), (112, 117), (119, 123), (125, 129),
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
    ("CTO at once or after 30min", "plan.precedence", "cto on line", "page: cto, at: immediate"),
    ("CTO at once or after 30min", "plan.open-contradiction", "CTO", "When the CTO hears"),
    ("P2: text and matrix", "plan.precedence", "P2 tells", "page: team-lead}]"),
    ("P4: business day or day", "plan.days-differ", "next business day", "next business day"),
    ("what a cell means", "plan.matrix-meaning", "does not say", "matrix:"),
    ("[30min/1hr]", "plan.choice", "choice(30m, 1h)", "audience: affected-users"),
    ("no name of a channel", "plan.no-channel", "where people talk", "tocsin: 1"),
    ("regulators without a deadline", "plan.authority-figure", "no authority", "users:"),
    ("72h from when", "plan.clock-start", "`users` count from", "users:"),
    ("post-mortem by when", "plan.postmortem-deadline", "by when", "postmortem:"),
    ("law enforcement by when", "plan.duty-deadline", "law-enforcement", "law-enforcement:"),
    ("which keys", "plan.open-contradiction", "keys", "Which keys"),
]


@pytest.mark.parametrize(
    ("code", "said", "written"), [row[1:] for row in ASKED], ids=[" - ".join(r[:2]) for r in ASKED]
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


def test_it_is_a_plan_that_can_be_read_and_not_put_in_force() -> None:
    text = AS_WRITTEN.read_text(encoding="utf-8")
    plan, problems = read(text, "as-written.plan.yaml")
    assert plan is not None
    assert {problem.level for problem in problems} == {"warning", "note"}
    (external,) = [c for c in plan.communication.cadences if c.audience == "affected-users"]
    assert isinstance(external.every, Choice)
    in_force, refused = read(text.replace("standing: as written\n", ""), "plan.yaml")
    assert in_force is None
    assert {"plan.choice", "plan.matrix-meaning", "plan.precedence"} <= {
        problem.code for problem in refused if problem.level == "error"
    }
