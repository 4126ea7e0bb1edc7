"""All of a cloud on loopback: Graph, Azure Resource Manager and Entra with TLS, behind a proxy that
knows their hosts, so that the command line runs as in a tenant.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from anyio.from_thread import start_blocking_portal
from harness import MARKETING

from reconciler.settings import CLOUDS
from tests.auth.entra import APPLICATION, SECRET, TENANT, Entra, entra, jwt
from tests.graph.scripted import Reply, Scripted, Seen, scripted
from tests.graph.test_graph_network import pump
from tests.preflight.workflows import body

CATALOG = {"id": MARKETING, "displayName": "Marketing"}


@dataclass
class Cloud:
    """The servers of one cloud, with what they got; `tenant` is the one of the tokens."""

    name: str
    arm_says: Callable[[Seen], Reply] = lambda _seen: Reply(body=body())
    tenant: str = TENANT
    hosts: list[str] = field(default_factory=list)
    issued: dict[str, list[str]] = field(default_factory=dict)
    graph: Scripted = field(init=False)
    arm: Scripted = field(init=False)
    entra: Entra = field(init=False)

    def issue(self, form: dict[str, str]) -> Reply:
        """Entra's answer: a token for this scope."""
        tokens = self.issued.setdefault(form["scope"], [])
        claims = {"tid": self.tenant, "aud": form["scope"], "jti": len(tokens)}
        tokens.append(jwt(appid=APPLICATION, idtyp="app", **claims))
        answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": tokens[-1]}
        return Reply(200, answer)

    def graph_says(self, seen: Seen) -> Reply:
        """A tenant with one catalog, without extensions."""
        is_listing_of_catalogs = seen.path == "/catalogs"
        return Reply(body={"value": [CATALOG] if is_listing_of_catalogs else []})

    @staticmethod
    def sent_to(server: Scripted) -> set[str]:
        """The tokens that a server got."""
        return {seen.headers["authorization"].removeprefix("Bearer ") for seen in server.seen}


@contextmanager
def cloud_on_loopback(cloud: Cloud, tls: ssl.SSLContext, monkeypatch: Any) -> Iterator[Cloud]:
    """The cloud, served by a thread of its own; the variables of the environment lead to it."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_serve(cloud, tls)) as proxy,
    ):
        variables = {
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": APPLICATION,
            "AZURE_CLIENT_SECRET": SECRET,
            "AZURE_AUTHORITY_HOST": cloud.entra.origin,
            "HTTPS_PROXY": proxy,
            "NO_PROXY": "127.0.0.1",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield cloud


@asynccontextmanager
async def _serve(cloud: Cloud, tls: ssl.SSLContext) -> AsyncIterator[str]:
    """The address of the proxy of a running cloud."""
    known = CLOUDS[cloud.name]
    async with (
        scripted(_ending(cloud.graph_says), token=None, tls=tls) as cloud.graph,
        scripted(_ending(cloud.arm_says), token=None, tls=tls) as cloud.arm,
        entra(tls, says=cloud.issue) as cloud.entra,
    ):
        ports = {known.graph_host: cloud.graph.port, known.arm.host: cloud.arm.port}
        async with _Proxy(cloud.hosts, ports) as proxy:
            yield proxy


def _ending(answer: Callable[[Seen], Reply]) -> Callable[[Seen], Reply]:
    """The same answers, each on a connection of its own: else a TLS server that stops waits for a
    goodbye.
    """

    def says(seen: Seen) -> Reply:
        reply = answer(seen)
        return replace(reply, headers={"Connection": "close", **reply.headers})

    return says


class _Proxy:
    """A proxy that remembers the hosts it is asked for, and knows two of them."""

    def __init__(self, hosts: list[str], ports: dict[str, int]) -> None:
        self._hosts, self._ports = hosts, ports
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        async with AsyncExitStack() as stack:
            stack.callback(writer.close)
            stack.enter_context(
                suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError)
            )
            line, *_ = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            target = line.removeprefix("CONNECT ").partition(" ")[0]
            self._hosts.append(target)
            host, _, port = target.rpartition(":")
            assert port == "443"
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._ports[host])
            stack.callback(far_writer.close)
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
