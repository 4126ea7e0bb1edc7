"""How a plan scales beside bare httpx: with the catalogs, with the network's latency, with the
requests at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vl_convert

from benchmarks import tenants
from benchmarks.measure import in_turn, serving
from benchmarks.sides import AT_A_TIME, NAMES_A_LOOK_UP, finding, planning, same_found
from benchmarks.tenants import Tenant

CATALOGS = (1, 3, 10, 30, 100, 300, 1_000)
LATENCIES_MS = (0, 10, 50, 200)
CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64)
OURS, FLOOR = "reconciler plan", "bare httpx, same requests"


@dataclass(frozen=True)
class Point:
    """The medians of one setting; `by` names what is varied."""

    by: str
    at: int
    ours_s: float
    floor_s: float


def points(folder: Path, usual: Tenant, runs: int) -> Iterator[Point]:
    """Every point of the three curves; each compares what both sides found."""
    for catalogs in CATALOGS:
        yield point(
            "catalogs",
            catalogs,
            tenants.make(folder / f"of-{catalogs}", catalogs, declared=5, live=5),
            runs,
        )
    for latency_ms in LATENCIES_MS:
        yield point("latency", latency_ms, usual, runs, latency_ms=latency_ms)
    for at_a_time in CONCURRENCIES:
        yield point("concurrency", at_a_time, usual, runs, at_a_time=at_a_time)


def point(
    by: str, at: int, tenant: Tenant, runs: int, *, latency_ms: int = 50, at_a_time: int = AT_A_TIME
) -> Point:
    """One setting, both sides in turn."""
    with serving(tenant.folder, f"latency_ms={latency_ms}") as url:
        ours, floor = in_turn(
            runs,
            planning(tenant, url, at_a_time),
            finding(tenant, url, NAMES_A_LOOK_UP, at_a_time=at_a_time),
            warm_up=False,
        )
        same_found(ours, floor)
    return Point(by, at, ours.wall_s, floor.wall_s)


def drawn(found: list[Point]) -> str:
    """The three curves side by side, as SVG."""
    panels = [
        panel(found, "catalogs", "catalogs declared, 5 extensions each", CATALOGS, "log"),
        panel(
            found, "latency", "latency of each request, ms (100 catalogs)", LATENCIES_MS, "linear"
        ),
        panel(found, "concurrency", "requests at a time (100 catalogs)", CONCURRENCIES, "log"),
    ]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {
            "text": "Wall clock of a plan, process start included, seconds",
            "anchor": "start",
        },
        "background": "white",
        "hconcat": panels,
    }
    svg: str = vl_convert.vegalite_to_svg(spec)
    return svg


def panel(
    found: list[Point], by: str, title: str, ticks: tuple[int, ...], x_scale: str
) -> dict[str, Any]:
    """One curve for each side."""
    values = [
        {"at": one.at, "seconds": seconds, "side": side}
        for one in found
        if one.by == by
        for side, seconds in ((OURS, one.ours_s), (FLOOR, one.floor_s))
    ]
    y_scale = {"type": "log"} if x_scale == "log" else {"zero": True}
    return {
        "data": {"values": values},
        "width": 260,
        "height": 220,
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "at", "type": "quantitative", "title": title, "scale": {"type": x_scale},
                  "axis": {"values": list(ticks), "format": "d", "grid": False}},
            "y": {"field": "seconds", "type": "quantitative", "title": None, "scale": y_scale},
            "color": {"field": "side", "type": "nominal", "title": None, "sort": [OURS, FLOOR],
                      "legend": {"orient": "bottom"}},
        },
    }  # fmt: skip
