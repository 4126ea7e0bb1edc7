"""What each route answers (docs/graph.md §1, §5.2, §7)."""

import re

import pytest
from aiohttp import web

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,7}Z")


def error_of(answer):
    return answer.json()["error"]


def test_catalogs_are_listed_created_and_read(start):
    graph = start()
    assert {one["displayName"] for one in graph.every("/catalogs")} == {
        "General",
        "Marketing",
        "Finance",
    }
    created = graph.send("POST", "/catalogs", {"displayName": "Legal", "state": "unpublished"})
    assert created.status_code == 201
    read = graph.get(f"/catalogs/{created.json()['id']}")
    assert read.json()["state"] == "unpublished" and read.json()["catalogType"] == "userManaged"
    assert "catalogs/$entity" in read.json()["@odata.context"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": ""},
        {"displayName": "x", "catalogType": "userManaged"},
        {"displayName": "x", "id": "y"},
    ],
)
def test_a_bad_catalog_is_refused(start, body):
    assert start().send("POST", "/catalogs", body).status_code == 400


def test_a_created_extension_has_what_the_service_fills_in(start, request_body):
    graph = start()
    created = graph.create(request_body)
    assert GUID.fullmatch(created["id"])
    assert STAMP.fullmatch(created["createdDateTime"]) and STAMP.fullmatch(
        created["lastModifiedDateTime"]
    )
    assert created["createdBy"] == created["lastModifiedBy"] == "owner@contoso.example"
    assert created["clientConfiguration"] is None
    assert re.fullmatch(
        r"https://prod-\d\d\.westeurope\.logic\.azure\.com:443/workflows/[0-9a-f]{32}/triggers/manual/paths/invoke"
        r"\?api-version=2016-10-01",
        created["endpointConfiguration"]["url"],
    )
    read = graph.get(graph.extensions(extension=created["id"].upper())).json()
    assert {**read, "@odata.context": ""} == {**created, "@odata.context": ""}


def test_a_catalog_id_in_upper_case_is_the_same_catalog(start):
    graph = start()
    same = [
        graph.every(graph.extensions(catalog)) for catalog in (graph.FINANCE, graph.FINANCE.upper())
    ]
    ids, ids_of_upper = ({extension["id"] for extension in listed} for listed in same)
    assert ids and ids == ids_of_upper


def test_the_expiry_type_shows_no_callback(start, expiry_body):
    graph = start()
    created = graph.create({**expiry_body, "callbackConfiguration": None})
    assert "callbackConfiguration" not in created


def test_duplicates_of_a_name_are_possible(start, request_body):
    graph = start()
    assert graph.create(request_body)["id"] != graph.create(request_body)["id"]
    found = graph.every(graph.extensions(), params={"$filter": "displayName eq 'NOTIFY-HR'"})
    assert len(found) == 2


def test_put_changes_and_says_when(start, request_body):
    graph = start()
    created = graph.create(request_body)
    item = graph.extensions(extension=created["id"])
    answer = graph.send("PUT", item, {**request_body, "displayName": "renamed"})
    assert answer.status_code == 200 and answer.json()["displayName"] == "renamed"
    assert answer.json()["lastModifiedDateTime"] > created["lastModifiedDateTime"]
    assert answer.json()["createdDateTime"] == created["createdDateTime"]
    assert graph.get(item).json()["displayName"] == "renamed"


def test_patch_is_answered_as_an_unknown_route(start):
    graph = start()
    for path in (
        graph.extensions(graph.FINANCE, graph.NOTIFY),
        f"/assignmentPolicies/{graph.POLICY}",
    ):
        answer = graph.send("PATCH", path, {"displayName": "x"})
        assert answer.status_code == 404
        message = error_of(answer)["message"]
        assert message.startswith("No HTTP resource was found that matches the request URI")


@pytest.mark.parametrize(
    "path", ["/nothing", "/catalogs/x/y", "/accessPackages/x/y", "/assignmentPolicies/x/y"]
)
def test_any_other_path_is_404_in_graphs_form(start, path):
    answer = start().get(path)
    assert answer.status_code == 404 and error_of(answer)["innerError"]["request-id"]


def test_delete_is_204_and_then_404(start):
    graph = start()
    item = graph.extensions(graph.FINANCE, graph.EXPIRY)
    deleted = graph.send("DELETE", item)
    assert deleted.status_code == 204 and deleted.content == b""
    for method in ("GET", "DELETE"):
        answer = graph.send(method, item)
        assert (answer.status_code, error_of(answer)["code"]) == (404, "ResourceNotFound")


def test_an_extension_that_a_policy_uses_is_not_deleted(start):
    graph = start()
    item = graph.extensions(graph.FINANCE, graph.LEGACY)
    assert graph.send("DELETE", item).status_code == 400
    assert graph.get(item).status_code == 200


def test_an_extension_belongs_to_its_catalog(start, request_body):
    graph = start()
    wrong = graph.extensions(graph.MARKETING, graph.NOTIFY)
    assert graph.get(wrong).status_code == 404
    assert graph.send("PUT", wrong, request_body).status_code == 404
    assert graph.get(graph.extensions("unknown")).status_code == 404


def test_count_is_plain_text(start):
    graph = start()
    answer = graph.get(f"{graph.extensions(graph.FINANCE)}/$count")
    assert answer.text == "3" and answer.headers["content-type"].startswith("text/plain")


def test_every_answer_carries_ids_and_odata_headers(start):
    graph = start()
    mine = "0f0e0d0c-0b0a-4908-8706-050403020100"
    for path in ("/catalogs", "/nothing"):
        answer = graph.get(path, headers={"client-request-id": mine})
        assert answer.headers["client-request-id"] == mine and GUID.fullmatch(
            answer.headers["request-id"]
        )
        assert (
            answer.headers["OData-Version"] == "4.0"
            and answer.headers["Cache-Control"] == "private"
        )
    inner = error_of(answer)["innerError"]
    assert (
        inner["client-request-id"] == mine and inner["request-id"] == answer.headers["request-id"]
    )
    assert inner["date"]


def test_catalogs_expand_packages_and_extensions_on_request_only(start):
    graph = start()
    assert "accessPackages" not in graph.get(f"/catalogs/{graph.FINANCE}").json()
    params = {"$expand": "accessPackages,customWorkflowExtensions"}
    full = graph.get(f"/catalogs/{graph.FINANCE}", params=params).json()
    assert [one["displayName"] for one in full["accessPackages"]] == ["Ledger readers"]
    assert len(full["customWorkflowExtensions"]) == 3
    empty = graph.get(f"/catalogs/{graph.MARKETING}", params=params).json()
    assert empty["accessPackages"] == [] and empty["customWorkflowExtensions"] == []


def test_the_trigger_url_is_kept_recomputed_or_sent(start, request_body):
    graph = start()
    created = graph.create(request_body)
    item, endpoint = (
        graph.extensions(extension=created["id"]),
        request_body["endpointConfiguration"],
    )
    computed = created["endpointConfiguration"]["url"]

    def put(**changes):
        body = {**request_body, "endpointConfiguration": {**endpoint, **changes}}
        return graph.send("PUT", item, body).json()["endpointConfiguration"]["url"]

    assert put() == computed
    assert put(url="https://own.example/x") == "https://own.example/x"
    assert put(resourceGroupName="RG-IDENTITY") == "https://own.example/x"
    assert put(url=None) == computed
    assert put(logicAppWorkflowName="la-other") != computed
    assert put(logicAppWorkflowName="LA-HR") == computed


def test_a_fault_may_hide_a_write_that_happened(start, request_body):
    @web.middleware
    async def lose_the_answer(request, handler):
        answer = await handler(request)
        return (
            web.Response(status=504, text="gateway timeout") if request.method == "POST" else answer
        )

    graph = start(faults=[lose_the_answer])
    assert graph.send("POST", graph.extensions(), request_body).status_code == 504
    assert len(graph.every(graph.extensions())) == 1
