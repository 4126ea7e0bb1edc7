"""Any policy can be seeded, and is read as it is (docs/graph.md §7.2)."""

import json
from pathlib import Path

import pytest

from reconciler.sandbox.errors import SeedError
from reconciler.sandbox.store import Store
from tests.sandbox.policies import (
    ALL,
    AUDIT,
    ITEM,
    NOTIFY,
    PACKAGE,
    POLICY,
    UNKNOWN,
    body_of,
    put,
    rich_policy,
    seed,
    setting,
    whole,
)

BODIES = sorted((Path(__file__).parents[2].parent / "shared" / "policies").glob("*.json"))
REFERENCES = {"accessPackage", "accessPackageId", "catalog", "customExtensionStageSettings"}
ODD_SETTINGS = [
    setting("assignmentRequestDeterminingApprovalRequirements"),
    setting("unknownFutureValue"),
    {"stage": "assignmentRequestCreated"},
    {"stage": "assignmentRequestCreated", "customExtension": None},
    setting("assignmentRequestCreated", None),
    {"customExtension": {"id": NOTIFY}, "priority": 3},
    setting("assignmentRequestApproved", NOTIFY),
    setting("assignmentRequestApproved", AUDIT),
    setting("assignmentRequestRemoved", UNKNOWN),
]


def stripped(policy, *more):
    """The policy without its references, the annotations of an answer and the ids of questions."""
    left_out = {*REFERENCES, "@odata.context", "id", "createdDateTime", "modifiedDateTime", *more}
    return {name: value for name, value in policy.items() if name not in left_out}


@pytest.mark.skipif(not BODIES, reason="the bodies are not here")
@pytest.mark.parametrize("file", BODIES, ids=lambda file: file.stem)
def test_every_body_can_be_seeded_and_is_read_as_it_is(start, tmp_path, file):
    given = json.loads(file.read_text(encoding="utf-8"))
    if "accessPackageId" not in given:
        given["accessPackage"] = {"id": PACKAGE}
    (listed,) = start(seed=seed(tmp_path, given)).every(
        "/assignmentPolicies", params={"$expand": ALL}
    )
    assert stripped(listed, "questions") == stripped(given, "questions")
    assert len(listed["questions"]) == len(given.get("questions", []))
    assert listed["accessPackage"]["id"] in (PACKAGE, given.get("accessPackageId"))


def test_a_rich_policy_is_read_as_it_is(start, tmp_path):
    given = rich_policy(serviceTag={"ring": 3, "notes": [None, ""]})
    read = whole(start(seed=seed(tmp_path, given)))
    assert stripped(read) == stripped(given)
    (called,) = read["customExtensionStageSettings"]
    assert called["customExtension"]["displayName"] == "audit"


def test_an_answer_can_be_seeded_with_what_it_was_expanded_to(start, tmp_path):
    read = whole(start(seed=seed(tmp_path, rich_policy())))
    again = start(seed=seed(tmp_path, read), database=tmp_path / "again.sqlite3")
    expected = {**read, "@odata.context": ""}
    assert {**whole(again), "@odata.context": ""} == expected


def test_the_access_package_can_be_named_as_in_beta(start, tmp_path):
    given = rich_policy(accessPackageId=PACKAGE.upper())
    del given["accessPackage"]
    graph = start(seed=seed(tmp_path, given))
    read = whole(graph)
    assert read["accessPackage"]["displayName"] == "Ledger"
    assert "accessPackageId" not in read
    (package,) = graph.every("/accessPackages", params={"$expand": "assignmentPolicies"})
    assert [policy["id"] for policy in package["assignmentPolicies"]] == [POLICY]


def test_what_only_an_answer_adds_is_not_part_of_the_policy(start, tmp_path):
    answered = rich_policy(**{"@odata.context": "https://graph.example/$metadata", "catalog": {}})
    graph = start(seed=seed(tmp_path, answered))
    (listed,) = graph.every("/assignmentPolicies")
    assert not {"@odata.context", "catalog"} & set(listed)
    assert put(graph, body_of(whole(graph), catalog={})).status_code == 400
    assert put(graph, {**body_of(whole(graph)), "@odata.context": "x"}).status_code == 400


@pytest.mark.parametrize("odd", ODD_SETTINGS, ids=lambda odd: json.dumps(odd)[:60])
def test_an_odd_stage_setting_is_shown_as_the_seed_has_it(start, tmp_path, odd):
    given = rich_policy(customExtensionStageSettings=[odd])
    (shown,) = whole(start(seed=seed(tmp_path, given)))["customExtensionStageSettings"]
    assert shown.pop("id")
    reference = odd.get("customExtension")
    if reference and reference.get("id") in (NOTIFY, AUDIT):
        assert shown.pop("customExtension")["id"] == reference["id"]
        odd = {name: value for name, value in odd.items() if name != "customExtension"}
    assert shown == odd


def test_odd_stage_settings_do_not_hide_which_extensions_are_in_use(start, tmp_path):
    given = rich_policy(customExtensionStageSettings=ODD_SETTINGS)
    graph = start(seed=seed(tmp_path, given))
    shown = whole(graph)["customExtensionStageSettings"]
    assert len({each["id"] for each in shown}) == len(shown) == len(ODD_SETTINGS)
    for extension in (NOTIFY, AUDIT):
        assert graph.send("DELETE", graph.extensions(graph.FINANCE, extension)).status_code == 400


def test_questions_are_any_list_and_objects_among_them_have_ids(start, tmp_path):
    questions = ["what?", None, {"text": "Why?"}, [1]]
    graph = start(seed=seed(tmp_path, rich_policy(questions=questions)))
    shown = whole(graph)["questions"]
    assert shown[2].pop("id")
    assert shown == questions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"questions": {}}, ["policies[0]/questions", "array"]),
        ({"customExtensionStageSettings": {}}, ["policies[0]/customExtensionStageSettings"]),
        ({"customExtensionStageSettings": [1]}, ["customExtensionStageSettings[0]", "object"]),
        ({"customExtensionStageSettings": [{"id": "x"}]}, ["Settings[0]/id", "GUID"]),
        ({"customExtensionStageSettings": [{"stage": 1}]}, ["Settings[0]/stage", "string"]),
        (
            {"customExtensionStageSettings": [{"customExtension": {"id": "x"}}]},
            ["Settings[0]/customExtension/id", "GUID"],
        ),
        ({"betaOnly": []}, ["policies[0]/betaOnly", "object"]),
        ({"accessPackage": {}}, ["policies[0]/accessPackage/id", "required"]),
        ({"accessPackage": None}, ["policies[0]/accessPackage", "object"]),
        ({"displayName": None}, ["policies[0]/displayName"]),
    ],
)
def test_a_policy_that_cannot_be_seeded_is_named_with_its_place(tmp_path, changes, words):
    with pytest.raises(SeedError) as caught:
        Store(tmp_path / "s", seed=seed(tmp_path, rich_policy(**changes)))
    assert all(word in str(caught.value) for word in words)


def test_a_policy_must_say_which_access_package_it_is_in(tmp_path):
    given = rich_policy()
    del given["accessPackage"]
    with pytest.raises(SeedError, match=r"policies\[0\]/accessPackage"):
        Store(tmp_path / "s", seed=seed(tmp_path, given))
    with pytest.raises(SeedError, match=r"policies\[0\]/accessPackageId"):
        Store(tmp_path / "s", seed=seed(tmp_path, {**given, "accessPackageId": "x"}))


def test_selected_members_and_expanded_ones_are_shown(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy()))
    options = {"$select": "id,expiration", "$expand": "questions"}
    for read in (
        graph.get(ITEM, params=options).json(),
        *graph.every("/assignmentPolicies", params=options),
    ):
        assert set(read) - {"@odata.context"} == {"id", "expiration", "questions"}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (f"accessPackage/id eq '{PACKAGE}'", ["Employees"]),
        (f"accessPackage/id eq '{UNKNOWN}'", ["Elsewhere"]),
        ("displayName eq 'Employees'", ["Employees"]),
        (f"accessPackage/id eq '{PACKAGE}' and displayName eq 'Elsewhere'", []),
    ],
)
def test_policies_are_found_by_package_and_by_name(start, tmp_path, expression, names):
    elsewhere = {"displayName": "Elsewhere", "accessPackage": {"id": UNKNOWN}}
    graph = start(seed=seed(tmp_path, rich_policy(), elsewhere))
    listed = graph.every("/assignmentPolicies", params={"$filter": expression})
    assert [policy["displayName"] for policy in listed] == names
    strict = start("filter_policies=refuse", database=graph.database)
    assert strict.get("/assignmentPolicies", params={"$filter": expression}).status_code == 400
    assert len(strict.every("/assignmentPolicies")) == 2


@pytest.mark.parametrize(
    "expression", [f"accessPackage/id eq {PACKAGE}", "accessPackage/displayName eq 'Ledger'"]
)
def test_no_other_expression_finds_policies(start, expression):
    params = {"$filter": expression}
    assert start().get("/assignmentPolicies", params=params).status_code == 400


def test_the_list_of_access_packages_can_show_no_policies(start):
    graph = start("policies_of_package=empty")
    (package,) = graph.every("/accessPackages", params={"$expand": "assignmentPolicies"})
    assert package["assignmentPolicies"] == []
    assert len(graph.every("/assignmentPolicies")) == 1


DEAD = [
    *(
        (method, f"{ITEM}/customExtensionStageSettings{below}")
        for method in ("GET", "POST", "PATCH", "DELETE")
        for below in ("", f"/{UNKNOWN}", f"/{UNKNOWN}/customExtension")
    ),
    ("GET", f"/accessPackages/{PACKAGE}/assignmentPolicies"),
    ("GET", f"/accessPackages/{PACKAGE}/assignmentPolicies/{POLICY}"),
    ("GET", f"{ITEM}/questions"),
    ("POST", f"{ITEM}/questions"),
    ("GET", f"{ITEM}/accessPackage"),
    ("GET", f"{ITEM}/catalog"),
    ("POST", f"/accessPackages/{PACKAGE}/assignmentPolicies"),
    ("PATCH", ITEM),
]


@pytest.mark.parametrize(("method", "path"), DEAD)
def test_generated_routes_are_dead(start, method, path):
    answer = start().send(method, path, {} if method in ("POST", "PATCH") else None)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("No HTTP resource was found")
