"""SIGKILL around every write of a plan that creates an extension, binds it, unbinds another one and
deletes that: the next run does what is missing, and no policy ever calls what is not live.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from bindings import CHAIN, CHAIN_POLICIES, chain_catalog, chain_left
from crash_graph import Graph, Moment
from harness import CommandLine, declare, write_seed
from tiers import sample

from reconciler.sandbox.store import Store

WRITES = ("POST", "PUT Employees", "PUT Partners", "DELETE")
"""The writes of a run, in their order."""
TWO_VIEWS = ["lag_reads=1", "views=2"]


@pytest.fixture
def graph(reconciler: CommandLine, switches: Sequence[str]) -> Iterator[Graph]:
    """A served Graph with the policies, and what is declared of them."""
    declare(Path("desired_state"), CHAIN)
    file = reconciler.folder / "seed.json"
    held = Graph(
        reconciler.folder / "graph.sqlite3",
        write_seed(file, chain_catalog(), policies=CHAIN_POLICIES),
    )
    with start_blocking_portal() as portal, ExitStack() as stack:
        yield stack.enter_context(held.served(portal, switches))


@pytest.mark.parametrize(
    ("stage", "switches"),
    sample(
        [
            (stage, switches)
            for switches in ([], TWO_VIEWS)
            for stage in ("before", "committed", "answered")
        ],
        ("committed", []).__eq__,
    ),
    ids=str,
)
@pytest.mark.parametrize("write", WRITES)
def test_the_next_run_finishes_what_a_killed_one_began(
    reconciler: CommandLine, graph: Graph, stage: str, write: str
) -> None:
    number = WRITES.index(write) + 1
    run = graph.kill(Moment(stage, write=number))  # type: ignore[arg-type]
    assert run.was_killed
    assert len(run.writes) == number
    graph.catch_up()
    applied = number if stage != "before" else number - 1
    with Store(graph.database) as store:
        assert chain_left(store) == [*WRITES[applied:]]
        again = reconciler("apply", "--auto-approve", "--graph-url", graph.url)
        assert again.code == 0, (again.out, again.err)
        assert chain_left(store) == []
    graph.catch_up()
    assert reconciler("plan", "--detailed-exitcode", "--graph-url", graph.url).code == 0
