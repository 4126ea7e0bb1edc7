"""RESULTS.md: the table, with every figure that belongs to it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.curves import Point
from benchmarks.profiling import Share
from benchmarks.round_trips import Way
from benchmarks.rows import Row
from benchmarks.sides import told

NOTES = Path(__file__).with_name("notes.md")
VERSIONS = (
    "msgraph-sdk", "msgraph-core", "microsoft-kiota-http", "httpx", "httpcore", "anyio",
    "aiohttp", "click", "pyyaml", "jsonschema", "jsonschema-rs", "check-jsonschema",
)  # fmt: skip


def machine() -> str:
    """Processor, cores and memory."""
    model = platform.processor() or platform.machine()
    for line in (
        Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ()
    ):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.machine()}"


PACKAGES_SHOWN = 16
"""Of the profile: what is left has hundredths of a part each."""


def written(
    rows: Sequence[Row], ways: Sequence[Way], found: Sequence[Point], spent: Sequence[Share]
) -> str:
    """The whole page."""
    met = sum(row.met for row in rows)
    lines = [
        "# Results",
        "",
        (
            f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}. {met} of {len(rows)} targets"
            " met."
        ),
        "",
        f"* Machine: {machine()}.",
        (
            f"* Python {platform.python_version()};"
            f" {', '.join(f'{name} {version(name)}' for name in VERSIONS)}."
        ),
        (
            "* Medians; smallest, largest and the number of runs in parentheses. The two sides of a"
            " row run in turn, so that a machine whose speed drifts drifts for both; ratios are"
            " taken pair by pair."
        ),
        (
            "* The server is the sandbox in a process of its own, on the same cores. Every time is"
            " of a whole process, its start included. What both sides found is compared before a"
            " ratio is believed."
        ),
        "",
        "## Targets",
        "",
        *_table(rows),
        *_missed(rows),
        *_ways(ways),
        *_curves(found),
        *_spent(spent),
        "",
        NOTES.read_text("utf-8").rstrip("\n"),
        "",
    ]
    return "\n".join(lines)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| what | target | measured | | reconciler | beside | and |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        spread = (
            f"{row.figure:.2f}{row.unit} ({min(row.figures):.2f} to {max(row.figures):.2f},"
            f" {len(row.figures)} runs)"
        )
        facts = "; ".join(text if good else f"**{text}**" for text, good in row.facts)
        verdict = "met" if row.met else "**missed**"
        yield (
            f"| {row.what} | {row.target} | {spread} | {verdict} | {row.ours} | {row.peers} |"
            f" {facts} |"
        )


def _missed(rows: Sequence[Row]) -> Iterator[str]:
    missed = [row for row in rows if not row.met]
    if missed:
        yield from ("", "### Missed, and why", "")
    for row in missed:
        yield f"* {row.what}: {row.if_missed or 'not explained yet'}"


def _ways(ways: Sequence[Way]) -> Iterator[str]:
    yield from ("", "## Round trips", "")
    yield (
        "Bare httpx, 16 requests at a time, 100 catalogs × 5 extensions, 50 ms; the best run,"
        " without process start."
    )
    yield from ("", "| way | wall | sent | decision |", "|---|---|---|---|")
    for way in ways:
        yield f"| {way.name} | {way.wall_s * 1000:.0f} ms | {told(way.sent)} | {way.decision} |"
    yield ""
    yield (
        "The sandbox carries the parts of a batch out side by side, each with its own 50 ms. If"
        " Graph is slower with them, or throttles them, the gain shrinks; it is an upper bound. The"
        " decisions are explained in [ADR 0018](../docs/adr/0018-fewer-and-cheaper-requests.md)."
    )


def _curves(found: Sequence[Point]) -> Iterator[str]:
    yield from (
        "",
        "## Scaling",
        "",
        "![Wall clock by catalogs, latency and concurrency](curves.svg)",
        "",
    )
    yield from (
        "| varied | at | reconciler plan | bare httpx, same requests | ratio |",
        "|---|---|---|---|---|",
    )
    for one in found:
        ratio = one.ours_s / one.floor_s
        yield f"| {one.by} | {one.at:,} | {one.ours_s:.2f} s | {one.floor_s:.2f} s | {ratio:.2f} |"


def _spent(spent: Sequence[Share]) -> Iterator[str]:
    yield from ("", "## Where the CPU of a plan goes", "")
    yield (
        "`plan` of 100 catalogs × 5 extensions under cProfile, by package, without the waiting; it"
        " makes calls dear."
    )
    yield from ("", "| package | part |", "|---|---|")
    for share in spent[:PACKAGES_SHOWN]:
        yield f"| {share.package} | {share.part:.0%} |"
