"""Which writes are sent again and which never are, after how long, and under which id; with the
real SDK over real sockets.
"""

import asyncio
import base64
import json
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from objects import explained
from scripted_writes import CREATED_ID, DONE, Applied, Story

from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.auth.credentials import CredentialTokens
from tests.graph.scripted import Reply, Scripted, Seen, refused, scripted
from tests.network_fixtures import bare_environment, certificate, sockets_closed

__all__ = ["bare_environment", "certificate", "sockets_closed"]

pytestmark = pytest.mark.usefixtures("sockets_closed")

REFUSED = {str(status): refused(status) for status in (400, 403, 404, 405, 412, 422)}
UNCLEAR = {
    **{str(status): refused(status) for status in (408, 409, 500, 501, 502, 503, 504)},
    "redirect": Reply(302, headers={"Location": "/v1.0/elsewhere"}),
    "drop": Reply(way="drop"),
    "reset": Reply(way="reset"),
    "half": Reply(body={"id": "1" * 80}, way="half"),
    "garbage": Reply(way="garbage"),
    "timeout": Reply(way="hang"),
    "html": Reply(200, "<html>", {"Content-Type": "text/html"}),
}
FAILURES = {**REFUSED, **UNCLEAR, "429": refused(429), "empty": Applied(Reply(200, ""))}
SENT_AGAIN = {"PUT": {"429", *UNCLEAR}, "POST": {"429"}}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("method", SENT_AGAIN)
def test_which_writes_are_sent_again_before_anything_is_read_back(
    method: str, failure: str
) -> None:
    story = Story()
    written = story.write(method, FAILURES[failure], DONE)
    sent_again = failure in SENT_AGAIN[method]
    assert written.sent_at_once == (2 if sent_again else 1)
    assert len(written.waits) == (1 if sent_again else 0)
    assert {seen.method for seen in written.writes} == {method}
    assert written.outcome.status == ("failed" if failure in REFUSED else "done")
    assert len(written.writes) == (2 if failure in {"429", *UNCLEAR} else 1)


@pytest.mark.parametrize("failure", UNCLEAR)
def test_a_create_of_unclear_result_is_sent_again_only_after_a_whole_search(failure: str) -> None:
    story = Story(retries=4)
    written = story.write("POST", FAILURES[failure])
    search = ["GET"] * len(POLL_WAITS_S)
    assert written.methods == ["GET", "POST", *search, "POST", *search]
    assert written.polls == list(POLL_WAITS_S) * 2
    assert written.waits == []
    assert written.outcome.status == ("failed" if failure == "409" else "unknown")


def test_a_create_that_meets_a_conflict_after_a_lost_answer_is_unknown() -> None:
    """The first one may have been applied, and be what the second one conflicts with."""
    for answers in ((UNCLEAR["drop"], refused(409)), (refused(409), UNCLEAR["drop"])):
        written = Story().write("POST", *answers)
        assert len(written.writes) == 2
        assert written.outcome.status == "unknown"


@pytest.mark.parametrize("retries", [0, 1, 4])
@pytest.mark.parametrize("reply", [refused(503), refused(429)], ids=["503", "429"])
def test_the_number_of_attempts_is_bounded_and_each_is_checked(reply: Reply, retries: int) -> None:
    written = Story(retries=retries).write("PUT", reply)
    attempts = ["GET", "PUT"] * (retries + 1)
    assert written.methods[: len(attempts)] == attempts
    assert len(written.writes) == retries + 1
    assert len(written.waits) == retries
    assert written.outcome.status == ("failed" if reply.status == 429 else "unknown")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_whose_connection_cannot_be_made_is_sent_again(method: str) -> None:
    def refuse(graph: Scripted, event: str) -> None:
        """The server is gone when the write is to leave."""
        if event == "sending":
            graph.refuse_connections()

    async def listen(graph: Scripted) -> None:
        """It is back after the wait, and stays."""
        await graph.listen()
        story.on_record = lambda _graph, _event: None

    story = Story(on_record=refuse, on_wait=listen)
    written = story.write(method, DONE)
    assert written.outcome.status == "done", explained(written.outcome)
    assert len(written.waits) == 1
    assert len(written.writes) == 1
    attempts = [event for event, _ in written.journal if event in ("sending", "answered")]
    assert attempts == ["sending", "answered"] * 2


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_whose_connection_can_never_be_made_has_failed(method: str) -> None:
    def refuse(graph: Scripted, event: str) -> None:
        if event == "sending":
            graph.refuse_connections()

    written = Story(retries=0, on_record=refuse).write(method, DONE)
    assert written.outcome.status == "failed"
    assert "got no answer" in str(written.outcome.error)
    assert (written.writes, written.polls) == ([], [])


def test_all_attempts_carry_one_client_request_id_one_token_and_the_same_body() -> None:
    written = Story().write("PUT", refused(503), Reply(way="drop"), refused(429), DONE)
    first, *others = written.writes
    assert written.outcome.status == "done"
    assert written.methods[:8] == ["GET", "PUT"] * 4
    assert len(others) == 3
    assert {seen.body for seen in others} == {first.body}
    assert first.json["description"] == "changed"
    request_ids = {seen.headers["client-request-id"] for seen in written.writes}
    assert len(request_ids) == 1
    reads = [seen for seen in written.seen if seen.method == "GET"]
    assert request_ids.isdisjoint(seen.headers["client-request-id"] for seen in reads)
    for seen in written.seen:
        assert seen.headers["authorization"] == "Bearer loopback-token-not-secret"


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("retry_after", "wait_s"), [(None, 0.5), ("7", 7), ("0", 0), ("0,120", 120), ("soon", 0.5)]
)
def test_retry_after_is_honoured_before_a_write_is_sent_again(
    method: str, retry_after: str | None, wait_s: float
) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    written = Story().write(method, Reply(429, headers=headers), DONE)
    assert written.outcome.status == "done"
    assert written.waits == [wait_s]


@pytest.mark.parametrize("retry_after", ["601", "86400", "0,601"])
def test_no_write_is_sent_before_graph_wants_it(retry_after: str) -> None:
    reply = Reply(429, headers={"Retry-After": retry_after})
    written = Story(retries=5).write("POST", reply, DONE)
    assert written.methods == ["GET", "POST"]
    assert written.outcome.status == "failed"
    assert f"Retry-After {retry_after}" in str(written.outcome.error)


def test_all_waits_of_one_write_together_are_bounded() -> None:
    reply = Reply(429, headers={"Retry-After": "250"})
    written = Story(retries=50).write("PUT", reply)
    assert len(written.writes) == 3
    assert written.waits[:2] == [250, 250]
    assert "Retry-After 250" in str(written.outcome.error)


def test_an_empty_answer_to_a_post_is_not_an_extension() -> None:
    written = Story().write("POST", Applied(Reply(201, "")))
    assert (written.outcome.status, written.outcome.request_id) == ("done", "r-2")
    assert written.outcome.change.object.id == CREATED_ID
    assert "Graph answered the POST without the new extension." in explained(written.outcome)
    assert len(written.writes) == 1


def test_every_attempt_is_in_the_log_under_one_client_request_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="reconciler")
    written = Story(retries=2).write("PUT", refused(503), Reply(way="drop"), DONE)
    client_request_id = written.writes[0].headers["client-request-id"]
    messages = [record.getMessage() for record in caplog.records]
    first, second, last = [text for text in messages if client_request_id in text]
    assert "failed with HTTP 503" in first
    assert "Retrying in 0.5 s (attempt 2 of 3; client request ID" in first
    assert "got no answer" in second
    assert "done (request ID" in last


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_no_redirect_is_followed_however_often_a_write_is_sent(method: str, status: int) -> None:
    async def run() -> tuple[list[Seen], int]:
        async with scripted(Reply(body={"id": "wrong"}), token=None) as other:
            location = {"Location": f"{other.origin}/v1.0/elsewhere"}
            story = Story(retries=3)
            reply = Reply(status, headers=location)
            written.append(await asyncio.to_thread(story.write, method, reply))
            return other.seen, other.connections

    written: list[Any] = []
    assert asyncio.run(run()) == ([], 0)
    (result,) = written
    assert result.sent_at_once == (1 if method == "POST" else 4)
    assert result.outcome.status == "unknown"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_answer_beyond_the_bound_is_no_reason_to_write_again(method: str) -> None:
    written = Story().write(method, Applied(Reply(200, b" " * 65_536, way="endless")))
    assert written.outcome.status == "done"
    assert "is larger than 8 MiB" in explained(written.outcome)
    assert len(written.writes) == 1
    assert written.waits == []


CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
CHALLENGE = (
    'Bearer realm="", error="insufficient_claims",'
    f' claims="{base64.b64encode(CLAIMS.encode()).decode()}"'
)


class Entra:
    """What azure-identity looks like from outside: every call gives another token,
    `t-1`, `t-2`, …
    """

    def __init__(self) -> None:
        self.calls: list[str | None] = []

    def get_token(self, *_scopes: str, claims: str | None = None, **_more: Any) -> AccessToken:
        """The next token."""
        self.calls.append(claims)
        return AccessToken(f"t-{len(self.calls)}", 10**12)


def signed_in(entra: Entra) -> Story:
    """A write with tokens of Entra; the server takes any."""
    return Story(retries=5, tokens=CredentialTokens(lambda: entra, "s/.default"), token=None)


def bearers(seen: list[Seen]) -> list[str]:
    """The tokens of the requests."""
    return [request.headers.get("authorization", "").removeprefix("Bearer ") for request in seen]


@pytest.mark.parametrize("header", ["", "Bearer", CHALLENGE])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_token_is_renewed_once_and_then_the_write_has_failed(method: str, header: str) -> None:
    entra = Entra()
    written = signed_in(entra).write(method, Reply(401, "", {"WWW-Authenticate": header}))
    assert bearers(written.writes) == ["t-1", "t-2"]
    assert len(entra.calls) == 2
    assert written.outcome.status == "failed"
    assert "renewed once" in str(written.outcome.error)
    assert "t-1" not in str(written.outcome.error)
    assert "t-2" not in str(written.outcome.error)
    assert written.polls == []


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_renewed_token_that_is_accepted_carries_on_and_is_kept(method: str) -> None:
    entra = Entra()

    def reply(seen: Seen) -> Reply | Applied:
        return refused(401) if seen.headers["authorization"] == "Bearer t-1" else DONE

    written = signed_in(entra).write(method, reply)
    assert written.outcome.status == "done"
    assert bearers(written.writes) == ["t-1", "t-2"]
    assert bearers(written.seen)[2:] == ["t-2"] * (len(written.seen) - 2)
    assert entra.calls == [None, None]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_claims_challenge_to_a_write_sends_the_same_body_again(method: str) -> None:
    entra = Entra()

    def reply(seen: Seen) -> Reply | Applied:
        challenge = Reply(401, "", {"WWW-Authenticate": CHALLENGE})
        return DONE if seen.headers["authorization"] == "Bearer t-2" else challenge

    written = signed_in(entra).write(method, reply)
    assert written.outcome.status == "done"
    assert len(written.writes) == 2
    assert len({seen.body for seen in written.writes}) == 1
    first, second = entra.calls
    assert first is None
    assert json.loads(str(second)) == json.loads(CLAIMS)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_after_a_challenge_the_write_is_checked_and_recorded_again(method: str) -> None:
    challenge = Reply(401, "", {"WWW-Authenticate": CHALLENGE})
    written = signed_in(Entra()).write(method, challenge)
    assert written.methods == ["GET", method] * 2
    assert [event for event, _ in written.journal] == ["sending", "answered"] * 2 + ["outcome"]
