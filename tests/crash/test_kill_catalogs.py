"""SIGKILL at each write of catalogs, then a second run: each catalog is there once, with what it
contains.
"""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest
from anyio.from_thread import start_blocking_portal
from crash_graph import LIMIT_S, Graph, Moment
from harness import FINANCE, MARKETING, CommandLine, catalog, declare, extension, write_seed
from tiers import sample

from reconciler.sandbox.store import Store

DECLARED = (
    {
        "catalog": {"displayName": "Campaigns", "state": "unpublished"},
        "extensions": [extension("a"), extension("b")],
    },
    {
        "catalog": {"id": MARKETING, "displayName": "Selling", "description": "new"},
        "extensions": [extension("c")],
    },
    {"catalog": {"displayName": "Finance", "description": "new"}},
)
OTHER = "11111111-0000-4000-8000-000000000001"
WRITES = ["PATCH", "PATCH", "POST", "POST", "POST", "POST"]


@pytest.mark.parametrize("stage", sample(["before", "committed"], "committed".__eq__))
def test_a_second_run_finishes_what_a_killed_one_began(
    stage: Literal["before", "committed"], reconciler: CommandLine
) -> None:
    declare(Path("desired_state"), *DECLARED)
    seed = write_seed(
        reconciler.folder / "seed.json",
        catalog(),
        catalog("Finance", FINANCE),
        catalog("Other", OTHER),
    )
    graph = Graph(reconciler.folder / "1.sqlite3", seed)
    with start_blocking_portal() as portal, ExitStack() as stack:
        stack.enter_context(graph.served(portal, []))
        whole = graph.kill(Moment("anytime", delay_s=LIMIT_S))
        assert not whole.was_killed
        assert sorted(phase for phase in whole.phases if phase in WRITES) == WRITES
        killed = 0
        writes = [number for number, phase in enumerate(whole.phases, 1) if phase in WRITES]
        for number in writes:
            run = graph.kill(Moment(stage, number))
            killed += run.was_killed
            applied = reconciler("apply", "--auto-approve", "--graph-url", graph.url)
            assert applied.code == 0, (number, applied.out)
            planned = reconciler("plan", "--detailed-exitcode", "--graph-url", graph.url)
            assert planned.code == 0, (number, planned.out)
            with Store(graph.database) as store:
                names = Counter(str(each["displayName"]) for each in store.catalogs())
                assert names == dict.fromkeys(("Campaigns", "Finance", "Other", "Selling"), 1)
            inside = [(each["catalog"], each["displayName"]) for each in graph.live()]
            assert inside == [("Campaigns", "a"), ("Campaigns", "b"), ("Selling", "c")]
        assert killed >= len(writes) - 1
