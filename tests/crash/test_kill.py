"""SIGKILL at any point of an apply, then a second run: it converges, with nothing twice and nothing
else changed.
"""

import contextlib
import json
import os
import random
import shutil
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

import pytest
from anyio.from_thread import start_blocking_portal
from crash_graph import LIMIT_S, SEEDED, Graph, Moment, ended, fail_with_output, started
from harness import (
    ASSIGNMENT,
    FINANCE,
    MARKETING,
    CommandLine,
    catalog,
    declare,
    extension,
    write_seed,
)
from tiers import sample

from reconciler.model.names import folded
from tests.model.journal_paths import departures, lines
from tests.model.worlds import LAGS

OPERATIONS = "11111111-0000-4000-8000-000000000001"
KILL_SEED = int(os.environ.get("KILL_SEED") or random.randrange(2**32))
STATE = Path("desired_state")
DATABASE = Path(".reconciler") / "sandbox.sqlite3"
SWITCHES = ["timeout_accept=durationBeforeTimeout"]
"""A timeout is refused under the name that is tried first, so a kill may also fall between two
attempts of a write.
"""
TIMED = {"callbackConfiguration": {"timeoutDuration": "PT1H"}}
NEW = {"description": "new"}
DECLARED = {
    "Marketing": [extension("shared", **TIMED), extension("old", **NEW), extension("as it is")],
    "Finance": [extension("shared", ASSIGNMENT), extension("other", **NEW)],
    "Operations": [extension("shared"), extension("old", **TIMED)],
}
NAMES = sorted(
    [(name, body["displayName"]) for name in DECLARED for body in DECLARED[name]]
    + [("Finance", "undeclared")]
)
"""What is live at the end, each once."""
PHASES = ("planning", "re-check", "POST", "PUT", "read-back")


def seed(folder: Path) -> Path:
    """What is live before: something to update in each catalog, something as declared, something
    undeclared.
    """
    then = {"createdDateTime": SEEDED, "lastModifiedDateTime": SEEDED}
    return write_seed(
        folder / "seed.json",
        catalog("Marketing", MARKETING, [extension("old", **then), extension("as it is", **then)]),
        catalog("Finance", FINANCE, [extension("other", **then), extension("undeclared", **then)]),
        catalog("Operations", OPERATIONS, [extension("old", **then)]),
    )


def moments(requests: int, duration_s: float) -> list[Moment]:
    """Around every request of the run, soon after some of them, and at any time; in any order."""
    chance = random.Random(KILL_SEED)
    around = [
        Moment(stage, number + 1) for number in range(requests) for stage in ("before", "committed")
    ]
    after = [
        Moment("answered", chance.randint(1, requests), chance.uniform(0, 0.03)) for _ in range(6)
    ]
    anytime = [
        Moment("anytime", delay_s=(slot + chance.random()) / 6 * duration_s) for slot in range(6)
    ]
    drawn = around + after + anytime
    return chance.sample(drawn, len(drawn))


@pytest.fixture
def graphs(reconciler: CommandLine, switches: list[str]) -> Iterator[list[Graph]]:
    """Two served Graphs, and what is declared for both."""
    declare(STATE, *({"catalog": name, "extensions": items} for name, items in DECLARED.items()))
    both = [
        Graph(reconciler.folder / f"{number}.sqlite3", seed(reconciler.folder)) for number in (1, 2)
    ]
    with start_blocking_portal() as portal, ExitStack() as stack:
        yield [stack.enter_context(graph.served(portal, switches)) for graph in both]


def apply_again(reconciler: CommandLine, graph: Graph, moment: Moment) -> int:
    """The exit code of the second run: in this process, which is quicker, or sometimes in one of
    its own. With the journal of the first it would search for a minute.
    """
    arguments = (
        "apply",
        "--auto-approve",
        "--graph-url",
        graph.url,
        "--journal",
        graph.second_journal,
    )
    if moment.stage != "anytime":
        return reconciler(*arguments).code
    with started(*arguments) as process:
        return ended(process).code


def journalled(journal: Path) -> tuple[set[str], set[str]]:
    """The client-request-ids of all writes that were about to leave, and of those whose answer was
    not recorded.
    """
    events: defaultdict[str, set[str]] = defaultdict(set)
    for line in map(json.loads, journal.read_text().splitlines() if journal.exists() else ()):
        events[line["event"]].add(line.get("client_request_id"))
    return events["sending"], events["sending"] - events["answered"]


@pytest.mark.parametrize(
    ("kills", "switches"),
    sample(
        [("12", SWITCHES), ("all", SWITCHES), ("24", [*SWITCHES, "lag_reads=1", "views=2"])],
        ("12", SWITCHES).__eq__,
    ),
    ids=["12", "all", "24 under two views"],
)
def test_a_second_run_finishes_what_a_killed_one_began(
    kills: str, switches: list[str], reconciler: CommandLine, graphs: list[Graph]
) -> None:
    """It converges, and the journal of both runs is a path of the model of the write protocol."""
    began = time.monotonic()
    whole = graphs[0].kill(Moment("anytime", delay_s=LIMIT_S))
    drawn = moments(len(whole.phases), time.monotonic() - began)
    drawn = drawn if kills == "all" else drawn[: int(kills)]
    as_declared = graphs[0].live()
    assert not whole.was_killed
    assert [(item["catalog"], item["displayName"]) for item in as_declared] == NAMES
    once = {(folded(parent), folded(name)): 1 for parent, name in NAMES}
    lag = LAGS["two views, each on its own" if "views=2" in switches else "at once"]
    met: Counter[tuple[str, str]] = Counter()
    with ThreadPoolExecutor() as threads:
        for pair in zip(drawn[::2], drawn[1::2], strict=True):
            for graph, run in zip(graphs, threads.map(Graph.kill, graphs, pair), strict=True):
                where = f"KILL_SEED={KILL_SEED}: {run.moment} met {run.met}"
                sent, in_flight = journalled(graph.journal)
                assert set(run.writes) <= sent, where
                assert run.cut_off is None or run.cut_off in in_flight, where
                if lag is not LAGS["at once"]:  # before this is answered, what was sent is applied
                    reconciler("plan", "--graph-url", graph.url)
                graph.catch_up()
                assert apply_again(reconciler, graph, run.moment) == 0, where
                graph.catch_up()
                assert (
                    reconciler("plan", "--detailed-exitcode", "--graph-url", graph.url).code == 0
                ), where
                assert graph.live() == as_declared, where
                left_at = departures(lines(graph.journal) + lines(graph.second_journal), once, lag)
                assert not left_at, "\n".join([where, *left_at])
                met[run.moment.stage, run.met] += run.was_killed
    if kills != "all":
        assert met.total() >= 3 * len(drawn) // 4, met
        return
    assert met.total() >= 50, met
    assert {(stage, phase) for stage in ("before", "committed") for phase in PHASES} <= set(+met), (
        met
    )
    assert met["anytime", "start-up"], met


def wait_for(condition: Callable[[], object], process: Popen[str]) -> None:
    """Waits until the condition holds; fails with the output of the process after `LIMIT_S`."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            fail_with_output(process, f"the condition did not hold within {LIMIT_S} s")


@pytest.mark.parametrize("created", sample([1, 2, 4, 7, 10], (4).__eq__))
def test_a_killed_embedded_sandbox_can_be_used_again(reconciler: CommandLine, created: int) -> None:
    reconciler.seed(catalog())
    declare(
        STATE,
        {"catalog": "Marketing", "extensions": [extension(f"e{number}") for number in range(30)]},
    )
    # Without a journal: with it, the next run would search for a minute.
    with started("apply", "--sandbox", "--auto-approve", "--no-journal") as process:
        wait_for(lambda: len(reconciler.live()) >= created, process)
        process.kill()
    assert created <= len(reconciler.live()) < 30
    applied = reconciler("apply", "--sandbox", "--auto-approve")
    assert applied.code == 0, applied.out
    assert reconciler("plan", "--sandbox", "--detailed-exitcode").code == 0, applied.out
    assert sorted(item["displayName"] for item in reconciler.live()) == sorted(
        f"e{number}" for number in range(30)
    )


def write_ahead_log(database: Path) -> Path:
    """The file beside the database that is there while a process writes to it."""
    return database.with_name(f"{database.name}-wal")


@pytest.mark.parametrize(
    "file", sample([DATABASE, write_ahead_log(DATABASE)], DATABASE.__eq__), ids=["database", "log"]
)
def test_an_embedded_sandbox_killed_while_it_is_made_is_made_by_the_next_run(
    reconciler: CommandLine, file: Path
) -> None:
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    with started("apply", "--sandbox", "--auto-approve") as process:
        wait_for(file.exists, process)
        process.kill()
    assert reconciler("apply", "--sandbox", "--auto-approve").code == 0
    names = [item["displayName"] for item in reconciler.live()]
    shutil.rmtree(DATABASE.parent)
    assert reconciler("apply", "--sandbox", "--auto-approve").code == 0
    assert names == [item["displayName"] for item in reconciler.live()]


def test_a_new_sandbox_is_filled_whole_or_not_at_all(reconciler: CommandLine) -> None:
    everything = catalog(extensions=[extension(f"e{number}") for number in range(500)])
    seed_file = write_seed(Path("seed.json"), everything)

    def has_tables() -> bool:
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(DATABASE)) as connection,
        ):
            return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None
        return False

    DATABASE.parent.mkdir()
    with started("sandbox", "serve", "--port", "0", "--seed", seed_file) as process:
        wait_for(has_tables, process)
        process.kill()
    assert len(reconciler.live()) == 500
