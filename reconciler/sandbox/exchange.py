"""Shared by all handlers: the running sandbox, reading a body, answering an object or a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from reconciler.sandbox.checks import Json
from reconciler.sandbox.database import Kind
from reconciler.sandbox.errors import bad_request, not_found
from reconciler.sandbox.filters import PROPERTIES
from reconciler.sandbox.options import Expand, Options, parse_options
from reconciler.sandbox.paging import decode, encode, turn
from reconciler.sandbox.strict_json import parsed
from reconciler.sandbox.switches import Switches

if TYPE_CHECKING:  # handlers are given a store; the store, which seeds, imports the resources
    from reconciler.sandbox.store import Store, Stored

PREFIX: Final = "/v1.0/identityGovernance/entitlementManagement"
CONTENT_TYPE: Final = (
    "application/json;odata.metadata=minimal;IEEE754Compatible=false;charset=utf-8"
)


@dataclass(frozen=True)
class Sandbox:
    """One serving sandbox."""

    store: Store
    switches: Switches


SANDBOX: Final = web.AppKey("SANDBOX", Sandbox)


@dataclass(frozen=True)
class Resource:
    """A kind of object in the API: its noun, and the names that `$select`, `$expand` and `$filter`
    accept.
    """

    kind: Kind
    noun: str
    properties: frozenset[str]
    expandable: Expand
    filterable: tuple[str, ...] = PROPERTIES

    def find(self, sandbox: Sandbox, identity: str, parent: str | None = None) -> Stored:
        """The stored object, for a write. Raises: GraphError 404 (docs/graph.md §5.2)."""
        row = sandbox.store.find(self.kind, identity, parent)
        if row is None:
            raise not_found(self.noun, identity)
        return row

    def read(self, sandbox: Sandbox, identity: str, parent: str | None = None) -> Json:
        """The object as reads return it now. Raises: GraphError 404 (docs/graph.md §5.2, §5.5)."""
        document = sandbox.store.read(self.kind, identity, parent)
        if document is None:
            raise not_found(self.noun, identity)
        return document

    def options(self, request: web.Request, *, collection: bool = False) -> Options:
        """The query options of the request. Raises: GraphError 400."""
        options = parse_options(
            request.query, self.properties, self.filterable, self.expandable, collection=collection
        )
        switches = running(request).switches
        if options.matches.has_or and switches.filter_or == "refuse":
            raise bad_request("Invalid or unsupported filter clause: or")
        if len(options.expand.inner) > 1 and switches.combined_expand == "refuse":
            raise bad_request("Only one navigation property can be expanded.")
        if switches.combined_expand == "first":
            return replace(options, expand=options.expand.first)
        return options


def running(request: web.Request) -> Sandbox:
    """The sandbox that serves this request."""
    return request.app[SANDBOX]


def catalog_id(request: web.Request) -> str:
    """The id of the catalog in the path, which counts as a read of it: once per request.

    Raises: GraphError 404, also while a new catalog is not visible yet (docs/graph.md §5.2, §5.5).
    """
    return parent_id(running(request), "catalog", request.match_info["catalog"])


def parent_id(sandbox: Sandbox, kind: Kind, identity: str) -> str:
    """The id of an object that others are in, with `identity` as a client names it; counts as a
    read of it.

    Raises: GraphError 404, also while a new one is not visible yet (docs/graph.md §5.2, §5.5).
    """
    parent = sandbox.store.read(kind, identity)
    if parent is None:
        raise not_found(kind, identity)
    return str(parent["id"])


def refuse_deleted_parent(sandbox: Sandbox, kind: Kind, identity: str) -> None:
    """Nothing, if the object exists; for a create in it, inside the transaction of the write.

    `parent_id` is not sufficient there: reads that lag still return a deleted object.
    Raises: GraphError 404 (docs/graph.md §5.2).
    """
    if sandbox.store.find(kind, identity) is None:
        raise not_found(kind, identity)


def json_response(payload: Json, status: int = 200) -> web.Response:
    """A JSON answer with Graph's content type."""
    return web.Response(
        body=json.dumps(payload, allow_nan=False).encode(),
        status=status,
        headers={"Content-Type": CONTENT_TYPE},
    )


def entity_response(
    request: web.Request, path: str, answer: Json, *, status: int = 200, wrap: bool = False
) -> web.Response:
    """A single object with its context; bare, or with `wrap` nested under `value`
    (docs/graph.md §2.1).
    """
    context = {"@odata.context": _context(request, f"{path}/$entity")}
    return json_response({**context, "value": answer} if wrap else {**context, **answer}, status)


def list_response(
    request: web.Request,
    path: str,
    rows: Sequence[Stored],
    options: Options,
    render: Callable[[Json], Json],
) -> web.Response:
    """One page of a collection, with the link to the next one (docs/graph.md §1.4)."""
    sandbox = running(request)
    # `$top` only makes pages smaller, as in Graph's paging page; the next link leads to the rest.
    size = (
        sandbox.switches.page_size
        if options.top is None
        else min(options.top, sandbox.switches.page_size)
    )
    page = turn(
        rows if size else [], decode(options.skip_token), options.matches, size, sandbox.switches
    )
    sandbox.store.note_reads(page.read)
    payload: Json = {"@odata.context": _context(request, path)}
    if page.next:
        link = request.url.update_query({"$skiptoken": encode(page.next)})
        payload["@odata.nextLink"] = str(link)
    payload["value"] = [options.project(render(document)) for document in page.documents]
    return json_response(payload)


async def read_object(request: web.Request) -> Json:
    """The JSON object in the request's body. Raises: GraphError 400 for anything else."""
    try:
        body: Any = parsed(await request.read())
    except (ValueError, RecursionError) as error:
        raise bad_request("Unable to read JSON request payload.") from error
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object.")
    return body


def _context(request: web.Request, path: str) -> str:
    version = request.path.split("/")[1]
    root = f"{request.url.origin()}/{version}/$metadata"
    return f"{root}#identityGovernance/entitlementManagement/{path}"
