"""Answers in place of the sandbox's, for a write of one name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(method: str, name: str, status: int = 400) -> Any:
    """Middleware that refuses every write of this name with an error."""

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == method and (await request.json()).get("displayName") == name:
            error = {"code": "Planned", "message": "as planned"}
            return web.json_response({"error": error}, status=status)
        return await handler(request)

    return refuse
