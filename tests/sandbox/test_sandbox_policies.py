"""Assignment policies hold the bindings of extensions (docs/graph.md §7)."""

import pytest

ALL = (
    "accessPackage($expand=catalog),customExtensionStageSettings($expand=customExtension),questions"
)
NAVIGATIONS = {"accessPackage", "customExtensionStageSettings", "questions", "catalog"}


def path_of(graph):
    return f"/assignmentPolicies/{graph.POLICY}"


def whole(graph):
    """The body of a PUT, made by the recipe of docs/graph.md §7.3."""
    body = graph.get(path_of(graph), params={"$expand": ALL}).json()
    for name in ("@odata.context", "id", "createdDateTime", "modifiedDateTime"):
        del body[name]
    body["accessPackage"] = {"id": body["accessPackage"]["id"]}
    body["customExtensionStageSettings"] = [
        setting(one["stage"], one["customExtension"]["id"], one["customExtension"]["@odata.type"])
        for one in body["customExtensionStageSettings"]
    ]
    return body


def setting(stage, extension, kind=None):
    typed = {"@odata.type": kind} if kind else {}
    return {"stage": stage, "customExtension": {**typed, "id": extension}}


def test_what_is_not_expanded_is_not_there(start):
    graph = start()
    assert not NAVIGATIONS & set(graph.get(path_of(graph)).json())
    assert not NAVIGATIONS & set(graph.every("/assignmentPolicies")[0])
    shallow = graph.get(
        path_of(graph), params={"$expand": "accessPackage,customExtensionStageSettings"}
    ).json()
    assert "catalog" not in shallow["accessPackage"]
    assert "customExtension" not in shallow["customExtensionStageSettings"][0]


def test_expanded_policies_show_package_catalog_and_extension(start):
    graph = start()
    (policy,) = graph.every("/assignmentPolicies", params={"$expand": ALL})
    assert policy["accessPackage"]["catalog"]["id"] == graph.FINANCE
    (bound,) = policy["customExtensionStageSettings"]
    assert (bound["stage"], bound["customExtension"]["id"]) == (
        "assignmentRequestGranted",
        graph.LEGACY,
    )
    assert "callbackConfiguration" not in bound["customExtension"]
    assert policy["questions"] == []


@pytest.mark.parametrize("extra", ["false", "true"])
def test_the_documented_way_to_update_changes_nothing(start, extra):
    graph = start(f"extra_properties={extra}")
    before = graph.get(path_of(graph), params={"$expand": ALL}).json()
    body = whole(graph)
    assert graph.send("PUT", path_of(graph), body).status_code == 200
    after = graph.get(path_of(graph), params={"$expand": ALL}).json()
    changed = {name for name in after if after[name] != before[name]} - {
        "customExtensionStageSettings"
    }
    assert changed == {"modifiedDateTime"}
    assert whole(graph) == body


def test_an_updated_policy_shows_its_earlier_stages_in_every_way(start):
    graph = start("lag_reads=3", "views=2")
    settings = {"$expand": "customExtensionStageSettings"}
    body = {**whole(graph), "displayName": "renamed", "customExtensionStageSettings": []}
    assert graph.send("PUT", path_of(graph), body).json()["displayName"] == "renamed"
    packages = {"$expand": "assignmentPolicies"}
    (package,) = graph.every("/accessPackages", params=packages)
    assert package["assignmentPolicies"][0]["displayName"] == "Employees on request"
    (listed,) = graph.every("/assignmentPolicies", params=settings)
    assert len(listed["customExtensionStageSettings"]) == 1
    assert graph.send("DELETE", graph.extensions(graph.FINANCE, graph.LEGACY)).status_code == 204
    assert graph.get(path_of(graph)).json()["displayName"] == "Employees on request"
    shown = [graph.get(path_of(graph)).json()["displayName"] for _ in range(4)]
    assert shown == ["renamed", "Employees on request", "renamed", "Employees on request"]


@pytest.mark.parametrize("settings", [[], None])
def test_an_unbound_extension_can_be_deleted(start, settings):
    graph = start()
    body = whole(graph)
    if settings is None:
        del body["customExtensionStageSettings"]
    else:
        body["customExtensionStageSettings"] = settings
    assert graph.send("PUT", path_of(graph), body).status_code == 200
    assert len(graph.every(graph.extensions(graph.FINANCE))) == 3
    assert graph.send("DELETE", graph.extensions(graph.FINANCE, graph.LEGACY)).status_code == 204


@pytest.mark.parametrize(
    ("stage", "request_type"),
    [
        ("assignmentRequestCreated", True),
        ("assignmentRequestApproved", True),
        ("assignmentRequestGranted", True),
        ("assignmentRequestRemoved", True),
        ("assignmentFourteenDaysBeforeExpiration", False),
        ("assignmentOneDayBeforeExpiration", False),
        ("unknownFutureValue", None),
        ("assignmentrequestcreated", None),
    ],
)
def test_each_stage_takes_its_own_type(start, stage, request_type):
    graph = start()
    for extension, matches in (
        (graph.NOTIFY, request_type is True),
        (graph.EXPIRY, request_type is False),
    ):
        body = {**whole(graph), "customExtensionStageSettings": [setting(stage, extension)]}
        answer = graph.send("PUT", path_of(graph), body)
        assert answer.status_code == (200 if matches else 400)
        assert (
            graph.send("DELETE", graph.extensions(graph.FINANCE, extension)).status_code == 400
        ) is matches


def test_the_extension_must_be_in_the_policys_catalog(start, request_body):
    graph = start()
    elsewhere = graph.create(request_body)["id"]
    for extension in (elsewhere, "00000000-0000-0000-0000-000000000001"):
        body = {
            **whole(graph),
            "customExtensionStageSettings": [setting("assignmentRequestCreated", extension)],
        }
        assert graph.send("PUT", path_of(graph), body).status_code == 400


def test_a_wrong_type_in_the_reference_is_refused(start):
    graph = start()
    kind = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
    wrong = setting("assignmentRequestCreated", graph.NOTIFY, kind)
    answer = graph.send(
        "PUT", path_of(graph), {**whole(graph), "customExtensionStageSettings": [wrong]}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"id": "4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e08"},
        {"unknown": 1},
        {"catalog": {}},
        {"displayName": None},
        {"accessPackage": {"id": "00000000-0000-0000-0000-000000000001"}},
        {"customExtensionStageSettings": {}},
        {"customExtensionStageSettings": [1]},
        {"customExtensionStageSettings": [{"stage": "assignmentRequestCreated"}]},
    ],
)
def test_bad_policies_are_refused(start, change):
    graph = start()
    assert graph.send("PUT", path_of(graph), {**whole(graph), **change}).status_code == 400


@pytest.mark.parametrize(
    "name", ["displayName", "questions", "reviewSettings", "specificAllowedTargets"]
)
def test_a_policy_must_be_whole(start, name):
    graph = start()
    body = whole(graph)
    del body[name]
    assert graph.send("PUT", path_of(graph), body).status_code == 400


def test_a_missing_access_package_has_its_own_code(start):
    graph = start()
    body = whole(graph)
    del body["accessPackage"]
    answer = graph.send("PUT", path_of(graph), body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ArgumentNullException")


def test_an_unknown_policy_is_404(start):
    graph = start()
    assert graph.get("/assignmentPolicies/none").status_code == 404
    assert graph.send("PUT", "/assignmentPolicies/none", {}).status_code == 404
