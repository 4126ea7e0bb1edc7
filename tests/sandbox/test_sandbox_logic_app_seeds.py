"""Logic Apps in a seed: completed, kept member by member, refused with their place, and those of
the embedded seed.
"""

import pytest

from reconciler.sandbox.errors import SeedError
from reconciler.sandbox.store import Store
from tests.sandbox.logic_apps import GROUP, NOTIFY, SITE, SUBSCRIPTION, arm, seed

LOGIC = f"{GROUP}/providers/Microsoft.Logic/workflows"
SOD = f"{LOGIC}/la-separation-of-duties"
EXAMPLES = {
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/test/providers/Microsoft.Logic/workflows/elm-extension-email",
    NOTIFY,
    f"{LOGIC}/la-expiry-reminder",
    f"{LOGIC}/la-legacy-audit",
}
ODD = {
    "id": NOTIFY.replace("Microsoft.Logic", "microsoft.logic"),
    "name": "Another",
    "type": "microsoft.logic/Workflows",
    "location": None,
    "tags": None,
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "state": "Suspended",
        "provisioningState": None,
        "accessEndpoint": "https://x.logic.azure.com/workflows/1",
        "accessControl": None,
        "definition": [],
        "future": 1,
    },
}


def test_missing_members_are_added(start, tmp_path):
    logic_app = arm(start(seed=seed(tmp_path, {"id": NOTIFY})), NOTIFY).json()
    address = logic_app["properties"].pop("accessEndpoint")
    assert address.startswith("https://prod-77.westeurope.logic.azure.com:443/workflows/")
    assert logic_app == {
        "id": NOTIFY,
        "name": "la-notify-approvers",
        "type": "Microsoft.Logic/workflows",
        "properties": {"provisioningState": "Succeeded", "state": "Enabled"},
    }


def test_what_is_given_is_kept(start, tmp_path):
    assert arm(start(seed=seed(tmp_path, ODD)), NOTIFY).json() == ODD


def test_the_address_is_the_one_that_graph_computes(start, tmp_path, request_body):
    names = f"{SUBSCRIPTION}/resourceGroups/RG-identity/providers/Microsoft.Logic/workflows/LA-hr"
    identity = f"/subscriptions/{names}"
    graph = start()
    url = graph.create(request_body)["endpointConfiguration"]["url"]
    arms = start(seed=seed(tmp_path, {"id": identity}), database=tmp_path / "other.sqlite3")
    address = arm(arms, identity).json()["properties"]["accessEndpoint"]
    assert url == f"{address}/triggers/manual/paths/invoke?api-version=2016-10-01"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (1, ["logicApps[0]", "object"]),
        ({}, ["logicApps[0]/id", "required"]),
        ({"id": 1}, ["logicApps[0]/id", "Microsoft.Logic/workflows/{name}"]),
        ({"id": NOTIFY[1:]}, ["logicApps[0]/id"]),
        ({"id": f"{NOTIFY}/triggers"}, ["logicApps[0]/id"]),
        ({"id": NOTIFY.replace(SUBSCRIPTION, "sub")}, ["logicApps[0]/id", "{guid}"]),
        ({"id": NOTIFY.replace("workflows", "accounts")}, ["logicApps[0]/id"]),
        ({"id": GROUP}, ["logicApps[0]/id"]),
        ({"id": f"{NOTIFY} 2"}, ["logicApps[0]/id"]),
        ({"id": f"{NOTIFY}\ud800"}, ["logicApps[0]/id"]),
        ({"id": NOTIFY, "name": 1}, ["logicApps[0]/name", "string"]),
        ({"id": NOTIFY, "type": None}, ["logicApps[0]/type", "string"]),
        ({"id": NOTIFY, "location": 1}, ["logicApps[0]/location", "string"]),
        ({"id": NOTIFY, "kind": []}, ["logicApps[0]/kind", "string"]),
        ({"id": NOTIFY, "tags": []}, ["logicApps[0]/tags", "object"]),
        ({"id": NOTIFY, "properties": None}, ["logicApps[0]/properties", "object"]),
    ],
)
def test_a_logic_app_that_cannot_be_seeded_is_named_with_its_place(tmp_path, entry, words):
    with pytest.raises(SeedError) as caught:
        Store(tmp_path / "s", seed=seed(tmp_path, entry))
    assert all(word in str(caught.value) for word in words)


def test_a_list_of_logic_apps_is_a_list(tmp_path):
    file = tmp_path / "seed.json"
    file.write_text('{"catalogs": [], "logicApps": {}}', "utf-8")
    with pytest.raises(SeedError, match="'logicApps' must be an array"):
        Store(tmp_path / "s", seed=file)


def test_two_logic_apps_with_one_id_are_refused(tmp_path):
    file = seed(tmp_path, {"id": NOTIFY}, {"id": SITE}, {"id": NOTIFY.upper()})
    with pytest.raises(SeedError, match="occurs twice"):
        Store(tmp_path / "s", seed=file)


@pytest.mark.parametrize("identity", sorted(EXAMPLES | {SOD}))
def test_the_embedded_logic_apps_trust_entitlement_management(start, identity):
    logic_app = arm(start(), identity).json()
    assert logic_app["tags"] == {"Purpose": "Azure AD Entitlement Management"}
    properties = logic_app["properties"]
    trigger = properties["definition"]["triggers"]["manual"]
    assert (trigger["type"], trigger["kind"]) == ("Request", "Http")
    callers = properties["accessControl"]["triggers"]
    (policy,) = callers["openAuthenticationPolicies"]["policies"].values()
    assert policy["type"] == "AADPOP"
    assert {claim["name"]: claim["value"] for claim in policy["claims"]} == {
        "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000000/",
        "appid": "810dcf14-1858-4bf2-8134-4c369fa3235b",
        "m": "POST",
        "u": "management.azure.com",
        "p": identity,
        "aud": "https://management.azure.com",
    }


@pytest.mark.parametrize("identity", sorted(EXAMPLES))
def test_the_sound_ones_are_enabled_without_shared_access_signatures(start, identity):
    properties = arm(start(), identity).json()["properties"]
    assert properties["state"] == "Enabled"
    access = properties["accessControl"]["triggers"]
    assert access["sasAuthenticationPolicy"] == {"state": "Disabled"}


def test_one_embedded_logic_app_is_disabled_and_does_not_mention_shared_access_signatures(start):
    properties = arm(start(), SOD).json()["properties"]
    assert properties["state"] == "Disabled"
    assert set(properties["accessControl"]["triggers"]) == {"openAuthenticationPolicies"}


def test_the_live_extensions_call_the_embedded_logic_apps(start):
    graph = start()
    for extension in graph.every(graph.extensions(graph.FINANCE)):
        endpoint = extension["endpointConfiguration"]
        logic_app = arm(graph, f"{LOGIC}/{endpoint['logicAppWorkflowName']}").json()
        stem = logic_app["properties"]["accessEndpoint"]
        assert endpoint["url"].startswith(f"{stem}/triggers/manual/paths/invoke?")


def test_a_database_without_logic_apps_is_served_as_before(start, tmp_path):
    graph = start()
    with Store(graph.database) as store:
        for row in store.rows("logicApp"):
            store.remove("logicApp", row.id)
    assert arm(graph, NOTIFY).json()["error"]["code"] == "SubscriptionNotFound"
    assert len(graph.every("/catalogs")) == 3
