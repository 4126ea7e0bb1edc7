"""What the pages say about the probes of the live check is what the probes decide."""

from __future__ import annotations

import re
from dataclasses import fields

from doc_pages import ROOT, rows, section

from reconciler.live_check.check import PROBES
from reconciler.model.live_facts import NOT_TRIED
from reconciler.sandbox.switches import Switches

PAGE, GRAPH = ROOT / "docs/live-check.md", ROOT / "docs/graph.md"
PROBED = {each.name: each.metadata["probe"] for each in fields(Switches)}


def names(cell: str) -> list[str]:
    """The names in backticks."""
    return re.findall(r"`(\w+)`", cell)


def test_the_page_lists_every_probe_with_what_it_decides() -> None:
    table = rows(section(PAGE, "Reading the result"))
    shown = [(row[0], names(row[2]), row[3] == "yes") for row in table]
    assert shown == [(probe.id, list(probe.switches), probe.needs_policy) for probe in PROBES]


def test_every_probe_is_tried_or_not_tried() -> None:
    tried = {probe.id for probe in PROBES}
    untried = {probe for probe, _, _ in NOT_TRIED}
    assert tried | untried == {f"P{number}" for number in range(1, 18)}
    assert not tried & untried


def test_an_open_question_names_the_probes_of_its_switches() -> None:
    table = rows(section(GRAPH, "8 Open questions"))
    for question, switches, probes, _ in table:
        expected = {PROBED[name] for name in names(switches)} - {None}
        assert expected <= set(re.findall(r"P\d+", probes)), question
    decided = {name for row in table for name in names(row[1]) if PROBED[name]}
    assert decided == {name for name, probe in PROBED.items() if probe}
