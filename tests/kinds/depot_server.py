"""A small server of depots, crates and gates: names are not unique, times change at every write."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class Depots:
    """What the server holds: objects by their list, and every request that it got."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Json]] = {"depots": []}
        self.requests: list[str] = []
        self.refuse: set[str] = set()
        self._numbers = itertools.count(1)

    def add(self, path: str, **members: Any) -> Json:
        """A new object in the list at the path."""
        number = next(self._numbers)
        held = {"id": f"id-{number}", "changed": number, **members}
        self.lists.setdefault(path, []).append(held)
        return held

    def named(self, path: str, name: str) -> Json:
        """The one object of this name."""
        (held,) = (each for each in self.lists[path] if each.get("displayName") == name)
        return held

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request: a list, or an object in it."""
        path = request.path.removeprefix("/v1.0/")
        self.requests.append(f"{request.method} {path}")
        listed, _, object_id = path.rpartition("/")
        if request.method == "GET" and path.rsplit("/", 1)[-1] in ("depots", "crates", "gates"):
            return web.json_response({"value": self.lists.get(path, [])})
        body = await request.json() if request.can_read_body else {}
        if body.get("displayName") in self.refuse:
            return web.json_response({"error": {"code": "No", "message": "refused"}}, status=403)
        if request.method == "POST":
            return web.json_response(self.add(path, **body), status=201)
        held = next((each for each in self.lists.get(listed, []) if each["id"] == object_id), None)
        if held is None:
            return web.json_response({"error": {"code": "NotFound", "message": "no"}}, status=404)
        if request.method == "PUT":
            kept = {"id": object_id, "changed": next(self._numbers)}
            held.clear()
            held.update(body | kept)
        return web.json_response(held)


@asynccontextmanager
async def served(depots: Depots, *middlewares: Any) -> AsyncIterator[str]:
    """The base URL of a server of these depots."""
    application = web.Application(middlewares=list(middlewares))
    application.router.add_route("*", "/{path:.*}", depots.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}/v1.0"
    finally:
        await runner.cleanup()
