"""Objects that a client creates and deletes itself: catalogs, access packages, policies
(docs/graph.md §1.1, §7.5).
"""

import json
from pathlib import Path

import pytest

from reconciler.sandbox.store import Store
from tests.sandbox.policies import (
    AUDIT,
    EXPIRY_TYPE,
    NOTIFY,
    PACKAGE,
    UNKNOWN,
    beta,
    body_of,
    put,
    rich_policy,
    seed,
    setting,
    whole,
)

PACKAGES, POLICIES = "/accessPackages", "/assignmentPolicies"
READ_ONLY = "loopback-read-only-token-not-secret"
EXAMPLES = sorted(
    (Path(__file__).parents[2].parent / "shared" / "policies").glob("*.post.json"),
)
V1_EXAMPLES = [file for file in EXAMPLES if "beta" not in file.stem]


def package_body(graph, **changes):
    return {"displayName": "Probe", "catalog": {"id": graph.MARKETING}, **changes}


def policy_body(package, **changes):
    """A policy with every member that a client can send."""
    return {
        **{name: value for name, value in rich_policy().items() if name != "id"},
        "accessPackage": {"id": package},
        "customExtensionStageSettings": [],
        **changes,
    }


def made(answer):
    assert answer.status_code == 201, answer.text
    return answer.json()


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def own_tree(graph, request_body):
    """A catalog with an extension, an access package, and a policy that calls the extension."""
    catalog = made(graph.send("POST", "/catalogs", {"displayName": "live"}))["id"]
    extension = graph.create(request_body, catalog)["id"]
    package = made(graph.send("POST", PACKAGES, package_body(graph, catalog={"id": catalog})))["id"]
    settings = [setting("assignmentRequestCreated", extension)]
    body = policy_body(package, customExtensionStageSettings=settings)
    policy = made(graph.send("POST", POLICIES, body))["id"]
    paths = (f"{POLICIES}/{policy}", f"{PACKAGES}/{package}")
    return [*paths, graph.extensions(catalog, extension), f"/catalogs/{catalog}"]


def test_a_package_is_created_in_its_catalog(start):
    graph = start()
    body = package_body(graph, description="for a probe", isHidden=True)
    created = made(graph.send("POST", PACKAGES, body))
    assert "accessPackages/$entity" in created.pop("@odata.context")
    assert {name: created[name] for name in body if name != "catalog"} == {
        name: body[name] for name in body if name != "catalog"
    }
    expanded = graph.get(f"{PACKAGES}/{created['id']}", params={"$expand": "catalog"}).json()
    assert expanded.pop("@odata.context") and expanded.pop("catalog")["id"] == graph.MARKETING
    assert expanded == created
    params = {"$expand": "accessPackages"}
    (shown,) = graph.get(f"/catalogs/{graph.MARKETING}", params=params).json()["accessPackages"]
    assert shown == created


def test_a_package_of_a_name_alone_is_not_hidden(start):
    graph = start()
    body = package_body(graph, catalog={"id": graph.MARKETING.upper()})
    created = made(graph.send("POST", PACKAGES, body))
    assert (created["isHidden"], created["description"]) == (False, None)
    found = graph.every(PACKAGES, params={"$filter": f"catalog/id eq '{graph.MARKETING}'"})
    assert [package["id"] for package in found] == [created["id"]]


@pytest.mark.parametrize(
    ("kept", "of_empty", "of_null"),
    [("as_sent", "", None), ("null", None, None), ("empty", "", "")],
)
def test_what_is_kept_of_an_empty_description_of_a_package(start, kept, of_empty, of_null):
    graph = start(f"empty_text={kept}")
    for name, sent, expected in ("a", "", of_empty), ("b", None, of_null), ("c", "text", "text"):
        body = package_body(graph, displayName=name, description=sent)
        assert made(graph.send("POST", PACKAGES, body))["description"] == expected


def test_the_case_of_an_id_does_not_count(start, request_body):
    graph = start()
    extension = graph.create(request_body)["id"].upper()
    body = package_body(graph, catalog={"id": graph.MARKETING.upper()})
    package = made(graph.send("POST", PACKAGES, body))["id"].upper()
    settings = [setting("assignmentRequestCreated", extension)]
    body = policy_body(package, customExtensionStageSettings=settings)
    policy = made(graph.send("POST", POLICIES, body))["id"].upper()
    assert graph.send("DELETE", graph.extensions(extension=extension)).status_code == 400
    for path in (
        f"{POLICIES}/{policy}",
        f"{PACKAGES}/{package}",
        graph.extensions(extension=extension),
        f"/catalogs/{graph.MARKETING.upper()}",
    ):
        assert graph.send("DELETE", path).status_code == 204


@pytest.mark.parametrize(
    "changes",
    [
        {"displayName": " "},
        {"displayName": None},
        {"description": 1},
        {"isHidden": "false"},
        {"catalog": None},
        {"catalog": {}},
        {"catalog": {"id": "none"}},
        {"catalog": {"id": UNKNOWN, "displayName": "x"}},
        {"id": UNKNOWN},
        {"createdDateTime": "2026-01-15T08:30:00Z"},
        {"resourceRoleScopes": []},
    ],
)
def test_a_bad_package_is_refused(start, changes):
    graph = start()
    answer = graph.send("POST", PACKAGES, package_body(graph, **changes))
    assert code_of(answer) == (400, "InvalidModel")
    assert len(graph.every(PACKAGES)) == 1


@pytest.mark.parametrize("missing", ["displayName", "catalog"])
def test_a_package_without_a_required_member_is_refused(start, missing):
    graph = start()
    body = package_body(graph)
    del body[missing]
    assert code_of(graph.send("POST", PACKAGES, body)) == (400, "InvalidModel")


def test_a_package_of_an_unknown_catalog_is_404(start):
    graph = start()
    answer = graph.send("POST", PACKAGES, package_body(graph, catalog={"id": UNKNOWN}))
    assert code_of(answer) == (404, "ResourceNotFound")


def test_a_name_is_unique_among_the_packages_of_a_catalog(start):
    graph = start()
    first = made(graph.send("POST", PACKAGES, package_body(graph)))
    for name in ("Probe", "PROBE"):
        answer = graph.send("POST", PACKAGES, package_body(graph, displayName=name))
        assert code_of(answer) == (409, "DuplicateAccessPackage")
    made(graph.send("POST", PACKAGES, package_body(graph, catalog={"id": graph.FINANCE})))
    assert graph.send("DELETE", f"{PACKAGES}/{first['id']}").status_code == 204
    assert made(graph.send("POST", PACKAGES, package_body(graph)))["id"] != first["id"]


def test_a_package_with_policies_is_not_deleted(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy()))
    assert code_of(graph.send("DELETE", f"{PACKAGES}/{PACKAGE}")) == (400, "BadRequest")
    assert graph.get(f"{PACKAGES}/{PACKAGE}").status_code == 200


def test_what_a_client_created_it_deletes_from_the_inside_out(start, request_body):
    graph = start()
    before = {path: graph.every(path) for path in ("/catalogs", PACKAGES, POLICIES)}
    policy, package, extension, catalog = own_tree(graph, request_body)
    assert graph.send("DELETE", extension).status_code == 400
    for path in (policy, package, extension, catalog):
        deleted = graph.send("DELETE", path)
        assert (deleted.status_code, deleted.content) == (204, b"")
        for method in ("GET", "DELETE"):
            assert code_of(graph.send(method, path)) == (404, "ResourceNotFound")
    for path, objects in before.items():
        ids = sorted(each["id"] for each in graph.every(path))
        assert ids == sorted(each["id"] for each in objects)


def test_a_new_policy_is_read_as_it_was_sent(start, tmp_path):
    graph = start(seed=seed(tmp_path))
    settings = [setting("assignmentRequestCreated", NOTIFY)]
    body = policy_body(PACKAGE.upper(), customExtensionStageSettings=settings)
    created = made(graph.send("POST", POLICIES, body))
    assert "assignmentPolicies/$entity" in created["@odata.context"]
    assert not {"accessPackage", "customExtensionStageSettings", "questions"} & set(created)
    read = whole(graph, f"{POLICIES}/{created['id']}")
    assert read["accessPackage"]["id"] == PACKAGE
    (called,) = read["customExtensionStageSettings"]
    assert (called["stage"], called["customExtension"]["id"]) == (settings[0]["stage"], NOTIFY)
    sent = {name: body[name] for name in body if name in created}
    assert {name: created[name] for name in sent} == sent
    expanded = graph.get(f"{PACKAGES}/{PACKAGE}", params={"$expand": "assignmentPolicies"}).json()
    assert [policy["id"] for policy in expanded["assignmentPolicies"]] == [created["id"]]
    answer = put(graph, body_of(read, description="changed"), f"{POLICIES}/{created['id']}")
    assert answer.json()["description"] == "changed"


def test_every_id_in_a_new_policy_is_the_services(start, tmp_path):
    graph = start("setting_ids=keep", "question_ids=keep", seed=seed(tmp_path))
    settings = [{**setting("assignmentRequestCreated"), "id": UNKNOWN}]
    body = policy_body(PACKAGE, customExtensionStageSettings=settings)
    read = whole(graph, f"{POLICIES}/{made(graph.send('POST', POLICIES, body))['id']}")
    given = {question["id"] for question in body["questions"]} | {UNKNOWN}
    answered = [*read["questions"], *read["customExtensionStageSettings"]]
    assert not given & {each["id"] for each in answered}
    assert [question["text"] for question in read["questions"]] == ["Where?", "Why?"]


@pytest.mark.parametrize("file", V1_EXAMPLES, ids=lambda file: file.stem)
def test_every_documented_body_of_a_create_is_accepted(start, tmp_path, file):
    graph = start(seed=seed(tmp_path))
    body = {**json.loads(file.read_text("utf-8")), "accessPackage": {"id": PACKAGE}}
    path = f"{POLICIES}/{made(graph.send('POST', POLICIES, body))['id']}"
    read = whole(graph, path)
    plain = set(body) - {"questions", "accessPackage"}
    assert {name: read[name] for name in plain} == {name: body[name] for name in plain}
    assert put(graph, body_of(read), path).status_code == 200
    assert beta(graph, path.replace(POLICIES, "/accessPackageAssignmentPolicies")).is_success


def test_members_that_a_create_omits_are_null_or_empty(start, tmp_path):
    graph = start(seed=seed(tmp_path))
    body = {
        "displayName": "bare",
        "description": None,
        "allowedTargetScope": "notSpecified",
        "accessPackage": {"id": PACKAGE},
    }
    created = made(graph.send("POST", POLICIES, body))
    assert created["specificAllowedTargets"] == []
    assert created["reviewSettings"] is created["requestorSettings"] is None
    read = whole(graph, f"{POLICIES}/{created['id']}")
    assert read["questions"] == read["customExtensionStageSettings"] == []


@pytest.mark.parametrize("reference", [None, {}, {"id": None}, PACKAGE])
def test_a_policy_without_its_package_is_refused_as_graph_does(start, tmp_path, reference):
    graph = start(seed=seed(tmp_path))
    answer = graph.send("POST", POLICIES, policy_body(PACKAGE, accessPackage=reference))
    assert code_of(answer) == (400, "ArgumentNullException")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": UNKNOWN},
        {"displayName": ""},
        {"unknown": 1},
        {"createdDateTime": "2026-01-15T08:30:00Z"},
        {"betaOnly": {}},
        {"accessPackage": {"id": "none"}},
        {"allowedTargetScope": "unknownFutureValue"},
        {"expiration": {"type": "never"}},
        {"questions": None},
        {"customExtensionStageSettings": [setting("assignmentRequestCreated", UNKNOWN)]},
        {"customExtensionStageSettings": [setting("assignmentRequestCreated", kind=EXPIRY_TYPE)]},
        {"customExtensionStageSettings": [setting("assignmentOneDayBeforeExpiration")]},
        {"customExtensionStageSettings": [setting("unknown")]},
    ],
)
def test_a_bad_policy_is_refused(start, tmp_path, changes):
    graph = start("extra_properties=true", seed=seed(tmp_path))
    answer = graph.send("POST", POLICIES, policy_body(PACKAGE, **changes))
    assert code_of(answer) == (400, "InvalidModel")
    assert graph.every(POLICIES) == []


@pytest.mark.parametrize("missing", ["displayName", "description", "allowedTargetScope"])
def test_a_policy_without_a_member_of_every_example_is_refused(start, tmp_path, missing):
    graph = start(seed=seed(tmp_path))
    body = policy_body(PACKAGE)
    del body[missing]
    assert code_of(graph.send("POST", POLICIES, body)) == (400, "InvalidModel")


def test_a_policy_of_an_unknown_package_is_404(start):
    answer = start().send("POST", POLICIES, policy_body(UNKNOWN))
    assert code_of(answer) == (404, "ResourceNotFound")


@pytest.mark.parametrize(("switch", "status"), [("accept", 201), ("refuse", 400)])
def test_several_extensions_at_one_stage_of_a_new_policy(start, tmp_path, switch, status):
    graph = start(f"several_at_stage={switch}", seed=seed(tmp_path))
    settings = [setting("assignmentRequestCreated", each) for each in (NOTIFY, AUDIT)]
    body = policy_body(PACKAGE, customExtensionStageSettings=settings)
    assert graph.send("POST", POLICIES, body).status_code == status


def test_a_create_is_never_altered(start, tmp_path):
    graph = start("policy_put_alters=true", seed=seed(tmp_path))
    body = policy_body(PACKAGE)
    assert (
        made(graph.send("POST", POLICIES, body))["requestorSettings"] == (body["requestorSettings"])
    )


def test_an_extension_is_free_when_the_policy_is_deleted(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy()))
    assert graph.send("DELETE", graph.extensions(extension=AUDIT, catalog=graph.FINANCE)).is_error
    assert graph.send("DELETE", f"{POLICIES}/{graph.POLICY}").status_code == 204
    assert graph.every(POLICIES) == []
    assert graph.send("DELETE", graph.extensions(graph.FINANCE, AUDIT)).status_code == 204


@pytest.mark.parametrize("switch", ["accept", "refuse"])
def test_a_catalog_with_packages_is_not_deleted(start, switch):
    graph = start(f"delete_catalog_with_extensions={switch}")
    assert code_of(graph.send("DELETE", f"/catalogs/{graph.FINANCE}")) == (400, "BadRequest")
    assert len(graph.every(graph.extensions(graph.FINANCE))) == 3


@pytest.mark.parametrize(("switch", "status", "left"), [("accept", 204, 0), ("refuse", 400, 1)])
def test_a_catalog_with_extensions_may_be_deleted(start, request_body, switch, status, left):
    graph = start(f"delete_catalog_with_extensions={switch}")
    created = graph.create(request_body)
    assert graph.send("DELETE", f"/catalogs/{graph.MARKETING}").status_code == status
    with Store(graph.database) as store:
        assert len(store.extensions(graph.MARKETING)) == left
    answer = graph.get(graph.extensions(extension=created["id"]))
    assert answer.status_code == (200 if left else 404)


def test_a_catalog_name_is_free_again_after_the_delete(start):
    graph = start("unique_catalog_names=true", "lag_reads=3")
    assert graph.send("DELETE", f"/catalogs/{graph.MARKETING}").status_code == 204
    made(graph.send("POST", "/catalogs", {"displayName": "Marketing"}))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PACKAGES),
        ("POST", POLICIES),
        ("DELETE", f"{PACKAGES}/{PACKAGE}"),
        ("DELETE", f"{POLICIES}/4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e07"),
        ("DELETE", "/catalogs/32efb28c-9a7a-446c-986b-ca6528c6669d"),
    ],
)
def test_a_read_only_token_neither_creates_nor_deletes(start, method, path):
    graph = start(token=READ_ONLY)
    assert code_of(graph.send(method, path, {})) == (403, "UnAuthorized")


def shown(graph, path, identity, reads):
    """What as many reads of an object return, alternately of itself and of the list: S or -."""
    seen = ""
    for read in range(reads):
        if read % 2:
            is_there = identity in {each["id"] for each in graph.every(path)}
        else:
            is_there = graph.get(f"{path}/{identity}").is_success
        seen += "S" if is_there else "-"
    return seen


@pytest.mark.parametrize(
    ("pairs", "seen"),
    [
        ((), "SSSS"),
        (("lag_reads=2",), "--SSS"),
        (("lag_reads=1", "views=2"), "-S-SSS"),
    ],
)
@pytest.mark.parametrize("path", ["/catalogs", PACKAGES, POLICIES])
def test_creates_and_deletes_lag(start, tmp_path, path, pairs, seen):
    graph = start(*pairs, seed=seed(tmp_path))
    body = {
        "/catalogs": {"displayName": "live"},
        PACKAGES: package_body(graph, catalog={"id": graph.FINANCE}),
        POLICIES: policy_body(PACKAGE),
    }[path]
    identity = made(graph.send("POST", path, body))["id"]
    assert shown(graph, path, identity, len(seen)) == seen
    assert graph.send("DELETE", f"{path}/{identity}").status_code == 204
    assert code_of(graph.send("DELETE", f"{path}/{identity}")) == (404, "ResourceNotFound")
    vanishes = seen.translate(str.maketrans("S-", "-S"))
    assert shown(graph, path, identity, len(seen)) == vanishes


def test_extensions_that_go_with_their_catalog_lag_too(start, request_body):
    graph = start("lag_reads=4", "delete_catalog_with_extensions=accept")
    created = graph.create(request_body)["id"]
    for _ in range(4):
        graph.get(graph.extensions(extension=created))
    assert graph.send("DELETE", f"/catalogs/{graph.MARKETING}").status_code == 204
    item = graph.extensions(extension=created)
    assert [graph.get(item).status_code for _ in range(5)] == [200] * 4 + [404]


def test_what_refers_to_a_new_object_may_be_404_at_first(start):
    graph = start("lag_reads=1")
    catalog = made(graph.send("POST", "/catalogs", {"displayName": "live"}))["id"]
    body = package_body(graph, catalog={"id": catalog})
    assert code_of(graph.send("POST", PACKAGES, body)) == (404, "ResourceNotFound")
    package = made(graph.send("POST", PACKAGES, body))["id"]
    answer = graph.send("POST", POLICIES, policy_body(package))
    assert code_of(answer) == (404, "ResourceNotFound")
    made(graph.send("POST", POLICIES, policy_body(package)))


def test_nothing_is_created_in_what_reads_still_show_although_it_is_deleted(
    start, tmp_path, request_body
):
    graph = start("lag_reads=9", "delete_catalog_with_extensions=accept", seed=seed(tmp_path))
    catalog = f"/catalogs/{graph.FINANCE}"
    for path in (f"{PACKAGES}/{PACKAGE}", catalog):
        assert graph.send("DELETE", path).status_code == 204
    for path, body in (
        (graph.extensions(graph.FINANCE), request_body),
        (PACKAGES, package_body(graph, catalog={"id": graph.FINANCE})),
        (POLICIES, policy_body(PACKAGE)),
    ):
        assert code_of(graph.send("POST", path, body)) == (404, "ResourceNotFound")
    for path in (f"{PACKAGES}/{PACKAGE}", catalog):
        assert graph.get(path).status_code == 200


def test_a_package_name_that_another_process_is_writing_is_taken(start):
    graph = start()
    theirs = package_body(graph, id="11111111-0000-4000-8000-000000000001")
    with Store(graph.database) as other, other.writing():
        other.add("accessPackage", theirs, graph.MARKETING)
        graph.send_too_early("POST", PACKAGES, package_body(graph))
    params = {"$filter": "displayName eq 'Probe'"}
    assert [found["id"] for found in graph.every(PACKAGES, params=params)] == [theirs["id"]]
