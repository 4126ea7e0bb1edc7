"""What the write protocol promises, and what it cannot: the sentences of docs/safety.md by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations

from tests.model.worlds import GONE, Event, Run, World

CLEAN = {"already_applied", "name_taken", "gone", "changed_since", "check_failed", "refused"}
"""The reasons of outcomes that say: nothing was written."""


def broken(world: World) -> list[str]:
    """The promises that do not hold in this world."""
    return [name for name, holds in PROMISES.items() if not holds(world)]


def creates_once(world: World) -> bool:
    """No run, and no later one with its journal, has created a second live object beside its own.
    A replacement and what it replaces are live together for a while.
    """
    created = [(name, run) for name, run in _creators(world).items() if name in world.live]
    return not any(
        run.follows(other) and name != other.target and other_name != run.target
        for (name, run), (other_name, other) in permutations(created, 2)
    )


def reports_duplicates(world: World) -> bool:
    """When all is over and two are live, a run has ended with a failure or a warning."""
    last_runs = [run for run in world.runs if not _is_followed(run, world)]
    is_over = all(run.status for run in last_runs)
    if not is_over or len(world.live) < 2:
        return True
    return any(run.status in ("failed", "unknown", "blocked") for run in world.runs)


def reports_duplicates_seen(world: World) -> bool:
    """No run reports as done what it has seen twice."""
    return not any(run.status == "done" and len(run.seen) > 1 for run in world.runs)


def writes_nothing_outdated(world: World) -> bool:
    """No write was sent although every read had shown that it no longer fits."""
    return not any(event.outdated for event in world.log)


def done_is_live(world: World) -> bool:
    """What is reported as done was live as declared, or was gone."""
    contents = {(event.object, event.content) for event in world.log}
    return all(contents.issuperset(_promised(run)) for run in world.runs if run.status == "done")


def reports_what_was_written(world: World) -> bool:
    """A run that reports that nothing was written has written nothing; one that reports that what
    it has written is not as declared has written it.
    """
    written = {(event.by, event.object) for event in world.log}
    writers = {event.by for event in world.log}
    for run in world.runs:
        if run.reason in CLEAN and run.name in writers and not run.own:
            return False
        if run.reason == "value_dropped" and (run.name, run.own or run.target) not in written:
            return False
    return True


def deletes_nothing_declared(world: World) -> bool:
    """No run has deleted what the files of that run declare."""
    return not any(content == run.wants for _, content, run in _deletes(world))


def deletes_after_the_replacement(world: World) -> bool:
    """What is replaced is deleted only once its replacement is live as declared."""
    for index, _, run in _deletes(world):
        before = {(event.object, event.content) for event in world.log[:index]}
        if run.change == "replace" and (run.own, run.wants) not in before:
            return False
    return True


def deletes_only_as_planned(world: World) -> bool:
    """Nothing was deleted that the plan of the run did not name."""
    return all(
        run.change in ("delete", "replace") and run.target == world.log[index].object
        for index, _, run in _deletes(world)
    )


PROMISES: Mapping[str, Callable[[World], bool]] = {
    "One run at a time creates once": creates_once,
    "Duplicates are reported": reports_duplicates,
    "Who sees duplicates reports them": reports_duplicates_seen,
    "Nothing outdated is written": writes_nothing_outdated,
    "Done means live as declared": done_is_live,
    "Reports say what was written": reports_what_was_written,
    "What is declared is not deleted": deletes_nothing_declared,
    "A replacement comes before the delete": deletes_after_the_replacement,
    "Only a plan deletes": deletes_only_as_planned,
}


def creates_one(world: World) -> bool:
    """No two runs have created two live objects: more than the protocol can promise."""
    return len(world.live.keys() & _creators(world).keys()) < 2


def keeps_edits(world: World) -> bool:
    """No edit was overwritten or deleted: more than the protocol can promise."""
    edited = {event.object: event.content.endswith("edited") for event in world.log}
    written = {event.object for event in world.log if event.content.endswith("edited")}
    return all(edited[name] for name in written)


def _creators(world: World) -> dict[str, Run]:
    """The run that created each object."""
    runs = {run.name: run for run in world.runs}
    first: dict[str, Event] = {}
    for event in world.log:
        first.setdefault(event.object, event)
    return {name: runs[event.by] for name, event in first.items() if event.by in runs}


def _is_followed(run: Run, world: World) -> bool:
    """True if a later run has begun with its journal."""
    return any(other.follows(run) for other in world.runs[world.runs.index(run) + 1 :])


def _promised(run: Run) -> Iterator[tuple[str, str]]:
    """What must have been applied if the run reports that its change is done."""
    if run.change in ("delete", "replace"):
        yield run.target, GONE
    if run.change != "delete":
        yield run.own or run.target, run.wants


def _deletes(world: World) -> Iterator[tuple[int, str, Run]]:
    """Each delete by a run: its place in the log, the content that was deleted, and the run."""
    runs = {run.name: run for run in world.runs}
    contents: dict[str, str] = {}
    for index, event in enumerate(world.log):
        if event.content == GONE and event.by in runs:
            yield index, contents[event.object], runs[event.by]
        contents[event.object] = event.content
