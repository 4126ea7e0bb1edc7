"""What is sent to Azure Resource Manager for one Logic App, and what comes of each answer."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from clock import let_others_go_on, pass_time

from reconciler.arm.workflows import observe
from reconciler.errors import (
    AuthenticationError,
    GarbledAnswerError,
    RefusedError,
    ServiceAnswerError,
    ServiceError,
    ServiceRefusalError,
    ServiceUnansweredError,
)
from reconciler.model.logic_app import LogicApp, Observation, StandardApp, Workflow
from tests.arm.arm_clients import SITE, WORKFLOW, arm_at, is_site, refused
from tests.graph.answers import GZIP, bomb
from tests.graph.scripted import TOKEN, Reply, Scripted, closed_port, scripted
from tests.preflight.workflows import LA, body, found_in, said

pytestmark = pytest.mark.usefixtures("sockets_closed")

SOUND = Reply(body=body())
NOT_FOUND = refused(404, "ResourceNotFound")


class Tokens:
    """A source of numbered tokens; remembers which were rejected, and for what claims."""

    def __init__(self) -> None:
        self.number = 1
        self.forgotten: list[tuple[str, str | None]] = []

    async def token(self) -> str:
        return f"token-{self.number}"

    def forget(self, rejected: str, claims: str | None = None) -> None:
        self.forgotten.append((rejected, claims))
        self.number += 1


def observed(
    *replies: Any, logic_app: LogicApp = LA, **options: Any
) -> tuple[Observation, Scripted, list[float]]:
    """What was read of the Logic App, the server with what it got, and the waits."""

    async def run() -> tuple[Observation, Scripted, list[float]]:
        waits: list[float] = []
        token = None if "tokens" in options else TOKEN
        async with (
            scripted(*replies, token=token) as server,
            arm_at(server.origin, waits=waits, **options) as arm,
        ):
            return await observe(arm, logic_app), server, waits

    return asyncio.run(run())


def code_of(observation: Observation) -> list[tuple[str, str]]:
    """The finding about it."""
    return said(found_in(observation))


def test_one_get_with_its_own_version_and_ids() -> None:
    observation, server, _ = observed(SOUND)
    assert isinstance(observation, Workflow)
    [seen] = server.seen
    assert (seen.method, seen.target) == ("GET", f"{WORKFLOW}?api-version=2019-05-01")
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["accept"] == "application/json"
    assert seen.headers["x-ms-client-request-id"]
    assert "cookie" not in seen.headers
    assert seen.body == b""


@pytest.mark.parametrize(
    "name", ["a b", "a/b", "ä", "a?x=1", "a#b", "100%", "a(b)", "a&b", "a;b", "..", ".", "../x"]
)
def test_names_are_percent_encoded(name: str) -> None:
    logic_app = replace(LA, name=name, resource_group=f"g {name}")
    _, server, _ = observed(NOT_FOUND, logic_app=logic_app)
    for seen in server.seen:
        assert seen.target.count("/") == WORKFLOW.count("/")
        assert seen.target.count("?") == 1
        assert seen.path.endswith(f"/{name}")
        assert f"/g {name}/" in seen.path


@pytest.mark.parametrize(
    "code", ["ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound", "Other"]
)
def test_a_404_is_asked_about_a_standard_app_then_reported(code: str) -> None:
    observation, server, _ = observed(refused(404, code), retries=2)
    assert [seen.path for seen in server.seen] == [WORKFLOW, SITE]
    assert server.seen[1].query == {"api-version": "2022-03-01"}
    assert isinstance(observation, ServiceRefusalError)
    assert (observation.status, observation.code) == (404, code)
    assert code_of(observation) == [("R401", "error")]
    assert f"({code}: Some message.; request ID arm-1)" in str(observation)


@pytest.mark.parametrize(
    ("site", "is_standard"),
    [
        (Reply(body={"kind": "functionapp,workflowapp"}), True),
        (Reply(body={"kind": "functionapp,linux,WorkflowApp"}), True),
        (Reply(body={"kind": "app"}), False),
        (Reply(body={"kind": None}), False),
        (Reply(body={"kind": ["workflowapp"]}), False),
        (Reply(body={}), False),
        (Reply(body=[]), False),
        (Reply(body="<html>"), False),
        (refused(403, "AuthorizationFailed"), False),
        (refused(404), False),
        (refused(500), False),
        (refused(429), False),
        (Reply(way="drop"), False),
        (Reply(307, headers={"Location": "https://evil.example/"}), False),
    ],
)
def test_only_an_answer_about_a_standard_app_replaces_the_404(
    site: Reply, is_standard: bool
) -> None:
    observation, _, _ = observed(lambda seen: site if is_site(seen) else NOT_FOUND)
    assert isinstance(observation, StandardApp) is is_standard
    assert code_of(observation) == [("R402" if is_standard else "R401", "error")]
    message = found_in(observation)[0].message
    assert ("ResourceNotFound" in message) is not is_standard
    failed = not isinstance(site.body, dict) or site.status not in (200, 404)
    assert ("Whether a Standard Logic App has this name is not known: " in message) is failed


@pytest.mark.parametrize("group", ["rg", "entitlementManagement"])
def test_a_message_shows_the_whole_path(group: str) -> None:
    logic_app = replace(LA, resource_group=group)
    observation, _, _ = observed(refused(403), logic_app=logic_app)
    assert f"GET {logic_app.path} failed with HTTP 403" in str(observation)


def test_a_403_is_reported_without_a_second_look() -> None:
    observation, server, _ = observed(refused(403, "AuthorizationFailed"), retries=2)
    assert len(server.seen) == 1
    [finding] = found_in(observation)
    assert "permission is missing, or it does not exist" in finding.message
    assert "AuthorizationFailed" in finding.message


@pytest.mark.parametrize("code", ["InvalidAuthenticationToken", "InvalidAuthenticationTokenTenant"])
def test_a_rejected_token_is_renewed_once(code: str) -> None:
    tokens = Tokens()
    observation, server, _ = observed(refused(401, code), SOUND, tokens=tokens)
    assert isinstance(observation, Workflow)
    sent = [seen.headers["authorization"] for seen in server.seen]
    assert sent == ["Bearer token-1", "Bearer token-2"]
    assert tokens.forgotten == [("token-1", None)]


@pytest.mark.parametrize("code", ["InvalidAuthenticationToken", "InvalidAuthenticationTokenTenant"])
def test_a_token_that_is_rejected_twice_ends_the_run(code: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        observed(refused(401, code), refused(401, code), SOUND, tokens=Tokens(), retries=5)
    assert code in str(caught.value)
    assert "renewed once and rejected again" in str(caught.value)
    assert caught.value.request_id == "arm-1"
    assert "tenant" in str(caught.value.hint)


def test_the_claims_of_a_challenge_are_asked_for() -> None:
    tokens = Tokens()
    challenge = {"WWW-Authenticate": 'Bearer error="x", claims="eyJhIjoxfQ=="'}
    observed(replace(refused(401), headers=challenge), SOUND, tokens=tokens)
    assert tokens.forgotten == [("token-1", '{"a":1}')]


def test_a_token_that_is_rejected_at_the_second_look_is_renewed_too() -> None:
    replies = iter([NOT_FOUND, refused(401), Reply(body={"kind": "workflowapp"})])
    observation, server, _ = observed(lambda _seen: next(replies), tokens=Tokens())
    assert isinstance(observation, StandardApp)
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry-After": "7"}, [7.0, 7.0]),
        ({"Retry-After": "Fri, 02 Jan 2026 03:04:15 GMT"}, [10.0, 10.0]),
        ({}, [0.5, 1.0]),
        ({"Retry-After": "soon"}, [0.5, 1.0]),
    ],
)
def test_throttling_is_waited_for_as_long_as_asked(
    headers: dict[str, str], waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    throttled = replace(refused(429, "SubscriptionRequestsThrottled"), headers=headers)
    observation, server, waited = observed(throttled, throttled, SOUND, retries=2)
    assert isinstance(observation, Workflow)
    assert len(server.seen) == 3
    assert waited == pytest.approx(waits, abs=0.2)
    ids = {seen.headers["x-ms-client-request-id"] for seen in server.seen}
    assert len(ids) == 1
    assert "Throttled by Azure Resource Manager (HTTP 429" in caplog.text


def test_a_wait_that_is_too_long_is_a_finding() -> None:
    throttled = replace(refused(429), headers={"Retry-After": "100000"})
    observation, server, waits = observed(throttled, SOUND, retries=2)
    assert (len(server.seen), waits) == (1, [])
    assert code_of(observation) == [("R401", "error")]


AGAIN = {
    "500": refused(500),
    "503": refused(503),
    "408": refused(408),
    "409": refused(409),
    "502 of a proxy": Reply(502, "<html>Bad gateway</html>", {"Content-Type": "text/html"}),
    "html": Reply(200, "<html>Sign in</html>", {"Content-Type": "text/html"}),
    "empty": Reply(200, ""),
    "list": Reply(200, []),
    "truncated": Reply(200, json.dumps(body())[:-9]),
    "half": Reply(200, body(), way="half"),
    "doubled": Reply(200, json.dumps(body())[:-1] + ',"properties":{}}'),
    "infinite": Reply(200, '{"properties": {"a": 1e999}}'),
    "not utf-8": Reply(200, b'{"properties": {"a": "\xff"}}'),
    "broken gzip": Reply(200, b"\x1f\x8b no", GZIP),
    "cut gzip": Reply(200, gzip.compress(json.dumps(body()).encode())[:-9], GZIP),
    "brotli": Reply(200, b"x", {"Content-Encoding": "br"}),
    "204": Reply(204),
    "drop": Reply(way="drop"),
    "reset": Reply(way="reset"),
    "garbage": Reply(way="garbage"),
    "redirect": Reply(302, headers={"Location": "/subscriptions"}),
}


@pytest.mark.parametrize("fault", AGAIN)
def test_an_unclear_answer_is_asked_for_again(fault: str) -> None:
    observation, server, waits = observed(AGAIN[fault], SOUND, retries=2)
    assert isinstance(observation, Workflow)
    assert (len(server.seen), waits) == (2, [0.5])


@pytest.mark.parametrize("fault", AGAIN)
def test_an_unclear_answer_that_stays_is_a_finding(fault: str) -> None:
    observation, server, waits = observed(AGAIN[fault], retries=2)
    assert isinstance(observation, ServiceError)
    assert (len(server.seen), waits) == (3, [0.5, 1.0])
    [finding] = found_in(observation)
    assert (finding.code, finding.severity) == ("R401", "error")
    assert f"GET {WORKFLOW}" in finding.message or "redirect" in finding.message
    assert finding.hint


@pytest.mark.parametrize("deep", [257, 100_000])
def test_deep_nesting_is_a_finding(deep: int) -> None:
    text = '{"properties":' + "[" * deep + "]" * deep + "}"
    observation, _, _ = observed(Reply(200, text))
    assert isinstance(observation, GarbledAnswerError)
    assert "nests deeper than 256 levels" in str(observation)


def test_an_answer_of_many_levels_is_read() -> None:
    """A definition nests its actions."""
    deep: Any = {}
    for _ in range(240):
        deep = {"actions": deep}
    answer = body()
    answer["properties"]["definition"]["actions"] = deep
    assert isinstance(observed(Reply(200, answer))[0], Workflow)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b" " * 65_536, way="endless"),
        Reply(503, b" " * 65_536, way="endless"),
        Reply(200, bomb(16), GZIP),
        Reply(404, bomb(16), GZIP),
    ],
    ids=["endless", "endless error", "bomb", "bomb as an error"],
)
def test_an_answer_beyond_the_bound_is_a_finding_after_one_request(reply: Reply) -> None:
    observation, server, _ = observed(reply, retries=2)
    assert isinstance(observation, ServiceAnswerError)
    assert len(server.seen) == 1
    assert "larger than 8 MiB" in found_in(observation)[0].message


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    async def run() -> tuple[Observation, Scripted, Scripted]:
        async with scripted(SOUND, token=None) as other:
            answer = Reply(status, headers={"Location": f"{other.origin}{WORKFLOW}"})
            async with scripted(answer) as server, arm_at(server.origin, retries=1) as arm:
                return await observe(arm, LA), server, other

    observation, server, other = asyncio.run(run())
    assert (other.connections, other.seen, len(server.seen)) == (0, [], 2)
    [finding] = found_in(observation)
    assert "redirects are not followed" in finding.message


def test_no_link_of_an_answer_is_followed() -> None:
    """Neither of an answer nor of an error: one request, to this server."""

    async def run() -> tuple[Scripted, Scripted]:
        async with scripted(SOUND, token=None) as other:
            link = f"{other.origin}{WORKFLOW}"
            linked = {
                **body(),
                "nextLink": link,
                "@odata.nextLink": link,
                "id": link,
                "location": link,
            }
            linked["properties"]["accessEndpoint"] = other.origin
            headers = {"Location": link, "Azure-AsyncOperation": link, "Refresh": f"0; url={link}"}
            answers = [Reply(status, linked, headers) for status in (200, 201, 202)]
            for answer in answers:
                async with scripted(answer) as server, arm_at(server.origin) as arm:
                    await observe(arm, LA)
                    assert len(server.seen) == 1
            return server, other

    _, other = asyncio.run(run())
    assert (other.connections, other.seen) == (0, [])


def test_no_path_leads_to_another_server() -> None:
    async def run() -> Scripted:
        async with (
            scripted(SOUND, token=None) as other,
            scripted(SOUND) as server,
            arm_at(server.origin) as arm,
        ):
            with pytest.raises(ServiceAnswerError):
                await arm.read(f"{other.origin}{WORKFLOW}", "2019-05-01")
            await arm.read(f"//127.0.0.1:{other.port}{WORKFLOW}", "2019-05-01")  # a path of ours
            return other

    assert asyncio.run(run()).connections == 0


def test_a_cookie_is_not_kept() -> None:
    answer = replace(refused(503), headers={"Set-Cookie": "session=x; Path=/"})
    _, server, _ = observed(answer, SOUND, retries=1)
    assert len(server.seen) == 2
    assert all("cookie" not in seen.headers for seen in server.seen)


def test_an_answer_that_never_comes_is_a_finding() -> None:
    observation, server, _ = observed(Reply(way="hang"), retries=1)
    assert isinstance(observation, ServiceUnansweredError)
    assert len(server.seen) == 2
    assert "no answer within 60 s" in found_in(observation)[0].message


def test_an_answer_that_arrives_too_slowly_is_a_finding() -> None:
    """Its head and the beginning of its body arrive at once."""

    async def run() -> Observation:
        done = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
            await let_others_go_on()
            pass_time()
            await done.wait()
            writer.close()

        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with arm_at(f"http://127.0.0.1:{port}") as arm:
                observation = await observe(arm, LA)
            done.set()
            return observation

    observation = asyncio.run(run())
    assert isinstance(observation, ServiceUnansweredError)
    assert code_of(observation) == [("R401", "error")]


def test_a_server_that_nobody_runs_has_not_answered() -> None:
    async def run() -> tuple[Observation, bool]:
        async with arm_at(f"http://127.0.0.1:{closed_port()}") as arm:
            return await observe(arm, LA), arm.answered

    observation, answered = asyncio.run(run())
    assert isinstance(observation, ServiceUnansweredError)
    assert (observation.not_sent, answered) == (True, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_but_get_can_leave(method: str) -> None:
    async def run() -> list[str]:
        async with scripted(SOUND) as server, arm_at(server.origin) as arm:
            request = httpx.Request(method, f"{server.origin}{WORKFLOW}")
            with pytest.raises(RefusedError):
                await arm._transport.handle_async_request(request)
            return server.methods

    assert asyncio.run(run()) == []


def test_an_error_body_of_any_form_is_an_error() -> None:
    errors = (None, [], [7], "x", 7, {"code": 4}, {"code": ["x"], "message": {}})
    for answer in (None, [], "x", "{", *({"error": error} for error in errors)):
        observation, _, _ = observed(Reply(403, answer))
        assert code_of(observation) == [("R401", "error")]
        assert "no error body" in str(observation)
