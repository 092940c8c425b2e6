"""What the figures were measured on, and who used which core. The only place that pins and samples."""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

try:
    import resource
except ImportError:  # no such limit on this system
    resource = None  # type: ignore[assignment]

SERVER_CORE, LOAD_CORE = 0, 1


# Asked once, before anything is pinned: afterwards this process has one core only.
CAN_PIN = hasattr(os, "sched_setaffinity") and {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on one core, where the machine allows it; processes started inside stay there."""
    if not CAN_PIN:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_file_limit() -> None:
    """As many open files as this process may have at most; servers that it starts inherit it."""
    if resource is not None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Usage:
    """Shares of one core, in percent, between the moment it is made and the call of read()."""

    def __init__(self, server: list[int]) -> None:
        self._server = server
        self._before = self._sample()

    def read(self) -> dict[str, float]:
        seconds, server, load, cores = (
            after - before if isinstance(after, float) else [b - a for a, b in zip(before, after, strict=True)]
            for before, after in zip(self._before, self._sample(), strict=True)
        )
        used = {"server": server, "generator": load}
        if CAN_PIN:
            # A neighbour on one of our cores spoils a run; the report must be able to say so.
            used["others_on_server_core"] = max(0.0, cores[SERVER_CORE] - server)
            used["others_on_generator_core"] = max(0.0, cores[LOAD_CORE] - load)
        return {name: round(100 * value / seconds, 1) for name, value in used.items()}

    def _sample(self) -> tuple[float, float, float, list[float]]:
        server = cpu_seconds(self._server)
        cores = [sum(core) - core.idle - getattr(core, "iowait", 0.0) for core in psutil.cpu_times(percpu=True)]
        return time.perf_counter(), server, _cpu_seconds(psutil.Process()), cores


def family(pids: list[int]) -> list[psutil.Process]:
    roots = [psutil.Process(pid) for pid in pids]
    return roots + [child for root in roots for child in root.children(recursive=True)]


def memory(pids: list[int]) -> float:
    """Resident memory of these processes and their children, in MiB."""
    return round(sum(process.memory_info().rss for process in family(pids)) / 2**20, 1)


def describe(folder: Path) -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "pinned": CAN_PIN,
        "data_on": _file_system(folder),
        "fsync_ms": _fsync_ms(folder),
    }


def commit() -> str:
    """The commit of this checkout; a `+` says that files differ from it."""
    root = Path(__file__).parent.parent

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "src", "bench") else "")
    except (OSError, subprocess.CalledProcessError):
        return "nocommit"


def cpu_seconds(pids: list[int]) -> float:
    """What these processes and their children have used since they began."""
    return sum((_cpu_seconds(process) for process in family(pids)), 0.0)


def _cpu_seconds(process: psutil.Process) -> float:
    if sys.platform == "linux":
        # The kernel's own clock of a process: the usual figures are in hundredths of a second.
        return time.clock_gettime(~process.pid << 3 | 2)
    times = process.cpu_times()
    return times.user + times.system


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _file_system(folder: Path) -> str:
    mounts = [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    inside = [mount for mount in mounts if folder.resolve().is_relative_to(mount[0])]
    return max(inside, key=lambda mount: len(mount[0]))[1] if inside else "unknown"


def _fsync_ms(folder: Path) -> float:
    """The median of 100 small durable writes: what an acknowledgement waits for at least."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(100):
            start = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return round(statistics.median(times) * 1000, 3)
