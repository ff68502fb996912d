"""A process under our thumb: each of its system calls can be seen, refused, shortened, or its last.

`ptrace` on Linux, by way of ctypes: what strace does, but with one count over all calls and all
threads, so that the k-th call of a run can be named and the run killed exactly there.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

TRACEME, PEEK_REGISTERS, POKE_REGISTERS, SYSCALL = 0, 12, 13, 24
SET_OPTIONS, GET_SYSCALL_INFO = 0x4200, 0x420E
SYSCALLS_MARKED, FOLLOW_THREADS, END_WITH_TRACER = 0x1, 0x8, 0x100000
ENTRY, EXIT = 1, 2
ALL_THREADS = 0x40000000
MARKED = signal.SIGTRAP | 0x80

NUMBERS = {
    "write": 1,
    "close": 3,
    "pwrite64": 18,
    "writev": 20,
    "connect": 42,
    "sendto": 44,
    "recvfrom": 45,
    "sendmsg": 46,
    "shutdown": 48,
    "clone": 56,
    "fcntl": 72,
    "flock": 73,
    "fsync": 74,
    "fdatasync": 75,
    "truncate": 76,
    "ftruncate": 77,
    "rename": 82,
    "mkdir": 83,
    "unlink": 87,
    "chmod": 90,
    "fchmod": 91,
    "openat": 257,
    "unlinkat": 263,
    "renameat": 264,
    "fallocate": 285,
    "pwritev": 296,
    "renameat2": 316,
    "copy_file_range": 326,
    "clone3": 435,
}
"""The calls of x86-64 after which the world may be another one, and those that we look into."""

NAMES = {number: name for name, number in NUMBERS.items()}

CAN_TRACE = sys.platform == "linux" and platform.machine() == "x86_64"


class _Info(ctypes.Structure):
    """struct ptrace_syscall_info, as far as it is needed."""

    _fields_ = (
        ("op", ctypes.c_uint8),
        ("pad", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("ip", ctypes.c_uint64),
        ("sp", ctypes.c_uint64),
        ("number", ctypes.c_uint64),
        ("arguments", ctypes.c_uint64 * 6),
        ("rest", ctypes.c_uint64 * 2),
    )


_REGISTERS = (
    *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx"),
    *("rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base"),
    *("ds", "es", "fs", "gs"),
)


class _Registers(ctypes.Structure):
    """struct user_regs_struct of x86-64."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in _REGISTERS)


@dataclass
class Call:
    """One system call; `result` is known when it is over, below zero is an errno."""

    process: int
    number: int
    arguments: tuple[int, ...]
    result: int = 0
    refused: int = 0
    """The errno with which it was refused, 0 if it was not."""
    note: dict[str, object] = field(default_factory=dict)
    """Whatever the watcher wishes to remember between entry and exit."""

    @property
    def name(self) -> str:
        """Its name, or its number where no name is known here."""
        return NAMES.get(self.number, str(self.number))

    def bytes_at(self, address: int, size: int) -> bytes:
        """Read the memory of the process."""
        handle = os.open(f"/proc/{self.process}/mem", os.O_RDONLY)
        try:
            return os.pread(handle, size, address)
        finally:
            os.close(handle)

    def text_at(self, address: int) -> str:
        """Read a path from the memory of the process."""
        found = b""
        while b"\0" not in found and len(found) < 4096:
            # Up to the end of the page: what follows it may not be there.
            found += self.bytes_at(address + len(found), 256 - (address + len(found)) % 256)
        return os.fsdecode(found.partition(b"\0")[0])

    def file(self, handle: int) -> str:
        """Say which file a handle of the process is, "" if it is none any more."""
        try:
            return os.readlink(f"/proc/{self.process}/fd/{handle}")
        except OSError:
            return ""


@dataclass(frozen=True)
class Kill:
    """Do not let the call happen: end the process here, as `kill -9` does."""


@dataclass(frozen=True)
class Refuse:
    """Do not let the call happen: it fails with this errno."""

    errno: int


@dataclass(frozen=True)
class Shorten:
    """Let a write take only so many bytes."""

    size: int


Order = Kill | Refuse | Shorten | None


class Watcher(Protocol):
    """Sees each call when it begins and when it is over."""

    def entry(self, call: Call) -> Order:
        """Say what becomes of a call."""

    def exit(self, call: Call) -> None:
        """Take note of a call that is over; not told of calls that were refused."""


class CannotTrace(Exception):
    """The kernel refuses `ptrace`."""


def run(work: Callable[[], None], watcher: Watcher) -> int:
    """Do `work` in a process of its own under `watcher`; return its exit code, or -signal."""
    child = os.fork()
    if child == 0:
        _as_child(work)
    try:
        return _Tracing(child, watcher).follow()
    except BaseException:
        _end(child)
        raise


def run_free(work: Callable[[], None]) -> int:
    """Do `work` in a process of its own that nobody watches; return its exit code, or -signal."""
    child = os.fork()
    if child == 0:
        _as_child(work, traced=False)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _as_child(work: Callable[[], None], *, traced: bool = True) -> None:
    code = 1
    try:
        if traced:
            _ptrace(TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a forked process must never go on as its parent
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _end(child: int) -> None:
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, ALL_THREADS)
    except (ProcessLookupError, ChildProcessError):
        return


_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def _ptrace(request: int, process: int, first: object = None, second: object = None) -> int:
    result = int(_libc.ptrace(request, process, first, second))
    if result < 0:
        number = ctypes.get_errno()
        if request == TRACEME:
            raise CannotTrace(os.strerror(number))
        raise OSError(number, os.strerror(number))
    return result


class _Tracing:
    """One process and its threads, from the first call to the last."""

    def __init__(self, child: int, watcher: Watcher) -> None:
        self._child = child
        self._watcher = watcher
        self._calls: dict[int, Call] = {}
        self._fresh: set[int] = set()
        self._known = {child}

    def follow(self) -> int:
        _, status = os.waitpid(self._child, ALL_THREADS)
        if not os.WIFSTOPPED(status):
            raise CannotTrace("the process ended before it could be traced")
        options = SYSCALLS_MARKED | FOLLOW_THREADS | END_WITH_TRACER
        _ptrace(SET_OPTIONS, self._child, None, options)
        _ptrace(SYSCALL, self._child)
        while True:
            thread, status = os.waitpid(-1, ALL_THREADS)
            if os.WIFSTOPPED(status):
                self._stopped(thread, status)
            elif thread == self._child:
                return os.waitstatus_to_exitcode(status)

    def _stopped(self, thread: int, status: int) -> None:
        what = os.WSTOPSIG(status)
        passed_on = 0
        if what == MARKED:
            if self._at_a_call(thread):
                os.kill(self._child, signal.SIGKILL)
                return
        elif what == signal.SIGSTOP and thread not in self._known:
            self._known.add(thread)  # a new thread: that is how it says so
        elif what != signal.SIGTRAP:
            passed_on = what
        try:
            _ptrace(SYSCALL, thread, None, passed_on)
        except ProcessLookupError:
            return  # killed meanwhile

    def _at_a_call(self, thread: int) -> bool:
        """Ask the watcher; return whether the process must end here."""
        info = _Info()
        try:
            _ptrace(GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.addressof(info))
            if info.op == ENTRY:
                call = Call(self._child, info.number, tuple(info.arguments))
                self._calls[thread] = call
                return self._obey(thread, call, self._watcher.entry(call))
            if info.op == EXIT and thread in self._calls:
                self._over(thread, self._calls.pop(thread), info)
        except ProcessLookupError:
            return False
        return False

    def _obey(self, thread: int, call: Call, order: Order) -> bool:
        if order is None:
            return False
        if isinstance(order, Kill):
            return True
        registers = self._registers(thread)
        if isinstance(order, Refuse):
            registers.orig_rax = 2**64 - 1
            call.refused = order.errno
        else:
            registers.rdx = order.size
        _ptrace(POKE_REGISTERS, thread, None, ctypes.addressof(registers))
        return False

    def _over(self, thread: int, call: Call, info: _Info) -> None:
        if call.refused:
            registers = self._registers(thread)
            registers.rax = 2**64 - call.refused
            _ptrace(POKE_REGISTERS, thread, None, ctypes.addressof(registers))
            return
        call.result = ctypes.c_int64(info.number).value  # the result stands in the same place
        self._watcher.exit(call)

    def _registers(self, thread: int) -> _Registers:
        registers = _Registers()
        _ptrace(PEEK_REGISTERS, thread, None, ctypes.addressof(registers))
        return registers
