"""A Graph on loopback that answers policies byte for byte, and remembers every request with the
bytes of its body.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.graph.scripted import TOKEN
from tests.policies.json_text import written
from tests.policies.raw_store import REFERENCES, Object, RefusedError, Store

EM = "/identityGovernance/entitlementManagement"
_ALTERNATIVE = re.compile(r"([\w/]+) eq '((?:[^']|'')*)'(?: or |$)")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; `path` begins below entitlement management."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes


class RawGraph:
    """The routes over a store, and the requests so far."""

    def __init__(self, store: Store, base: str = "") -> None:
        self.store = store
        self.base = base
        self.seen: list[Seen] = []

    @property
    def puts(self) -> list[bytes]:
        """The bodies of all updates, in order of arrival."""
        return [seen.body for seen in self.seen if seen.method == "PUT"]

    def routes(self) -> list[web.RouteDef]:
        """Everything that is served."""
        reads: dict[str, Handler] = {
            "/v1.0{EM}/catalogs": self.catalogs,
            "/v1.0{EM}/catalogs/{id}": self.catalog,
            "/v1.0{EM}/catalogs/{id}/customWorkflowExtensions": self.extensions,
            "/v1.0{EM}/catalogs/{id}/customWorkflowExtensions/{extension}": self.extension,
            "/v1.0{EM}/accessPackages": self.packages,
            "/v1.0{EM}/accessPackages/{id}": self.package,
            "/v1.0{EM}/assignmentPolicies": self.policies,
            "/v1.0{EM}/assignmentPolicies/{id}": self.policy,
            "/beta{EM}/accessPackageAssignmentPolicies/{id}": self.beta_policy,
        }
        gets = [web.get(path.replace("{EM}", EM), handler) for path, handler in reads.items()]
        return [*gets, web.put(f"/v1.0{EM}/assignmentPolicies/{{id}}", self.put)]

    async def catalogs(self, request: web.Request) -> web.Response:
        """Those that `$filter` selects."""
        return _page([self.store.catalog], request)

    async def catalog(self, request: web.Request) -> web.Response:
        """The only one; `$expand` shows what is in it."""
        catalog = _existing({self.store.catalog["id"]: self.store.catalog}, request)
        inside = {
            "accessPackages": list(self.store.packages.values()),
            "customWorkflowExtensions": list(self.store.extensions.values()),
        }
        return _answer({**catalog, **_only_expanded(inside, request)})

    async def extensions(self, request: web.Request) -> web.Response:
        """Those of the catalog."""
        _existing({self.store.catalog["id"]: self.store.catalog}, request)
        return _page(self.store.extensions.values(), request)

    async def extension(self, request: web.Request) -> web.Response:
        """One of the catalog."""
        _existing({self.store.catalog["id"]: self.store.catalog}, request)
        return _answer(_existing(self.store.extensions, request, "extension"))

    async def packages(self, request: web.Request) -> web.Response:
        """Those that `$filter` selects."""
        return _page(map(self.store.package, self.store.packages), request, "catalog")

    async def package(self, request: web.Request) -> web.Response:
        """One; `$expand` shows its policies, each without what it refers to."""
        held = _existing(self.store.packages, request)
        whole = self.store.package(held["id"])
        listed = [self.store.policy(policy_id) for policy_id in self.store.policies]
        whole["assignmentPolicies"] = [
            {name: value for name, value in policy.items() if name not in REFERENCES}
            for policy in listed
            if policy["accessPackage"]["id"] == held["id"]
        ]
        return _answer(_without_unexpanded(whole, request, "catalog", "assignmentPolicies"))

    async def policies(self, request: web.Request) -> web.Response:
        """Those that `$filter` selects."""
        return _page(map(self.store.policy, self.store.policies), request, *REFERENCES)

    async def policy(self, request: web.Request) -> web.Response:
        """One: with any `$expand` its whole text."""
        text = _existing(self.store.policies, request)
        if "$expand" in request.query:
            return _json(text)
        policy = self.store.policy(request.match_info["id"])
        return _answer(_without_unexpanded(policy, request, *REFERENCES))

    async def put(self, request: web.Request) -> web.Response:
        """Replaces the policy; answers it without what it refers to."""
        _existing(self.store.policies, request)
        self.store.put(request.match_info["id"], await request.read())
        return await self.policy(request)

    async def beta_policy(self, request: web.Request) -> web.Response:
        """The id and the name alone, which hide no settings, or what the store has for beta."""
        _existing(self.store.policies, request)
        policy_id = request.match_info["id"]
        plain = {"id": policy_id, "displayName": "Policy"}
        return _json(self.store.beta.get(policy_id) or written(plain))

    @web.middleware
    async def remembered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every answer: errors as Graph words them (docs/graph.md §5.2)."""
        path = request.path.partition(EM)[2]
        body = await request.read()
        self.seen.append(Seen(request.method, path, dict(request.query), body))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "InvalidAuthenticationToken")
        try:
            return await handler(request)
        except RefusedError as error:
            return _error(400, str(error))
        except web.HTTPException as error:
            return _error(error.status, error.reason)


def _existing(held: dict[str, Any], request: web.Request, name: str = "id") -> Any:
    """What is held under the id in the address.

    Raises:
        HTTPNotFound: nothing is.
    """
    try:
        return held[request.match_info[name]]
    except KeyError as error:
        raise web.HTTPNotFound from error


def _page(objects: Iterable[Object], request: web.Request, *references: str) -> web.Response:
    """All objects that `$filter` selects, on one page.

    Raises:
        RefusedError: the filter is not one or more `path eq 'text'` with `or` between them.
    """
    expression = request.query.get("$filter")
    selected = [each for each in objects if expression is None or _matches(each, expression)]
    shown = [_without_unexpanded(each, request, *references) for each in selected]
    return _answer({"value": shown})


def _matches(value: Object, expression: str) -> bool:
    alternatives = _ALTERNATIVE.findall(expression)
    if _ALTERNATIVE.sub("", expression) or not alternatives:
        raise RefusedError("BadRequest")
    wanted = [(path, text.replace("''", "'")) for path, text in alternatives]
    return any(_at(value, path).casefold() == text.casefold() for path, text in wanted)


def _at(value: Any, path: str) -> str:
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return str(value)


def _without_unexpanded(value: Object, request: web.Request, *references: str) -> Object:
    expanded = request.query.get("$expand", "")
    return {
        name: each for name, each in value.items() if name not in references or name in expanded
    }


def _only_expanded(references: Object, request: web.Request) -> Object:
    return _without_unexpanded(references, request, *references)


def _answer(value: Object) -> web.Response:
    return _json(written(value))


def _json(text: str, status: int = 200) -> web.Response:
    return web.Response(body=text.encode(), status=status, content_type="application/json")


def _error(status: int, code: str) -> web.Response:
    return _json(json.dumps({"error": {"code": code, "message": "Refused."}}), status)


@asynccontextmanager
async def raw_graph(*policies: str) -> AsyncIterator[RawGraph]:
    """A running server that holds the policies; `base` is its address."""
    graph = RawGraph(Store())
    for text in policies:
        graph.store.hold(text)
    application = web.Application(middlewares=[graph.remembered])
    application.add_routes(graph.routes())
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        graph.base = f"http://127.0.0.1:{runner.addresses[0][1]}/v1.0"
        yield graph
    finally:
        await runner.cleanup()
