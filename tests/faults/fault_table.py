"""The matrix as text: one table for each duration of the fault."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from fault_plots import REMOVALS, WRITES
from fault_story import Story
from policy_plot import POLICIES

EXPECTED = {
    WRITES.name: Path(__file__).with_name("expected.txt"),
    REMOVALS.name: Path(__file__).with_name("expected_removals.txt"),
    POLICIES.name: Path(__file__).with_name("expected_policies.txt"),
}
_WRITES = """\
The outcome of a change when a fault occurs at one step of it (`make faults` prints this from real \
runs).

done      it is live as declared, and reported as done
failed    it is not live, and reported as failed
blocked   it was not attempted, because its catalog could not be read; the other catalog continues
unknown   it may have been applied; the report names the object to check
2x        its write was sent twice; without a number: once if done or unknown, never if failed or \
blocked
"""
_REMOVALS = """\
The outcome of a deletion, or of a replacement (POST new, then DELETE old), when a fault occurs at \
one step of it (`make faults` prints this from real runs).

done      it is live as declared, or no longer live, and reported as done
failed    nothing was written, and it is reported as failed
both      the new object is live and the old one too; it is reported as failed, with both ids
unknown   it may have been applied; the report names the object to check
2x        its write was sent twice; without a number: once if done or unknown, never if failed or \
both
"""
_POLICIES = """\
The outcome of the change of a policy stage when a fault occurs at one step of it (`make faults` \
prints this from real runs).

done      the stage is live as declared, everything else is as it was, and it is reported as done
failed    nothing was written, and it is reported as failed
blocked   it was not attempted, because something could not be read; the other catalog continues
unknown   it may have been applied; the report names the policy to check
ended     the run ended without a plan, because Graph rejected the access token
2x        its PUT was sent twice; without a number: once if done or unknown, never if failed, \
blocked or ended
"""
_LEGENDS = {WRITES.name: _WRITES, REMOVALS.name: _REMOVALS, POLICIES.name: _POLICIES}
_LABEL, _COLUMN = 25, 12

Cells = dict[tuple[str, str, str], str]
"""The outcome for each duration, fault and step."""


class Matrix(Protocol):
    """What the runs of one table do: how often which fault occurs at which step."""

    @property
    def name(self) -> str:
        """Which table it is."""

    @property
    def times(self) -> Mapping[str, Sequence[str]]:
        """How often a fault occurs, and at which steps."""

    @property
    def faults(self) -> Sequence[str]:
        """The faults, by name."""


def cell(story: Story) -> str:
    """The outcome of the story: one word if both changes of a catalog have the same outcome."""
    words = (_word(story, name, sends) for sends, name in story.touched.items())
    return "/".join(dict.fromkeys(words))


def reviewed(plot: Matrix) -> Cells:
    """The cells of the reviewed table; none before it was written."""
    file = EXPECTED[plot.name]
    return read(file.read_text(), plot) if file.exists() else {}


def as_text(cells: Cells, plot: Matrix) -> str:
    """The tables; an empty cell is a question mark."""
    tables = (_table(times, plot, cells) for times in plot.times)
    return "\n".join([_LEGENDS[plot.name], *tables])


def read(text: str, plot: Matrix) -> Cells:
    """The cells of tables as `as_text` writes them."""
    cells: Cells = {}
    times = ""
    for line in text.splitlines():
        times = (
            line.removeprefix("The fault occurs ")
            if line.startswith("The fault occurs ")
            else times
        )
        name, *words = re.split(r" {2,}", line.strip())
        if times and name in plot.faults:
            row = zip(plot.times[times], words, strict=False)
            cells |= {(times, name, step): word for step, word in row}
    return cells


def _word(story: Story, name: str, sends: str) -> str:
    status, sent = story.status_of(name), len(story.sent(sends))
    if status == "failed" and story.outcome_of(name).written:
        status = "both"
    plain = 1 if status in ("done", "unknown") else 0
    return status if sent == plain else f"{status} {sent}x"


def _head(step: str) -> list[str]:
    """The two lines above a column."""
    first, _, second = step.partition(" ")
    return [first, second] if first in ("list", "pre-check,", "read-back,") else ["", step]


def _table(times: str, plot: Matrix, cells: Cells) -> str:
    steps = plot.times[times]
    heads = [_head(step) for step in steps]
    rows = [["", *(head[0] for head in heads)], ["", *(head[1] for head in heads)]]
    rows += [
        [fault, *(cells.get((times, fault, step), "?") for step in steps)] for fault in plot.faults
    ]
    lines = [
        "".join([row[0].ljust(_LABEL), *(word.ljust(_COLUMN) for word in row[1:])]).rstrip()
        for row in rows
    ]
    return "\n".join([f"The fault occurs {times}", "", *lines, ""])
