"""The lock of the transport during a live check: nothing leaves that is not about own objects."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from checks import APP, NAME
from harness import MARKETING, URL, catalog, extension, tenant

from reconciler.errors import RefusedError
from reconciler.live_check import bodies
from reconciler.live_check.guard import OwnObjects
from reconciler.live_check.owned import Owned, OwnObject
from reconciler.model.graph import Request
from reconciler.network.transport import ConnectionPool, GuardedTransport

BASE = "identityGovernance/entitlementManagement/"
CATALOG, OTHER_CATALOG = "aaaaaaaa-0000-4000-8000-000000000001", MARKETING
SECOND = "aaaaaaaa-0000-4000-8000-000000000002"
PACKAGE = "bbbbbbbb-0000-4000-8000-000000000001"
POLICY = "cccccccc-0000-4000-8000-000000000001"
EXTENSION = "dddddddd-0000-4000-8000-000000000001"
FOREIGN = "ffffffff-0000-4000-8000-000000000001"


OBJECTS = (
    OwnObject("catalog", CATALOG, NAME),
    OwnObject("catalog", SECOND, NAME),
    OwnObject("access_package", PACKAGE, NAME, CATALOG),
    OwnObject("policy", POLICY, NAME, PACKAGE),
    OwnObject("extension", EXTENSION, NAME, CATALOG),
)


def owned() -> Owned:
    """One own object of every kind, and a second catalog."""
    own = Owned()
    for made in OBJECTS:
        own.add(made)
        own.show(made)
    return own


def policy(package: str = PACKAGE, *extensions: object) -> dict[str, Any]:
    """The body of a policy of that package that calls these extensions."""
    stages = [{"stage": "x", "customExtension": {"id": each}} for each in extensions]
    return {"accessPackage": {"id": package}, "customExtensionStageSettings": stages}


ALLOWED = [
    ("POST", "catalogs", {"displayName": NAME}),
    ("DELETE", f"catalogs/{CATALOG}", None),
    ("DELETE", f"catalogs/{CATALOG.upper()}", None),
    ("POST", f"catalogs/{CATALOG}/customWorkflowExtensions", {"displayName": "any"}),
    ("PUT", f"catalogs/{CATALOG}/customWorkflowExtensions/{EXTENSION}", {}),
    ("DELETE", f"catalogs/{CATALOG}/customWorkflowExtensions/{EXTENSION}", None),
    ("POST", "accessPackages", {"catalog": {"id": CATALOG}}),
    ("DELETE", f"accessPackages/{PACKAGE}", None),
    ("POST", "assignmentPolicies", policy()),
    ("PUT", f"assignmentPolicies/{POLICY}", policy(PACKAGE, EXTENSION)),
    ("DELETE", f"assignmentPolicies/{POLICY}", None),
]
ATTACKS = [
    ("PATCH", f"catalogs/{CATALOG}", {}),
    ("PATCH", f"accessPackages/{PACKAGE}", {}),
    ("POST", "catalogs", {"displayName": "Marketing"}),
    ("POST", "catalogs", {"displayName": None}),
    ("POST", "catalogs", {}),
    ("POST", "catalogs", None),
    ("POST", "catalogs/", {"displayName": NAME}),
    ("POST", "catalogs?x=1", {"displayName": NAME}),
    ("POST", f"catalogs/{CATALOG}", {}),
    ("PUT", f"catalogs/{CATALOG}", {}),
    ("DELETE", "catalogs", None),
    ("DELETE", f"catalogs/{FOREIGN}", None),
    ("DELETE", f"catalogs/{EXTENSION}", None),
    ("DELETE", f"catalogs/{CATALOG}/", None),
    ("DELETE", f"catalogs/{CATALOG}%20", None),
    ("DELETE", f"catalogs/{CATALOG}/../{FOREIGN}", None),
    ("DELETE", f"catalogs/{FOREIGN}/../{CATALOG}", None),
    ("DELETE", f"catalogs/{FOREIGN}%2F..%2F{CATALOG}", None),
    ("DELETE", f"catalogs/{CATALOG}?{CATALOG}", None),
    ("DELETE", f"catalogs/{CATALOG};{CATALOG}", None),
    ("DELETE", f"catalogs//{CATALOG}", None),
    ("DELETE", f"catalogs('{CATALOG}')", None),
    ("POST", f"catalogs/{FOREIGN}/customWorkflowExtensions", {}),
    ("POST", f"catalogs/{CATALOG}/customWorkflowExtensions/{EXTENSION}", {}),
    ("PUT", f"catalogs/{FOREIGN}/customWorkflowExtensions/{EXTENSION}", {}),
    ("PUT", f"catalogs/{SECOND}/customWorkflowExtensions/{EXTENSION}", {}),
    ("PUT", f"catalogs/{CATALOG}/customWorkflowExtensions/{FOREIGN}", {}),
    ("PATCH", f"catalogs/{CATALOG}/customWorkflowExtensions/{EXTENSION}", {}),
    ("DELETE", f"catalogs/{CATALOG}/customWorkflowExtensions/{CATALOG}", None),
    ("DELETE", f"catalogs/{CATALOG}/accessPackages/{PACKAGE}", None),
    ("POST", "accessPackages", {"catalog": {"id": FOREIGN}}),
    ("POST", "accessPackages", {"catalog": {"id": [CATALOG]}}),
    ("POST", "accessPackages", {"catalog": CATALOG}),
    ("POST", "accessPackages", {"catalogId": CATALOG}),
    ("POST", "accessPackages", {}),
    ("POST", f"accessPackages/{PACKAGE}/resourceRoleScopes", {"catalog": {"id": CATALOG}}),
    ("DELETE", f"accessPackages/{FOREIGN}", None),
    ("POST", "assignmentPolicies", policy(FOREIGN)),
    ("POST", "assignmentPolicies", policy(CATALOG)),
    ("POST", "assignmentPolicies", policy(PACKAGE, FOREIGN)),
    ("POST", "assignmentPolicies", {**policy(), "customExtensionStageSettings": {"id": 1}}),
    ("POST", "assignmentPolicies", {**policy(), "customExtensionStageSettings": 5}),
    ("POST", "assignmentPolicies", {**policy(), "customExtensionStageSettings": ["x"]}),
    ("POST", "assignmentPolicies", {**policy(), "customExtensionStageSettings": [{"stage": "x"}]}),
    ("PUT", f"assignmentPolicies/{FOREIGN}", policy()),
    ("PUT", f"assignmentPolicies/{POLICY}", policy(FOREIGN)),
    ("PUT", f"assignmentPolicies/{POLICY}", policy(PACKAGE, EXTENSION, FOREIGN)),
    ("PUT", f"assignmentPolicies/{POLICY}", {}),
    ("PUT", f"assignmentPolicies/{POLICY}", {**policy(), "AccessPackage": {"id": FOREIGN}}),
    ("PUT", f"assignmentPolicies/{POLICY}", {**policy(), "customextensionStageSettings": []}),
    ("POST", "assignmentPolicies", {**policy(), "accessPackage@odata.bind": FOREIGN}),
    ("POST", "accessPackages", {"catalog": {"id": CATALOG}, "Catalog": {"id": FOREIGN}}),
    ("PATCH", f"assignmentPolicies/{POLICY}", {}),
    ("POST", "assignmentRequests", {}),
    ("POST", "../../users", {}),
    ("DELETE", "", None),
]
RAW_BODIES = [
    b'{"displayName": "Marketing", "displayName": "reconciler-live-check-1"}',
    b'{"displayName": "reconciler-live-check-1", "displayName": "Marketing"}',
    b'["reconciler-live-check-1"]',
    b'{"displayName": "reconciler-live-check-1"',
    b"\xff",
    b"null",
]


def refused(method: str, path: str, content: bytes, base: str = BASE) -> str | None:
    return OwnObjects(owned())(method, f"{base}{path}", content)


def encoded(body: object) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


@pytest.mark.parametrize(("method", "path", "body"), ALLOWED)
def test_what_a_live_check_writes_may_leave(method: str, path: str, body: object) -> None:
    assert refused(method, path, encoded(body)) is None


@pytest.mark.parametrize(("method", "path", "body"), ATTACKS)
def test_nothing_else_may_leave(method: str, path: str, body: object) -> None:
    assert refused(method, path, encoded(body)) is not None


@pytest.mark.parametrize("content", RAW_BODIES)
def test_a_body_that_readers_understand_differently_may_not_leave(content: bytes) -> None:
    assert refused("POST", "catalogs", content) is not None


@pytest.mark.parametrize("base", ["", "identityGovernance/", f"x/{BASE}", "beta/" + BASE])
def test_nothing_below_another_path_may_leave(base: str) -> None:
    assert refused("POST", "catalogs", encoded({"displayName": NAME}), base) is not None


def test_what_was_removed_is_no_longer_own_even_if_a_listing_shows_it() -> None:
    own = owned()
    gone = own.newest("policy")[0]
    own.remove(gone)
    assert (own.add(gone), own.knows(POLICY.upper())) == (False, True)
    assert OwnObjects(own)("DELETE", f"{BASE}assignmentPolicies/{POLICY}", b"") is not None


def test_what_is_known_stays_as_it_was_made() -> None:
    own = owned()
    assert own.add(OwnObject("catalog", EXTENSION.upper(), NAME)) is False
    assert [each.id for each in own.newest("catalog")] == [SECOND, CATALOG]
    assert [each.parent_id for each in own.newest("extension")] == [CATALOG]


@pytest.mark.parametrize(("method", "path", "body"), ALLOWED[1:])
def test_nothing_is_written_to_what_no_read_has_shown_as_own(
    method: str, path: str, body: object
) -> None:
    """Its id may be that of a foreign object."""
    unread = Owned()
    for each in OBJECTS:
        unread.add(each)
    assert OwnObjects(unread)(method, f"{BASE}{path}", encoded(body)) is not None


class Recording(httpx.AsyncBaseTransport):
    """Answers everything, and keeps what has left."""

    def __init__(self) -> None:
        self.left: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.left.append(f"{request.method} {request.url.raw_path.decode()}")
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))


ORIGIN = "https://graph.microsoft.com"


def through_transport(url: str, method: str, body: object) -> list[str]:
    """What leaves of one request through the transport that the guard locks."""
    recording = Recording()

    async def send() -> None:
        pool = ConnectionPool(lambda: recording)
        transport = GuardedTransport(pool, f"{ORIGIN}/v1.0", "Graph")
        with transport.writes_guarded(OwnObjects(owned())):
            request = httpx.Request(method, url, content=encoded(body))
            try:
                await transport.handle_async_request(request)
            finally:
                await transport.aclose()

    asyncio.run(send())
    return recording.left


def urls(path: str) -> Iterator[str]:
    """Addresses that a careless comparison would take for the one below v1.0."""
    yield f"{ORIGIN}/v1.0/{BASE}{path}"
    yield f"{ORIGIN}/beta/{BASE}{path}"
    yield f"{ORIGIN}//v1.0/{BASE}{path}"
    yield f"{ORIGIN}/v1.0//{BASE}{path}"


@pytest.mark.parametrize(
    ("method", "path", "body"), [attack for attack in ATTACKS if ".." not in attack[1]]
)
def test_the_transport_sends_nothing_that_the_guard_refuses(
    method: str, path: str, body: object
) -> None:
    for url in urls(path):
        with pytest.raises(RefusedError):
            through_transport(url, method, body)


def test_the_guard_sees_the_address_that_leaves() -> None:
    """The HTTP library resolves `..` before the guard is asked."""
    base = f"{ORIGIN}/v1.0/{BASE}catalogs/"
    left = through_transport(f"{base}{FOREIGN}/../{CATALOG}", "DELETE", None)
    assert left == [f"DELETE /v1.0/{BASE}catalogs/{CATALOG}"]
    with pytest.raises(RefusedError):
        through_transport(f"{base}{CATALOG}/../{FOREIGN}", "DELETE", None)


def test_the_transport_sends_what_the_guard_allows_below_v1_only() -> None:
    allowed, *others = urls("catalogs")
    body = {"displayName": NAME}
    assert through_transport(allowed, "POST", body) == [f"POST /v1.0/{BASE}catalogs"]
    for url in others:
        with pytest.raises(RefusedError):
            through_transport(url, "POST", body)


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "HEAD", "MERGE"])
def test_no_other_method_leaves(method: str) -> None:
    with pytest.raises(RefusedError):
        through_transport(f"{ORIGIN}/v1.0/{BASE}catalogs", method, {"displayName": NAME})


def test_a_foreign_extension_is_not_written_through_the_real_client(tmp_path: Path) -> None:
    seeded = {**extension("theirs"), "id": EXTENSION}

    async def attack() -> None:
        async with tenant(tmp_path, catalog(extensions=[seeded])) as held:
            catalogs = held.graph.entitlement.catalogs.by_access_package_catalog_id(MARKETING)
            builder = catalogs.custom_workflow_extensions.by_custom_callout_extension_id(EXTENSION)
            body = bodies.extension("ours", APP, url=URL)
            with held.graph.writes_guarded(OwnObjects(Owned())):
                for request in (Request.to(builder, "PUT", body), Request.to(builder, "DELETE")):
                    with pytest.raises(RefusedError, match="not an object of this live check"):
                        await held.graph.attempt(held.graph.sending(request))
            with pytest.raises(RefusedError, match="writes are locked"):
                await held.graph.attempt(held.graph.sending(Request.to(builder, "DELETE")))
            assert [each["displayName"] for each in held.store.extensions()] == ["theirs"]

    asyncio.run(attack())
