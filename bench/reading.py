"""How long reading a plan takes: `.venv/bin/python bench/reading.py`.

Prints a table: the plans that come with Tocsin, large made-up ones, and 64 KiB of what is slow to
read. Each is read until half a second is over, warm, and the median and the slowest run are shown.
Exit 0 always: what is fast enough depends on the machine.
"""

import gc
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read
from tocsin.core.tree import read_tree

PLANS = Path(__file__).parents[1] / "plans"
SIZE = 64 * 1024
SECONDS = 0.5

HEAD = """\
tocsin: 1
plan: large
tolerance: 5m
facts: {down: yes or no, rate: number, kind_of_data: [none, some, all]}
"""


def dense_plan(lines: int) -> str:
    """A plan of so many lines, most of them dense maps in braces."""
    part = lines // 6
    text = HEAD + "contacts:\n"
    text += "".join(f"  team-{n}: see the organisation file   # L{n + 1}\n" for n in range(part))
    text += "severities:\n"
    for code in range(4):
        text += f"  P{code}:\n    acknowledge: within {15 * (code + 1)}m\n    when:\n"
        for n in range(part // 4):
            text += f"      - rate > {1000 * (4 - code) + n}.5 && down   # L{n + 1}\n"
    text += "escalation:\n  measured_from: start\n  until: resolved\n  steps:\n"
    for n in range(part):
        text += f"    - {{page: team-{n}, P0: {n + 1}m, P1: {n + 2}m, P2: {n + 3}m}}   # L{n + 1}\n"
    text += "  if_exhausted: {page: team-0, every: 15m}\nphases:\n  containment:\n    steps:\n"
    for n in range(2 * part):
        text += f"      - {{do: Look at system {n}, by: team-1, need: if needed}}   # L{n + 1}\n"
    return text + alert_rules(part)


def alert_rules(count: int) -> str:
    """The section of alerts, with so many rules."""
    text = "alerts:\n  otherwise: P1\n  rules:\n"
    for n in range(count):
        text += f"    - {{match: {{alertname: Alert{n}, service: s{n % 7}}}, severity: P0}}\n"
    return text


def only_rules(count: int) -> str:
    """A small plan with many alert rules."""
    severities = (
        "contacts: {one: mail}\nseverities: {P0: {when: [down]}, P1: {when: [rate > 1.0]}}\n"
    )
    last = "escalation: {steps: [{page: one, at: 5m}], if_exhausted: {page: one}}\n"
    return HEAD + severities + last + alert_rules(count)


def repeated(before: str, part: str, after: str) -> str:
    """64 KiB of a part over and over, in which `%` becomes a number."""
    pieces, size, number = [before], len(before) + len(after), 0
    while size < SIZE:
        pieces.append(part.replace("%", str(number)))
        size += len(pieces[-1])
        number += 1
    return "".join([*pieces, after])


def hostile() -> Iterator[tuple[str, str]]:
    """What is slow to read, each 64 KiB: (name, text)."""
    for character in "[{-?":
        yield f"only {character}", f"{character} " * (SIZE // 2)
    yield "one long list", repeated("a: [", "b,", "]")
    yield "anchors", repeated("[", "&a b,", "]")
    yield "unknown keys", repeated("", "a%: 1\n", "")
    yield "the same key", repeated("", "a: 1\n", "")
    yield "tabs", repeated("", "\ta\n", "")
    yield "damaged text", repeated("a: ", "\u00c3\u00a9", "")
    yield "severities", repeated("severities: {", "p%: {},", "}")
    yield "conditions", repeated("severities: {P0: {when: [", "a%,", "]}}")
    yield "wrong texts", repeated("alerts: {group_by: [", "3,", "]}")
    yield "contacts", repeated("contacts: {", "a%: '',", "}")
    yield "steps", repeated("escalation: {steps: [", "{page: a%, at: 5m},", "]}")
    yield "empty steps", repeated("escalation: {steps: [", "{p%: 3},", "]}")
    yield "phases", repeated("phases: {", "a%: {steps: [b]},", "}")
    yield "steps of a phase", repeated("phases: {a: {steps: [", "{do: a%},", "]}}")
    yield "alert rules", repeated("alerts: {rules: [", "{match: {a%: b}, severity: P0},", "]}")
    yield "expressions", repeated("alerts: {rules: [", '{match: {a: "~b%"}, severity: P0},', "]}")


def measured(reader: object, text: str) -> tuple[float, float]:
    """(median, slowest) in milliseconds of the processor: others may be using it too."""
    assert callable(reader)
    reader(text)
    times: list[float] = []
    ends = time.perf_counter() + SECONDS
    while time.perf_counter() < ends or len(times) < 3:
        begun = time.process_time()
        reader(text)
        times.append(1000 * (time.process_time() - begun))
    return statistics.median(times), max(times)


def row(name: str, text: str) -> str:
    """One line of the table."""
    parse, _ = measured(lambda text: read_tree(text, "f"), text)
    median, worst = measured(lambda text: read(text, "f"), text)
    cites, _ = measured(citations, text)
    plan, problems = read(text, "f")
    codes = {problem.code for problem in problems if (plan is None) == (problem.level == "error")}
    figures = (len(text.encode()) / 1024, parse, median, worst, cites)
    return (
        f"{name:40}{''.join(f'{figure:8.1f}' for figure in figures)}   {', '.join(sorted(codes))}"
    )


def main() -> None:
    """Measure everything and print the table."""
    plans = sorted(PLANS.glob("*/*plan.yaml"))
    cases = [(str(path.relative_to(PLANS)), path.read_text(encoding="utf-8")) for path in plans]
    cases.append(("dense plan, 1,500 lines", dense_plan(1_500)))
    cases.append(("3,000 alert rules", only_rules(3_000)))
    headings = "".join(f"{heading:>8}" for heading in ("KiB", "parse", "read", "worst", "cites"))
    print(f"{'milliseconds':40}{headings}   problems")
    gc.freeze()
    for name, text in [*cases, *hostile()]:
        print(row(name, text), flush=True)


if __name__ == "__main__":
    main()
