"""SIGKILL during creates while reads lag, and an apply at once: the journal prevents duplicates.

`KILLS=100 pytest -s tests/crash/test_kill_under_lag.py` prints the figures of docs/safety.md.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest
from anyio.from_thread import start_blocking_portal
from crash_graph import Graph, Moment, ended
from harness import FINANCE, MARKETING, catalog, declare, extension, write_seed

KILLS = int(os.environ.get("KILLS") or 6)
KILL_SEED = int(os.environ.get("KILL_SEED") or random.randrange(2**32))
LANES = 12
"""Graphs at once: a run mostly waits."""
LAG_S = 1.5
LIMIT_S = 180
CATALOGS = {
    "Marketing": MARKETING,
    "Finance": FINANCE,
    "Operations": "11111111-0000-4000-8000-000000000001",
}
NAMES = [f"e{number}" for number in range(3)]
FIRST_WRITE = 1 + 2 * len(CATALOGS) + 1
"""The first create follows the search for the catalogs, a listing and a check of each."""
WRITING_S = 5.0
"""As long as the creates of one catalog take, each of which is read back until it shows."""


WAITING = """
import sys
import reconciler.app.connection, reconciler.app.steps, reconciler.apply.settle
from reconciler.__main__ import main
sys.stdin.readline()
main()
"""
"""A run that has imported everything and waits: its start does not use up the lag."""


@pytest.fixture
def graphs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sequence[Graph]]:
    """Served Graphs without extensions, and what is declared for all of them."""
    monkeypatch.chdir(tmp_path)
    extensions = [extension(name) for name in NAMES]
    declare(
        Path("desired_state"), *({"catalog": each, "extensions": extensions} for each in CATALOGS)
    )
    seed = write_seed(Path("seed.json"), *(catalog(*each) for each in CATALOGS.items()))
    lanes = range(min(KILLS, LANES))
    with start_blocking_portal() as portal, ExitStack() as stack:
        lagging = [Graph(tmp_path / f"{lane}.sqlite3", seed, LAG_S) for lane in lanes]
        yield [stack.enter_context(graph.served(portal, ())) for graph in lagging]


class Ended(NamedTuple):
    """How a kill and the apply after it ended: whether the kill met the run, whether the apply
    searched for what that had sent, how many extensions are too many, and its exit code.
    """

    killed: bool
    searched: bool
    duplicates: int
    code: int


def kill_each(kills: Sequence[tuple[Graph, Moment]], options: Sequence[str]) -> list[Ended]:
    """Kills of one Graph, one after the other, each followed by an apply with these options."""
    return [_kill(graph, moment, options) for graph, moment in kills]


def _kill(graph: Graph, moment: Moment, options: Sequence[str]) -> Ended:
    arguments = ["apply", "--auto-approve", "--graph-url", graph.url]
    arguments += options or ["--journal", str(graph.journal)]
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        killed = graph.kill(moment).was_killed
        run = ended(process, LIMIT_S)
    live = [(item["catalog"], item["displayName"]) for item in graph.live()]
    wanted = {(each, name) for each in CATALOGS for name in NAMES}
    assert set(live) == wanted, f"KILL_SEED={KILL_SEED} {moment} {run.out} {run.err}"
    searched = "of an earlier run is unknown" in run.err
    return Ended(killed, searched, len(live) - len(wanted), run.code)


def kill_all(graphs: Sequence[Graph], *options: str) -> list[Ended]:
    """The same for all Graphs, whose runs are killed at the same time."""
    chance = random.Random(KILL_SEED)
    delays = [chance.uniform(0, WRITING_S) for _ in range(KILLS)]
    moments = [Moment("answered", FIRST_WRITE, delay_s) for delay_s in delays]
    lanes = [
        [(graph, moment) for moment in moments[lane :: len(graphs)]]
        for lane, graph in enumerate(graphs)
    ]
    with ThreadPoolExecutor(len(lanes)) as threads:
        every = list(chain(*threads.map(lambda kills: kill_each(kills, options), lanes)))
    killed, duplicates = sum(each.killed for each in every), sum(each.duplicates for each in every)
    print(f"\n{killed} kills, KILL_SEED={KILL_SEED} {' '.join(options)}: {duplicates} duplicates")
    return every


@pytest.mark.thorough
def test_an_apply_at_once_after_a_kill_creates_nothing_twice(graphs: Sequence[Graph]) -> None:
    every = kill_all(graphs)
    assert any(each.killed and each.searched for each in every), every
    assert {each[2:] for each in every} == {(0, 0)}, f"KILL_SEED={KILL_SEED} {every}"


@pytest.mark.thorough
def test_without_a_journal_duplicates_depend_on_chance(graphs: Sequence[Graph]) -> None:
    every = kill_all(graphs, "--no-journal")
    assert {(each.searched, each.code in (0, 5, 6)) for each in every} == {(False, True)}, every
