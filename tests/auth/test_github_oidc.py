"""GitHub's token about a job: asked for in the documented way, of an address that may be trusted,
never shown.
"""

import asyncio
import gzip

import pytest

from reconciler.auth.github_oidc import github_assertion
from reconciler.errors import AuthenticationError
from reconciler.model.secrets import mask
from tests.graph.scripted import Reply, closed_port, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

BEARER = "run-token-secret"


def assertion(reply, *, query="?api-version=2.0", form="{origin}", bearer=BEARER):
    """The assertion (or the error) that GitHub's answer leads to, and the requests that
    GitHub got.
    """

    async def run():
        async with scripted(reply, token=BEARER) as github:
            url = form.format(origin=github.origin, port=github.port) + "/id" + query
            environment = {
                "ACTIONS_ID_TOKEN_REQUEST_URL": url,
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer,
            }
            try:
                return (
                    await asyncio.to_thread(
                        github_assertion, environment, "api://AzureADTokenExchange"
                    ),
                    github.seen,
                )
            except AuthenticationError as error:
                return error, github.seen

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("query", "arrives"),
    [
        ("?api-version=2.0", {"api-version": "2.0"}),
        ("?a=x%26y%3D1&b=%C3%A9+z", {"a": "x&y=1", "b": "é z"}),
        ("?audience=other", {}),
        ("", {}),
    ],
)
def test_the_audience_is_added_and_the_query_is_kept(query, arrives):
    token, seen = assertion(Reply(200, {"value": "the.id.token", "count": 1}), query=query)
    assert token == "the.id.token"
    assert mask(f"refused: {token}") == "refused: ***"
    assert len(seen) == 1
    assert seen[0].method == "GET"
    assert seen[0].query == arrives | {"audience": "api://AzureADTokenExchange"}
    assert seen[0].headers["authorization"] == f"Bearer {BEARER}"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, {"message": BEARER}),
        Reply(403, BEARER),
        Reply(404, ""),
        Reply(500, "<html>", {"Content-Type": "text/html"}),
        Reply(302, "", {"Location": "/elsewhere"}),
        Reply(307, ""),
        Reply(200, "<html>", {"Content-Type": "text/html"}),
        Reply(200, ""),
        Reply(200, "null"),
        Reply(200, "[]"),
        Reply(200, '"text"'),
        Reply(200, "{}"),
        Reply(200, {"value": None}),
        Reply(200, {"value": ""}),
        Reply(200, {"value": 5}),
        Reply(200, {"value": ["x"]}),
        Reply(200, {"Value": "x"}),
        Reply(200, "[" * 100_000),
        Reply(200, b" " * 65_536, way="endless"),
        Reply(200, {"value": "x" * 70_000}),
        Reply(
            200, gzip.compress(b'{"value": "x"}' + b" " * 10_000_000), {"Content-Encoding": "gzip"}
        ),
        Reply(200, '{"value": "x", "count": NaN}'),
        Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
        Reply(way="drop"),
        Reply(way="garbage"),
    ],
    ids=lambda reply: f"{reply.status}-{reply.way}-{str(reply.body)[:12]}",
)
def test_anything_else_is_an_authentication_error_that_holds_no_token(reply):
    error, seen = assertion(reply)
    assert isinstance(error, AuthenticationError)
    assert len(seen) == 1
    shown: BaseException | None = error
    while shown is not None:
        assert BEARER not in str(shown)
        shown = shown.__cause__


@pytest.mark.parametrize(
    "form",
    ["http://github.invalid:{port}", "http://127.0.0.2:{port}", "ftp://127.0.0.1:{port}", "file://",
     "//127.0.0.1:{port}", "127.0.0.1:{port}", "http://[", "http://127.0.0.1.evil.invalid",
     "http://127.0.0.1:x", "\x00"],
)  # fmt: skip
def test_an_address_that_is_neither_https_nor_loopback_gets_nothing(form):
    error, seen = assertion(Reply(200, {"value": "x"}), form=form)
    assert isinstance(error, AuthenticationError)
    assert "nothing was sent" in str(error)
    assert seen == []


@pytest.mark.parametrize("bearer", ["line\nbreak", "ünicode"])
def test_a_bearer_that_cannot_be_sent_is_an_authentication_error(bearer):
    error, seen = assertion(Reply(200, {"value": "x"}), bearer=bearer)
    assert isinstance(error, AuthenticationError)
    assert bearer not in str(error)
    assert seen == []


@pytest.mark.parametrize(
    "missing", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
)
@pytest.mark.parametrize("empty", [True, False])
def test_without_the_permission_it_says_which(missing, empty):
    environment = {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "y",
    }
    environment |= {missing: ""}
    if not empty:
        del environment[missing]
    with pytest.raises(
        AuthenticationError, match="This job is not allowed to request a GitHub OIDC token"
    ) as caught:
        github_assertion(environment, "a")
    assert "id-token: write" in str(caught.value.hint)


def test_a_socks_proxy_is_an_authentication_error(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.invalid",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
    }
    with pytest.raises(AuthenticationError) as caught:
        github_assertion(environment, "a")
    assert "ALL_PROXY" in str(caught.value.hint)


def test_nobody_listening_is_an_authentication_error():
    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{closed_port()}/",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
    }
    with pytest.raises(AuthenticationError, match="no usable OIDC token"):
        github_assertion(environment, "a")
