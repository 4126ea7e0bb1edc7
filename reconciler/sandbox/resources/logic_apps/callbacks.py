"""The callback URL of a trigger: a secret, which exists here to prove that nobody asks for it."""

import base64
import hashlib
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from reconciler.sandbox.checks import Json
from reconciler.sandbox.exchange import running

_QUERY: Final = {"api-version": "2016-10-01", "sv": "1.0"}


@web.middleware
async def count_callback_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Counts every request for a callback URL, also one that is then refused or leads nowhere."""
    if request.path.lower().endswith("/listcallbackurl"):
        running(request).store.note_callback_request()
    return await handler(request)


def signature(identity: str) -> str:
    """The secret `sig` of the Logic App with that resource id: 43 characters of base64url, the same
    every time and in any case of the id.
    """
    digest = hashlib.sha256(f"sig of {identity.lower()}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def triggers(logic_app: Json) -> Json:
    """The triggers of a Logic App by name; none if its definition holds no object of them."""
    definition: Any = logic_app["properties"].get("definition")
    declared = definition.get("triggers") if isinstance(definition, dict) else None
    return declared if isinstance(declared, dict) else {}


def callback_answer(logic_app: Json, trigger: str) -> Json:
    """What `listCallbackUrl` answers (docs/graph.md §9.1)."""
    base = f"{logic_app['properties']['accessEndpoint']}/triggers/{trigger}/paths/invoke"
    permission, sig = f"/triggers/{trigger}/run", signature(logic_app["id"])
    escaped = permission.replace("/", "%2F")
    return {
        "value": f"{base}?api-version=2016-10-01&sp={escaped}&sv=1.0&sig={sig}",
        "method": "POST",
        "basePath": base,
        "queries": {**_QUERY, "sp": permission, "sig": sig},
    }
