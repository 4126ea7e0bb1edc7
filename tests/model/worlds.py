"""The world of the write protocol: one name in one catalog, and everything that can happen to it.

A `World` is what Graph has applied, what its reads return of that, and the runs. Worlds are values:
a step does not change one, it leads to another. The steps of the runs are the rules in
`tests/model/write_protocol.py`; here are those of time, chance and other people.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

GONE = "gone"
OLD_TYPE = "old type"
"""Contents are words; one that begins so is of another type than what is declared."""
Live = dict[str, str]
"""The content of each live object of the name, by its id."""


SAFEGUARDS = frozenset(
    {
        "the journal is read back",
        "what stays open blocks its name",
        "the journal deletes nothing",
        "the journal knows of a write before Graph",
        "accepted is not settled",
        "unknown is not settled",
        "duplicates block their name",
        "a check before the write",
        "a check after every wait",
        "unreadable is not absent",
        "unclear is not refused",
        "done only after a read-back",
        "a second create after the whole search",
        "an adoption after the whole search",
        "only what is as sent is adopted",
        "of several candidates none is adopted",
        "a read-back looks for others of the name",
        "the old one waits for the new one",
    }
)
"""What the protocol does to keep its promises (`tests/model/promises.py`)."""


class Lag(NamedTuple):
    """How reads lag: writes show in the order in which they were applied, or each object on its
    own. With two views, a read returns either: an object shows, vanishes and shows again. With none
    it returns anything: each object as it is, as it was once, or not at all.
    """

    views: int = 1
    in_order: bool = False
    at_once: bool = False


LAGS = {
    "at once": Lag(at_once=True),
    "in order": Lag(in_order=True),
    "each on its own": Lag(),
    "two views, in order": Lag(views=2, in_order=True),
    "two views, each on its own": Lag(views=2),
}


class Event(NamedTuple):
    """A write that Graph has applied, by a run or by somebody else.

    `outdated`: when its run was to check it, every read already showed that it no longer fits.
    """

    object: str
    content: str
    by: str
    outdated: bool = False


class Run(NamedTuple):
    """A run with its one change: `wants` is the declared content, `at` the rule that comes next.

    * `target`, `planned`: the object to update, delete or replace, and its content as planned.
    * `own`: the object that the run created or adopted. `seen`: what its search has seen, and how.
    * `since`: how much Graph had applied when the search or the read-back began.
    * `bodies`: the spellings left. `sending`: the next attempt repeats the last request.
    * `open`: verb, target and goal of the write that the journal shows as unsettled.
    * `status`, `reason`, `ids`: the outcome that it reported.
    """

    name: str
    wants: str
    at: str = "settle_journal"
    change: str = ""
    verb: str = ""
    target: str = ""
    planned: str = ""
    own: str = ""
    seen: frozenset[tuple[str, str]] = frozenset()
    since: int = 0
    bodies: int = 1
    sending: bool = False
    may_be_written: bool = False
    repeated: bool = False
    outdated: bool = False
    verdict: str = ""
    open: tuple[str, str, str] | None = None
    status: str = ""
    reason: str = ""
    ids: frozenset[str] = frozenset()

    @property
    def goal(self) -> str:
        """The content that the write is to lead to."""
        return GONE if self.verb == "DELETE" else self.wants

    @property
    def entry(self) -> tuple[str, str, str]:
        """The write, as the journal has it."""
        return self.verb, self.target, self.goal

    @property
    def is_over(self) -> bool:
        """True once it has ended or was killed."""
        return self.at in ("ended", "killed")

    def follows(self, other: Run) -> bool:
        """True if it is the same run, or a later one with the same journal: A, A2, A3."""
        return self.name[0] == other.name[0]


class Left(NamedTuple):
    """How often each misfortune can still happen; `inf` as often as it likes."""

    lost_answers: float = 0
    failed_reads: float = 0
    kills: float = 0
    edits: float = 0
    strangers: float = 0


class Setting(NamedTuple):
    """What holds throughout.

    `off`: the safeguards that are switched off. `bounded`: what was applied shows everywhere before
    a search that begins later is over. `next_wants`: what is declared for each run that follows run
    A at once, with its journal. `bodies`: the spellings of a write.
    """

    lag: Lag
    off: frozenset[str] = frozenset()
    bounded: bool = True
    next_wants: tuple[str, ...] = ()
    bodies: int = 1

    def has(self, safeguard: str) -> bool:
        """True unless the safeguard is switched off."""
        assert safeguard in SAFEGUARDS, safeguard
        return safeguard not in self.off


class World(NamedTuple):
    """What Graph has applied, in order; the part of it that each view returns; the runs."""

    log: tuple[Event, ...]
    views: tuple[frozenset[int], ...]
    runs: tuple[Run, ...]
    left: Left

    def read(self, view: frozenset[int]) -> Live:
        """What a read of this view returns."""
        contents = {self.log[index].object: self.log[index].content for index in sorted(view)}
        return {name: content for name, content in contents.items() if content != GONE}

    @property
    def is_over(self) -> bool:
        """True once every run has ended or was killed."""
        return all(run.is_over for run in self.runs)

    @property
    def live(self) -> Live:
        """What is really live, whether it shows or not."""
        return self.read(frozenset(range(len(self.log))))

    def written(self, event: Event, lag: Lag) -> World:
        """The world in which Graph has applied this too."""
        shown = frozenset([len(self.log)] if lag.at_once else [])
        return self._replace(
            log=(*self.log, event), views=tuple(view | shown for view in self.views)
        )

    def after(self, misfortune: str) -> World:
        """The world in which this can happen one time less."""
        count = getattr(self.left, misfortune) - 1
        return self._replace(left=self.left._replace(**{misfortune: count}))


class Step(NamedTuple):
    """What happens, in words; the world then; and the line that it adds to the journal of a run."""

    text: str
    world: World
    run: str = ""
    line: tuple[str, ...] = ()


Steps = Iterator[Step]


def start(setting: Setting, left: Left, wants: tuple[str, ...], old: str = "") -> World:
    """Run A, or A and B at once, and what each wants; `old` is the content of what is live."""
    log = (Event("old", old, "somebody"),) if old else ()
    runs = (Run(*run, bodies=setting.bodies) for run in zip("AB", wants, strict=False))
    return World(log, (frozenset(range(len(log))),) * setting.lag.views, tuple(runs), left)


def reads(world: World) -> Iterator[tuple[World, Live | None]]:
    """Every possible answer to a read now; None for one that fails."""
    for live in possible_reads(world):
        yield world, live
    if world.left.failed_reads:
        yield world.after("failed_reads"), None


def possible_reads(world: World) -> list[Live]:
    """What each view returns, or, without views, every state that any object was in."""
    if world.views:
        return [world.read(view) for view in sorted(set(world.views), key=sorted)]
    contents: dict[str, set[str]] = {}
    for event in world.log:
        contents.setdefault(event.object, {GONE}).add(event.content)
    states = product(
        *([(name, content) for content in sorted(each)] for name, each in contents.items())
    )
    return [{name: content for name, content in state if content != GONE} for state in states]


def is_over(world: World, run: Run, setting: Setting) -> bool:
    """True if the search or read-back of the run can have lasted its whole time."""
    owed = frozenset(range(run.since))
    return not setting.bounded or all(view >= owed for view in world.views)


def goes(world: World, run: Run, text: str, *line: str, **changes: Any) -> Step:
    """The step after which the run is so."""
    now = run._replace(**changes)
    runs = tuple(now if other.name == run.name else other for other in world.runs)
    return Step(f"{run.name} {text}", world._replace(runs=runs), run.name, line)


def time_passes(world: World, lag: Lag) -> Steps:
    """A write begins to show in one of the views."""
    for number, view in enumerate(world.views):
        for index in _next_to_show(world, view, lag):
            views = [*world.views]
            views[number] |= {index}
            event = world.log[index]
            text = f"    {event.object} shows as {event.content}"
            where = f" in view {number + 1}" if lag.views > 1 else ""
            yield Step(f"{text}{where}", world._replace(views=tuple(views)))


def _next_to_show(world: World, view: frozenset[int], lag: Lag) -> list[int]:
    hidden = [index for index in range(len(world.log)) if index not in view]
    first = {world.log[index].object: index for index in reversed(hidden)}
    return hidden[:1] if lag.in_order else sorted(first.values())


def misfortunes(world: World, setting: Setting) -> Steps:
    """A run is killed; somebody edits an object."""
    for run in world.runs:
        if world.left.kills and not run.is_over:
            yield goes(world.after("kills"), run, "is killed", at="killed", seen=frozenset())
    for name, content in world.live.items():
        if world.left.edits and not content.endswith("edited"):
            event = Event(name, f"{content}, edited", "somebody")
            edited = world.after("edits").written(event, setting.lag)
            yield Step(f"    somebody edits {name}", edited)
    if world.left.strangers:
        yield from _strangers(world.after("strangers"), setting)


def _strangers(world: World, setting: Setting) -> Steps:
    """Somebody creates an object of the name, or deletes one."""
    for content in ("theirs", world.runs[-1].wants):
        event = Event(f"theirs-{len(world.log)}", content, "somebody")
        yield Step(f"    somebody creates {event.object}", world.written(event, setting.lag))
    for name in world.live:
        event = Event(name, GONE, "somebody")
        yield Step(f"    somebody deletes {name}", world.written(event, setting.lag))


def next_run(world: World, setting: Setting) -> Steps:
    """After run A has ended or was killed, the next one starts at once, with its journal."""
    *earlier, last = (run for run in world.runs if run.follows(world.runs[0]))
    if not last.is_over or len(earlier) == len(setting.next_wants):
        return
    settled = last.status == "unknown" and not setting.has("unknown is not settled")
    run = Run(
        f"A{len(earlier) + 2}",
        setting.next_wants[len(earlier)],
        bodies=setting.bodies,
        open=None if settled else last.open,
        since=len(world.log),
    )
    yield Step(f"{run.name} starts", world._replace(runs=(*world.runs, run)))
