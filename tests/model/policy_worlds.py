"""The world of the update of a policy: what Graph has applied and what its reads show of that, the
PUTs on their way, our run, and the others who edit the policy. Worlds are values: a step does not
change a world, it leads to another. The steps of our run are in `tests/model/policy_update.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

OURS = "our extension"


class Policy(NamedTuple):
    """What our stage calls; every other member that the fingerprint covers; and what it does not
    cover, because Graph gives it, for example the ids of questions.
    """

    others: str = "as planned"
    stage: str = "nothing"
    ids: str = "as planned"

    @property
    def fingerprint(self) -> tuple[str, str]:
        """All that is compared with the plan."""
        return self.others, self.stage

    @property
    def with_our_stage(self) -> Policy:
        """The policy with one member changed."""
        return self._replace(stage=OURS)

    def __str__(self) -> str:
        return f"{self.stage}, others {self.others}, ids {self.ids}"


PLANNED = Policy()
SAFEGUARDS = frozenset(
    {
        "the fingerprint is compared before the PUT",
        "the body is built from that read",
        "a repeat needs a read that shows the plan's policy",
        "an earlier PUT makes a refusal unclear",
        "done only after a read-back",
        "everything is compared after the PUT",
    }
)
"""What the protocol does to keep its promises (`tests/model/policy_promises.py`)."""


class Put(NamedTuple):
    """A PUT of ours: its number; its body; how many events reads showed when it was sent."""

    number: int
    body: Policy
    shown: int


class Event(NamedTuple):
    """The policy after a write that Graph has applied: a PUT of ours, or somebody's edit."""

    policy: Policy
    put: Put | None = None


class Run(NamedTuple):
    """Our run: the rule that comes next, what the last pre-check read, the PUTs sent.

    `is_accepted`: Graph has accepted one of them. `since`: how many events there were when the
    read-back began. `judged`: how many showed when the outcome was decided. `status`, `reason`: the
    outcome that it reported.
    """

    at: str = "check"
    read: Policy = PLANNED
    puts: int = 0
    is_accepted: bool = False
    since: int = 0
    judged: int = 0
    status: str = ""
    reason: str = ""


class Setting(NamedTuple):
    """What holds throughout: whether reads lag behind writes, and the safeguards that are off."""

    lags: bool = False
    off: frozenset[str] = frozenset()

    def has(self, safeguard: str) -> bool:
        """True unless the safeguard is switched off."""
        assert safeguard in SAFEGUARDS, safeguard
        return safeguard not in self.off


class World(NamedTuple):
    """What Graph has applied, in order, beginning with the plan's policy; how much of that reads
    show; the PUTs on their way; our run; what the editor of whole policies has read; and how many
    edits and lost answers can still happen.
    """

    log: tuple[Event, ...] = (Event(PLANNED),)
    shown: int = 1
    on_the_way: tuple[Put, ...] = ()
    run: Run = Run()
    copy: Policy | None = None
    edits: int = 0
    lost_answers: int = 0

    @property
    def is_over(self) -> bool:
        """True once our run has reported its outcome."""
        return bool(self.run.status)

    @property
    def read(self) -> Policy:
        """What a read returns now."""
        return self.log[self.shown - 1].policy

    def written(self, event: Event, setting: Setting) -> World:
        """The world in which Graph has applied this too."""
        shown = self.shown if setting.lags else len(self.log) + 1
        return self._replace(log=(*self.log, event), shown=shown)

    def goes(self, **changes: Any) -> World:
        """The world in which our run is so."""
        return self._replace(run=self.run._replace(**changes))


class Step(NamedTuple):
    """What happens, in words, and the world then. What our run does not notice is indented."""

    text: str
    world: World


Steps = Iterator[Step]


def edits(world: World, setting: Setting) -> Steps:
    """Somebody edits one member, or reads the whole policy and later sends it back, changed."""
    if not world.edits:
        return
    live, value = world.log[-1].policy, f"edited {len(world.log)}"
    for member in Policy._fields:
        yield _edit(world, live._replace(**{member: value}), f"edits {member}", setting)
    if live.stage != PLANNED.stage:
        unbound = live._replace(stage=PLANNED.stage)
        yield _edit(world, unbound, "takes the stage back", setting)
    if world.copy is None:
        yield Step("    somebody reads the policy", world._replace(copy=world.read))
    else:
        whole = world.copy._replace(others=value)
        yield _edit(world, whole, "sends the whole policy", setting)


def _edit(world: World, policy: Policy, text: str, setting: Setting) -> Step:
    after = world.written(Event(policy), setting)
    return Step(f"    somebody {text}", after._replace(edits=world.edits - 1))
