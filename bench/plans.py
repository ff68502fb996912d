"""How much plans take: reading and checking each, a week of the largest one, a look at its tasks.

PYTHONPATH=src python bench/plans.py [FOLDER OF PLANS]

Times are CPU times of this process, the best of several runs: others on the machine do not count.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from tocsin.core.incident import commands as c
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.rehearsal.acts import Reported
from tocsin.core.simulation import Deed, Played, Scenario, everybody_reachable, play

PLANS = Path(__file__).parent.parent / "plans"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
INCIDENTS = 100
TICKS = 20
BEST_OF = 5


def best(work: Callable[[], object], *, times: int = 1) -> float:
    """Seconds of CPU that it takes once, in the best of several runs."""
    taken = []
    for _ in range(BEST_OF):
        began = time.process_time()
        for _ in range(times):
            work()
        taken.append((time.process_time() - began) / times)
    return min(taken)


def busy_week(plan: Plan) -> Scenario:
    """A hundred incidents: each is acknowledged, worked on, and resolved if the plan lets it be."""
    random = Random(1)
    levels = [severity.code for severity in plan.severities]
    tasks = [task.id for task in plan.tasks if task.do in ("do", "act")]
    deeds = []
    for number in range(INCIDENTS):
        name, at = f"incident-{number}", number * WEEK / INCIDENTS
        report = Reported(by="ana", title="Bad", severity=random.choice(levels))
        deeds.append(Deed(at=at, incident=name, command=report))
        done: list[c.Command] = [c.Acknowledge(by="ana")]
        done += [c.Tick(by="ana", task=task) for task in random.choices(tasks, k=TICKS) if tasks]
        done += [c.Resolve(by="ana", why="over"), c.StandDown(by="ana", why="over")]
        for minute, command in enumerate(done, 10):
            deeds.append(
                Deed(at=at + timedelta(minutes=2 * minute), incident=name, command=command)
            )
    return Scenario(starts=START, detected=False, deeds=tuple(deeds), lasts=WEEK)


def opened(plan: Plan) -> Incident:
    """An incident of the worst level, after its first look."""
    worst = plan.severities[0].code
    opening = c.Open(by="tocsin", number=1, code="I-1", title="Bad", severity=worst)
    decision = decide(plan, None, opening, START)
    if not isinstance(decision, list):
        raise SystemExit(f"no incident can be opened: {decision.reason}")
    return due(plan, replay(decision), everybody_reachable(plan), START).incident


def run(folder: Path) -> None:
    """Print a line a plan, and two about the one with the most tasks."""
    largest: Plan | None = None
    for path in sorted(folder.glob("*/*plan.yaml")):
        text, name = path.read_text("utf-8"), str(path.relative_to(folder))
        plan, _ = read(text, name)
        count = f"{len(plan.tasks)} tasks" if plan is not None else "has errors"
        taken = best(partial(read, text, name))
        lines = len(text.splitlines())
        print(f"read and check {name:45} {lines:5} lines {taken * 1e3:7.1f} ms  {count}")
        if plan is not None and (largest is None or len(plan.tasks) > len(largest.tasks)):
            largest = plan
    if largest is None:
        raise SystemExit(f"no plan in {folder} can be read")
    week, people = busy_week(largest), everybody_reachable(largest)
    played: list[Played] = []
    taken = best(lambda: played.append(play(largest, people, week)))
    told = len(played[0].happenings)
    print(f"a week of {largest.name} with {INCIDENTS} incidents: {taken:.2f} s  {told} happenings")
    incident, later = opened(largest), START + timedelta(seconds=1)
    taken = best(lambda: due(largest, incident, people, later), times=100)
    print(f"due, nothing to do, {len(largest.tasks)} tasks: {taken * 1e6:.0f} us a call")


if __name__ == "__main__":
    run(Path(sys.argv[1]) if len(sys.argv) > 1 else PLANS)
