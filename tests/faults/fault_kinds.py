"""Faults of one request: before Graph, in Graph, after Graph, or in a proxy."""

import json
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web
from clock import let_others_go_on, pass_time, quiet
from harness import ARRIVED

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""The time of Graph's clock, which differs from the local one."""
RETRY_AFTER_S = {"429 with seconds": 7.0, "429 with a date": 11.0}
"""The Retry-After of each fault, in seconds."""
ELSEWHERE = web.RequestKey("elsewhere", str)
"""The base URL of a server that is not Graph."""


def refused(status: int, *, committed: bool = False, retry_after: str | None = None) -> Fault:
    """Answers with Graph's error body, or a gateway's HTML page, before or after the request was
    applied.
    """

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if committed:
            await handler(request)
        headers = {"Date": format_datetime(NOW, usegmt=True)} | (
            {"Retry-After": retry_after} if retry_after else {}
        )
        if status in (502, 504):
            return web.Response(
                status=status,
                text="<html>gateway</html>",
                content_type="text/html",
                headers=headers,
            )
        body = {"error": {"code": "Planned", "message": "a planned fault"}}
        return web.json_response(body, status=status, headers=headers)

    return fault


def reset(*, committed: bool) -> Fault:
    """Resets the connection without an answer."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if committed:
            await handler(request)
        assert request.transport is not None
        no_linger = b"\1\0\0\0\0\0\0\0"
        request.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, no_linger
        )
        request.transport.abort()
        return web.Response()

    return fault


async def silent(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Applies the request and does not answer until the client has timed out."""
    await handler(request)
    await quiet(request[ARRIVED])
    pass_time()
    await let_others_go_on()
    return web.Response()


async def empty(request: web.Request, handler: Handler) -> web.StreamResponse:
    await handler(request)
    return web.Response(status=201)


def page(*, committed: bool) -> Fault:
    """Answers like a proxy with its sign-in page."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if committed:
            await handler(request)
        return web.Response(text="<html>Sign in</html>", content_type="text/html")

    return fault


async def truncated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers with the first half of the body and a matching Content-Length; in place of no body,
    with the beginning of one.
    """
    answer = await handler(request)
    if answer.status == 204:
        return web.Response(body=b"{", content_type="application/json")
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
    **{
        f"{status} after commit": refused(status, committed=True) for status in (500, 502, 503, 504)
    },
    "429 with seconds": refused(429, retry_after=f"{RETRY_AFTER_S['429 with seconds']:.0f}"),
    "429 with a date": refused(
        429,
        retry_after=format_datetime(
            NOW + timedelta(seconds=RETRY_AFTER_S["429 with a date"]), usegmt=True
        ),
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
