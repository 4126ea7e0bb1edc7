"""The ways to find the policies that call an extension, each of which may show less than there is
(docs/graph.md §7.2).
"""

import json

import pytest

LISTED = "/assignmentPolicies"
EXPANDED = {"$expand": "assignmentPolicies"}
PACKAGES = {"$expand": "accessPackages"}
WITH_CATALOG = {"$expand": "accessPackage($expand=catalog)"}
WAYS = [
    ("policies_listed", "policies"),
    ("policies_of_package", "policies of the package"),
    ("packages_listed", "packages"),
    ("packages_of_catalog", "packages of the catalog"),
]
LEDGER = "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e06"
FINANCE = "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"


@pytest.fixture
def seed(tmp_path):
    """Two catalogs with three access packages each; one package has three policies."""
    packages = [{"displayName": f"p{number}"} for number in range(3)]
    policies = [
        {"displayName": f"a{number}", "accessPackage": {"id": LEDGER}} for number in range(3)
    ]
    catalogs = [
        {
            "id": FINANCE,
            "displayName": "Finance",
            "accessPackages": [{"id": LEDGER, "displayName": "Ledger"}, *packages[:2]],
        },
        {"displayName": "Legal", "accessPackages": packages},
    ]
    file = tmp_path / "seed.json"
    file.write_text(json.dumps({"catalogs": catalogs, "policies": policies}))
    return file


def names(objects):
    return sorted(shown["displayName"] for shown in objects)


def read(graph, what):
    """The answer of one way, and the objects that it shows; None where they are missing from it."""
    path, params, member = {
        "policies": (LISTED, WITH_CATALOG, "value"),
        "policies of the package": (f"/accessPackages/{LEDGER}", EXPANDED, "assignmentPolicies"),
        "packages": ("/accessPackages", {"$filter": f"catalog/id eq '{FINANCE}'"}, "value"),
        "packages of the catalog": (f"/catalogs/{FINANCE}", PACKAGES, "accessPackages"),
    }[what]
    answer = graph.get(path, params=params)
    return answer, answer.json().get(member)


@pytest.mark.parametrize("what", [what for _, what in WAYS])
def test_every_way_shows_everything_by_default(start, seed, what):
    answer, objects = read(start(seed=seed), what)
    assert answer.status_code == 200
    assert names(objects) == (["a0", "a1", "a2"] if "policies" in what else ["Ledger", "p0", "p1"])


@pytest.mark.parametrize(("switch", "what"), WAYS)
def test_a_way_may_show_some_or_nothing(start, seed, switch, what):
    whole = names(read(start(seed=seed), what)[1])
    partial = names(read(start(f"{switch}=partial"), what)[1])
    assert set(partial) < set(whole)
    assert partial
    assert read(start(f"{switch}=empty"), what)[1] == []


@pytest.mark.parametrize("status", ["403", "404"])
@pytest.mark.parametrize(("switch", "what"), WAYS)
def test_a_way_may_be_refused(start, seed, switch, what, status):
    graph = start(f"{switch}={status}", seed=seed)
    answer, _ = read(graph, what)
    assert str(answer.status_code) == status
    assert answer.json()["error"]["code"] in ("UnAuthorized", "ResourceNotFound")


@pytest.mark.parametrize(("switch", "what"), [WAYS[1], WAYS[3]])
def test_what_was_to_be_expanded_may_be_missing(start, seed, switch, what):
    answer, objects = read(start(f"{switch}=absent", seed=seed), what)
    assert (answer.status_code, objects) == (200, None)


@pytest.mark.parametrize(("switch", "what"), WAYS)
def test_each_way_is_switched_on_its_own(start, seed, switch, what):
    graph = start(f"{switch}=403", seed=seed)
    others = [other for _, other in WAYS if other != what]
    assert all(read(graph, other)[0].status_code == 200 for other in others)
    assert graph.get(f"/accessPackages/{LEDGER}").status_code == 200
    policy = start("page_size=1").every(LISTED)[0]["id"]
    assert graph.get(f"{LISTED}/{policy}").status_code == 200


def test_the_extension_stays_in_use_whatever_the_ways_show(start):
    graph = start("policies_listed=empty", "policies_of_package=empty")
    assert graph.send("DELETE", graph.extensions(graph.FINANCE, graph.LEGACY)).status_code == 400


def test_access_packages_show_their_catalog_and_policies_when_asked(start):
    graph = start()
    (plain,) = graph.every("/accessPackages")
    assert (plain["id"], plain["displayName"]) == (LEDGER, "Ledger readers")
    assert not {"catalog", "assignmentPolicies"} & set(plain)
    (expanded,) = graph.every("/accessPackages", params={"$expand": "catalog,assignmentPolicies"})
    assert expanded["catalog"]["id"] == graph.FINANCE
    (policy,) = expanded["assignmentPolicies"]
    assert policy["id"] == graph.POLICY
    assert not {"accessPackage", "customExtensionStageSettings", "questions"} & set(policy)
    assert graph.get(f"/accessPackages/{LEDGER.upper()}").json()["id"] == LEDGER


def test_access_packages_are_found_by_their_catalog(start, seed):
    graph = start("page_size=2", seed=seed)
    assert len(graph.every("/accessPackages")) == 6
    for catalog in (FINANCE, FINANCE.upper()):
        filtered = {"$filter": f"catalog/id eq '{catalog}' and displayName eq 'p1'"}
        assert names(graph.every("/accessPackages", params=filtered)) == ["p1"]
    assert graph.every("/accessPackages", params={"$filter": "catalog/id eq 'none'"}) == []


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/catalogs", {"$filter": "catalog/id eq 'x'"}),
        ("/accessPackages", {"$filter": "catalog/displayName eq 'x'"}),
        ("/accessPackages", {"$filter": "catalog/ eq 'x'"}),
        ("/accessPackages", {"$expand": "accessPackageAssignmentPolicies"}),
        (
            "/accessPackages",
            {"$expand": "assignmentPolicies($expand=customExtensionStageSettings)"},
        ),
    ],
)
def test_what_no_source_shows_is_refused(start, path, params):
    assert start().get(path, params=params).status_code == 400


def test_there_is_no_route_for_the_policies_of_one_package(start):
    answer = start().get(f"/accessPackages/{LEDGER}/assignmentPolicies")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("No HTTP resource was found")


def test_an_unknown_package_is_404(start):
    graph = start()
    assert graph.get("/accessPackages/none").json()["error"]["code"] == "ResourceNotFound"


SEVERAL = "accessPackage,customExtensionStageSettings($expand=customExtension),questions"


@pytest.mark.parametrize(
    ("switch", "status", "members"),
    [
        ("accept", 200, {"accessPackage", "customExtensionStageSettings", "questions"}),
        ("first", 200, {"accessPackage"}),
        ("refuse", 400, set()),
    ],
)
def test_several_navigations_are_expanded_refused_or_only_the_first(start, switch, status, members):
    graph = start(f"combined_expand={switch}")
    for path in (LISTED, f"{LISTED}/{graph.POLICY}"):
        answer = graph.get(path, params={"$expand": SEVERAL})
        assert answer.status_code == status
        body = answer.json()
        (policy,) = body.get("value", [body])
        assert {"accessPackage", "customExtensionStageSettings", "questions"} & set(
            policy
        ) == members


@pytest.mark.parametrize("switch", ["first", "refuse"])
def test_one_navigation_is_always_expanded(start, switch):
    graph = start(f"combined_expand={switch}")
    only = {"$expand": "customExtensionStageSettings($expand=customExtension)"}
    (policy,) = graph.every(LISTED, params=only)
    assert policy["customExtensionStageSettings"][0]["customExtension"]["id"] == graph.LEGACY
