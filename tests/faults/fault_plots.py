"""What the runs of the matrix do: one of them creates and updates, the other one removes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fault_kinds import FAULTS
from harness import ASSIGNMENT, FINANCE, MARKETING, Json, extension

ONCE = "once"
EVERY_TIME = "every time"
LATE = "once, and reads lag behind writes"
IN_TURN = "once, and reads are served by two views in turn"
SWITCHES = {LATE: ["lag_reads=5"], IN_TURN: ["lag_reads=3", "views=2"]}
KEPT = extension("kept")


@dataclass(frozen=True, eq=False)
class Plot:
    """What is live in Marketing, what is declared for each catalog, and the steps of the run.

    * `times`: how often a fault occurs, and at which steps. Before the first write no read can lag.
    * `create`: the step that sends the create; `writes`: the other steps that send, by the id in
      their paths.
    * `changes`: the names of what the run changes in Marketing, by the steps that send.
    """

    name: str
    times: Mapping[str, Sequence[str]]
    live: Sequence[Json]
    declared: Mapping[str, Sequence[Json]]
    create: str
    writes: Mapping[str, str]
    changes: Mapping[str, str]

    def __str__(self) -> str:
        return self.name

    @property
    def faults(self) -> Sequence[str]:
        """All of them."""
        return [*FAULTS]

    def sends(self, path: str) -> str:
        """The step that a request for this path of Marketing prepares, is, or confirms."""
        known = (step for object_id, step in self.writes.items() if path.endswith(object_id))
        return next(known, self.create)


def _declared(*marketing: Json) -> dict[str, Sequence[Json]]:
    return {MARKETING: [KEPT, *marketing], FINANCE: [extension("other", description="new")]}


def _around(*sending: str) -> list[str]:
    """Each step that sends, with the pre-check before and the read-back after it."""
    return [step for sends in sending for step in (f"pre-check, {sends}", sends, _after(sends))]


def _after(sends: str) -> str:
    return f"read-back, {sends}"


CHANGED_ID = "c0000000-0000-4000-8000-000000000001"
_STEPS = ["list catalogs", "list extensions", *_around("PUT", "POST")]
WRITES = Plot(
    name="writes",
    times={ONCE: _STEPS, EVERY_TIME: _STEPS, LATE: _STEPS[3:], IN_TURN: _STEPS[3:]},
    live=[KEPT, {"id": CHANGED_ID, **extension("changed")}],
    declared=_declared(
        extension("changed", description="new"), extension("new", description="new")
    ),
    create="POST",
    writes={CHANGED_ID: "PUT"},
    changes={"PUT": "changed", "POST": "new"},
)
GONE_ID = "c0000000-0000-4000-8000-000000000002"
OLD_ID = "c0000000-0000-4000-8000-000000000003"
_REMOVING = _around("DELETE", "POST new", "DELETE old")
_LATE = [step for step in _REMOVING if step != "pre-check, POST new"]
REMOVALS = Plot(
    name="removals",
    times={ONCE: _REMOVING, EVERY_TIME: _REMOVING, LATE: _LATE, IN_TURN: _LATE},
    live=[
        KEPT,
        {"id": GONE_ID, **extension("gone")},
        {"id": OLD_ID, **extension("retyped", description="carried over")},
    ],
    declared=_declared(
        {"displayName": "gone", "ensure": "absent"}, extension("retyped", ASSIGNMENT)
    ),
    create="POST new",
    writes={GONE_ID: "DELETE", OLD_ID: "DELETE old"},
    changes={"DELETE": "gone", "POST new": "retyped", "DELETE old": "retyped"},
)
PLOTS = (WRITES, REMOVALS)
