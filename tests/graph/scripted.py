"""A Graph that does exactly what a test tells it to, on 127.0.0.1, and remembers every request it
got.

Raw asyncio streams instead of a web framework: it must be able to drop, reset, cut and stall its
answers. Like every test server it answers 401 to any but the expected token (docs/graph.md §6.6),
unless `token=None`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from clock import pass_time, quiet

TOKEN = "loopback-token-not-secret"
EM = "/identityGovernance/entitlementManagement"
CATALOG = "32efb28c-9a7a-446c-986b-ca6528c6669d"

Way = Literal["answer", "drop", "reset", "half", "hang", "garbage", "endless"]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path below entitlement management (or the whole one), decoded."""
        path = unquote(urlsplit(self.target).path)
        return path.partition(EM)[2] if EM in path else path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, decoded."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """One answer. `way`: give it, drop the connection, reset it, cut it halfway, never answer, send
    no HTTP, or repeat the body without end.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    way: Way = "answer"

    @property
    def content(self) -> bytes:
        """The bytes of the body: bytes and text as they are, everything else as JSON."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return b"" if self.body is None else json.dumps(self.body).encode()


def listing(*items: Any, link: Any = None) -> Reply:
    """A page of a listing."""
    return Reply(body={"value": list(items), **({} if link is None else {"@odata.nextLink": link})})


def refused(
    status: int, code: str = "SomeCode", message: str = "Some message.", **headers: str
) -> Reply:
    """An error as Graph words it (docs/graph.md §5.2)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"code": code, "message": message}}, named)


Script = Callable[[Seen], Reply]


class Scripted:
    """A running server: where it is, and what it has got so far."""

    def __init__(self, script: Script, token: str | None, scheme: str) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self.idle = asyncio.Event()  # set while no connection is open
        self.port = 0
        self.token = token
        self.scheme = scheme
        self._script = script
        self._listener: asyncio.Server | None = None
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        """The base address of this Graph."""
        return f"{self.origin}/v1.0"

    @property
    def methods(self) -> list[str]:
        """The verbs of all requests, in order of arrival."""
        return [seen.method for seen in self.seen]

    async def listen(self, tls: ssl.SSLContext | None = None) -> None:
        """Accepts connections, on the same port as before."""
        self._listener = await asyncio.start_server(self.talk, "127.0.0.1", self.port, ssl=tls)
        self.port = self._listener.sockets[0].getsockname()[1]

    def refuse_connections(self) -> None:
        """Accepts no connection until it listens again; those that are open stay."""
        assert self._listener is not None
        self._listener.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.idle.clear()
        self.connections += 1
        try:
            while (seen := await _request(reader)) is not None:
                self.seen.append(seen)
                known = (
                    self.token is None
                    or seen.headers.get("authorization") == f"Bearer {self.token}"
                )
                reply = self._script(seen) if known else refused(401, "InvalidAuthenticationToken")
                if not await self._give(reply, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client is gone, or the server stops
        finally:
            writer.close()
            with suppress(Exception, asyncio.CancelledError):
                await writer.wait_closed()
            self._tasks.discard(task)
            if not self._tasks:
                self.idle.set()

    async def _give(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        """Answers as the reply says; true while the connection is good for another request."""
        content = reply.content
        head = f"HTTP/1.1 {reply.status} X\r\n" + "".join(
            f"{name}: {value}\r\n"
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
                "request-id": f"r-{len(self.seen)}",
                **reply.headers,
            }.items()
        )
        match reply.way:
            case "drop":
                return False
            case "reset":
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                )
                writer.transport.abort()
                return False
            case "hang":
                await quiet(self.seen)
                pass_time()
                await self._stopping.wait()
                return False
            case "garbage":
                writer.write(b"\x00\x01 this is not HTTP\r\n\r\n")
            case "half":
                writer.write(head.encode() + b"\r\n" + content[: len(content) // 2])
            case "endless":
                writer.write(head.replace("Content-Length", "X-Length").encode() + b"\r\n")
                while True:
                    writer.write(content)
                    await writer.drain()
            case _:
                writer.write(head.encode() + b"\r\n" + content)
        await writer.drain()
        return reply.way == "answer"

    async def stop(self) -> None:
        """Accepts no more connections, and ends every open one."""
        self.refuse_connections()
        self._stopping.set()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(
            0
        )  # the transports let go of their sockets one step after they were closed


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    line = (await reader.readline()).decode("latin-1").split()
    if len(line) < 2:
        return None
    headers: dict[str, str] = {}
    while (row := (await reader.readline()).decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = row.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(line[0], line[1], headers, body)


def in_order(*replies: Reply) -> Script:
    """A script that gives these replies one after the other, the last one for ever."""
    left = list(replies)
    return lambda _seen: left.pop(0) if len(left) > 1 else left[0]


@asynccontextmanager
async def scripted(
    *script: Reply | Script, token: str | None = TOKEN, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Scripted]:
    """A server that gives the replies in order (the last one for ever), or what one function says
    to each request.
    """
    replies: Sequence[Any] = script or (Reply(body={}),)
    server = Scripted(
        replies[0] if callable(replies[0]) else in_order(*replies),
        token,
        "https" if tls else "http",
    )
    await server.listen(tls)
    try:
        yield server
    finally:
        for _ in range(8):  # a connection just made gets as far as `talk`, which alone can close it
            await asyncio.sleep(0)
        await server.stop()


def closed_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
