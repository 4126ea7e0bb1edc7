"""What a 401 leads to: one renewal, claims where Graph asks for them, and then the end."""

import asyncio
import base64
import json
from dataclasses import dataclass, field

import pytest
from azure.core.credentials import AccessToken

from reconciler.auth.credentials import CredentialTokens
from reconciler.errors import AuthenticationError
from tests.graph.graph_clients import graph_at, send
from tests.graph.scripted import Reply, refused, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

GOOD = Reply(200, {"id": "1"})
CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
CHALLENGE = (
    'Bearer realm="",'
    ' authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize",'
    f' error="insufficient_claims", claims="{base64.b64encode(CLAIMS.encode()).decode()}"'
)


@dataclass
class Entra:
    """What azure-identity looks like from outside: every call gives another token,
    `t-1`, `t-2`, …
    """

    calls: list = field(default_factory=list)

    def get_token(self, *_scopes, claims=None, **_more):
        self.calls.append(claims)
        return AccessToken(f"t-{len(self.calls)}", 1e12)


def run_against(script, *methods, retries=0, at_once=False):
    """The verbs' results (or errors), the requests that arrived, and the claims of every token that
    was fetched.
    """

    async def run():
        entra = Entra()
        async with scripted(script, token=None) as graph:
            tokens = CredentialTokens(lambda: entra, "scope/.default")
            async with graph_at(
                graph.base, tokens=tokens, retries=retries, waits=[], concurrency=30
            ) as client:
                if at_once:
                    results = await asyncio.gather(
                        *(send(client, m) for m in methods), return_exceptions=True
                    )
                else:
                    results = [
                        (await asyncio.gather(send(client, m), return_exceptions=True))[0]
                        for m in methods
                    ]
        return results, graph.seen, entra.calls

    return asyncio.run(run())


def bearers(seen):
    return [one.headers.get("authorization", "").removeprefix("Bearer ") for one in seen]


def test_the_token_is_renewed_once_and_then_it_is_an_authentication_error():
    (error,), seen, fetched = run_against(
        lambda _seen: refused(401, "InvalidAuthenticationToken"), "GET", retries=5
    )
    assert isinstance(error, AuthenticationError)
    assert "renewed once" in str(error)
    assert "t-1" not in str(error)
    assert "t-2" not in str(error)
    assert bearers(seen) == ["t-1", "t-2"]
    assert fetched == [None, None]


def test_a_renewed_token_that_is_accepted_carries_on_and_is_kept():
    def reply(seen):
        return refused(401) if seen.headers["authorization"] == "Bearer t-1" else GOOD

    results, seen, fetched = run_against(reply, "GET", "GET", "GET")
    assert not any(isinstance(result, Exception) for result in results)
    assert bearers(seen) == ["t-1", "t-2", "t-2", "t-2"]
    assert fetched == [None, None]


def test_many_requests_refused_with_one_token_renew_it_once():
    def reply(seen):
        return refused(401) if seen.headers["authorization"] == "Bearer t-1" else GOOD

    results, seen, fetched = run_against(reply, *["GET"] * 20, at_once=True)
    assert not any(isinstance(result, Exception) for result in results)
    assert fetched == [None, None]
    assert len(seen) <= 40


def test_a_claims_challenge_fetches_a_token_with_the_decoded_claims():
    def reply(seen):
        ok = seen.headers["authorization"] == "Bearer t-2"
        return GOOD if ok else Reply(401, {"error": {"code": "x"}}, {"WWW-Authenticate": CHALLENGE})

    (result,), seen, fetched = run_against(reply, "GET")
    assert not isinstance(result, Exception)
    assert [claims and json.loads(claims) for claims in fetched] == [None, json.loads(CLAIMS)]
    assert bearers(seen) == ["t-1", "t-2"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("header", ["", "Bearer", CHALLENGE])
def test_one_attempt_of_a_write_is_one_request_whatever_the_challenge(method, header):
    reply = Reply(401, "", {"WWW-Authenticate": header})
    (error,), seen, fetched = run_against(lambda _seen: reply, method, retries=5)
    assert (error.status, len(seen), len(fetched)) == (401, 1, 1)


def test_challenges_without_end_come_to_an_end():
    (error,), seen, _ = run_against(
        lambda _seen: Reply(401, "", {"WWW-Authenticate": CHALLENGE}), "GET", retries=5
    )
    assert isinstance(error, AuthenticationError)
    assert len(seen) <= 4


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", 'Bearer claims=""', 'Bearer claims="%%%"', 'Bearer claims="bnVsbA=="',
     "Basic realm=x", 'Bearer claims="' + base64.b64encode(b"[" * 100_000).decode()[:40_000] + '"'],
)  # fmt: skip
def test_a_challenge_that_cannot_be_read_is_answered_by_the_one_renewal(header):
    (error,), _, fetched = run_against(
        lambda _seen: Reply(401, "", {"WWW-Authenticate": header}), "GET"
    )
    assert isinstance(error, AuthenticationError)
    assert fetched == [None, None]


def test_a_403_is_no_reason_to_renew():
    (error,), seen, fetched = run_against(lambda _seen: refused(403, "UnAuthorized"), "GET")
    assert error.status == 403
    assert len(seen) == 1
    assert len(fetched) == 1


def test_a_loopback_graph_that_refuses_the_token_is_an_authentication_error():
    async def run():
        async with scripted(GOOD, token="another") as graph, graph_at(graph.base) as client:
            with pytest.raises(AuthenticationError):
                await send(client, "GET")
            return len(graph.seen)

    assert asyncio.run(run()) == 2


def test_retries_start_anew_with_a_fresh_token_when_the_old_one_expired_meanwhile():
    clock = [0.0]

    class Short(Entra):
        def get_token(self, *scopes, **more):
            super().get_token(*scopes, **more)
            return AccessToken(f"t-{len(self.calls)}", int(clock[0]) + 400)

    async def run():
        def reply(_seen):
            clock[0] += 200
            return refused(503) if len(graph.seen) == 1 else GOOD

        async with scripted(reply, token=None) as graph:
            tokens = CredentialTokens(Short, "s", now_s=lambda: clock[0])
            async with graph_at(graph.base, tokens=tokens, retries=1) as client:
                await send(client, "GET")
        return bearers(graph.seen)

    assert asyncio.run(run()) == ["t-1", "t-2"]
