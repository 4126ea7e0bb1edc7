"""The server of raw policies answers what it holds, byte for byte, and replaces as Graph does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from clock import TIMEOUT_S
from hypothesis import given, settings
from hypothesis import strategies as st
from tiers import examples

from reconciler.kinds.access_package import ACCESS_PACKAGE
from reconciler.kinds.policy.api import get_policy, list_policies, locate_policies
from reconciler.model.objects import ObjectRef, Observed
from tests.graph.graph_clients import graph_at
from tests.graph.scripted import TOKEN
from tests.policies.compare import called_at, differences
from tests.policies.generated import (
    CATALOG,
    PACKAGE,
    POLICY,
    REQUEST_TYPE,
    SETTINGS,
    TYPES,
    Object,
    Policy,
    policies,
    policy_files,
    policy_in,
)
from tests.policies.json_text import parsed, written
from tests.policies.metadata import needs_files, needs_metadata
from tests.policies.raw_graph import EM, RawGraph, raw_graph
from tests.policies.raw_store import NEW_EXTENSIONS, RefusedError, Store
from tests.policies.refused import reasons

Answer = TypeVar("Answer")

PARENTS = (ObjectRef("catalog", CATALOG, "Marketing"), ObjectRef("access_package", PACKAGE, "T"))
STAGE = "assignmentRequestCreated"
NEW, _ = NEW_EXTENSIONS[REQUEST_TYPE]
TEXT = (
    f'{{ "id": "{POLICY}", "displayName": "A\\u00e9", "createdDateTime": "c", "newMember": 1.0,\n'
    f'"reviewSettings": null, "accessPackage": {{"id": "{PACKAGE}", "displayName": "Tools"}},'
    ' "questions": [], "customExtensionStageSettings": [{"id": "s", "stage": "' + STAGE + '",'
    f' "customExtension": {{"@odata.type": "#{REQUEST_TYPE}", "id": "x", "isNew": true}}}}]}}'
)
WHOLE = {"$expand": "accessPackage"}
WRITTEN = [file for file in policy_files() if not reasons(policy_in(file))]


def served(
    ask: Callable[[RawGraph, httpx.AsyncClient], Awaitable[Answer]], token: str = TOKEN
) -> Answer:
    """What the requests come to, sent to a server that holds TEXT."""

    async def run() -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            raw_graph(TEXT) as graph,
            httpx.AsyncClient(headers=headers, timeout=TIMEOUT_S) as client,
        ):
            return await ask(graph, client)

    return asyncio.run(run())


def got(path: str, version: str = "v1.0", token: str = TOKEN, **query: str) -> httpx.Response:
    """The answer to one read; the query options without their `$`."""

    async def ask(graph: RawGraph, client: httpx.AsyncClient) -> httpx.Response:
        params = {f"${name}": value for name, value in query.items()}
        base = graph.base.replace("v1.0", version)
        return await client.get(f"{base}{EM}/{path}", params=params)

    return served(ask, token)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["value"]]


def body_of(text: str, stage: str, extension: dict[str, Any] | None) -> dict[str, Any]:
    """The update of a policy that calls this extension at the stage, as little as may be sent."""
    policy = parsed(text)
    left_out = ("id", "createdDateTime", "modifiedDateTime", "catalog")
    body = {name: value for name, value in policy.items() if name not in left_out}
    body["accessPackage"] = {"id": policy["accessPackage"]["id"]}
    kept = [each for each in policy[SETTINGS] if each["stage"] != stage]
    bound = [] if extension is None else [{"stage": stage, "customExtension": extension}]
    return body | {SETTINGS: kept + bound}


def test_a_policy_is_answered_byte_for_byte_and_without_expand_without_references() -> None:
    assert got(f"assignmentPolicies/{POLICY}", expand="questions").text == TEXT
    alone = got(f"assignmentPolicies/{POLICY}")
    assert list(alone.json()) == [
        "id", "displayName", "createdDateTime", "newMember", "reviewSettings",
    ]  # fmt: skip
    assert '"newMember":1.0' in alone.text
    beta = got(f"accessPackageAssignmentPolicies/{POLICY}", version="beta")
    assert beta.json() == {"id": POLICY, "displayName": "Policy"}


def test_catalogs_and_what_is_in_them_are_listed() -> None:
    assert ids(got("catalogs")) == ids(got("catalogs", filter="displayName eq 'marketing'"))
    assert ids(got("catalogs", filter="displayName eq 'x' or displayName eq 'Y'")) == []
    assert ids(got("catalogs", filter=f"id eq '{CATALOG}'")) == [CATALOG]
    extensions = ids(got(f"catalogs/{CATALOG}/customWorkflowExtensions"))
    assert extensions == [*(key for key, _ in NEW_EXTENSIONS.values()), "x"]
    assert got(f"catalogs/{CATALOG}/customWorkflowExtensions/x").json()["isNew"]
    catalog = got(f"catalogs/{CATALOG}", expand="accessPackages").json()
    assert [package["id"] for package in catalog["accessPackages"]] == [PACKAGE]
    assert "customWorkflowExtensions" not in catalog


def test_packages_and_policies_are_listed_with_what_is_expanded() -> None:
    in_catalog = f"catalog/id eq '{CATALOG}'"
    (package,) = got("accessPackages", filter=in_catalog, expand="catalog").json()["value"]
    assert (package["id"], package["catalog"]["id"]) == (PACKAGE, CATALOG)
    assert "catalog" not in got(f"accessPackages/{PACKAGE}").json()
    inside = got(f"accessPackages/{PACKAGE}", expand="assignmentPolicies").json()
    assert [policy["id"] for policy in inside["assignmentPolicies"]] == [POLICY]
    expand, of_package = "accessPackage($expand=catalog)", f"accessPackage/id eq '{PACKAGE}'"
    (policy,) = got("assignmentPolicies", expand=expand, filter=of_package).json()["value"]
    assert policy["accessPackage"]["catalog"]["id"] == CATALOG
    assert SETTINGS not in policy
    assert ids(got("assignmentPolicies", filter="accessPackage/id eq 'o''other'")) == []


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("assignmentPolicies/other", {}, 404),
        ("catalogs/other/customWorkflowExtensions", {}, 404),
        (f"accessPackages/{PACKAGE}/assignmentPolicies", {}, 404),
        ("catalogs", {"filter": "startswith(displayName,'x')"}, 400),
    ],
)
def test_what_is_not_served_is_an_error(path: str, query: dict[str, str], status: int) -> None:
    answer = got(path, **query)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_another_token_is_refused() -> None:
    assert got("catalogs", token="other").status_code == 401


def test_an_update_replaces_the_policy_and_its_bytes_are_remembered() -> None:
    extension = {"@odata.type": f"#{REQUEST_TYPE}", "id": NEW}
    body = b" " + written(body_of(TEXT, STAGE, extension)).encode()

    async def ask(graph: RawGraph, client: httpx.AsyncClient) -> tuple[str, list[bytes]]:
        url = f"{graph.base}{EM}/assignmentPolicies/{POLICY}"
        assert (await client.put(url, content=body)).status_code == 200
        refused = await client.put(url, content=b"{}")
        assert refused.json()["error"]["code"] == "ArgumentNullException"
        return (await client.get(url, params=WHOLE)).text, graph.puts

    after, puts = served(ask)
    assert puts == [body, b"{}"]
    assert differences(TEXT, after, STAGE) == differences(TEXT, body, STAGE) == []
    assert called_at(after, STAGE) == [(f"#{REQUEST_TYPE}", NEW)]
    policy = json.loads(after)
    assert (policy["id"], policy["createdDateTime"]) == (POLICY, "c")
    assert policy["accessPackage"]["displayName"] == "Tools"
    (setting,) = policy[SETTINGS]
    assert (setting["id"] != "s", setting["customExtension"]["displayName"]) == (
        True,
        "new-request",
    )


def test_what_an_update_omits_is_lost_and_what_it_does_not_know_is_refused() -> None:
    store = Store()
    store.hold(TEXT)
    sent = parsed(TEXT)
    after = parsed(store.put(POLICY, written({"accessPackage": sent["accessPackage"]})))
    assert "newMember" not in after
    assert (after["questions"], after[SETTINGS]) == ([], [])
    unusable: tuple[Object, ...] = ({"stage": STAGE}, {"customExtension": {"id": "x"}})
    for setting in unusable:
        with pytest.raises(RefusedError):
            store.put(POLICY, written({**sent, SETTINGS: [setting]}))
    with pytest.raises(RefusedError):
        store.put(POLICY, "{")
    assert parsed(store.policies[POLICY]) == after


def test_the_kinds_read_it() -> None:
    async def run() -> tuple[Any, ...]:
        async with raw_graph(TEXT) as served_graph, graph_at(served_graph.base) as graph:
            (package,) = await ACCESS_PACKAGE.api.list(graph, PARENTS[:1])
            (listed,) = await list_policies(graph, PARENTS)
            (located,) = await locate_policies(graph)
            policy = await get_policy(graph, PARENTS, POLICY)
            assert policy is not None
            return package.id, listed.id, located[1].id, policy.id, policy.raw["reviewSettings"]

    assert asyncio.run(run()) == (PACKAGE, POLICY, POLICY, POLICY, None)


def bind_and_unbind(policy: Policy, stage: str) -> None:
    """Binds another extension to the stage, then none; all else stays equal."""
    store = Store()
    policy_id = store.hold(policy.text)
    extension_id, _ = NEW_EXTENSIONS[TYPES[stage]]
    extension = {"@odata.type": f"#{TYPES[stage]}", "id": extension_id}
    bound = store.put(policy_id, written(body_of(policy.text, stage, extension)))
    assert called_at(bound, stage) == [(extension["@odata.type"], extension_id)]
    assert differences(policy.text, bound, stage) == []
    unbound = store.put(policy_id, written(body_of(bound, stage, None)))
    assert called_at(unbound, stage) == []
    assert differences(policy.text, unbound, stage) == []


@needs_metadata
@settings(max_examples=examples(40))
@given(policies())
def test_every_policy_that_is_drawn_is_read(policy: Policy) -> None:
    async def run() -> Observed | None:
        async with raw_graph(policy.text) as served_graph, graph_at(served_graph.base) as graph:
            return await get_policy(graph, PARENTS, POLICY)

    observed = asyncio.run(run())
    assert observed is not None
    called = {
        path[1]: [ref.id] for path, ref in observed.properties.items() if isinstance(ref, ObjectRef)
    }
    assert called == policy.called


@needs_metadata
@settings(max_examples=examples(60))
@given(policies(), st.sampled_from(list(TYPES)))
def test_the_least_body_of_an_update_keeps_all_else(policy: Policy, stage: str) -> None:
    bind_and_unbind(policy, stage)


@needs_files
@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.name[:2])
def test_the_least_body_of_an_update_keeps_all_else_of_a_file(file: Path) -> None:
    for stage in TYPES:
        bind_and_unbind(policy_in(file), stage)
