"""Where the CPU of a plan goes, package by package."""

from __future__ import annotations

import pstats
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import run, serving
from benchmarks.sides import AT_A_TIME, LATENCY
from benchmarks.tenants import Tenant

START = "starting Python, finding and running modules"
WAITING = "waiting for the network"


@dataclass(frozen=True)
class Share:
    """A package, and its part of a plan's time under the profiler, the built-in functions that it
    calls included.
    """

    package: str
    part: float


def shares(tenant: Tenant) -> list[Share]:
    """Every package that a plan spends time in, the costliest first; waiting is left out."""
    profile = tenant.folder / "plan.prof"
    with serving(tenant.folder, LATENCY) as url:
        command = [
            sys.executable,
            "-m",
            "cProfile",
            "-o",
            str(profile),
            "-m",
            "reconciler",
            "plan",
            "-q",
        ]
        run([*command, "--graph-url", url, "--concurrency", str(AT_A_TIME)], tenant.folder)
    spent: Counter[str] = Counter()
    statistics = pstats.Stats(str(profile)).stats  # type: ignore[attr-defined]
    for (file, _, name), (_, _, own_s, _, callers) in statistics.items():
        if file != "~":
            spent[package_of(file, name)] += own_s
            continue
        for (caller, _, caller_name), (_, _, called_s, _) in callers.items():
            spent[WAITING if "poll" in name else package_of(caller, caller_name)] += called_s
    del spent[WAITING]
    whole = sum(spent.values())
    return [Share(package, own_s / whole) for package, own_s in spent.most_common()]


def package_of(file: str, function: str) -> str:
    """The package of a source file; the bodies of modules and the import system are one of their
    own.
    """
    if function == "<module>" or "importlib" in file or file == "~":
        return START
    parts = Path(file).parts
    if len(parts) == 1:
        return "code made at run time"
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if "reconciler" in parts:
        inside = parts[len(parts) - 1 - parts[::-1].index("reconciler") :]
        return "reconciler/" + (inside[1] if len(inside) > 2 else "")
    return (
        "standard library:"
        f" {parts[-2] if parts[-2] in ('asyncio', 'json', 're') else parts[-1].removesuffix('.py')}"
    )
