"""Every fault at every step, once and every time: never a duplicate, nothing lost, and the report
is true.
"""

import asyncio
import os
from pathlib import Path

import pytest
from fault_kinds import FAULTS
from fault_laws import LAWS
from fault_story import TIMES, Story, happen
from fault_table import EXPECTED, Cells, as_text, cell, read
from objects import explained
from tiers import sample

REVIEWED = read(EXPECTED.read_text())
RENEWING = os.environ.get("RENEW_GOLDEN") == "1"
MATRIX = [
    (times, fault, step) for times, steps in TIMES.items() for fault in FAULTS for step in steps
]


def of_the_diagonal(case: tuple[str, str, str]) -> bool:
    """Whether the quick tier has this cell: there each fault and each step is met at least once."""
    times, fault, step = case
    steps = list(TIMES[times])
    return list(FAULTS).index(fault) % len(steps) == steps.index(step)


@pytest.mark.parametrize(("times", "fault", "step"), sample(MATRIX, of_the_diagonal))
def test_a_fault_ends_as_reviewed_and_breaks_no_law(
    times: str, fault: str, step: str, tmp_path: Path, cells: Cells
) -> None:
    story = asyncio.run(happen(Story(times, fault, step), tmp_path))
    cells[times, fault, step] = cell(story)
    assert any(seen.faulty for seen in story.seen), "the fault did not happen"
    broken = [f"{law.__name__}: {violation}" for law in LAWS for violation in law(story)]
    assert not broken, "\n".join(broken)
    if not RENEWING:
        assert cell(story) == REVIEWED[times, fault, step], [
            explained(outcome) for outcome in story.outcomes
        ]


@pytest.mark.skipif(RENEWING, reason="the table is being renewed")
def test_the_reviewed_table_has_every_cell_and_nothing_else() -> None:
    assert REVIEWED.keys() == set(MATRIX)
    assert as_text(REVIEWED) == EXPECTED.read_text()
