"""Name servers that are dead or slow, and processes that ask them and nobody else."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import struct
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ADDRESS = "127.77.0.53"
PORT = 53
MISSING = "a resolver of its own needs root, and util-linux's unshare"
TRIES = 5
EACH_S = 5
"""What `RESOLV_CONF` makes of one question: several tries, much longer than any attempt may be."""

RESOLV_CONF = f"nameserver {ADDRESS}\noptions timeout:{EACH_S} attempts:{TRIES}\n"
A, IN = 1, 1
ANSWER, FOUND = 0x8180, 0xC00C
AT_MOST = 4096
LOOKS_UP_S = 0.1


def can_have_names() -> bool:
    """Whether this machine lets us."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0


def asking(folder: Path) -> list[str]:
    """Return what stands before a command whose processes are to ask only the server here."""
    folder.mkdir(parents=True, exist_ok=True)
    own = folder / "resolv.conf"
    own.write_text(RESOLV_CONF, encoding="ascii")
    bind = f"mount --bind {shlex.quote(str(own))} /etc/resolv.conf"
    return ["unshare", "-m", "sh", "-c", f'{bind} && exec "$@"', "sh"]


class NameServer:
    """Says 127.0.0.1 to every question after `after_s`, or nothing at all if that is None."""

    def __init__(self, after_s: float | None = None) -> None:
        self.after_s = after_s
        self.asked: list[bytes] = []
        """The questions, as they came."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(LOOKS_UP_S)
        self._socket.bind((ADDRESS, PORT))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._timers: list[threading.Timer] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        for timer in self._timers:
            timer.cancel()
        self._socket.close()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                question, who = self._socket.recvfrom(AT_MOST)
                self.asked.append(question)
                if self.after_s is not None:
                    timer = threading.Timer(self.after_s, self._say, (question, who))
                    self._timers.append(timer)
                    timer.start()

    def _say(self, question: bytes, who: tuple[str, int]) -> None:
        with suppress(OSError):
            self._socket.sendto(answer_to(question), who)


def answer_to(question: bytes) -> bytes:
    """Return the answer (RFC 1035, 4.1): one address for A, none for anything else."""
    end = 12
    while question[end]:
        end += question[end] + 1
    asked = question[12 : end + 5]
    (kind,) = struct.unpack(">H", question[end + 1 : end + 3])
    found = kind == A
    head = question[:2] + struct.pack(">HHHHH", ANSWER, 1, int(found), 0, 0)
    address = struct.pack(">HHHLH", FOUND, A, IN, 60, 4) + socket.inet_aton("127.0.0.1")
    return head + asked + (address if found else b"")
