"""A server that answers as GitHub's API does on the few routes our workflows use.

It keeps comments, issues, labels, pull requests, runs and artifacts, hands out small pages, knows
which permissions each token has, and refuses what it is told to refuse. A route it does not know is
an error of the test.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Json = dict[str, Any]

REPOSITORY = "contoso/entra"
BOT = "github-actions[bot]"
COMMENT_LIMIT = 65_536
PAGE = 2
"""What a page holds at most, whatever was asked for: nobody may rely on one page."""


class RefusedError(Exception):
    """An answer with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class GitHub:
    """What GitHub knows of the repository."""

    url: str = ""
    comments: dict[int, list[Json]] = field(default_factory=dict)
    issues: list[Json] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    pulls: dict[str, list[Json]] = field(default_factory=dict)
    heads: dict[int, str] = field(default_factory=dict)
    """The last commit of each pull request."""
    runs: list[Json] = field(default_factory=list)
    artifacts: dict[int, list[Json]] = field(default_factory=dict)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    refusals: list[tuple[str, str, int]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _next_id: int = 1000

    def new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def refuse(self, method: str, path: str, status: int = 403) -> None:
        """From now on, requests whose path matches are answered with the status."""
        self.refusals.append((method, path, status))

    def writes(self) -> list[tuple[str, str]]:
        return [request for request in self.requests if request[0] != "GET"]

    def comment(self, number: int, body: str, login: str = BOT) -> Json:
        _check_length(body)
        comment = {"id": self.new_id(), "user": {"login": login}, "body": body}
        self.comments.setdefault(number, []).append(comment)
        return comment

    def issue(
        self,
        body: str | None,
        login: str = BOT,
        labels: tuple[str, ...] = ("reconciler-drift",),
        **more: Any,
    ) -> Json:
        issue = {
            "number": self.new_id(),
            "user": {"login": login},
            "body": body,
            "state": "open",
            "labels": [{"name": name} for name in labels],
            **more,
        }
        self.issues.append(issue)
        return issue

    def answer(self, method: str, path: str, query: dict[str, str], body: Json, token: str) -> Any:
        """What a request comes to; a list is cut into pages by the caller."""
        self.requests.append((method, path))
        granted = self.tokens.get(token)
        if granted is None:
            raise RefusedError(401, "Bad credentials")
        for refused, pattern, status in self.refusals:
            if method == refused and re.search(pattern, path):
                raise RefusedError(status, "Refused as the test asked")
        prefix = f"/repos/{REPOSITORY}"
        for route_method, pattern, permissions, answer in ROUTES:
            match = re.fullmatch(prefix + pattern, path)
            if match and method == route_method:
                level = ("read", "write") if method == "GET" else ("write",)
                if not any(granted.get(permission) in level for permission in permissions):
                    raise RefusedError(403, "Resource not accessible by integration")
                return answer(self, match, query, body)
        self.faults.append(f"{method} {path}")
        raise RefusedError(404, "No such route in this server")


def _check_length(body: str) -> None:
    if len(body) > COMMENT_LIMIT:
        raise RefusedError(422, "Validation Failed: body is too long (maximum is 65536 characters)")


def _comments(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    return hub.comments.get(int(match[1]), [])


def _add_comment(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    return hub.comment(int(match[1]), body["body"])


def _edit_comment(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    _check_length(body["body"])
    (comment,) = [
        one for many in hub.comments.values() for one in many if one["id"] == int(match[1])
    ]
    comment.update(body)
    return comment


def _pulls(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    return hub.pulls.get(match[1], [])


def _pull(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    return {"number": int(match[1]), "head": {"sha": hub.heads[int(match[1])]}}


def _runs(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    found = [
        run
        for run in hub.runs
        if run["path"] == f".github/workflows/{match[1]}"
        and run["event"] == query["event"]
        and run["conclusion"] == query["status"]
        and run["head_sha"] == query["head_sha"]
    ]
    return "workflow_runs", found


def _artifacts(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    return "artifacts", hub.artifacts.get(int(match[1]), [])


def _issues(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    def wanted(issue: Json) -> bool:
        names = [label["name"] for label in issue["labels"]]
        return (
            issue["state"] == query.get("state", "open")
            and query.get("labels", names and names[0]) in names
        )

    return [issue for issue in hub.issues if wanted(issue)]


def _open_issue(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    _check_length(body["body"])
    # Whether a label that does not exist is made or dropped is not documented: the awkward way is
    # taken.
    labels = tuple(name for name in body.get("labels", []) if name in hub.labels)
    return hub.issue(body["body"], labels=labels, title=body["title"])


def _edit_issue(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    _check_length(body.get("body", ""))
    (issue,) = [one for one in hub.issues if one["number"] == int(match[1])]
    issue.update(body)
    return issue


def _label(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    if match[1] not in hub.labels:
        raise RefusedError(404, "Not Found")
    return {"name": match[1]}


def _add_label(hub: GitHub, match: re.Match[str], query: dict[str, str], body: Json) -> Any:
    hub.labels.append(body["name"])
    return {"name": body["name"]}


Route = Callable[[GitHub, "re.Match[str]", dict[str, str], Json], Any]
DISCUSSION = ("issues", "pull-requests")
ROUTES: list[tuple[str, str, tuple[str, ...], Route]] = [
    ("GET", r"/issues/(\d+)/comments", DISCUSSION, _comments),
    ("POST", r"/issues/(\d+)/comments", DISCUSSION, _add_comment),
    ("PATCH", r"/issues/comments/(\d+)", DISCUSSION, _edit_comment),
    ("GET", r"/commits/([0-9a-f]{40})/pulls", ("pull-requests",), _pulls),
    ("GET", r"/pulls/(\d+)", ("pull-requests",), _pull),
    ("GET", r"/actions/workflows/([\w.-]+)/runs", ("actions",), _runs),
    ("GET", r"/actions/runs/(\d+)/artifacts", ("actions",), _artifacts),
    ("GET", r"/issues", ("issues",), _issues),
    ("POST", r"/issues", ("issues",), _open_issue),
    ("PATCH", r"/issues/(\d+)", ("issues",), _edit_issue),
    ("GET", r"/labels/([\w-]+)", DISCUSSION, _label),
    ("POST", r"/labels", DISCUSSION, _add_label),
]
"""Method, path, the permissions of which one is needed, answer."""


@contextmanager
def served() -> Iterator[GitHub]:
    """The server on a free port of 127.0.0.1, with an empty repository."""
    hub = GitHub()

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            query = {
                name: values[-1]
                for name, values in parse_qs(parts.query, keep_blank_values=True).items()
            }
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            token = self.headers.get("Authorization", "").removeprefix("token ")
            try:
                answer, link = _page(
                    hub.answer(self.command, parts.path, query, body, token), parts.path, query
                )
                self._send(200, answer, link)
            except RefusedError as refusal:
                self._send(refusal.status, {"message": str(refusal)}, None)
            except Exception as error:  # noqa: BLE001 - a fault of the test, which must not look like GitHub's
                hub.faults.append(f"{self.command} {self.path}: {error!r}")
                self._send(500, {"message": "the server of the test failed"}, None)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - names that the base class asks for

        def _send(self, status: int, answer: Any, link: str | None) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            if link:
                self.send_header("Link", f'<{hub.url}{link}>; rel="next"')
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
    assert hub.faults == []


def _page(answer: Any, path: str, query: dict[str, str]) -> tuple[Any, str | None]:
    """One page of a list, and the path of the next one."""
    name, items = answer if isinstance(answer, tuple) else ("", answer)
    if not isinstance(items, list):
        return answer, None
    number = int(query.get("page", 1))
    shown = items[(number - 1) * PAGE : number * PAGE]
    more = len(items) > number * PAGE
    link = f"{path}?{urlencode({**query, 'page': number + 1})}" if more else None
    return ({"total_count": len(items), name: shown} if name else shown), link
