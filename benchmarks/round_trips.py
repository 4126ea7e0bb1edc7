"""What other ways of asking would save, measured by bare httpx: the figures behind ADR 0018."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.measure import serving
from benchmarks.sides import AT_A_TIME, LATENCY, count, same
from benchmarks.tenants import Tenant

TOKEN = {"Authorization": "Bearer loopback-token-not-secret"}
MOST_PARTS = 20
"""Of one batch (docs/graph.md §5.4)."""

Found = dict[str, list[str]]


@dataclass(frozen=True)
class Way:
    """One way of asking for everything: what it took (the best of the runs), and what was sent for
    it.
    """

    name: str
    wall_s: float
    sent: dict[str, int]
    decision: str


class Asking:
    """Bare httpx at the usual concurrency."""

    def __init__(self, client: httpx.AsyncClient, base_url: str) -> None:
        self._client = client
        self._base_url = base_url
        self._root = "/identityGovernance/entitlementManagement/catalogs"
        self._places = asyncio.Semaphore(AT_A_TIME)

    async def get(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The items of a listing of one page."""
        async with self._places:
            answer = await self._client.get(f"{self._base_url}{self._root}{path}", params=query)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["value"]
        return found

    async def look_up(self, names: list[str], **more: str) -> list[dict[str, Any]]:
        """The catalogs with these names."""
        return await self.get(
            "", **{"$filter": " or ".join(f"displayName eq '{name}'" for name in names)}, **more
        )

    async def listings(self, catalogs: list[dict[str, Any]]) -> Found:
        """The extensions of each catalog, each by a request of its own."""
        found = await asyncio.gather(
            *(self.get(f"/{one['id']}/customWorkflowExtensions") for one in catalogs)
        )
        return {
            one["displayName"]: names_of(some) for one, some in zip(catalogs, found, strict=True)
        }

    async def batched(self, paths: list[str]) -> list[Any]:
        """The answers to GETs of these paths, twenty in one POST."""
        groups = [paths[at : at + MOST_PARTS] for at in range(0, len(paths), MOST_PARTS)]
        return [one for some in await asyncio.gather(*map(self._batch, groups)) for one in some]

    async def _batch(self, paths: list[str]) -> list[Any]:
        parts = [
            {"id": str(number), "method": "GET", "url": f"{self._root}{path}"}
            for number, path in enumerate(paths)
        ]
        async with self._places:
            answer = await self._client.post(f"{self._base_url}/$batch", json={"requests": parts})
        replies = {one["id"]: one for one in answer.raise_for_status().json()["responses"]}
        for one in replies.values():
            same(one["status"], 200)
        return [replies[part["id"]]["body"]["value"] for part in parts]


def names_of(extensions: list[dict[str, Any]]) -> list[str]:
    """Their display names, sorted."""
    return sorted(one["displayName"] for one in extensions)


async def with_look_ups_of(asking: Asking, names: list[str], together: int) -> Found:
    """Look-ups of so many names each, and a listing for every catalog as soon as it is found."""

    async def group(some: list[str]) -> Found:
        return await asking.listings(await asking.look_up(some))

    groups = [names[at : at + together] for at in range(0, len(names), together)]
    found: Found = {}
    for some in await asyncio.gather(*map(group, groups)):
        found |= some
    return found


async def with_expand(asking: Asking, names: list[str]) -> Found:
    """Look-ups of fifteen names that bring the extensions along."""
    groups = [names[at : at + 15] for at in range(0, len(names), 15)]
    expand = {"$expand": "customWorkflowExtensions"}
    found = await asyncio.gather(*(asking.look_up(some, **expand) for some in groups))
    return {
        one["displayName"]: names_of(one["customWorkflowExtensions"])
        for some in found
        for one in some
    }


async def with_batch(asking: Asking, names: list[str]) -> Found:
    """Look-ups of fifteen names, then twenty listings in one batch."""
    groups = [names[at : at + 15] for at in range(0, len(names), 15)]
    catalogs = [one for some in await asyncio.gather(*map(asking.look_up, groups)) for one in some]
    found = await asking.batched([f"/{one['id']}/customWorkflowExtensions" for one in catalogs])
    return {one["displayName"]: names_of(some) for one, some in zip(catalogs, found, strict=True)}


WAYS: list[tuple[str, Callable[[Asking, list[str]], Awaitable[Found]], str]] = [
    (
        "one look-up a name, one listing a catalog",
        lambda a, n: with_look_ups_of(a, n, 1),
        "the way back if Graph refuses",
    ),
    ("5 names a look-up", lambda a, n: with_look_ups_of(a, n, 5), ""),
    ("10 names a look-up", lambda a, n: with_look_ups_of(a, n, 10), ""),
    ("15 names a look-up", lambda a, n: with_look_ups_of(a, n, 15), "**taken**"),
    (
        "30 names a look-up",
        lambda a, n: with_look_ups_of(a, n, 30),
        "beyond what Graph's known issues allow an `in`",
    ),
    (
        "15 names a look-up, `$expand` of the extensions",
        with_expand,
        "no: may be cut at 20 without a next link",
    ),
    (
        "15 names a look-up, listings in `$batch`",
        with_batch,
        "no: a POST while planning; each part counts alone",
    ),
]


def ways(tenant: Tenant, runs: int) -> list[Way]:
    """Every way, measured on one tenant; all find the same."""
    names = [
        document["catalog"]
        for document in json.loads((tenant.folder / "declared.json").read_text())
    ]
    with serving(tenant.folder, LATENCY) as url:
        best: dict[str, float] = {}
        sent: dict[str, dict[str, int]] = {}
        found: list[Found] = []
        for _ in range(runs):
            for name, way, _decision in WAYS:
                count(url)
                took_s, result = asyncio.run(timed(way, url, names))
                best[name] = min(took_s, best.get(name, took_s))
                sent[name] = count(url)
                found.append(result)
    for one in found:
        same(one, found[0])
    return [Way(name, best[name], sent[name], decision) for name, _, decision in WAYS]


async def timed(
    way: Callable[[Asking, list[str]], Awaitable[Found]], base_url: str, names: list[str]
) -> tuple[float, Found]:
    """How long one way takes, and what it finds."""
    limits = httpx.Limits(max_connections=AT_A_TIME, max_keepalive_connections=AT_A_TIME)
    async with httpx.AsyncClient(headers=TOKEN, timeout=60, limits=limits) as client:
        asking = Asking(client, base_url)
        began_s = time.perf_counter()
        found = await way(asking, names)
        return time.perf_counter() - began_s, found
