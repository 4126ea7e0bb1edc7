"""Proxies and certificate authorities of the environment; nothing here ever leaves 127.0.0.1."""

import asyncio
import socket
from contextlib import AsyncExitStack, ExitStack, suppress

import pytest
from requests.utils import get_environ_proxies, select_proxy
from tiers import sample

from reconciler.cli import run
from reconciler.errors import ServiceUnansweredError, UsageError
from reconciler.network.proxies import proxy_for
from tests.graph.graph_clients import graph_at, send
from tests.graph.scripted import Reply, closed_port, scripted
from tests.harness import declare, extension

pytestmark = pytest.mark.usefixtures("sockets_closed")

GOOD = Reply(200, {"id": "1"})
RETRIES = {"GET": 1, "POST": 0}
"""Of one that may be repeated once: whether a write is repeated is decided in tests/apply."""


class Proxy:
    """A proxy that remembers what it is asked for, and tunnels everything to one port
    (or refuses).
    """

    def __init__(self, port=None, status=200):
        self.asked, self.headers, self._port, self._status = [], [], port, status
        self._tasks = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _talk(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        async with AsyncExitStack() as stack:
            stack.callback(writer.close)
            stack.enter_context(
                suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError)
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head.split(" HTTP/")[0])
            self.headers.append(head.lower())
            if self._status != 200:
                writer.write(f"HTTP/1.1 {self._status} no\r\nContent-Length: 0\r\n\r\n".encode())
                return
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
            stack.callback(far_writer.close)
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def pump(source, target):
    """Passes bytes on until the source ends."""
    while chunk := await source.read(65_536):
        target.write(chunk)
        await target.drain()
    target.close()


def through(
    monkeypatch,
    tls,
    *,
    base="https://graph.invalid/v1.0",
    status=200,
    variables=None,
    method="GET",
    retries=0,
):
    """What the proxy was asked for, what arrived behind it, the outcome, and the waits."""

    async def run():
        waits = []
        async with scripted(GOOD, tls=tls) as graph, Proxy(graph.port, status) as proxy:
            for name, value in (variables or {"HTTPS_PROXY": "http://{}"}).items():
                monkeypatch.setenv(name, value.format(proxy.address))
            try:
                async with graph_at(
                    base.format(graph.port), retries=retries, waits=waits
                ) as client:
                    outcome = await send(client, method)
            except (ServiceUnansweredError, UsageError) as error:
                outcome = error
            await asyncio.sleep(0)
            return proxy, graph.seen, outcome, waits

    return asyncio.run(run())


@pytest.mark.parametrize("value", ["http://{}", "{}", "http://{}/"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_https_goes_through_the_proxy_of_the_environment(monkeypatch, tls, name, value):
    proxy, seen, outcome, _ = through(monkeypatch, tls, variables={name: value})
    assert not isinstance(outcome, Exception), outcome
    assert proxy.asked == ["CONNECT graph.invalid:443"]
    assert "authorization" not in proxy.headers[0].replace("proxy-authorization", "")
    assert [one.headers["host"] for one in seen] == ["graph.invalid"]
    assert seen[0].headers["authorization"] == "Bearer loopback-token-not-secret"


def test_user_and_password_of_a_proxy_go_to_the_proxy_only(monkeypatch, tls):
    proxy, seen, outcome, _ = through(
        monkeypatch, tls, variables={"HTTPS_PROXY": "http://me:secretword@{}"}
    )
    assert not isinstance(outcome, Exception), outcome
    assert "proxy-authorization: basic" in proxy.headers[0]
    assert "proxy-authorization" not in seen[0].headers


@pytest.mark.parametrize(
    "others", sample(["HTTPS_PROXY", "ALL_PROXY", "all_proxy"], "ALL_PROXY".__eq__)
)
@pytest.mark.parametrize(
    "no_proxy",
    sample(["127.0.0.2", "*", "a.example, 127.0.0.2", "127.0.0.2:{port}"], "127.0.0.2".__eq__),
)
def test_no_proxy_is_honoured(monkeypatch, tls, no_proxy, others):
    # Not a loopback host to us, so that a proxy would be used; and yet never off this machine.
    port = closed_port()
    variables = {others: "http://{}", "NO_PROXY": no_proxy.replace("{port}", str(port))}
    proxy, seen, outcome, _ = through(
        monkeypatch, tls, base=f"https://127.0.0.2:{port}/v1.0", variables=variables
    )
    assert isinstance(outcome, ServiceUnansweredError)
    assert outcome.not_sent
    assert (proxy.asked, seen) == ([], [])


def test_no_proxy_for_other_hosts_changes_nothing(monkeypatch, tls):
    variables = {
        "HTTPS_PROXY": "http://{}",
        "NO_PROXY": "a.example,127.0.0.1,raph.invalid,graph.invalid.example",
    }
    proxy, _, outcome, _ = through(monkeypatch, tls, variables=variables)
    assert not isinstance(outcome, Exception), outcome
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_proxy_that_never_accepts_is_a_connection_that_was_not_made(monkeypatch, tls, method):
    with socket.socket() as deaf, ExitStack() as callers:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(3):  # its queue is full now, so that the next one waits
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{deaf.getsockname()[1]}")

        async def run():
            waits = []
            async with graph_at(
                "https://graph.invalid/v1.0", timeout_s=0.8, retries=1, waits=waits
            ) as client:
                with pytest.raises(ServiceUnansweredError) as caught:
                    await send(client, method)
            return caught.value.not_sent, len(waits)

        not_sent, waits = asyncio.run(run())
        assert not_sent
        assert waits == RETRIES[method]


def test_the_proxy_for_https_comes_before_the_one_for_all(monkeypatch, tls):
    variables = {"ALL_PROXY": f"http://127.0.0.1:{closed_port()}", "HTTPS_PROXY": "http://{}"}
    proxy, _, outcome, _ = through(monkeypatch, tls, variables=variables)
    assert not isinstance(outcome, Exception), outcome
    assert len(proxy.asked) == 1


def test_graph_and_the_sign_in_choose_the_same_proxy(monkeypatch):
    """As the libraries do that speak to Entra (requests) and to GitHub (httpx)."""
    address = "https://graph.invalid/v1.0"
    names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"]
    for number in range(2 ** len(names)):
        with monkeypatch.context() as patch:
            for bit, name in enumerate(names):
                if number >> bit & 1:
                    patch.setenv(name, f"http://proxy-{bit}.invalid")
            chosen = select_proxy(address, get_environ_proxies(address))
            assert proxy_for(address) == chosen
            for excluded in ("graph.invalid", ".invalid", "*"):
                patch.setenv("NO_PROXY", excluded)
                assert proxy_for(address) is None
                assert select_proxy(address, get_environ_proxies(address)) is None


@pytest.mark.parametrize("base", ["https://127.0.0.1:{}/v1.0"])
def test_loopback_needs_no_proxy_whatever_the_environment_says(monkeypatch, tls, base):
    variables = {"HTTPS_PROXY": "http://{}", "HTTP_PROXY": "http://{}", "ALL_PROXY": "http://{}"}
    proxy, seen, outcome, _ = through(monkeypatch, tls, base=base, variables=variables)
    assert not isinstance(outcome, Exception), outcome
    assert proxy.asked == []
    assert len(seen) == 1


def test_the_sandbox_is_reached_behind_a_proxy_variable(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")

    async def run():
        async with scripted(GOOD) as graph, graph_at(graph.base) as client:
            await send(client, "GET")
            return len(graph.seen)

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_is_no_answer_of_graph_and_nothing_left(
    monkeypatch, tls, status, method
):
    proxy, seen, outcome, waits = through(monkeypatch, tls, status=status, method=method, retries=1)
    assert isinstance(outcome, ServiceUnansweredError)
    assert outcome.not_sent
    assert str(status) in str(outcome)
    assert len(proxy.asked) == 1 + RETRIES[method]
    assert seen == []
    assert len(waits) == RETRIES[method]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_proxy_that_is_not_there_is_no_answer_and_nothing_left(monkeypatch, tls, method):
    variables = {"HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}"}
    _, _, outcome, waits = through(monkeypatch, tls, variables=variables, method=method, retries=1)
    assert isinstance(outcome, ServiceUnansweredError)
    assert outcome.not_sent
    assert len(waits) == RETRIES[method]


@pytest.mark.parametrize(
    "value",
    ["ftp://127.0.0.1:1", "socks5://me:secretword@127.0.0.1:1", "http://me:secretword@127.0.0.1:x"],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_meant_is_a_usage_error_without_its_password(
    monkeypatch, tls, name, value
):
    _, _, outcome, _ = through(monkeypatch, tls, variables={name: value})
    assert isinstance(outcome, UsageError)
    assert name in str(outcome.hint)
    assert "secretword" not in str(outcome)


@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h", "SOCKS5"])
@pytest.mark.parametrize("command", [["auth", "check"], ["plan"]])
def test_a_socks_proxy_is_refused_before_the_sign_in(
    monkeypatch, capsys, tmp_path, scheme, command
):
    declare(
        tmp_path / "desired_state", {"catalog": "Marketing", "extensions": [extension("notify")]}
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:secretword@127.0.0.1:1")
    assert run([*command, "--cloud", "global", "--auth", "azure-cli"]) == 1
    printed = "".join(capsys.readouterr())
    assert (
        "Error: HTTPS_PROXY or ALL_PROXY names a SOCKS proxy, which is not supported.\nHint: Set"
        in printed
    )
    assert "secretword" not in printed


def direct(tls):
    async def run():
        async with scripted(GOOD, tls=tls) as graph, graph_at(graph.base) as client:
            try:
                return await send(client, "GET"), graph.seen
            except ServiceUnansweredError as error:
                return error, graph.seen

    return asyncio.run(run())


def test_the_certificate_authority_of_the_environment_is_trusted(tls):
    outcome, seen = direct(tls)
    assert not isinstance(outcome, Exception), outcome
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "nothing"])
def test_a_certificate_of_an_unknown_authority_gets_no_request(monkeypatch, tls, name):
    import certifi

    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv(name, certifi.where())
    outcome, seen = direct(tls)
    assert isinstance(outcome, ServiceUnansweredError)
    assert "CERTIFICATE_VERIFY_FAILED" in str(outcome)
    assert outcome.not_sent
    assert seen == []


def test_a_certificate_for_another_host_gets_no_request(tls):
    async def run():
        async with (
            scripted(GOOD, tls=tls) as graph,
            graph_at(f"https://localhost:{graph.port}/v1.0") as client,
        ):
            with pytest.raises(ServiceUnansweredError, match=r"ostname mismatch|not valid for"):
                await send(client, "GET")
            return graph.seen

    assert asyncio.run(run()) == []


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_of_authorities_that_cannot_be_used_is_a_usage_error(monkeypatch, tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(UsageError) as caught:
        direct(None)
    assert "SSL_CERT_FILE" in str(caught.value.hint)
