"""What the machine is, and what a process and its children take of it. Linux only (/proc)."""

import os
import platform
import subprocess
import time
from pathlib import Path

MIB = 1024 * 1024
TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and everything below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we were looking
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found


def memory_mib(pid: int) -> float:
    """VmRSS of the tree. Pages that processes share count once for each of them."""
    total = 0
    for one in tree(pid):
        for line in _lines(f"/proc/{one}/status"):
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total / MIB


def disk_bytes(pid: int) -> int:
    """What the tree has caused to be written to the disk so far."""
    total = 0
    for one in tree(pid):
        for line in _lines(f"/proc/{one}/io"):
            if line.startswith("write_bytes:"):
                total += int(line.split()[1])
    return total


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree so far."""
    total = 0
    for one in tree(pid):
        for line in _lines(f"/proc/{one}/stat"):
            fields = line.rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def busy_seconds() -> float:
    """Time that all cores together have spent on anything, or had taken away by the host."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(
        int, _lines("/proc/stat")[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS


def cores() -> int:
    """How many we may use."""
    return len(os.sched_getaffinity(0))


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def fdatasync_ms(folder: Path, times: int = 200) -> float:
    """The median time to append 600 bytes to a file and have them on the disk."""
    path = folder / "fdatasync"
    spans = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(b"x" * 600)
            os.fdatasync(file.fileno())
            spans.append(time.perf_counter() - began)
    path.unlink()
    return sorted(spans)[times // 2] * 1000


def describe(folder: Path) -> dict[str, object]:
    """The line that every figure needs beside it."""
    return {
        "cpu": _cpu_model(),
        "cores": cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "file_system": _file_system(folder),
        "fdatasync_ms": round(fdatasync_ms(folder), 3),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _cpu_model() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    name = done.stdout.strip() or "unknown"
    return "ext4" if name == "ext2/ext3" and _mounted_as_ext4(folder) else name


def _mounted_as_ext4(folder: Path) -> bool:
    """`stat` has one name for ext2, ext3 and ext4."""
    place = folder.resolve()
    while not place.is_mount():
        place = place.parent
    mounts = [line.split() for line in _lines("/proc/mounts")]
    return any(fields[1] == str(place) and fields[2] == "ext4" for fields in mounts)
