"""SIGKILL around every write of a deletion and of a replacement: what is replaced is never gone
without another in its place, and the next plan shows what is missing, or how to finish.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from crash_graph import Graph, Moment
from harness import (
    ASSIGNMENT,
    MARKETING,
    CommandLine,
    Json,
    catalog,
    declare,
    extension,
    write_seed,
)
from tiers import sample

from reconciler.sandbox.store import Store

STATE = Path("desired_state")
OLD, GONE = MARKETING[:-1] + "0", MARKETING[:-1] + "1"
LIVE = [
    {"id": OLD, **extension("retyped", description="carried over")},
    {"id": GONE, **extension("gone")},
    extension("kept"),
]
ABSENT = {"displayName": "gone", "ensure": "absent"}
RETYPED = extension("retyped", ASSIGNMENT)
WRITES = {"POST": 1, "DELETE of the old one": 2, "DELETE": 3}
"""The writes of a run, in their order."""
TWO_VIEWS = ["lag_reads=1", "views=2"]


@pytest.fixture
def graph(reconciler: CommandLine, switches: Sequence[str]) -> Iterator[Graph]:
    """A served Graph with something to delete and something to replace."""
    held = Graph(
        reconciler.folder / "graph.sqlite3",
        write_seed(reconciler.folder / "seed.json", catalog(extensions=LIVE)),
    )
    with start_blocking_portal() as portal, ExitStack() as stack:
        yield stack.enter_context(held.served(portal, switches))


def extensions(graph: Graph) -> dict[str, list[Json]]:
    """What is live, by name."""
    named: dict[str, list[Json]] = {"gone": [], "retyped": []}
    with Store(graph.database) as store:
        for body in store.extensions():
            named.setdefault(body["displayName"], []).append(body)
    return named


def declare_marketing(*declared: Json) -> None:
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("kept"), *declared]})


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
def test_a_killed_removal_is_finished_or_says_how(
    reconciler: CommandLine, graph: Graph, stage: str, write: str
) -> None:
    declare_marketing(ABSENT, RETYPED)
    run = graph.kill(Moment(stage, write=WRITES[write]))  # type: ignore[arg-type]
    assert run.was_killed
    assert len(run.writes) == WRITES[write]
    graph.catch_up()
    live, applied = extensions(graph), stage != "before"
    types = sorted(each["@odata.type"] == ASSIGNMENT for each in live["retyped"])
    created, deleted = (
        WRITES[write] > 1 or applied,
        WRITES[write] > 2 or (WRITES[write] == 2 and applied),
    )
    assert types == [False] * (not deleted) + [True] * created, "the new one comes first"
    assert len(live["gone"]) == (0 if WRITES[write] == 3 and applied else 1)
    finish(reconciler, graph, live)
    assert reconciler("plan", "--detailed-exitcode", "--graph-url", graph.url).code == 0
    end = extensions(graph)
    (retyped,) = end.pop("retyped")
    assert (retyped["@odata.type"], retyped["description"]) == (ASSIGNMENT, "carried over")
    assert end == {"gone": [], "kept": live["kept"]}


def finish(reconciler: CommandLine, graph: Graph, live: dict[str, list[Json]]) -> None:
    """The next apply does what is missing; a replacement that was half done it blocks, and says
    what to declare.
    """
    again = ("apply", "--auto-approve", "--graph-url", graph.url, "--format", "json")
    second = reconciler(*again)
    unfinished = [
        change["reason"] for change in second.document["changes"] if change["action"] == "blocked"
    ]
    half_done = len(live["retyped"]) == 2
    assert (second.code, len(unfinished)) == (4 if half_done else 0, int(half_done)), second.err
    assert len(extensions(graph)["retyped"]) == len(live["retyped"]), "no twin"
    graph.catch_up()
    for why in unfinished:
        (new,) = (each["id"] for each in live["retyped"] if each["id"] != OLD)
        assert (why["code"], why["new_id"], why["old_id"]) == ("replace_unfinished", new, OLD)
        declare_marketing(ABSENT, {**RETYPED, "id": new}, {"id": OLD, "ensure": "absent"})
        finished = reconciler(*again)
        assert finished.code == 0, finished.err
        graph.catch_up()
        declare_marketing(ABSENT, RETYPED)
