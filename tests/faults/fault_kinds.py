"""What can go wrong with one request: on the way there, in Graph, on the way back, or in something in between."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""What Graph's clock shows, whatever it shows here."""
IMPATIENCE_S = 0.2
"""How long a client waits for an answer that will not come: the only real time that the matrix spends."""
ASKED_S = {"429 with seconds": 7.0, "429 with a date": 11.0}
"""The waits that Graph asks for."""
ELSEWHERE = web.RequestKey("elsewhere", str)
"""The base URL of a server that is not Graph."""


def refused(status: int, *, committed: bool = False, retry_after: str | None = None) -> Fault:
    """Answers with Graph's error body, or a gateway's page of HTML, before or after the request was carried out."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if committed:
            await handler(request)
        headers = {"Date": format_datetime(NOW, usegmt=True)} | ({"Retry-After": retry_after} if retry_after else {})
        if status in (502, 504):
            return web.Response(status=status, text="<html>gateway</html>", content_type="text/html", headers=headers)
        body = {"error": {"code": "Planned", "message": "a planned fault"}}
        return web.json_response(body, status=status, headers=headers)

    return fault


def reset(*, committed: bool) -> Fault:
    """Resets the connection without a word."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if committed:
            await handler(request)
        assert request.transport is not None
        no_linger = b"\1\0\0\0\0\0\0\0"
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        request.transport.abort()
        return web.Response()

    return fault


async def silent(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Carries the request out and does not answer until the client has given up."""
    await handler(request)
    await asyncio.sleep(1.5 * IMPATIENCE_S)
    return web.Response()


async def empty(request: web.Request, handler: Handler) -> web.StreamResponse:
    await handler(request)
    return web.Response(status=201)


def page(*, committed: bool) -> Fault:
    """Answers like a proxy that shows its sign-in page."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if committed:
            await handler(request)
        return web.Response(text="<html>Sign in</html>", content_type="text/html")

    return fault


async def truncated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers the first half of the true body, and calls that the whole."""
    answer = await handler(request)
    assert isinstance(answer, web.Response) and isinstance(answer.body, bytes)
    assert json.loads(answer.body)
    half = answer.body[: len(answer.body) // 2]
    return web.Response(status=answer.status, body=half, content_type="application/json")


async def elsewhere(request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request[ELSEWHERE] + request.path_qs})


FAULTS: dict[str, Fault] = {
    "reset before send": reset(committed=False),
    "reset after commit": reset(committed=True),
    **{f"{status} before commit": refused(status) for status in (500, 502, 503, 504)},
    **{f"{status} after commit": refused(status, committed=True) for status in (500, 502, 503, 504)},
    "429 with seconds": refused(429, retry_after=f"{ASKED_S['429 with seconds']:.0f}"),
    "429 with a date": refused(
        429, retry_after=format_datetime(NOW + timedelta(seconds=ASKED_S["429 with a date"]), usegmt=True)
    ),
    "429 without Retry-After": refused(429),
    "timeout after commit": silent,
    "empty 201": empty,
    "HTML 200": page(committed=True),
    "HTML 200, no commit": page(committed=False),
    "truncated JSON": truncated,
    "409 after commit": refused(409, committed=True),
    "a redirect": elsewhere,
}
