"""The benchmarks still run: on small tenants, once, and both sides of each row find the same."""

import dataclasses
import json
from pathlib import Path

import pytest

from benchmarks import curves, profiling, report, round_trips, rows, sides, tenants
from benchmarks.measure import Run, Series
from benchmarks.rows import Row

HERE = Path(__file__).parents[2] / "benchmarks"
ROW = Row("plan", "≤ 2", "1 s", "1 s", [1.0, 3.0, 1.5], 2)


@pytest.fixture
def tenant(tmp_path: Path) -> tenants.Tenant:
    return tenants.make(tmp_path / "tenant", 3, declared=2, live=2, live_catalogs=5)


@pytest.mark.thorough
def test_a_plan_finds_what_bare_httpx_finds_in_as_many_requests(tenant: tenants.Tenant) -> None:
    row = rows.plan(tenant, 1)
    assert row.facts == [("requests 3 listings, 1 look-ups", True)]
    assert row.figure > 0


@pytest.mark.thorough
def test_the_typed_sdk_finds_the_same(tenant: tenants.Tenant) -> None:
    assert rows.against_the_obvious_script(tenant, 1).figure > 0


@pytest.mark.thorough
def test_an_apply_creates_what_bare_httpx_creates_in_as_many_requests(tmp_path: Path) -> None:
    row = rows.apply(tenants.make(tmp_path / "empty", 2, declared=2, live=0), 1)
    # Two listings for the plan, two before the first POSTs, one after each of four POSTs.
    wanted = "4 POST, 8 listings, 1 look-ups"
    assert row.facts == [(f"requests {wanted}; the floor's {wanted}", True)]


@pytest.mark.thorough
def test_validating_is_compared_with_the_same_verdicts(tmp_path: Path) -> None:
    row = rows.validating(tenants.make(tmp_path / "files", 2, declared=1, live=0), 1)
    assert not row.at_most


@pytest.mark.thorough
def test_every_way_of_asking_finds_the_same(tenant: tenants.Tenant) -> None:
    ways = round_trips.ways(tenant, 1)
    assert len(ways) == len(round_trips.WAYS)
    assert ways[-1].sent == {"look-ups": 1, "batches": 1, "listings": 3}


def test_sides_that_found_different_things_are_not_compared() -> None:
    def series(found: object) -> Series:
        return Series((Run(1, 1, 1, 0, json.dumps(found)),))

    summary = {"unchanged": 2, "unmanaged": 0}
    plan = {
        "complete": True,
        "catalogs": [{"display_name": "a"}],
        "summary": summary,
        "changes": [],
        "unmanaged": [],
    }
    sides.same_found(series(plan), series({"a": ["x", "y"]}))
    for other in ({"a": ["x"]}, {"b": ["x", "y"]}, {"a": ["x"], "b": ["y"]}):
        with pytest.raises(SystemExit, match="differ"):
            sides.same_found(series(plan), series(other))
    with pytest.raises(SystemExit, match="differ"):
        sides.same_found(series({**plan, "complete": False}), series({"a": ["x", "y"]}))


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (ROW, True),  # the median counts
        (dataclasses.replace(ROW, bound=1.4), False),
        (dataclasses.replace(ROW, at_most=False), False),
        (dataclasses.replace(ROW, at_most=False, bound=1.5), True),
        (dataclasses.replace(ROW, facts=[("one too many", False)]), False),
    ],
)
def test_a_row_is_met_by_its_median_and_all_its_facts(row: Row, met: bool) -> None:
    assert row.met is met


def test_a_missed_row_is_shown_with_its_reason() -> None:
    missed = dataclasses.replace(ROW, bound=1, if_missed="too slow a start.")
    page = report.written([ROW, missed], [], [], [])
    assert "1 of 2 targets met" in page
    assert "| ≤ 2 | 1.50× (1.00 to 3.00, 3 runs) | met |" in page
    assert "| ≤ 2 | 1.50× (1.00 to 3.00, 3 runs) | **missed** |" in page
    assert "* plan: too slow a start." in page
    assert "What was tried" in page


@pytest.mark.thorough
def test_the_curves_are_drawn() -> None:
    found = [
        curves.Point(by, at, 2.0, 1.0)
        for by in ("catalogs", "latency", "concurrency")
        for at in (1, 10, 100)
    ]
    svg = curves.drawn(found)
    assert svg.startswith("<svg")
    assert all(
        words in svg
        for words in (curves.OURS, curves.FLOOR, "requests at a time", "catalogs declared")
    )


@pytest.mark.thorough
def test_the_profile_names_the_packages(tenant: tenants.Tenant) -> None:
    found = profiling.shares(tenant)
    assert {"httpx", "reconciler/loader"} <= {one.package for one in found}
    assert sum(one.part for one in found) == pytest.approx(1)
    assert [one.part for one in found] == sorted((one.part for one in found), reverse=True)


def test_the_page_in_the_repository_has_every_row() -> None:
    page = (HERE / "RESULTS.md").read_text("utf-8")
    for target in (
        "≤ 1.3 × bare",
        "≤ 1.15 × bare",
        "≤ 0.3 ms",
        "≤ 4 ×",
        "≥ 3 ×",
        "≤ 0.5 ms",
        "≥ 10 ×",
        "≤ 1.15 × the",
    ):
        assert f"| {target}" in page
    assert (HERE / "curves.svg").read_text("utf-8").startswith("<svg")
