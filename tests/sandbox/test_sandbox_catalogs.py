"""Catalogs: created, updated with PATCH, unique or not, and visible only after a while
(docs/graph.md §1.1, §5.5).
"""

import pytest

from reconciler.sandbox.store import Store


def item(graph, catalog=None):
    return f"/catalogs/{catalog or graph.FINANCE}"


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": "Treasury"},
        {"description": "new"},
        {"description": None},
        {"state": "unpublished"},
        {"isExternallyVisible": True},
        {"displayName": "Treasury", "description": "", "state": "unpublished"},
    ],
)
def test_patch_changes_what_it_names_and_answers_nothing(start, body):
    graph = start()
    before = graph.get(item(graph)).json()
    answer = graph.send("PATCH", item(graph), body)
    assert (answer.status_code, answer.content) == (204, b"")
    after = graph.get(item(graph)).json()
    assert after.pop("modifiedDateTime") > before.pop("modifiedDateTime")
    assert after == {**before, **body}
    assert len(graph.every(graph.extensions(graph.FINANCE))) == 3


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"unknown": 1},
        {"id": "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"},
        {"catalogType": "userManaged"},
        {"createdDateTime": "2025-03-04T09:15:02Z"},
        {"displayName": None},
        {"displayName": " "},
        {"description": 1},
        {"state": "Published"},
        {"isExternallyVisible": "true"},
        {"isExternallyVisible": None},
        {"customWorkflowExtensions": []},
        {"description": "fits", "unknown": 1},
    ],
)
def test_a_bad_patch_is_refused_and_changes_nothing(start, body):
    graph = start()
    before = graph.get(item(graph)).json()
    assert graph.send("PATCH", item(graph), body).status_code == 400
    assert graph.get(item(graph)).json() == before


def test_the_built_in_catalog_is_updated_as_any_other(start):
    graph = start()
    (built_in,) = (
        catalog
        for catalog in graph.every("/catalogs")
        if catalog["catalogType"] == "serviceDefault"
    )
    assert graph.send("PATCH", item(graph, built_in["id"]), {"state": "unpublished"}).is_success
    assert graph.get(item(graph, built_in["id"])).json()["state"] == "unpublished"


def test_an_unknown_catalog_cannot_be_updated(start):
    assert start().send("PATCH", "/catalogs/none", {"description": "x"}).status_code == 404


def test_a_read_only_token_updates_no_catalog(start):
    graph = start(token="loopback-read-only-token-not-secret")
    assert graph.send("PATCH", item(graph), {"description": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("kept", "of_empty", "of_null"),
    [("as_sent", "", None), ("null", None, None), ("empty", "", "")],
)
def test_what_is_kept_of_an_empty_description(start, kept, of_empty, of_null):
    graph = start(f"empty_text={kept}")
    for sent, expected in ("", of_empty), (None, of_null), ("text", "text"):
        body = {"displayName": "Legal", "description": sent}
        created = graph.send("POST", "/catalogs", body).json()
        graph.send("PATCH", item(graph), {"description": sent})
        assert created["description"] == expected
        assert graph.get(item(graph)).json()["description"] == expected


@pytest.mark.parametrize("name", ["Finance", "FINANCE"])
def test_two_catalogs_of_a_name_unless_names_are_unique(start, name):
    graph = start()
    assert graph.send("POST", "/catalogs", {"displayName": name}).status_code == 201
    unique = start("unique_catalog_names=true", database=graph.database)
    created = unique.send("POST", "/catalogs", {"displayName": name})
    renamed = unique.send("PATCH", item(graph, graph.MARKETING), {"displayName": name})
    assert code_of(created) == code_of(renamed) == (409, "DuplicateCatalog")
    assert len(unique.every("/catalogs")) == 4


def test_a_catalog_keeps_its_own_unique_name(start):
    graph = start("unique_catalog_names=true")
    kept = graph.send("PATCH", item(graph), {"displayName": "FINANCE", "state": "unpublished"})
    assert kept.status_code == 204
    graph.send("PATCH", item(graph), {"displayName": "Treasury"})
    assert graph.send("POST", "/catalogs", {"displayName": "Finance"}).status_code == 201


def test_twins_from_before_names_were_unique_can_still_be_changed(start, request_body):
    graph = start()
    twin = graph.send("POST", "/catalogs", {"displayName": "Finance"}).json()
    extensions = [graph.create(request_body) for _ in range(2)]
    switches = ("unique_catalog_names=true", "unique_extension_names=true")
    unique = start(*switches, database=graph.database)
    for address in (item(graph), item(graph, twin["id"])):
        assert unique.send("PATCH", address, {"state": "unpublished"}).status_code == 204
    for each in extensions:
        address = unique.extensions(extension=each["id"])
        assert unique.send("PUT", address, request_body).status_code == 200


def test_two_extensions_of_a_name_unless_names_are_unique(start, request_body):
    graph = start("unique_extension_names=true")
    first = graph.create(request_body)
    other = graph.create({**request_body, "displayName": "other"})
    shouted = {**request_body, "displayName": "NOTIFY-HR"}
    created = graph.send("POST", graph.extensions(), shouted)
    renamed = graph.send("PUT", graph.extensions(extension=other["id"]), shouted)
    assert code_of(created) == code_of(renamed) == (409, "DuplicateCustomExtension")
    own = graph.send("PUT", graph.extensions(extension=first["id"]), shouted)
    assert own.json()["displayName"] == "NOTIFY-HR"
    assert len(graph.every(graph.extensions())) == 2
    graph.create(request_body, graph.FINANCE)


@pytest.mark.parametrize("kind", ["catalog", "extension"])
def test_a_unique_name_that_another_process_is_writing_is_taken(start, request_body, kind):
    graph = start("unique_catalog_names=true", "unique_extension_names=true")
    path = "/catalogs" if kind == "catalog" else graph.extensions()
    body = {"displayName": "Legal"} if kind == "catalog" else request_body
    theirs = {**body, "id": "11111111-0000-4000-8000-000000000001"}
    with Store(graph.database) as other:
        with other.writing():
            other.add(kind, theirs, graph.MARKETING)
            graph.send_too_early("POST", path, body)
        same_name = {"$filter": f"displayName eq '{body['displayName']}'"}
        assert [found["id"] for found in graph.every(path, params=same_name)] == [theirs["id"]]


def test_a_created_catalog_lags_and_so_does_what_is_inside(start, request_body):
    graph = start("lag_reads=5")
    created = graph.send("POST", "/catalogs", {"displayName": "Legal"}).json()["id"]
    by_name = {"$filter": "displayName eq 'Legal'"}
    assert graph.every("/catalogs", params=by_name) == []
    for answer in (
        graph.get(item(graph, created)),
        graph.get(graph.extensions(created)),
        graph.get(f"{graph.extensions(created)}/$count"),
        graph.send("POST", graph.extensions(created), request_body),
    ):
        assert code_of(answer) == (404, "ResourceNotFound")
    assert graph.create(request_body, created)["displayName"] == "notify-hr"
    assert graph.get(item(graph, created)).json()["displayName"] == "Legal"
    assert len(graph.every("/catalogs", params=by_name)) == 1


def test_an_updated_catalog_shows_its_earlier_state_under_its_earlier_name(start):
    graph = start("lag_reads=3")
    graph.send("PATCH", item(graph), {"displayName": "Treasury"})

    def names(searched):
        params = {"$filter": f"displayName eq '{searched}' or displayName eq 'Marketing'"}
        return {catalog["displayName"] for catalog in graph.every("/catalogs", params=params)}

    assert names("Treasury") == {"Marketing"}
    assert names("Finance") == {"Finance", "Marketing"}
    assert len(graph.every(graph.extensions(graph.FINANCE))) == 3
    assert names("Finance") == {"Marketing"}
    assert names("Treasury") == {"Treasury", "Marketing"}
