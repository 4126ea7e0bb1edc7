"""The floor of an apply: the reads and POSTs that safety needs, by bare httpx and nothing else.
Prints what it made.

What it reads is what `reconciler apply` has to (RESULTS.md says why): each catalog found and listed
for the plan; listed once more before its first POST; listed after each POST. Arguments: base URL,
declared documents, at a time.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

TOKEN = {"Authorization": "Bearer loopback-token-not-secret"}
NAMES_A_LOOK_UP = 15
Json = dict[str, Any]


async def create(base_url: str, documents: list[Json], at_a_time: int) -> dict[str, list[str]]:
    """The names in each catalog after everything declared was created."""
    root = f"{base_url}/identityGovernance/entitlementManagement/catalogs"
    wanted = {document["catalog"]: document["extensions"] for document in documents}
    names = list(wanted)
    places = asyncio.Semaphore(at_a_time)
    limits = httpx.Limits(max_connections=at_a_time, max_keepalive_connections=at_a_time)
    async with httpx.AsyncClient(headers=TOKEN, timeout=60, limits=limits) as client:

        async def value(url: str, parameters: dict[str, str] | None = None) -> list[Json]:
            answer = await client.get(url, params=parameters)
            found: list[Json] = json.loads(answer.raise_for_status().content)["value"]
            return found

        async def look_up(some: list[str]) -> list[Json]:
            expression = " or ".join(f"displayName eq '{name}'" for name in some)
            async with places:
                found = await value(root, {"$filter": expression})
            await asyncio.gather(
                *(listed(f"{root}/{one['id']}/customWorkflowExtensions") for one in found)
            )
            return found

        async def listed(url: str) -> None:
            async with places:
                await value(url)

        async def fill(catalog: Json) -> tuple[str, list[str]]:
            url = f"{root}/{catalog['id']}/customWorkflowExtensions"
            async with places:
                live = await value(url)
                for body in wanted[catalog["displayName"]]:
                    (await client.post(url, json=body)).raise_for_status()
                    live = await value(url)
            return catalog["displayName"], sorted(one["displayName"] for one in live)

        groups = [names[at : at + NAMES_A_LOOK_UP] for at in range(0, len(names), NAMES_A_LOOK_UP)]
        catalogs = [one for some in await asyncio.gather(*map(look_up, groups)) for one in some]
        return dict(await asyncio.gather(*map(fill, catalogs)))


if __name__ == "__main__":
    url, declared, at_a_time = sys.argv[1:]
    json.dump(
        asyncio.run(create(url, json.loads(Path(declared).read_text()), int(at_a_time))), sys.stdout
    )
