"""What the document of notification-preferences leaves open, as its as-written plan shows it.

Each row of OPEN is one thing that its authors must be asked; nothing is decided in silence, and no
line of the document is left out.
"""

import pytest
from tests.core.plan.plans import FOLDER, text_of

from tocsin.core.plan.catalogue.source import check_document
from tocsin.core.plan.citations import citations
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem

HOME = FOLDER / "notification-preferences"
TEXT = (HOME / "as-written.plan.yaml").read_text(encoding="utf-8")

CONTENT = (
    "1 3 7 9 11-18 20 22-25 27 29-32 36 38 40 42-46 48 50-54 56 58-62 64 66-69 73 75 77-80 82"
    " 84-92 94 96-103 105 107-117 119 121-125 129 131 133-137 139 141-144 146 148-151 153 155-158"
    " 162 164 166-169 171 173-176 178 180 183-189 192 195-200 203 206-211 216 218 220-224 226"
    " 228-231 233 235-239 243 245 247-250 252 255 257 259-263 265 267-269 271 273-275 277 279-281"
    " 283 285 287 289 291 293-294 296 298 301 303-307 311 313 315-317 319 321-324 326 328-332 336"
    " 338 340-343 345 347-350 352 354-357 361 363 365-371 375 377 379-395 397 399-404 406 409"
    " 411-412 414 416-419 421 423-426 428 430-433 438 440 442-445 447 449 451-455 457 459-463 465"
    " 467-471 473 476 478 480-483 485 487-490 492 494 496 498 500 502-503 505 507-509 514 516"
    " 518-535 537 539-555 557 559 562 564 566-569 571-572 574 577 580 582 584-587 589 591-592 597"
    " 599 601-604 606 608 611 613 615-618 620 622 624-627 629 631-633 635 637-639 641 643-645 648"
    " 650-655 657 659-662 664 666-668 672 674 676-689 691 693-702 704 706-708"
)
"""The lines of the document that say something: neither blank nor a rule nor a fence."""

OPEN = [
    ("two names", "plan.signature", "The Advancia Pay Ledger Team"),
    ("a bullet twice", "plan.said-twice", "stands on line"),
    ("what the chain counts from", "plan.anchor", "what the times of the steps count from"),
    ("what the recovery box counts from", "plan.phase-anchor", "time box"),
    ("a commander before there is one", "plan.template-not-known", "`commander` is known"),
    ("a post-mortem date before there is one", "plan.template-not-known", "`postmortem` is known"),
    ("no window for errors", "plan.no-window", "`api-errors`"),
    ("no window for response times", "plan.no-window", "`response-time`"),
    ("no window for availability", "plan.no-window", "`availability`"),
    ("how many complaints", "plan.no-figure", "`complaint_threshold`"),
    ("which impact is significant", "plan.no-figure", "`significant`"),
    ("which impact is widespread", "plan.no-figure", "`widespread`"),
    ("which incident is complex", "plan.no-figure", "`complex`"),
    ("which outage is extended", "plan.no-figure", "`extended_outage`"),
    ("how long extended monitoring lasts", "plan.watch-length", "how long it lasts"),
    ("whether rungs add up", "plan.ladder-meaning", "takes the lower rungs"),
    ("whether estimates count", "plan.ladder-meaning", "whether estimates climb it"),
    ("what the board's 4 hours count from", "plan.ladder-meaning", "deadlines count from"),
    ("every 15 or every 30 minutes", "plan.open-contradiction", "every 15 minutes"),
    ("published by itself or approved", "plan.publishing-contradiction", "without anybody"),
    ("a type of drill without a section", "plan.drill-type", "`coordination`"),
    ("a target that MTTR lacks", "plan.metric-target", "`mttr`"),
    ("a file that is not there", "plan.missing-file", "`docs/runbooks/contacts.md`"),
    ("another one", "plan.missing-file", "`SERVICE_LEVELS.md`"),
    ("a channel that is watched itself", "plan.channel-depends", "when slack fails"),
    ("between 1 and 5 % of errors", "plan.metric-gap", "above 0.01 up to 0.05"),
]

DAMAGED = """# Incident Response Plan ðŸš¨

## Success Criteria

1. **On-call engineer** â†’ **Team lead**
- **Team preparedness** through regular drills and training
- **Team preparedness** through regular drills and training
"""


def checked() -> tuple[Plan | None, list[Problem]]:
    return read(TEXT, "as-written.plan.yaml", exists=lambda path: (HOME / path).exists())


def test_the_document_can_be_read_as_it_is() -> None:
    plan, problems = checked()
    assert plan is not None
    assert plan.standing == "as written"
    assert [str(one) for one in problems if one.level == "error"] == []


@pytest.mark.parametrize(("code", "words"), [row[1:] for row in OPEN], ids=[r[0] for r in OPEN])
def test_what_it_leaves_open_is_reported_where_it_stands(code: str, words: str) -> None:
    found = [one for one in checked()[1] if one.code == code and words in one.what]
    assert found
    assert all(one.line > 1 for one in found)


@pytest.mark.parametrize("plan", ["as written", "in force"])
def test_no_line_of_the_document_is_left_out(plan: str) -> None:
    text = TEXT if plan == "as written" else text_of("notification-preferences")
    said = citations(text)
    cited = {n for one in said.every for n in range(one.first, one.last + 1)}
    spans = [part.partition("-") for part in CONTENT.split()]
    wanted = {n for first, _, last in spans for n in range(int(first), int(last or first) + 1)}
    assert wanted - cited == set()
    assert max(cited) <= max(wanted)
    assert said.problems == ()


def test_what_is_damaged_in_the_document_is_reported_with_its_line() -> None:
    found = [(one.line, one.code) for one in check_document(DAMAGED, "seed.md")]
    assert found == [(1, "file.mojibake"), (5, "file.mojibake"), (7, "plan.said-twice")]


def test_the_decided_plan_leaves_none_of_it_open() -> None:
    problems = read(text_of("notification-preferences"), "plan.yaml")[1]
    assert [str(one) for one in problems if one.level != "note"] == []
