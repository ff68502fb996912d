"""What may happen to a database, as harms for a Rig."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, suppress

import psycopg
from tests.servers import wait_until
from tests.torture.databases import Postgres
from tests.torture.rig import Harm, Rig

APPLICATION = "tocsin"
LOCKED_S = 30.0
REFUSED_S = 6.0
FROZEN_S = 6.0
FROZEN_FOR_LONG_S = 20.0
BACK_WITHIN_S = 60.0
ROUNDS = 4


def backend_killed(rig: Rig) -> None:
    """kill -9 of a backend: PostgreSQL ends all of them and recovers."""
    with rig.fault("backend killed"):
        victims = rig.pair.primary.backends(APPLICATION)
        if victims:
            with suppress(ProcessLookupError):
                os.kill(rig.chance.choice(victims), signal.SIGKILL)
        rig.wait(0.2)
        _wait_back(rig.pair.primary)


def backends_ended(rig: Rig) -> None:
    """An administrator ends all connections of the nodes; the server goes on."""
    with rig.fault("connections ended"):
        rig.pair.primary.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE application_name = '{APPLICATION}'"
        )


def postmaster_killed(rig: Rig) -> None:
    """kill -9 of the postmaster; it starts again after a while."""
    with rig.fault("postmaster killed"):
        rig.pair.primary.kill()
        rig.wait(rig.chance.uniform(0.2, 4.0))
        rig.pair.primary.start()
        _wait_back(rig.pair.primary)


def everything_killed(rig: Rig) -> None:
    """kill -9 of all processes of the server at once."""
    with rig.fault("server killed"):
        rig.pair.primary.die()
        rig.wait(rig.chance.uniform(0.2, 4.0))
        rig.pair.primary.start()
        _wait_back(rig.pair.primary)


def stopped_immediately(rig: Rig) -> None:
    """pg_ctl -m immediate, and a start."""
    with rig.fault("immediate restart"):
        rig.pair.primary.stop("immediate")
        rig.wait(rig.chance.uniform(0.0, 2.0))
        rig.pair.primary.start()
        _wait_back(rig.pair.primary)


def stopped_quickly(rig: Rig) -> None:
    """pg_ctl -m fast, and a start: what a minor upgrade does."""
    with rig.fault("fast restart"):
        rig.pair.primary.stop("fast")
        rig.wait(rig.chance.uniform(0.0, 2.0))
        rig.pair.primary.start()
        _wait_back(rig.pair.primary)


def refused(rig: Rig) -> None:
    """Nobody gets in: the role may open no connection, and those it had are ended."""
    primary = rig.pair.primary
    with rig.fault("connections refused"):
        primary.execute("ALTER ROLE tocsin CONNECTION LIMIT 0")
        _end_all(primary)
        rig.wait(REFUSED_S)
        primary.execute("ALTER ROLE tocsin CONNECTION LIMIT -1")


def closed_for_work(rig: Rig) -> None:
    """The database takes no connections for a while, as an administrator does for a repair."""
    primary = rig.pair.primary
    with rig.fault("database closed"):
        primary.execute("ALTER DATABASE tocsin ALLOW_CONNECTIONS false")
        _end_all(primary)
        rig.wait(REFUSED_S)
        primary.execute("ALTER DATABASE tocsin ALLOW_CONNECTIONS true")


def used_up(rig: Rig) -> None:
    """Others take every connection that the server has, those of the nodes too, and keep them."""
    primary = rig.pair.primary
    with ExitStack() as taken, rig.fault("connections used up"):
        for _ in range(ROUNDS):
            with suppress(psycopg.Error):
                while True:
                    url = primary.url(user="tocsin")
                    taken.enter_context(psycopg.connect(url, application_name="greedy"))
            backends = ",".join(map(str, primary.backends(APPLICATION))) or "0"
            primary.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN ({backends})"
            )
        rig.wait(REFUSED_S)


def locked(rig: Rig) -> None:
    """Somebody holds the incidents for half a minute."""
    with ExitStack() as held, rig.fault("incidents locked"):
        connection = held.enter_context(rig.pair.primary.connect("tocsin"))
        held.enter_context(connection.transaction())
        connection.execute("LOCK TABLE incidents IN ACCESS EXCLUSIVE MODE")
        rig.wait(LOCKED_S)


def frozen(rig: Rig) -> None:
    """The whole server stands still and its connections stay, as when its disk hangs."""
    with rig.fault("server frozen"):
        rig.pair.primary.freeze()
        rig.wait(FROZEN_S)
        rig.pair.primary.thaw()


def frozen_for_long(rig: Rig) -> None:
    """So long that the nodes help themselves (H4)."""
    with rig.fault("server frozen for long", by_journal=True):
        rig.pair.primary.freeze()
        rig.wait(FROZEN_FOR_LONG_S)
        rig.pair.primary.thaw()


def gone_for_long(rig: Rig) -> None:
    """kill -9 of all its processes, and a start when the nodes have long helped themselves."""
    with rig.fault("server gone for long", by_journal=True):
        rig.pair.primary.die()
        rig.wait(FROZEN_FOR_LONG_S)
        rig.pair.primary.start()
        _wait_back(rig.pair.primary)


def failed_over(rig: Rig) -> None:
    """The primary dies, its synchronous standby takes over, and later has a standby itself."""
    with rig.fault("failed over"):
        rig.pair.primary.die()
        rig.wait(rig.chance.uniform(0.2, 2.0))
        rig.pair.fail_over()
        _wait_back(rig.pair.primary)
    rig.wait_whole()
    rig.pair.repair()


def failed_over_from_frozen(rig: Rig) -> None:
    """The primary stands still with its connections, and the standby takes over."""
    with rig.fault("failed over from a frozen server"):
        rig.pair.primary.freeze()
        rig.wait(rig.chance.uniform(0.5, 2.0))
        rig.pair.fail_over()
        _wait_back(rig.pair.primary)
    rig.wait(FROZEN_FOR_LONG_S)
    rig.feel_it_still()  # the frozen server holds on to what is connected to it
    rig.wait_whole()
    rig.pair.repair()


def standby_frozen(rig: Rig) -> None:
    """The synchronous standby stands still: no commit ends until it goes on."""
    standby = rig.pair.standby
    if standby is None:
        raise AssertionError("there is no standby")
    with rig.fault("standby frozen"):
        standby.freeze()
        rig.wait(4.0)  # longer, and the primary gives it up
        standby.thaw()
        wait_until(lambda: rig.pair.primary.has_standby, BACK_WITHIN_S, "the standby follows")


def standby_killed(rig: Rig) -> None:
    """The synchronous standby dies: no commit ends until it is back."""
    standby = rig.pair.standby
    if standby is None:
        raise AssertionError("there is no standby")
    with rig.fault("standby killed"):
        standby.die()
        rig.wait(FROZEN_S)
        standby.start()
        wait_until(lambda: rig.pair.primary.has_standby, BACK_WITHIN_S, "the standby follows")


ALONE: tuple[Harm, ...] = (
    backend_killed,
    backends_ended,
    postmaster_killed,
    everything_killed,
    stopped_immediately,
    stopped_quickly,
    refused,
    closed_for_work,
    used_up,
    locked,
    frozen,
)
"""What one server may go through."""

WITH_A_STANDBY: tuple[Harm, ...] = (failed_over, standby_frozen, standby_killed)
"""What needs two."""

FOR_LONG: tuple[Harm, ...] = (frozen_for_long, gone_for_long, failed_over_from_frozen)
"""What lasts so long that nodes work by their journals; the last one needs a standby."""


def _wait_back(server: Postgres) -> None:
    wait_until(lambda: server.takes_changes, BACK_WITHIN_S, "changes are taken", every_s=0.05)


def _end_all(server: Postgres) -> None:
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tocsin'"
    )
