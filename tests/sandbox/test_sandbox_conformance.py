"""What the routes answer conforms to Microsoft's metadata (the reconstructed OpenAPI subset with
PUT).
"""

import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker

from tests.sandbox.policies import ITEM as RICH
from tests.sandbox.policies import PACKAGE, body_of, rich_policy, seed

METADATA = (
    Path(__file__).parents[2].parent / "shared" / "graph" / "openapi-entitlement-subset-put.yaml"
)
V1_BODIES = [
    file
    for file in sorted((METADATA.parents[1] / "policies").glob("*.json"))
    if "beta" not in file.stem
]
EXPAND = (
    "accessPackage($expand=catalog),customExtensionStageSettings($expand=customExtension),questions"
)
SETTINGS = [
    (),
    ("timeout_answer=both", "list_order=insertion", "page_size=1"),
    ("timeout_answer=durationBeforeTimeout", "put=merge", "empty_pages=true", "page_size=2"),
    ("lag_reads=1", "list_order=reverse"),
]
# In answers, but not in the subset: pruned from it, or the other timeout name (docs/graph.md §2.4).
UNLISTED = {
    "@odata.context",
    "@odata.nextLink",
    "accessPackages",
    "assignmentPolicies",
    "durationBeforeTimeout",
}

pytestmark = pytest.mark.skipif(not METADATA.exists(), reason="Microsoft's metadata is not here")

CALLBACK = "microsoft.graph.customExtensionCallbackConfiguration"


@cache
def metadata():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(METADATA.read_text(encoding="utf-8"), Loader=loader)
    for schema in document["components"]["schemas"].values():
        # A derived type refers to its root, whose discriminator leads back: the validator would
        # turn in circles. `check` looks at the concrete type instead.
        schema.pop("discriminator", None)
    return document


@cache
def validator(name):
    schema = {"$ref": f"#/components/schemas/{name}", "components": metadata()["components"]}
    return OAS30Validator(schema, format_checker=oas30_format_checker)


def listed(name):
    """The members of a schema and of those that it extends."""
    schema = metadata()["components"]["schemas"][name]
    found = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        found |= (
            listed(part["$ref"].rpartition("/")[2])
            if "$ref" in part
            else set(part.get("properties", {}))
        )
    return found


def check(payload, name, *, strict):
    """Valid as the declared schema, and every typed object inside as the concrete one of its
    discriminator.
    """
    problems = [error.message for error in validator(name).iter_errors(payload)]
    assert not problems, (name, problems)
    if strict and isinstance(payload, dict) and name.startswith("microsoft.graph."):
        assert set(payload) <= listed(name) | UNLISTED, name
    check_inside(payload, strict=strict)


def check_inside(value, *, strict):
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        kind = inner.get("@odata.type", "").removeprefix("#") if isinstance(inner, dict) else ""
        if kind:
            check(inner, kind, strict=strict)
        else:
            check_inside(inner, strict=strict)


def response_schema(method, template):
    """The schema that the metadata declares for the success of an operation."""
    response = metadata()["paths"][f"/identityGovernance/entitlementManagement{template}"][method][
        "responses"
    ]["2XX"]
    if "$ref" in response:
        response = metadata()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    (content,) = response["content"].values()
    return content["schema"]["$ref"].rpartition("/")[2]


CATALOG = "/catalogs/{accessPackageCatalog-id}"
COLLECTION = f"{CATALOG}/customWorkflowExtensions"
ITEM = f"{COLLECTION}/{{customCalloutExtension-id}}"
POLICY = "/assignmentPolicies/{accessPackageAssignmentPolicy-id}"


def check_answer(answer, method, template, *, strict):
    assert answer.is_success, answer.text
    body = answer.json()
    kind = body.get("@odata.type", "").removeprefix("#")
    check(body, response_schema(method, template), strict=strict and not kind)
    if kind:
        check(body, kind, strict=strict)
    return body


def check_pages(graph, path, template, *, strict, params=None):
    answer, found = graph.get(path, params=params or {}), []
    while True:
        body = check_answer(answer, "get", template, strict=strict)
        found += body["value"]
        if "@odata.nextLink" not in body:
            return found
        answer = graph.get(body["@odata.nextLink"])


@pytest.mark.parametrize("extra", ["false", "true"])
@pytest.mark.parametrize("pairs", SETTINGS)
def test_success_answers_conform(start, request_body, expiry_body, pairs, extra):
    graph = start(*pairs, f"extra_properties={extra}")
    strict = extra == "false"
    bodies = (
        {**expiry_body},
        {
            **expiry_body,
            "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        },
        {
            **expiry_body,
            "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
            "callbackConfiguration": {"timeoutDuration": "PT1H"},
            "clientConfiguration": {"timeoutInMilliseconds": 300},
            "description": None,
        },
    )
    for body in bodies:
        made = graph.send("POST", graph.extensions(), body)
        item = graph.extensions(
            extension=check_answer(made, "post", COLLECTION, strict=strict)["id"]
        )
        graph.get(item)  # with lag_reads=1 the first read is still a 404
        check_answer(graph.get(item), "get", ITEM, strict=strict)
        check_answer(graph.send("PUT", item, body), "put", ITEM, strict=strict)
    assert len(check_pages(graph, graph.extensions(graph.FINANCE), COLLECTION, strict=strict)) == 3
    counted = int(graph.get(f"{graph.extensions()}/$count").text)
    assert not list(validator(response_schema("get", f"{COLLECTION}/$count")).iter_errors(counted))


@pytest.mark.parametrize("extra", ["false", "true"])
@pytest.mark.parametrize("pairs", SETTINGS)
def test_catalogs_and_policies_conform(start, pairs, extra):
    graph = start(*pairs, f"extra_properties={extra}")
    strict = extra == "false"
    made = graph.send("POST", "/catalogs", {"displayName": "Legal"})
    path = f"/catalogs/{check_answer(made, 'post', '/catalogs', strict=strict)['id']}"
    assert graph.send("PATCH", path, {"state": "unpublished"}).status_code == 204
    graph.get(path)  # with lag_reads=1 the first read is still a 404
    check_answer(graph.get(path), "get", CATALOG, strict=strict)
    everything = {"$expand": "accessPackages,customWorkflowExtensions"}
    check_answer(
        graph.get(f"/catalogs/{graph.FINANCE}", params=everything), "get", CATALOG, strict=strict
    )
    assert len(check_pages(graph, "/catalogs", "/catalogs", strict=strict, params=everything)) == 4
    (package,) = graph.every("/accessPackages", params={"$expand": "catalog,assignmentPolicies"})
    check(package, "microsoft.graph.accessPackage", strict=strict)
    check(package["catalog"], "microsoft.graph.accessPackageCatalog", strict=strict)
    (policy,) = package["assignmentPolicies"]
    check(policy, "microsoft.graph.accessPackageAssignmentPolicy", strict=strict)
    path = f"/assignmentPolicies/{graph.POLICY}"
    for params in ({}, {"$expand": EXPAND}):
        check_pages(
            graph, "/assignmentPolicies", "/assignmentPolicies", strict=strict, params=params
        )
        body = check_answer(graph.get(path, params=params), "get", POLICY, strict=strict)
    for name in (
        "@odata.context",
        "id",
        "createdDateTime",
        "modifiedDateTime",
        "customExtensionStageSettings",
    ):
        del body[name]
    body["accessPackage"] = {"id": body["accessPackage"]["id"]}
    check_answer(graph.send("PUT", path, body), "put", POLICY, strict=strict)


def test_a_rich_policy_conforms_before_and_after_a_put(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy()))
    for _ in range(2):
        read = check_answer(graph.get(RICH, params={"$expand": EXPAND}), "get", POLICY, strict=True)
        answer = graph.send("PUT", RICH, body_of(read))
        check_answer(answer, "put", POLICY, strict=True)


@pytest.mark.parametrize("file", V1_BODIES, ids=lambda file: file.stem)
def test_every_policy_in_the_shape_of_v1_conforms(start, tmp_path, file):
    given = {**json.loads(file.read_text(encoding="utf-8")), "accessPackage": {"id": PACKAGE}}
    graph = start(seed=seed(tmp_path, given))
    (policy,) = check_pages(
        graph, "/assignmentPolicies", "/assignmentPolicies", strict=True, params={"$expand": EXPAND}
    )
    assert policy["displayName"] == given["displayName"]


@pytest.mark.parametrize("extra", ["false", "true"])
@pytest.mark.parametrize("pairs", SETTINGS)
def test_a_created_access_package_conforms(start, pairs, extra):
    graph = start(*pairs, f"extra_properties={extra}")
    strict = extra == "false"
    body = {"displayName": "Probe", "catalog": {"id": graph.MARKETING}}
    made = graph.send("POST", "/accessPackages", body)
    check(made.json(), "microsoft.graph.accessPackage", strict=strict)
    path = f"/accessPackages/{made.json()['id']}"
    graph.get(path)  # with lag_reads=1 the first read is still a 404
    read = graph.get(path, params={"$expand": "catalog,assignmentPolicies"})
    assert read.status_code == 200
    check(read.json(), "microsoft.graph.accessPackage", strict=strict)
    assert graph.send("DELETE", path).status_code == 204


@pytest.mark.parametrize("file", [file for file in V1_BODIES if ".post." in file.name])
@pytest.mark.parametrize("extra", ["false", "true"])
def test_a_created_policy_conforms(start, tmp_path, file, extra):
    graph = start(f"extra_properties={extra}", seed=seed(tmp_path))
    body = {**json.loads(file.read_text(encoding="utf-8")), "accessPackage": {"id": PACKAGE}}
    check(body, "microsoft.graph.accessPackageAssignmentPolicy", strict=True)
    made = graph.send("POST", "/assignmentPolicies", body)
    created = check_answer(made, "post", "/assignmentPolicies", strict=extra == "false")
    path = f"/assignmentPolicies/{created['id']}"
    read = graph.get(path, params={"$expand": EXPAND})
    check_answer(read, "get", POLICY, strict=extra == "false")
    assert graph.send("DELETE", path).status_code == 204


def test_errors_conform(start, request_body):
    graph = start("rate_limit=10")
    unauthorized = {"Authorization": "Bearer x"}
    answers = [
        graph.get("/catalogs", headers=unauthorized),
        graph.get("/catalogs/x"),
        graph.get("/nothing"),
        graph.send("PATCH", graph.extensions(graph.FINANCE, graph.NOTIFY), {}),
        graph.send("POST", graph.extensions(), {}),
        graph.send("DELETE", graph.extensions(graph.FINANCE, graph.LEGACY)),
        graph.get("/catalogs", params={"$filter": "x"}),
        graph.send("DELETE", f"/catalogs/{graph.FINANCE}"),
        graph.send("POST", "/assignmentPolicies", {}),
        graph.send(
            "POST",
            "/accessPackages",
            {"displayName": "Ledger readers", "catalog": {"id": graph.FINANCE}},
        ),
        graph.get("/catalogs"),
    ]
    statuses = [401, 404, 404, 404, 400, 400, 400, 400, 400, 409, 429]
    assert [answer.status_code for answer in answers] == statuses
    for answer in answers:
        problems = list(
            validator("microsoft.graph.ODataErrors.ODataError").iter_errors(answer.json())
        )
        assert not problems and answer.json()["error"]["innerError"]["client-request-id"]


def test_the_check_itself_refuses_what_does_not_conform(start):
    graph = start()
    item = graph.get(graph.extensions(graph.FINANCE, graph.NOTIFY)).json()
    kind = item["@odata.type"].removeprefix("#")
    for change in (
        {"createdDateTime": "yesterday"},
        {"displayName": 1},
        {"behaviorOnError": None},
        {"endpointConfiguration": {**item["endpointConfiguration"], "url": 5}},
        {"callbackConfiguration": {"timeoutDuration": "1:00:00", "@odata.type": CALLBACK}},
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            check({**item, **change}, kind, strict=True)
