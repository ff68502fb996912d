"""Targets: what people write. Files, times, conditions, patterns, lines of the room, words."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.core.mangling import WORDS, originals
from tests.core.test_reader_fuzz import check_problems
from tests.fuzz.mutating import SIZE, Target
from tests.web.scene.story import HERE

from tocsin.cli.output import clean, clean_lines
from tocsin.core.incident import saying
from tocsin.core.incident.attaching import file_name
from tocsin.core.incident.state import Incident
from tocsin.core.incident.typed import value_of
from tocsin.core.instants import parse_instant
from tocsin.core.naming import name as named
from tocsin.core.organisation import read_organisation
from tocsin.core.organisation.contacts import contact, wrong_with
from tocsin.core.patterns import BadPattern, Pattern
from tocsin.core.plan.citations import citations
from tocsin.core.plan.communication.model import Template
from tocsin.core.plan.communication.templates import fill, left_open, names_in
from tocsin.core.plan.conditions import holds, problem_with
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.plan.patterns import fault_in
from tocsin.core.plan.read import read
from tocsin.core.rendered.read_back import read_back
from tocsin.core.rendered.read_markdown import read_markdown
from tocsin.core.scenarios.noting import World
from tocsin.core.scenarios.read import draft, read_scenario
from tocsin.core.short_messages import sms_length
from tocsin.core.times import parse_duration, parse_time, words
from tocsin.web.pages.words.markdown import markdown

NOW = datetime(2026, 11, 17, 19, 4, 10, tzinfo=UTC)
YAML_WORDS = [word.encode("utf-8", "surrogatepass") for word in WORDS]
BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c]\ne: [*d, *d]\n"
TIMES = (
    "within 15m",
    "immediate (within 5m)",
    "< 1h",
    "next business day",
    "3 business days",
    "24h-72h",
    "choice(30m, 1h)",
    "next sprint planning",
    "T+5m",
    "unspecified",
    "1h30m",
    "2 weeks",
)
MOMENTS = (
    "now",
    "tomorrow 09:00",
    "monday 09:00",
    "2026-11-18 03:00",
    "2026-11-18T03:00:00Z",
    "14:30",
    "tuesday, 2026-11-24 09:00 Europe/Berlin",
    "2026-10-25 02:30 Europe/Berlin",
    "23:59:60",
    "2026-11-18 03:00:00.123456789+05:30",
)
LINES = (
    "/ack",
    "/severity P0 because all is down",
    "/page team-lead because",
    "/fact error_rate 0.5",
    "/update public Nobody can pay",
    "/role scribe cleo",
    "/tick assessment/state full",
    "/waive x because y",
    "/phase containment",
    "/pin 3",
    "/link INC-2026-001 caused_by",
    "/merge INC-2026-002",
    "/note //x",
    "//x",
    "/help",
    "/decide x",
    "/mode x",
    "/unpin 1",
    "/approve U1",
    "/withdraw U1",
    "/handover x",
    "a note with **shard 7** https://example.org",
)


def text_of(data: bytes) -> str:
    """As text from JSON comes: halves of surrogate pairs may be among it."""
    return data.decode("utf-8", "surrogatepass") if _is_sound(data) else data.decode("latin-1")


def _is_sound(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def encoded(*texts: str) -> list[bytes]:
    return [text.encode("utf-8", "surrogatepass") for text in texts]


@cache
def plan() -> Plan:
    """The scene's plan."""
    found, _ = read((HERE / "plan.yaml").read_text("utf-8"), "plan.yaml")
    assert found is not None
    return found


@cache
def in_hand() -> Incident:
    """An incident of the scene, in the middle of it."""
    from tests.web.scene.story import Scene, tell  # noqa: PLC0415  # only where it is wanted

    with TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        try:
            scene.put_in_force()
            tell(scene)
            with scene.store.read() as reading:
                kept = reading.incident("INC-2026-004")
        finally:
            scene.store.close()
    assert kept is not None
    return kept.incident


def a_plan(data: bytes) -> None:
    found, problems = read(data, "plan.yaml")
    assert (found is None) == any(one.level == "error" for one in problems)
    check_problems(problems, data)


def an_organisation(data: bytes) -> None:
    found, problems = read_organisation(data, "org.yaml")
    assert (found is None) == any(one.level == "error" for one in problems)
    check_problems(problems, data)


def a_scenario(data: bytes) -> None:
    found = draft(data, "scenario.yaml")
    script, problems = read_scenario(found, World(plan=plan()))
    assert (script is None) == any(one.level == "error" for one in problems)


def comments(data: bytes) -> None:
    check_problems(list(citations(data).problems), data)


def a_document(data: bytes) -> None:
    text = text_of(data)
    with suppress(ValueError):
        read_markdown(text)
        read_back(text)


def a_time(data: bytes) -> None:
    text = text_of(data)
    with suppress(ValueError):
        words(parse_time(text))
    with suppress(ValueError):
        parse_duration(text)


def an_instant(data: bytes) -> None:
    with suppress(ValueError):
        at = parse_instant(text_of(data), NOW, "Europe/Berlin")
        assert at.tzinfo is UTC


FACTS: dict[str, FactValue] = {
    "error_rate": 0.5,
    "root_cause": "x",
    "user_facing": True,
    "service_availability": "none",
}


def a_condition(data: bytes) -> None:
    text = text_of(data)
    problem_with(text, plan().facts)
    holds(text, FACTS)
    holds(text, {})


def a_pattern(data: bytes) -> None:
    pattern, _, value = text_of(data).partition("\n")
    with suppress(BadPattern):
        Pattern(pattern).matches((value or "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!")[: SIZE // 2])


def a_number(data: bytes) -> None:
    text = text_of(data)
    for numbered in (True, False):
        if fault_in(text, numbered=numbered) is None:
            assert named(text, 7, NOW, "Europe/Berlin")


def a_template(data: bytes) -> None:
    subject, _, text = text_of(data).partition("\n")
    template = Template(id="t", audiences=("public",), subject=subject, text=text, line=1)
    known = {name: f"[{name}] {{{{ other }}}} \x1b" for name in names_in(text)[:20]}
    fill(template, known, "Europe/Berlin")
    left_open(text)


def a_fact(data: bytes) -> None:
    for name in plan().facts:
        value_of(plan(), name, text_of(data))


def a_contact(data: bytes) -> None:
    text = text_of(data)
    contact(text)
    wrong_with(text, ("inbox", "email", "webhook", "slack"), {"webhook": ("a",), "slack": ()})


def a_line(data: bytes) -> None:
    here = saying.Here(
        plan=plan(), incident=in_hand(), by="ana", people={"ana": "Ana", "ben": "Ben"}, entries=40
    )
    text = text_of(data)
    saying.said(text, here)
    saying.completions(text, here)


def a_note(data: bytes) -> None:
    text = text_of(data).encode("utf-8", "replace").decode()[: saying.TEXT_AT_MOST]
    made = str(markdown(text))
    assert "<script" not in made
    assert "<img" not in made
    markdown.cache_clear()


def a_file_name(data: bytes) -> None:
    name = file_name(text_of(data))
    assert name
    assert name.isprintable()
    assert not set("/\\\r\n\0") & set(name)
    assert len(name) <= 200


def a_short_message(data: bytes) -> None:
    sms_length(text_of(data).encode("utf-8", "replace").decode())


def a_terminal(data: bytes) -> None:
    for made in (clean(text_of(data)), clean_lines(text_of(data)).replace("\n", "")):
        assert not [c for c in made if ord(c) < 32 or 127 <= ord(c) < 160], ascii(made[:200])


TARGETS = (
    Target("plan", a_plan, [*encoded(*originals()), BOMB], YAML_WORDS),
    Target("organisation", an_organisation, [*encoded(*originals("org.yaml")), BOMB], YAML_WORDS),
    Target(
        "scenario",
        a_scenario,
        [one.read_bytes() for one in sorted((HERE.parents[2] / "plans").rglob("scenarios/*.yaml"))]
        or [b"scenario: x\nplan: p\nstory: []\n"],
        YAML_WORDS,
    ),
    Target("plan-comments", comments, encoded(*originals()), [b"# cites ", b"# L1-9", *YAML_WORDS]),
    Target(
        "rendered-document",
        a_document,
        encoded(
            "# T\n\n## Severities\n\n### P0 Critical\n\n| a | b |\n|---|---|\n| c | d |\n",
            "# T\n\n## Contacts\n\n- **x**: y\n\n> quoted\n\n```\ncode\n```\n",
        ),
        encoded("## ", "| ", "|---|", "- [ ] ", "> ", "```\n", "**", '<a id="x"></a>'),
    ),
    Target("time-value", a_time, encoded(*TIMES), encoded("within ", "m", "h", "business days")),
    Target("instant", an_instant, encoded(*MOMENTS), encoded("Europe/", "UTC", "T", "monday ")),
    Target(
        "condition",
        a_condition,
        encoded(
            'error_rate > 0.05 || service_availability == "none"',
            "!user_facing && a in [1]",
            'root_cause.contains("x") ? 1 : size(root_cause) == 2',
        ),
        encoded("&&", "||", "in [", "size(", "==", "!", "(", "error_rate", "matches("),
    ),
    Target(
        "regex",
        a_pattern,
        encoded(
            "crit.*",
            "(a|a)*$\naaaaaaaaaaaa",
            "(a+)+$",
            r"(\w+\s?)*$",
            "[a-z]{1,64}",
            "(?i)x",
            r"(x+x+)+y",
            "^(([a-z])+.)+[A-Z]$",
        ),
        encoded("(a+)+", "{64}", "(?:", "[^", r"\p{L}", r"\b", "(?=", r"\1", "|"),
    ),
    Target(
        "code-pattern",
        a_number,
        encoded("INC-{YYYY}-{n:03}", "#incident-{YYYY}-{MM}-{DD}"),
        encoded("{n}", "{n:09}", "{QX}", "{YYYY}"),
    ),
    Target(
        "template",
        a_template,
        encoded(
            "{{ a }}\n{{ b | upper }} {{ c.d | list }}",
            "x\n[Name] $X HH:MM YYYY-MM",
            "x\n[1" + "-" * 5000,
        ),
        encoded("{{ a | number }}", "[", "]", "[1", "/", "-", "$XX", "HH:MM", "[x]"),
    ),
    Target("typed-fact", a_fact, encoded("0.5", "1,5", "yes", "none", "1" * 5000, "\u0663")),
    Target(
        "contact",
        a_contact,
        encoded("email ana@example.org", "webhook https://x", "inbox"),
        encoded("email ", "webhook ", "slack ", "inbox "),
    ),
    Target(
        "room-line", a_line, encoded(*LINES), encoded("because ", "/", "P0", "team-lead", "INC-")
    ),
    Target(
        "note",
        a_note,
        encoded(
            "# x\n\n> **a** `b` [c](https://d) ![e](f)\n\n1. x\n   - y\n\n| a |\n|---|\n",
            "https://example.org/(a)?b=[c]&d=e.",
        ),
        encoded("[", "](", "**", "_", "`", "> ", "* ", "<a>", "|", "~~", "https://", "&#"),
        at_most=saying.TEXT_AT_MOST,
    ),
    Target("file-name", a_file_name, encoded("graph.png", "../../etc/passwd", "a\\b", "...", ".")),
    Target(
        "short-message", a_short_message, encoded("P0 Checkout is down", "\u20ac{}", "\U0001f525")
    ),
    Target(
        "terminal",
        a_terminal,
        encoded("\x1b[2J\x1b]0;title\x07x", "\x9b31m", "\x1bP..\x1b\\", "\x1b]8;;http://x\x1b\\y"),
        encoded("\x1b", "\x1b]", "\x1bP", "\x9d", "\x90", "\x07", "\x1b\\", "\x9c", "\x1b["),
    ),
)
