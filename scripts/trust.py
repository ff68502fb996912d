"""Write what was tried, and how often: `python scripts/trust.py` makes trust/REPORT.md.

Everything is taken from trust/figures/*.json, which the long runs themselves have written, from
trust/deviations.yaml and from trust/untested.md; trust/planted.md is made of planted.json too. A
test fails when the pages are older than what they are made of.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent
TRUST = ROOT / "trust"
CIRCUMSTANCES = ("date", "machine", "python", "commit")

LONG = 30
"""Tables of more rows than this are folded."""

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Claim:
    """A figure that should be 0, with the figure that says out of how many trials.

    Where the trials are not drawn at random, their number bounds nothing: `note` says what then.
    """

    of: str
    failures: str
    says: str
    note: str = ""


@dataclass(frozen=True)
class Topic:
    """One kind of long run: its heading, what was done, how to do it again, what it claims."""

    name: str
    title: str
    about: str
    again: str
    claims: tuple[Claim, ...] = ()


TRIED_ALL = "each point of these scenes was tried"
SCRIPTED = "scripted faults, no sample"

TOPICS = (
    Topic(
        "simulation",
        "Simulated nights",
        "The engine and the rules of production run with simulated time, store, network, providers"
        " and people. Each seed draws its own faults: a process killed between any two effects,"
        " power lost, a disk full or failing, nodes cut off or paused, clocks set wrong, providers"
        " that hang and lie, edits in the middle. The invariants are checked after each step, and"
        " in the end, when the faults are over, everything that is owed must have been done.",
        "make torture SEEDS=N",
        (Claim("seeds", "failed", "seeds in which an invariant broke"),),
    ),
    Topic(
        "planted",
        "Bugs that were planted",
        "Known bugs of other products are planted into the source one at a time, and the simulator"
        " has to find them: a simulator that finds nothing may be blind."
        " [The list](planted.md) names each, and how long it took.",
        "python -m tests.mutants.hunt --write",
        (Claim("planted", "not found", "planted bugs that were not found"),),
    ),
    Topic(
        "kills",
        "Processes killed",
        "A process that runs the real engine, the real store on SQLite and real HTTP is killed"
        " (`kill -9`) at each call into the system that it makes in a scene, one after the other;"
        " a real server is killed at random under load. Then it is started again, and what it has"
        " accepted is compared with what it knows and sends.",
        "make torture",
        (
            Claim("kill points", "lost alerts", "kills that lost an accepted alert", TRIED_ALL),
            Claim("kill points", "lost clocks", "kills that lost a clock", TRIED_ALL),
            Claim("kill points", "problems", "kills after which anything was wrong", TRIED_ALL),
        ),
    ),
    Topic(
        "disk",
        "Disks that fail or fill up",
        "Each call that writes, syncs, creates or renames a file of the store is refused (EIO,"
        " ENOSPC, EDQUOT, EINTR) or shortened, one after the other. A real server works on a small"
        " disk that is filled, and is made empty again.",
        "make torture",
        (
            Claim(
                "all injection points",
                "all false 2xx",
                "refused calls that led to a false 2xx",
                TRIED_ALL,
            ),
            Claim(
                "all injection points",
                "all problems",
                "refused calls after which anything was wrong",
                TRIED_ALL,
            ),
        ),
    ),
    Topic(
        "power",
        "Power cut",
        "Everything that a scene writes and syncs is recorded. Then the disk is made as it may be"
        " after a cut at any of these moments: without what was not synced, with a part of it, with"
        " half-written pages. Syncs that fail are among them. The planted ones don't wait for the"
        " disk, and must be found.",
        "make torture TORTURE_CUTS=N",
        (
            Claim(
                "cuts, recorded", "lost alerts, recorded", "power cuts that lost an accepted alert"
            ),
            Claim(
                "cuts, recorded", "problems, recorded", "power cuts after which anything was wrong"
            ),
        ),
    ),
    Topic(
        "postgres",
        "PostgreSQL killed, restarted, failed over",
        "The database is killed, restarted, and replaced by its standby while alerts come in.",
        "make torture",
        (
            Claim("alerts accepted", "lost", "alerts lost while the database failed", SCRIPTED),
            Claim(
                "faults", "problems", "faults of the database with anything wrong after", SCRIPTED
            ),
        ),
    ),
    Topic(
        "nodes",
        "Nodes killed, paused and cut off",
        "Two and three nodes share one PostgreSQL; one of them is killed, stopped for a minute, or"
        " cut off from the database, from the provider, or from the others.",
        "make torture",
        (
            Claim("alerts accepted", "lost", "alerts lost while nodes and lines failed", SCRIPTED),
            Claim("faults", "problems", "faults of nodes with anything wrong after", SCRIPTED),
        ),
    ),
    Topic(
        "emergency",
        "Paging without the store",
        "The store is away, and pages go out from the local journal and the emergency roster.",
        "make torture",
    ),
    Topic(
        "watcher",
        "The watcher watched",
        "Parts of a running server are broken one after the other; the heartbeat to the outside has"
        " to stop.",
        "make torture",
    ),
    Topic(
        "fuzz",
        "Nonsense at each parser",
        "Random and mutilated input to everything that reads what comes from outside.",
        "make torture TORTURE_FUZZ_SECONDS=N",
        (
            Claim("inputs", "crashes", "inputs that broke a parser"),
            Claim(
                "inputs",
                "inputs slower than 100 ms per 64 KiB",
                "inputs that took longer than 100 ms per 64 KiB",
            ),
        ),
    ),
    Topic(
        "api",
        "The API as each role",
        "Generated requests to every route of the API, with the rights of each role.",
        "make torture TORTURE_API_EACH=N",
        (
            Claim("requests", "faults", "requests answered with a fault (5xx)"),
            Claim("requests", "breaks", "answers that are not what the document promises"),
        ),
    ),
    Topic(
        "scale",
        "Scale",
        "How long things take as the record grows; how large it was stands among the figures.",
        "make bench-scale",
    ),
)

PLANTED_HEAD = """# Bugs that were planted, and what found them

Made by `scripts/trust.py` from `trust/figures/planted.json` and `tests/mutants/planted/`. Each bug
is a small change of the source, made in a copy; the simulator then runs seeds 1, 2, 3 ... until one
of its invariants fails. *Seed* is the first that fails, and so the number of seeds it takes.

*From* says in which product the bug was, or whose shape it has, as its issues, its authors' own
reports or its source tell; none of their code is here, and nothing was tried with their products.
*Classic* is the row of the [48 bugs](../tests/classics/README.md).
"""


def main() -> None:
    """Write both pages."""
    (TRUST / "REPORT.md").write_text(report(), encoding="utf-8")
    (TRUST / "planted.md").write_text(planted(), encoding="utf-8")


def report() -> str:
    """Return the whole report."""
    known = {topic: found for topic in TOPICS if (found := figures(topic.name))}
    parts = [_head(known), *(_section(topic, found) for topic, found in known.items())]
    if missing := [topic.title for topic in TOPICS if topic not in known]:
        parts.append("## Not run yet\n\n" + "".join(f"* {title}\n" for title in missing))
    return "\n".join([*parts, _deviations(), (TRUST / "untested.md").read_text(encoding="utf-8")])


def figures(name: str) -> Figures:
    """Return the figures of a topic, {} if it was never run."""
    path = TRUST / "figures" / f"{name}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    flat: dict[str, Any] = {}
    for key, value in known.items():
        within = value.items() if isinstance(value, dict) else ()
        flat |= {f"{key}: {inner}": one for inner, one in within} or {key: value}
    return flat


def _head(known: Mapping[Topic, Figures]) -> str:
    lines = [
        "# What was tried, and how often",
        "",
        "Made by `scripts/trust.py` from the figures that the runs themselves have written to"
        " `trust/figures/`. Each figure stands beside its *n*: what did not fail in *n* independent"
        " trials fails, with 95 % confidence, in fewer than 3 of *n* such trials. How often the"
        " real world does what the trials do is another question, which nothing here answers.",
        "",
        "| What must not happen | n | Seen | So, at 95 % confidence |",
        "| --- | ---: | ---: | --- |",
    ]
    for topic, found in known.items():
        lines += list(_claims(topic, found))
    return "\n".join(lines) + "\n"


def _claims(topic: Topic, found: Figures) -> Iterator[str]:
    for claim in topic.claims:
        trials, failures = _total(found, claim.of), _total(found, claim.failures)
        if trials is None or failures is None:
            continue
        bound = "see below"
        if failures == 0 and claim.note:
            bound = claim.note
        elif failures == 0 and trials:
            bound = f"below {_share(3 / trials)}"
        if topic.name == "planted":
            bound = f"{_share((trials - failures) / trials)} found"
        yield f"| {claim.says} | {trials:,} | {failures:,} | {bound} |"


def _total(found: Figures, name: str) -> int | None:
    """Return a figure, or its sum over the rows of the table where it stands for each."""
    if name in found:
        value = found[name]
        return len(value) if isinstance(value, list) else value
    parts = [value for key, value in found.items() if key.endswith(f": {name}")]
    return sum(parts) if parts else None


def _share(share: float) -> str:
    if share >= 0.001:
        return f"{share * 100:.3g} %"
    return f"1 in {1 / share:,.0f}"


def _section(topic: Topic, found: Figures) -> str:
    lines = [f"## {topic.title}", "", topic.about, "", f"Again: `{topic.again}`.", ""]
    plain = {
        key: value
        for key, value in found.items()
        if key not in CIRCUMSTANCES and ": " not in key and value != []
    }
    if plain:
        lines += ["| | |", "| --- | ---: |"]
        lines += [f"| {_words(key)} | {_shown(value)} |" for key, value in plain.items()]
        lines.append("")
    if topic.name != "planted":
        lines += _table(found)
    said = (f"{key} {found.get(key, 'not written down')}" for key in CIRCUMSTANCES)
    return "\n".join([*lines, f"*{'; '.join(said)}*", ""])


def _table(found: Figures) -> list[str]:
    """Keys of the form "row: column" make a table, turned where it would be wider than long."""
    at = {tuple(key.split(": ", 1)): value for key, value in found.items() if ": " in key}
    if not at:
        return []
    rows = list(dict.fromkeys(row for row, _ in at))
    columns = list(dict.fromkeys(column for _, column in at))
    if len(columns) > len(rows):
        rows, columns = columns, rows
        at = {(column, row): value for (row, column), value in at.items()}
    lines = [f"| | {' | '.join(map(_words, columns))} |", f"| --- |{' ---: |' * len(columns)}"]
    for row in rows:
        shown = (_shown(at[row, column]) if (row, column) in at else "" for column in columns)
        lines.append(f"| {_words(row)} | {' | '.join(shown)} |")
    if len(rows) > LONG:
        return ["<details><summary>All of it</summary>", "", *lines, "", "</details>", ""]
    return [*lines, ""]


def _words(key: str) -> str:
    return key.replace("_", " ").replace("|", "\\|")


def _shown(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "unknown"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"
    if isinstance(value, str):
        return value.replace("|", "\\|").replace("\n", " ")
    return f"`{json.dumps(value)}`".replace("|", "\\|")


def _deviations() -> str:
    known = yaml.safe_load((TRUST / "deviations.yaml").read_text(encoding="utf-8"))
    lines = [
        "## Known deviations",
        "",
        "What Tocsin was to do and does not do, or does otherwise.",
        "",
        "| | What was to be so | What is so | Why |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one['invariant']} | {one['wanted']} | {one['is']} | {one['why']} |" for one in known
    ]
    return "\n".join(lines) + "\n"


def planted() -> str:
    """Return the list of planted bugs, with what became of each."""
    found = figures("planted")
    lines = [
        PLANTED_HEAD,
        "| Bug | From | Found by | Seed | Seconds |",
        "| --- | --- | --- | ---: | ---: |",
    ]
    for bug in _bugs():
        name = bug["id"]
        seed = found.get(f"{name}: seed", 0)
        by = found.get(f"{name}: invariant", "") if seed else "**not found**"
        shown = (str(seed or ""), _shown(found.get(f"{name}: seconds", "")))
        lines.append(f"| {bug['bug']} (`{name}`) | {bug['from']} | {by} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _bugs() -> Sequence[Mapping[str, Any]]:
    folder = ROOT / "tests" / "mutants" / "planted"
    files = sorted(folder.glob("*.yaml"))
    return [bug for file in files for bug in yaml.safe_load(file.read_text(encoding="utf-8"))]


if __name__ == "__main__":
    main()
