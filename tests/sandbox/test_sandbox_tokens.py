"""Who may do what (docs/graph.md §3, §5.2)."""

import pytest

READ_ONLY = "loopback-read-only-token-not-secret"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer other", "Basic loopback-token-not-secret", "loopback-token-not-secret"],
)
@pytest.mark.parametrize("path", ["/catalogs", "/nothing"])
def test_any_other_token_is_401(start, header, path):
    answer = start().get(path, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        401,
        "InvalidAuthenticationToken",
    )


def test_no_token_is_401(start):
    graph = start()
    del graph.client.headers["Authorization"]
    assert graph.get("/catalogs").status_code == 401


def test_the_read_only_token_reads_and_does_not_write(start, request_body):
    graph = start(token=READ_ONLY)
    assert len(graph.every(graph.extensions(graph.FINANCE))) == 3
    item = graph.extensions(graph.FINANCE, graph.EXPIRY)
    for method, path in (("POST", graph.extensions()), ("PUT", item), ("DELETE", item)):
        answer = graph.send(method, path, request_body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "UnAuthorized")
    assert len(graph.every(graph.extensions(graph.FINANCE))) == 3


def test_tokens_come_from_the_environment_when_serving_starts(start, monkeypatch):
    monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", "mine")
    monkeypatch.setenv("RECONCILER_SANDBOX_READ_ONLY_TOKEN", "yours")
    graph = start(token="mine")
    monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", "later")
    assert graph.get("/catalogs").status_code == 200
    for token, status in (("yours", 200), ("later", 401), ("loopback-token-not-secret", 401)):
        assert (
            graph.get("/catalogs", headers={"Authorization": f"bearer {token}"}).status_code
            == status
        )
