"""The two sides of a row: the command lines, what each has to find, and that they found
the same.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable

from benchmarks.measure import RECONCILER, Run, Series, peer, run
from benchmarks.tenants import Tenant

AT_A_TIME = 16
NAMES_A_LOOK_UP = 15
LATENCY = "latency_ms=50"


def after_a_second(command: Callable[[], Run]) -> Callable[[], Run]:
    """The command once the server's count of requests a second is back at nothing."""

    def waited() -> Run:
        time.sleep(1)
        return command()

    return waited


def ours_on(url: str, *arguments: str, at_a_time: int = AT_A_TIME) -> list[str]:
    """A command line of ours against the sandbox."""
    command, *options = arguments
    return [
        RECONCILER,
        command,
        "--graph-url",
        url,
        "--concurrency",
        str(at_a_time),
        "-q",
        "--format",
        "json",
        *options,
    ]


def planning(tenant: Tenant, url: str, at_a_time: int = AT_A_TIME) -> Callable[[], Run]:
    """A plan as a document."""
    return lambda: run(ours_on(url, "plan", at_a_time=at_a_time), tenant.folder)


def finding(
    tenant: Tenant, url: str, names_a_look_up: int, a_second: int = 0, *, at_a_time: int = AT_A_TIME
) -> Callable[[], Run]:
    """The same requests by bare httpx."""
    declared = tenant.folder / "declared.json"
    command = peer("bare_httpx.py", url, declared, at_a_time, names_a_look_up, a_second)
    return lambda: run(command, tenant.folder)


def requests(url: str, command: Callable[[], Run]) -> dict[str, int]:
    """How many requests of each kind the command has the sandbox carry out."""
    count(url)
    command()
    return count(url)


def count(url: str) -> dict[str, int]:
    """The requests carried out since the last time, by kind."""
    asked = urllib.request.Request(
        f"{url}/count", headers={"Authorization": "Bearer loopback-token-not-secret"}
    )
    with urllib.request.urlopen(asked) as answer:
        counted: dict[str, int] = json.load(answer)
    return counted


def summary(one: Run) -> dict[str, int]:
    """The plan's counts."""
    counts: dict[str, int] = json.loads(one.output)["summary"]
    return counts


def same_found(ours: Series, theirs: Series) -> None:
    """Nothing, when every plan saw what the peer saw: the same catalogs, and every extension of
    them as declared.
    """
    for one, other in zip(ours.runs, theirs.runs, strict=True):
        document, found = json.loads(one.output), json.loads(other.output)
        same(document["complete"], True)
        same(sorted(catalog["display_name"] for catalog in document["catalogs"]), sorted(found))
        same(document["summary"]["unchanged"], sum(map(len, found.values())))
        same(document["changes"], [])
        same(document["unmanaged"], [])


def same(one: object, other: object) -> None:
    """Nothing, when they are.

    Raises:
        SystemExit: two sides did not do the same work, so that their times must not be compared.
    """
    if one != other:
        raise SystemExit(f"The two sides differ: {str(one)[:300]} … and {str(other)[:300]} …")


def took(series: Series) -> str:
    """Median and spread of the wall clock, and the CPU."""
    walls = series.of(lambda one: one.wall_s)
    return f"{series.wall_s:.2f} s ({min(walls):.2f} to {max(walls):.2f}), CPU {series.cpu_s:.2f} s"


def told(sent: dict[str, int]) -> str:
    """Requests by kind, in words."""
    return ", ".join(f"{number} {kind}" for kind, number in sorted(sent.items()))
