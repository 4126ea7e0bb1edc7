"""The floor of a plan: the same requests by bare httpx and nothing else. Prints what it found.

Arguments: Graph's base URL, the declared documents as JSON, requests at a time, names in one
    look-up, and how many
requests a second may go (0: as many as will).
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

TOKEN = {"Authorization": "Bearer loopback-token-not-secret"}
Json = dict[str, Any]


SLACK = 1.05
"""Two requests are never exactly as far apart on arrival as they were when they left."""


class Pace:
    """Lets requests go evenly, nearly so many a second; a client that knew the limit
    would do so.
    """

    def __init__(self, a_second: int) -> None:
        self._every_s = SLACK / a_second if a_second else 0
        self._next_s = 0.0

    async def turn(self) -> None:
        """Waits for the next one's turn."""
        if self._every_s:
            now_s = asyncio.get_running_loop().time()
            self._next_s = max(self._next_s + self._every_s, now_s)
            await asyncio.sleep(self._next_s - now_s)


async def find(
    base_url: str, names: list[str], at_a_time: int, names_a_look_up: int, a_second: int = 0
) -> dict[str, list[Json]]:
    """The extensions in each catalog, by the catalog's name."""
    root = f"{base_url}/identityGovernance/entitlementManagement/catalogs"
    places, pace = asyncio.Semaphore(at_a_time), Pace(a_second)
    limits = httpx.Limits(max_connections=at_a_time, max_keepalive_connections=at_a_time)
    async with httpx.AsyncClient(headers=TOKEN, timeout=60, limits=limits) as client:

        async def listing(url: str, parameters: dict[str, str] | None = None) -> list[Json]:
            found: list[Json] = []
            link: str | None = url
            while link:
                async with places:
                    await pace.turn()
                    answer = await client.get(link, params=parameters)
                    while answer.status_code == 429:
                        await asyncio.sleep(int(answer.headers["Retry-After"]))
                        answer = await client.get(link, params=parameters)
                page = json.loads(answer.raise_for_status().content)
                found += page["value"]
                link, parameters = page.get("@odata.nextLink"), None
            return found

        async def extensions(catalog: Json) -> tuple[str, list[Json]]:
            return catalog["displayName"], await listing(
                f"{root}/{catalog['id']}/customWorkflowExtensions"
            )

        async def group(some: list[str]) -> list[tuple[str, list[Json]]]:
            expression = " or ".join(f"displayName eq '{name}'" for name in some)
            return await asyncio.gather(
                *map(extensions, await listing(root, {"$filter": expression}))
            )

        groups = [names[at : at + names_a_look_up] for at in range(0, len(names), names_a_look_up)]
        return dict(one for some in await asyncio.gather(*map(group, groups)) for one in some)


if __name__ == "__main__":
    url, declared, *numbers = sys.argv[1:]
    wanted = [document["catalog"] for document in json.loads(Path(declared).read_text())]
    live = asyncio.run(find(url, wanted, *map(int, numbers)))
    json.dump(
        {name: sorted(one["displayName"] for one in found) for name, found in live.items()},
        sys.stdout,
    )
