"""The sandbox in a process of its own, which counts the requests it carries out and can answer
`$batch`.

Arguments: database, seed, then switches as NAME=VALUE. Prints its base URL; counts are at `/count`,
    which takes them
back to nothing. What the rate limit refuses is not counted.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from reconciler.sandbox.server import serve
from reconciler.sandbox.store import reset
from reconciler.sandbox.switches import parse_switches

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def kind(request: web.Request) -> str:
    """What a request is for."""
    if "customWorkflowExtensions" not in request.path:
        return "look-ups" if "$filter" in request.query else f"{request.method} catalogs"
    whole = request.path.endswith("customWorkflowExtensions")
    return {"GET": "listings" if whole else "extensions"}.get(request.method, request.method)


async def run(database: Path, seed: Path, switches: list[str]) -> None:
    """Serves until SIGTERM."""
    counted: Counter[str] = Counter()

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/v1.0/count":
            answer = web.json_response(counted)
            counted.clear()
            return answer
        if request.path == "/v1.0/$batch":
            counted["batches"] += 1
            return await batch(request)
        counted[kind(request)] += 1
        return await handler(request)

    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    reset(database, seed=seed)
    async with serve(database, switches=parse_switches(switches), faults=[count]) as url:
        print(url, flush=True)
        await over.wait()


async def batch(request: web.Request) -> web.StreamResponse:
    """Every part as a request of its own, side by side: each takes its time and counts
    (docs/graph.md §5.4).
    """
    parts = json.loads(await request.read())["requests"]
    token = {"Authorization": request.headers["Authorization"]}
    async with aiohttp.ClientSession(headers=token) as session:

        async def one(part: dict[str, str]) -> dict[str, object]:
            url = f"{request.url.origin()}/v1.0{part['url']}"
            async with session.request(part["method"], url) as answer:
                return {"id": part["id"], "status": answer.status, "body": await answer.json()}

        return web.json_response({"responses": await asyncio.gather(*map(one, parts))})


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
