"""`kill -9` at random moments under load, and what must be true afterwards (A1, A2, C1, D2, H1).

A loader sends alerts and answers pages without end and remembers what was answered with 2xx.
Meanwhile servers are killed and started again. When all is quiet, the store and the receiver's
notes must hold everything that was promised.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, create_engine, func, select
from tests.servers import Page, Receiver, Setup, TocsinServer, now, wait_until
from tests.torture.load import Kill, Load, Target
from tests.torture.verdict import FIRST, Evidence, Verdict, judge

from tocsin.store.rows import micros
from tocsin.store.schema import deliveries, incidents

SECOND_STEP = timedelta(seconds=3)
AFTER_READY_S = (0.005, 0.4)
WHILE_STARTING_S = (0.02, 1.5)
WHILE_STARTING = 0.25
"""Share of kills that do not wait until the server is ready."""
AIMED = 0.5
"""Share of the other kills that wait for the instant at which a second step is taken."""
AROUND_A_STEP_S = (-0.07, 0.01)
QUIET_WITHIN_S = 180.0

PLAN = f"""\
tocsin: 1
plan: torture
title: Everything at once
time_zone: UTC
tolerance: 5m
facts: {{trouble: yes or no}}
severities:
  P0: {{name: Critical, when: [trouble], acknowledge: within 5s}}
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {{page: first, P0: immediate}}
    - {{page: second, P0: {SECOND_STEP.seconds}s}}
  if_exhausted: {{page: third, every: 60s}}
contacts: {{first: org, second: org, third: org}}
alerts:
  group_by: [alertname]
  otherwise: P0
  resolve_incident: true
  reopen_within: 30m
ids: {{incident: "INC-{{n:05}}"}}
channels: {{incident: "#inc-{{n:05}}"}}
"""

ORGANISATION = f"""\
tocsin: 1
organisation: Torture Ltd
people:
  ana: {{name: Ana, access: administrator, contacts: [inbox, webhook receiver]}}
  ben: {{name: Ben, contacts: [inbox, webhook receiver]}}
  cleo: {{name: Cleo, contacts: [inbox, webhook receiver]}}
recipients:
  first: {{people: [ana]}}
  second: {{people: [ben]}}
  third: {{people: [cleo]}}
last_resort: third
integrations:
  prometheus: {{source: alertmanager, owner: third}}
{Receiver.ENDPOINT}"""


@dataclass(frozen=True)
class Run:
    """How much, where, and by which dice."""

    folder: Path
    kills: int
    seed: int
    database_url: str = ""
    """PostgreSQL; empty for a SQLite file."""
    nodes: int = 1
    environment: tuple[tuple[str, str], ...] = ()


def torture(run: Run) -> Verdict:
    """Do it all; what the verdict finds is for the test to judge."""
    with ExitStack() as running:
        receiver = running.enter_context(Receiver())
        setup = Setup(
            plan=PLAN,
            organisation=ORGANISATION,
            database_url=run.database_url,
            environment={**receiver.environment, **dict(run.environment)},
        )
        nodes = [TocsinServer(run.folder / f"node-{n}", setup) for n in range(run.nodes)]
        for node in nodes:
            running.callback(node.close)
            node.start()
        target = Target([n.url for n in nodes], nodes[0].integration_key, nodes[0].api_key)
        load = Load(target, run.seed)
        load.start()
        try:
            kills = kill(nodes, run.kills, random.Random(run.seed), receiver.pages)
            for node in nodes:
                node.wait_ready()
            load.finish()
        finally:
            load.give_up()
        url = run.database_url or f"sqlite:///{nodes[0].data_dir / 'tocsin.sqlite3'}"
        wait_until_discharged(url)
        quiet_at = now()
        codes = [node.stop() for node in nodes]
        evidence = Evidence(load.accepted, kills, receiver.pages, quiet_at, now())
        verdict = judge(url, evidence)
    log = "\n".join(node.log for node in nodes)
    problems = [*verdict.problems, *unwelcome(log)]
    problems += [f"a server ended with {code} on SIGTERM" for code in codes if code != 0]
    sys.stderr.write(f"kill -9, seed {run.seed}, {run.nodes} node(s): {verdict}\n")
    return Verdict(problems, verdict.figures)


def kill(
    nodes: Sequence[TocsinServer], kills: int, chance: random.Random, pages: Sequence[Page]
) -> list[Kill]:
    """Kill a node at a time, at moments of chance, and start it again at once."""
    moment = threading.Event()  # never set: it only lets the time of the dice pass
    done = []
    for _ in range(kills):
        number = chance.randrange(len(nodes))
        node = nodes[number]
        running = chance.random() >= WHILE_STARTING
        if running:
            node.wait_ready()
        wait = chance.uniform(*(AFTER_READY_S if running else WHILE_STARTING_S))
        if running and chance.random() < AIMED:
            wait = until_a_step(pages, chance) or wait
        moment.wait(wait)
        if not node.is_running:
            node.wait_ready()  # says with which code and words it has ended
        at = now()
        node.kill()
        done.append(Kill(at, number, running))
        node.spawn()
    return done


def until_a_step(pages: Sequence[Page], chance: random.Random) -> float | None:
    """Say how long until about the second step of an incident whose first page came lately.

    Its first page was ordered a little before it came: that is why the moment lies rather before.
    """
    steps = [
        (page.at + SECOND_STEP - now()).total_seconds() + chance.uniform(*AROUND_A_STEP_S)
        for page in pages[-200:]
        if f".{FIRST}." in page.id
    ]
    soon = [wait for wait in steps if 0 < wait < 2 * AFTER_READY_S[1]]
    return chance.choice(soon) if soon else None


def wait_until_discharged(url: str) -> datetime:
    """Wait until all that was ordered before the quiet began has been done; return when it began.

    Alarms go on for ever where nobody answers; those that come now need not be waited for.
    """
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    needed = now() + SECOND_STEP

    def discharged() -> bool:
        return now() > needed + timedelta(seconds=1) and not left(engine, micros(needed))

    try:
        wait_until(discharged, QUIET_WITHIN_S, "everything is discharged", every_s=0.25)
    finally:
        engine.dispose()
    return needed


def left(engine: Engine, before: int) -> int:
    """Count what is still to be done of what was ordered, or came due, before an instant.

    A dead process's probe (with a number below 0) is nobody's any more.
    """
    due = select(func.count()).where(incidents.c.look_again_at <= before, incidents.c.id > 0)
    ordered = select(func.count()).where(
        deliveries.c.state == "due",
        deliveries.c.created_at <= before,
        deliveries.c.incident_id > 0,
    )
    # In this order: what is due becomes what is ordered, and must not pass between the questions.
    with engine.connect() as connection:
        return sum(connection.execute(question).scalar_one() for question in (due, ordered))


def unwelcome(log: str) -> list[str]:
    """Return lines of the log that no number of kills excuses."""
    signs = ("Traceback", "poison", "engine.failed", "delivery.failed", "rules.refused")
    return [line for line in log.splitlines() if any(sign in line for sign in signs)][:10]
