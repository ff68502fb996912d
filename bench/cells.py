"""What is measured, cell by cell. One run of a cell is one fresh server, and ends with a count."""

import math
import os
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

import machine
from instruments import BenchError, Receiver, load, probe_latency
from systems import Server

Figures = dict[str, float]
"""The outcome of one run: what was measured, by name."""

GROUPS = 100
KNOWN = 20_000
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Cell:
    """One thing to measure. `batch` alerts a request over `connections` connections."""

    name: str
    kind: str
    title: str
    batch: int = 64
    connections: int = 8
    groups: int = GROUPS
    seconds: float = 5.0
    warmup: float = 1.0
    alerts: int = 0
    probes: int = 0
    by_default: bool = True


def _load_cell(batch: int, connections: int) -> Cell:
    plural = "" if connections == 1 else "s"
    title = f"new alerts, requests of {batch}, {connections} connection{plural}"
    return Cell(f"{batch}x{connections}", "load", title, batch=batch, connections=connections)


CELLS = (
    Cell("startup", "startup", "start to ready, empty data directory"),
    Cell("latency", "latency", "alert to webhook, idle", probes=200),
    *(_load_cell(batch, connections) for batch in (1, 64) for connections in (1, 8, 32)),
    Cell("known", "known", f"repeats of {KNOWN:,} alerts, requests of 64, 8 connections"),
    Cell("storm", "load", "new alerts, each a group of its own, requests of 64", groups=0),
    Cell("memory", "memory", "after 100,000 alerts", alerts=100_000),
    Cell(
        "sustained",
        "load",
        "new alerts for 60 s, requests of 64, 8 connections",
        seconds=60.0,
        by_default=False,
    ),
)


def shortened(cell: Cell) -> Cell:
    """The same for --quick."""
    return replace(
        cell,
        seconds=min(cell.seconds, 2.0) if cell.by_default else 20.0,
        warmup=0.5,
        probes=min(cell.probes, 50),
    )


def measure(cell: Cell, kind: type[Server], folder: Path) -> Figures:
    """Run one cell once against a fresh server, and leave nothing behind."""
    os.sync()  # the writes of the run before are not this one's
    with Receiver(quiet=cell.kind != "latency") as receiver:
        server = kind(folder, receiver.url)
        try:
            figures = {"startup_s": server.start()}
            figures |= _RUNNERS[cell.kind](cell, server, receiver)
            figures["pages"] = receiver.close()[0]
            return figures
        except BenchError:
            raise
        except (OSError, ValueError) as error:
            raise BenchError(f"{error}\n{server.log_end()}") from error
        finally:
            server.close()


def _startup(_cell: Cell, server: Server, _receiver: Receiver) -> Figures:
    time.sleep(SETTLE_SECONDS)
    figures = {"idle_mib": machine.memory_mib(server.pid)}
    server.kill()
    figures["restart_s"] = server.start()
    return figures


def _latency(cell: Cell, server: Server, receiver: Receiver) -> Figures:
    authorization = server.authorization()
    time.sleep(SETTLE_SECONDS)
    answered, paged, sent = probe_latency(receiver, server.port, authorization, cell.probes)
    return {
        "page_p50_ms": statistics.median(paged),
        "page_p99_ms": _percentile(paged, 0.99),
        "page_max_ms": max(paged),
        "answer_p50_ms": statistics.median(answered),
        "answer_p99_ms": _percentile(answered, 0.99),
        "unpaged": sent - 5 - len(paged),
        "accepted": sent,
        "stored": server.count_and_kill(),
    }


def _load(cell: Cell, server: Server, receiver: Receiver) -> Figures:
    figures = _under_load(cell, server, receiver, seconds=cell.seconds, warmup=cell.warmup)
    figures["loaded_mib"] = machine.memory_mib(server.pid)
    figures["stored"] = server.count_and_kill()
    return figures


def _known(cell: Cell, server: Server, receiver: Receiver) -> Figures:
    first = _under_load(cell, server, receiver, count=KNOWN)
    if first["refused"]:
        raise BenchError("some of the alerts that are to be repeated were refused")
    figures = _under_load(
        cell, server, receiver, seconds=cell.seconds, warmup=cell.warmup, cycle=KNOWN
    )
    figures["repeats"] = figures["accepted"]
    figures["accepted"] = first["accepted"]
    figures["stored"] = server.count_and_kill()
    return figures


def _memory(cell: Cell, server: Server, receiver: Receiver) -> Figures:
    figures = _under_load(cell, server, receiver, count=cell.alerts)
    time.sleep(SETTLE_SECONDS)
    figures["loaded_mib"] = machine.memory_mib(server.pid)
    server.kill()
    figures["restart_s"] = server.start()
    figures["kept"] = server.count_and_kill()
    if server.durable:
        figures["stored"] = figures["kept"]
    return figures


def _under_load(cell: Cell, server: Server, receiver: Receiver, **options: float) -> Figures:
    authorization = server.authorization()
    meter = _Meter(server.pid, receiver.pid)
    result = load(
        server.port,
        authorization,
        connections=cell.connections,
        batch=cell.batch,
        groups=cell.groups,
        **options,
    )
    if not server.alive():
        raise BenchError(f"{server.name} ended under load:\n{server.log_end()}")
    if not result["accepted"]:
        raise BenchError(f"nothing was accepted. {result['said']}\n{server.log_end()}")
    cpu, disk, others = meter.read(result["generator"]["cpu_seconds"])
    figures = {
        "rate": result["rate"],
        "accepted": result["accepted"],
        "refused": sum(result["refused"].values()),
        "unanswered": result["unanswered"],
        "generator_cpu_share": result["generator"]["cpu_share"],
        "cpu_us_an_alert": cpu * 1e6 / result["accepted"],
        **{f"{name}_ms": value / 1000 for name, value in result["latency_us"].items()},
    }
    if server.own_disk:
        figures["disk_bytes_an_alert"] = disk / result["accepted"]
        figures["others_cpu_share"] = others
    return figures


class _Meter:
    """What a run takes of the machine, and what others take meanwhile."""

    def __init__(self, server: int, receiver: int) -> None:
        self._server, self._receiver = server, receiver
        self._before = self._now()

    def read(self, generator_cpu: float) -> tuple[float, int, float]:
        """The server's CPU seconds and bytes written; the share of all cores taken by others."""
        changes = [now - before for now, before in zip(self._now(), self._before, strict=True)]
        wall, busy, cpu, receiver_cpu, disk = changes
        others = (busy - cpu - receiver_cpu - generator_cpu) / (wall * machine.cores())
        return cpu, int(disk), max(0.0, others)

    def _now(self) -> tuple[float, ...]:
        return (
            time.monotonic(),
            machine.busy_seconds(),
            machine.cpu_seconds(self._server),
            machine.cpu_seconds(self._receiver),
            machine.disk_bytes(self._server),
        )


def _percentile(values: list[float], share: float) -> float:
    """The nearest rank."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


_RUNNERS = {
    "startup": _startup,
    "latency": _latency,
    "load": _load,
    "known": _known,
    "memory": _memory,
}
