"""What the runs of the matrix for policies do, and the steps of such a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fault_kinds import FAULTS, Fault, refused
from fault_plots import EVERY_TIME, IN_TURN, LATE, ONCE

REFUSALS: dict[str, Fault] = {
    f"{status} before commit": refused(status) for status in (400, 401, 403, 404, 409, 412)
}
ANY: dict[str, Fault] = {**FAULTS, **REFUSALS}
PLANNING = ("list packages", "package", "list policies", "policy", "beta")
BETA, CHECK, PUT, READ_BACK = (
    "pre-check, beta",
    "pre-check, v1.0",
    "PUT policy",
    "read-back, policy",
)
_STEPS = (*PLANNING, BETA, CHECK, PUT, READ_BACK)


@dataclass(frozen=True)
class PolicyPlot:
    """The steps at which a fault occurs, and how often. Before the PUT no read can lag."""

    name: str
    times: Mapping[str, Sequence[str]]

    @property
    def faults(self) -> Sequence[str]:
        """Those of every table, and refusals."""
        return [*ANY]


POLICIES = PolicyPlot(
    "policies",
    {ONCE: _STEPS, EVERY_TIME: _STEPS, LATE: (PUT, READ_BACK), IN_TURN: (PUT, READ_BACK)},
)
