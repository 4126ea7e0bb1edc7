"""Commands timed as whole processes, from outside: wall clock, CPU and memory as the system
accounts for them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RECONCILER = str(Path(sys.executable).with_name("reconciler"))
KIB_A_MIB = 1024
BOUND_S = 300
"""Of one process; the slowest takes half a minute."""


@dataclass(frozen=True)
class Run:
    """One process: `cpu_s` is user and system time, `peak_mib` its largest resident size."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    code: int
    output: str


@dataclass(frozen=True)
class Series:
    """Several runs of one command."""

    runs: tuple[Run, ...]

    def of(self, figure: Callable[[Run], float]) -> list[float]:
        """One figure of every run."""
        return [figure(run) for run in self.runs]

    @property
    def wall_s(self) -> float:
        """The median."""
        return statistics.median(self.of(lambda run: run.wall_s))

    @property
    def cpu_s(self) -> float:
        """The median."""
        return statistics.median(self.of(lambda run: run.cpu_s))

    @property
    def peak_mib(self) -> float:
        """The largest."""
        return max(self.of(lambda run: run.peak_mib))


def run(command: Sequence[str], folder: Path, codes: Sequence[int] = (0,)) -> Run:
    """Runs a command to its end; its output is kept, its errors go where ours go.

    Raises:
        SystemExit: it took too long, or ended with another code than expected: its time means
            nothing.
    """
    began_s = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        bound = threading.Timer(BOUND_S, process.kill)
        bound.start()
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        bound.cancel()
        wall_s = time.perf_counter() - began_s
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise SystemExit(
            f"{' '.join(command[:4])} … ended with {process.returncode}: {output.decode()[-500:]}"
        )
    peak_mib = usage.ru_maxrss / KIB_A_MIB
    return Run(
        wall_s, usage.ru_utime + usage.ru_stime, peak_mib, process.returncode, output.decode()
    )


def in_turn(times: int, *commands: Callable[[], Run], warm_up: bool = True) -> tuple[Series, ...]:
    """Every command so many times, one after the other and from the beginning again: A B A B …

    The machine's speed drifts; commands that run in turn drift together.
    """
    if warm_up:
        for command in commands:
            command()
    rounds = [[command() for command in commands] for _ in range(times)]
    return tuple(Series(tuple(runs)) for runs in zip(*rounds, strict=True))


def ratios(
    ours: Series, peer: Series, figure: Callable[[Run], float] = lambda run: run.wall_s
) -> list[float]:
    """Ours over the peer's, pair by pair."""
    return [figure(one) / figure(other) for one, other in zip(ours.runs, peer.runs, strict=True)]


@contextmanager
def serving(folder: Path, *switches: str) -> Iterator[str]:
    """The base URL of a sandbox that holds the tenant of the folder, in a process of its own while
    the block lasts.

    Raises:
        SystemExit: it does not start; what it says about that is on stderr.
    """
    database = folder / "sandbox.sqlite3"
    arguments = [str(database), str(folder / "seed.json"), *switches]
    command = [sys.executable, "-m", "benchmarks.counting_sandbox", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise SystemExit(
                    f"The sandbox for {folder.name} did not start; its own message stands above."
                )
            yield url
        finally:
            process.terminate()


def peer(script: str, *arguments: str | int | Path) -> list[str]:
    """The command line of a peer."""
    return [sys.executable, str(Path(__file__).with_name("peers") / script), *map(str, arguments)]
