"""The matrix as text: one table for each duration of the fault."""

import re
from pathlib import Path

from fault_kinds import FAULTS
from fault_story import TIMES, Story

EXPECTED = Path(__file__).with_name("expected.txt")
LEGEND = """\
The outcome of a change when a fault occurs at one step of it (`make faults` prints this from real \
runs).

done      it is live as declared, and reported as done
failed    it is not live, and reported as failed
blocked   it was not attempted, because its catalog could not be read; the other catalog continues
unknown   it may have been applied; the report names the object to check
2x        its write was sent twice; without a number: once if done or unknown, never if failed or \
blocked
"""
_LABEL, _COLUMN = 25, 12

Cells = dict[tuple[str, str, str], str]
"""The outcome for each duration, fault and step."""


def cell(story: Story) -> str:
    """The outcome of the story: one word if both changes of a catalog have the same outcome."""
    return "/".join(dict.fromkeys(_word(story, name, verb) for name, verb in story.touched.items()))


def as_text(cells: Cells) -> str:
    """The tables; an empty cell is a question mark."""
    return "\n".join([LEGEND, *(_table(times, cells) for times in TIMES)])


def read(text: str) -> Cells:
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
        if times and name in FAULTS:
            cells |= {
                (times, name, step): word for step, word in zip(TIMES[times], words, strict=False)
            }
    return cells


def _word(story: Story, name: str, verb: str) -> str:
    status, sent = story.status_of(name), len(story.sent(verb))
    plain = 1 if status in ("done", "unknown") else 0
    return status if sent == plain else f"{status} {sent}x"


def _table(times: str, cells: Cells) -> str:
    steps = TIMES[times]
    heads = [step.split(" ", 1) if " " in step else ["", step] for step in steps]
    rows = [["", *(head[0] for head in heads)], ["", *(head[1] for head in heads)]]
    rows += [[fault, *(cells.get((times, fault, step), "?") for step in steps)] for fault in FAULTS]
    lines = [
        "".join([row[0].ljust(_LABEL), *(word.ljust(_COLUMN) for word in row[1:])]).rstrip()
        for row in rows
    ]
    return "\n".join([f"The fault occurs {times}", "", *lines, ""])
