"""Every fault at every step, once and every time: never a duplicate, nothing lost, and the report
is true.
"""

import asyncio
import os
from pathlib import Path

import pytest
from fault_kinds import FAULTS
from fault_laws import LAWS
from fault_plots import IN_TURN, PLOTS, Plot
from fault_story import Story, happen
from fault_table import EXPECTED, Cells, as_text, cell, reviewed
from objects import explained
from tiers import sample

REVIEWED = {plot.name: reviewed(plot) for plot in PLOTS}
RENEWING = os.environ.get("RENEW_GOLDEN") == "1"
MATRIX = [
    (plot, times, fault, step)
    for plot in PLOTS
    for times, steps in plot.times.items()
    for fault in FAULTS
    for step in steps
]


def of_the_diagonal(case: tuple[Plot, str, str, str]) -> bool:
    """Whether the quick tier has this cell: there each fault and each step is met at least once."""
    plot, times, fault, step = case
    if times == IN_TURN:
        return False
    steps = list(plot.times[times])
    return list(FAULTS).index(fault) % len(steps) == steps.index(step)


@pytest.mark.parametrize(
    ("plot", "times", "fault", "step"), sample(MATRIX, of_the_diagonal), ids=str
)
def test_a_fault_ends_as_reviewed_and_breaks_no_law(
    plot: Plot, times: str, fault: str, step: str, tmp_path: Path, cells: Cells
) -> None:
    story = asyncio.run(happen(Story(times, fault, step, plot), tmp_path))
    cells[times, fault, step] = cell(story)
    assert any(seen.faulty for seen in story.seen), "the fault did not happen"
    broken = [f"{law.__name__}: {violation}" for law in LAWS for violation in law(story)]
    assert not broken, "\n".join(broken)
    if not RENEWING:
        assert cell(story) == REVIEWED[plot.name][times, fault, step], [
            explained(outcome) for outcome in story.outcomes
        ]


@pytest.mark.skipif(RENEWING, reason="the table is being renewed")
@pytest.mark.parametrize("plot", PLOTS, ids=str)
def test_the_reviewed_table_has_every_cell_and_nothing_else(plot: Plot) -> None:
    cells = REVIEWED[plot.name]
    assert {(plot, *cell) for cell in cells} == {case for case in MATRIX if case[0] is plot}
    assert as_text(cells, plot) == EXPECTED[plot.name].read_text()
