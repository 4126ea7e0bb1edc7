"""`make bench`: every row, the curves and the profile; writes RESULTS.md and curves.svg beside this
file.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import curves, profiling, report, round_trips, tenants
from benchmarks.rows import Row, rows

HERE = Path(__file__).parent


def main() -> None:
    """Measures, says what it finds as it goes, and writes the page at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--runs",
        type=int,
        default=7,
        metavar="N",
        help="of each command of a row; slow rows take half, quick ones more (default: 7)",
    )
    parser.add_argument(
        "--curve-runs",
        type=int,
        default=3,
        metavar="N",
        help="of each point of a curve (default: 3)",
    )
    parser.add_argument(
        "--out", type=Path, default=HERE, metavar="DIR", help="where the page goes (default: here)"
    )
    options = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = Path(temporary)
        measured: list[Row] = []
        for row in rows(folder, options.runs):
            measured.append(row)
            say(
                f"{'met   ' if row.met else 'MISSED'} {row.figure:8.2f}{row.unit:3} {row.target}:"
                f" {row.what}"
            )
        usual = tenants.make(folder / "for-curves", 100, declared=5, live=5)
        ways = round_trips.ways(usual, options.curve_runs)
        found = []
        for point in curves.points(folder, usual, options.curve_runs):
            found.append(point)
            say(f"{point.by} {point.at}: {point.ours_s:.2f} s beside {point.floor_s:.2f} s")
        spent = profiling.shares(usual)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "curves.svg").write_text(curves.drawn(found), "utf-8")
    page = report.written(measured, ways, found, spent)
    (options.out / "RESULTS.md").write_text(page, "utf-8")
    say(
        f"{options.out / 'RESULTS.md'} and curves.svg written after"
        f" {(time.monotonic() - began_s) / 60:.0f} minutes"
    )


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
