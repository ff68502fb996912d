"""Where processes run: on loopback, or in network namespaces that can be cut off from each other.

A `Network` is a router with a leg to each place. The test itself lives in the router while it is
open: its clients and receivers are there, and nothing in it leads out of this machine. What is
cut vanishes without a word, in one direction or both, as in a network that has failed. A line can
also be made narrow: then packets wait, and what would wait too long is lost.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

CLONE_NEWNET = 0x40000000
MISSING = "network namespaces need root, and Debian's iproute2 and util-linux"
_numbers = count(1)


@dataclass(frozen=True)
class Place:
    """An address, and what stands before a command that is to run there."""

    address: str
    prefix: tuple[str, ...] = ()


HERE = Place("127.0.0.1")


def can_make_networks() -> bool:
    """Whether this machine lets us."""
    return os.geteuid() == 0 and bool(shutil.which("ip")) and bool(shutil.which("nsenter"))


class Network:
    """Places that reach each other and this test, until they are cut off."""

    def __init__(self, names: Sequence[str]) -> None:
        mark = f"t{os.getpid()}x{next(_numbers)}"
        self._router = f"{mark}-router"
        self._spaces = {name: f"{mark}-{name}" for name in names}
        self._cuts: list[tuple[str, str]] = []
        self._narrow: list[str] = []
        self.places = {
            name: Place(f"10.77.{n}.2", ("nsenter", f"--net=/run/netns/{space}"))
            for n, (name, space) in enumerate(self._spaces.items(), 1)
        }
        self.outside = Place("10.77.200.1")
        """An address in the router itself: for what the test runs in its own process."""

    @property
    def addresses(self) -> dict[str, str]:
        """The address of every place, of `outside`, and of the clients of each place."""
        found = {name: place.address for name, place in self.places.items()}
        clients = {f"clients of {name}": f"10.77.{n}.1" for n, name in enumerate(found, 1)}
        return {**found, **clients, "outside": self.outside.address}

    @contextmanager
    def open(self) -> Iterator[None]:
        """Make it and move this thread into it; threads and processes begun here are there too."""
        with ExitStack() as undo:
            self._add(self._router, undo)
            self._ip(self._router, "addr add 10.77.200.1/32 dev lo")
            # What is for the router itself must pass the rules that cut, so they come first.
            self._ip(self._router, "rule add pref 100 lookup local")
            self._ip(self._router, "rule del pref 0")
            self._in(self._router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
            for n, (name, space) in enumerate(self._spaces.items(), 1):
                self._add(space, undo)
                self._ip(self._router, f"link add {name} type veth peer name leg netns {space}")
                self._ip(self._router, f"addr add 10.77.{n}.1/24 dev {name}")
                self._ip(self._router, f"link set {name} up")
                self._ip(space, f"addr add 10.77.{n}.2/24 dev leg")
                self._ip(space, "link set leg up")
                self._ip(space, f"route add default via 10.77.{n}.1")
            with _thread_in(self._router):
                yield

    def cut(self, source: str, target: str) -> None:
        """Let packets from one place to another vanish."""
        self._rule("add", source, target)
        self._cuts.append((source, target))

    def part(self, one: str, other: str) -> None:
        """Cut both ways."""
        self.cut(one, other)
        self.cut(other, one)

    def narrow(self, name: str, kilobits: int) -> None:
        """Let so little pass to and from a place in a second; what waits for 0.4 s is lost."""
        for space, device in ((self._spaces[name], "leg"), (self._router, name)):
            limits = f"rate {kilobits}kbit burst 4kb latency 400ms"
            self._tc(space, f"qdisc add dev {device} root tbf {limits}")
        self._narrow.append(name)

    def heal(self) -> None:
        """Undo all cuts, and make all lines wide again."""
        while self._cuts:
            self._rule("del", *self._cuts.pop())
        while self._narrow:
            name = self._narrow.pop()
            self._tc(self._spaces[name], "qdisc del dev leg root")
            self._tc(self._router, f"qdisc del dev {name} root")

    def _rule(self, what: str, source: str, target: str) -> None:
        where = self.addresses
        rule = f"pref 10 from {where[source]} to {where[target]} blackhole"
        self._ip(self._router, f"rule {what} {rule}")

    def _add(self, space: str, undo: ExitStack) -> None:
        subprocess.run(["ip", "netns", "add", space], check=True)
        undo.callback(subprocess.run, ["ip", "netns", "del", space], check=False)
        self._ip(space, "link set lo up")

    def _ip(self, space: str, arguments: str) -> None:
        subprocess.run(["ip", "-n", space, *arguments.split()], check=True)

    def _tc(self, space: str, arguments: str) -> None:
        subprocess.run(["tc", "-n", space, *arguments.split()], check=True)

    def _in(self, space: str, *command: str) -> None:
        subprocess.run(["nsenter", f"--net=/run/netns/{space}", *command], check=True)


@contextmanager
def _thread_in(space: str) -> Iterator[None]:
    """Move this thread, and what it starts, into a namespace, and back at the end."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(path: Path | str) -> None:
        with open(path, "rb") as opened:
            if libc.setns(opened.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"setns {path}")

    with open("/proc/thread-self/ns/net", "rb") as home:
        enter(f"/run/netns/{space}")
        try:
            yield
        finally:
            if libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns home")
