"""What the update of a policy promises, and the window that it leaves: the sentences of
docs/safety.md by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tests.model.policy_worlds import PLANNED, Policy, Put, World


class LostEdit(NamedTuple):
    """An edit that a PUT of ours has overwritten: both as places in the log."""

    edit: int
    arrival: int
    put: Put


def lost_edits(world: World) -> Iterator[LostEdit]:
    """Every edit of a member whose value a PUT of ours has replaced by another."""
    for arrival, put in _arrived(world):
        for member in Policy._fields:
            edit = _last_writer(world, member, arrival)
            is_theirs = edit > 0 and world.log[edit].put is None
            changes = _last_writer(world, member, arrival + 1) == arrival
            if is_theirs and changes and not _is_planned(world, member, edit, put):
                yield LostEdit(edit, arrival, put)


def _arrived(world: World) -> Iterator[tuple[int, Put]]:
    for index, event in enumerate(world.log):
        if event.put is not None:
            yield index, event.put


def _last_writer(world: World, member: str, end: int) -> int:
    """Which event before `end` gave the member its value; 0 for what was planned."""
    values = [getattr(event.policy, member) for event in world.log[:end]]
    for index in range(end - 1, 0, -1):
        if values[index] != values[index - 1]:
            return index
    return 0


def _is_planned(world: World, member: str, edit: int, put: Put) -> bool:
    """True for the change that the plan shows: somebody took our stage back to what it was, reads
    showed that when the PUT was sent, and so the plan was valid again.
    """
    was_shown = edit < put.shown
    return was_shown and member == "stage" and _policy(world, put.shown).stage == PLANNED.stage


def _policy(world: World, shown: int) -> Policy:
    """What a read returned when this many events showed."""
    return world.log[shown - 1].policy


def _sent(world: World) -> list[Put]:
    arrived = [put for _, put in _arrived(world)]
    return [*world.on_the_way, *arrived]


def _keeps_what_showed(world: World, is_repeat: bool) -> bool:
    """Such a PUT was sent only when reads showed the plan's policy, and every edit that they showed
    outlives it.
    """
    puts = [put for put in _sent(world) if (put.number > 1) == is_repeat]
    was_planned = [_policy(world, put.shown).fingerprint == PLANNED.fingerprint for put in puts]
    lost = [lost for lost in lost_edits(world) if lost.put in puts]
    return all(was_planned) and all(each.edit >= each.put.shown for each in lost)


def keeps_earlier_edits(world: World) -> bool:
    """What was edited before the pre-check is not overwritten: the change is stale instead."""
    return _keeps_what_showed(world, is_repeat=False)


def reports_later_edits(world: World) -> bool:
    """What was edited between our PUT and the read-back, and differs, is not reported as done."""
    run = world.run
    was_applied = any(index < run.judged for index, _ in _arrived(world))
    if not run.status or not was_applied:
        return True
    is_as_sent = _policy(world, run.judged).fingerprint == PLANNED.with_our_stage.fingerprint
    is_reported = run.status == "unknown" or run.reason in ("altered_by_write", "value_dropped")
    return is_as_sent or is_reported


def done_is_exact(world: World) -> bool:
    """What is reported as done was live exactly as the pre-check read it, with our stage."""
    run = world.run
    expected = run.read.with_our_stage.fingerprint
    return run.status != "done" or _policy(world, run.judged).fingerprint == expected


def repeats_only_as_planned(world: World) -> bool:
    """A PUT is repeated only after a read showed the plan's policy; no edit shown then is lost."""
    return _keeps_what_showed(world, is_repeat=True)


def reports_what_was_written(world: World) -> bool:
    """What is reported as stale or refused was not written, and will not be; what is reported as
    dropped by Graph was written.
    """
    if world.run.reason == "value_dropped":
        return any(_arrived(world))
    is_clean = world.run.reason in ("changed_since", "refused")
    return not is_clean or not _sent(world)


PROMISES: Mapping[str, Callable[[World], bool]] = {
    "Earlier edits are kept": keeps_earlier_edits,
    "Later edits are reported": reports_later_edits,
    "Done means nothing else differs": done_is_exact,
    "A retry needs the policy as planned": repeats_only_as_planned,
    "Stale and refused mean not written": reports_what_was_written,
}


def loses_edits_only_in_the_window(world: World) -> bool:
    """Every edit that a PUT overwrites was applied after what its pre-check read, and before the
    PUT: nothing is lost outside of this window.
    """
    return all(lost.put.shown <= lost.edit < lost.arrival for lost in lost_edits(world))


def loses_no_edit(world: World) -> bool:
    """A run that is done has overwritten no edit: more than the protocol can promise."""
    return world.run.status != "done" or not any(lost_edits(world))


def loses_no_edit_once_done(world: World) -> bool:
    """An edit after a run was done is not overwritten: more than the protocol can promise."""
    is_done = world.run.status == "done"
    return not is_done or all(lost.edit < world.run.judged for lost in lost_edits(world))
