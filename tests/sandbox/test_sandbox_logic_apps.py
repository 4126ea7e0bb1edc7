"""Azure Resource Manager at the root of the same server (docs/graph.md §9.1, §9.3)."""

import re

import pytest

from reconciler.sandbox.resources.logic_apps.callbacks import signature
from reconciler.sandbox.store import Store, reset
from tests.sandbox.logic_apps import (
    CALLBACK,
    GROUP,
    NOTIFY,
    SITE,
    SUBSCRIPTION,
    VERSION,
    arm,
    refusal,
    seed,
)

READ_ONLY = "loopback-read-only-token-not-secret"
STANDARD = {"id": SITE, "kind": "functionapp,workflowapp", "location": "West Europe"}
OTHER = "00000000-0000-4000-8000-000000000001"


def requests_for_callbacks(graph):
    with Store(graph.database) as store:
        return store.callback_requests()


def test_a_workflow_is_answered_in_the_form_of_resource_manager(start):
    answer = arm(start(), NOTIFY)
    assert answer.status_code == 200
    assert answer.json()["id"] == NOTIFY
    headers = answer.headers
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["x-ms-request-id"] == headers["x-ms-correlation-request-id"]
    assert not {"request-id", "client-request-id", "odata-version"} & set(headers)


def test_a_correlation_id_of_the_client_is_kept(start):
    answer = arm(start(), NOTIFY, headers={"x-ms-correlation-request-id": OTHER})
    assert answer.headers["x-ms-correlation-request-id"] == OTHER
    assert answer.headers["x-ms-request-id"] != OTHER


def test_a_site_is_answered_and_is_not_a_workflow(start, tmp_path):
    graph = start(seed=seed(tmp_path, STANDARD))
    answer = arm(graph, SITE, "?api-version=2024-04-01")
    assert answer.json() == {**STANDARD, "name": "la-standard", "type": "Microsoft.Web/sites"}
    workflow = SITE.replace("Microsoft.Web/sites", "Microsoft.Logic/workflows")
    assert refusal(arm(graph, workflow)) == (404, "ResourceNotFound")


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_paths_are_compared_ignoring_case_and_ids_keep_theirs(start, change):
    graph = start()
    assert arm(graph, change(NOTIFY)).json()["id"] == NOTIFY
    (trigger,) = arm(graph, change(f"{NOTIFY}/triggers")).json()["value"]
    assert trigger["id"] == f"{NOTIFY}/triggers/manual"
    assert arm(graph, change(CALLBACK), method="POST").json()["method"] == "POST"
    assert requests_for_callbacks(graph) == 1


def test_triggers_are_those_of_the_definition(start, tmp_path):
    definition = {"triggers": {"manual": {"type": "Request"}, "Recurrence": {}}}
    logic_app = {"id": NOTIFY, "properties": {"definition": definition, "state": "Disabled"}}
    listed = arm(start(seed=seed(tmp_path, logic_app)), f"{NOTIFY}/triggers").json()["value"]
    assert [trigger["name"] for trigger in listed] == ["manual", "Recurrence"]
    assert {trigger["properties"]["state"] for trigger in listed} == {"Disabled"}


@pytest.mark.parametrize("definition", [None, {}, [], {"triggers": None}, {"triggers": [1]}])
def test_an_odd_definition_has_no_triggers(start, tmp_path, definition):
    logic_app = {"id": NOTIFY, "properties": {"definition": definition}}
    graph = start(seed=seed(tmp_path, logic_app))
    assert arm(graph, f"{NOTIFY}/triggers").json() == {"value": []}
    answer = arm(graph, CALLBACK, method="POST")
    assert refusal(answer) == (404, "WorkflowTriggerNotFound")


def test_the_callback_url_is_the_secret_one(start):
    graph = start()
    answer = arm(graph, CALLBACK, method="POST").json()
    address = arm(graph, NOTIFY).json()["properties"]["accessEndpoint"]
    secret = signature(NOTIFY)
    assert re.fullmatch(r"[\w-]{43}", secret)
    assert secret == signature(NOTIFY.upper()) != signature(SITE)
    assert answer["basePath"] == f"{address}/triggers/manual/paths/invoke"
    assert answer["queries"] == {
        "api-version": "2016-10-01",
        "sp": "/triggers/manual/run",
        "sv": "1.0",
        "sig": secret,
    }
    query = f"?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={secret}"
    assert answer["value"] == answer["basePath"] + query


def test_only_the_callback_url_shows_the_secret(start):
    graph = start()
    for path in (NOTIFY, f"{NOTIFY}/triggers"):
        assert signature(NOTIFY) not in arm(graph, path).text
    assert signature(NOTIFY) not in graph.get(graph.extensions(graph.FINANCE)).text


def test_requests_for_a_callback_url_are_counted_until_a_reset(start):
    graph = start()
    for path in (NOTIFY, f"{NOTIFY}/triggers"):
        arm(graph, path)
    assert requests_for_callbacks(graph) == 0
    arm(graph, CALLBACK, method="POST")
    arm(graph, CALLBACK, "", method="POST")
    arm(graph, CALLBACK, method="POST", headers={"Authorization": f"Bearer {READ_ONLY}"})
    arm(graph, CALLBACK, method="POST", headers={"Authorization": "Bearer other"})
    arm(graph, f"{SITE}/x/triggers/manual/listCallbackUrl", method="POST")
    assert requests_for_callbacks(graph) == 5
    reset(graph.database)
    assert requests_for_callbacks(graph) == 0


def test_an_unknown_trigger_has_no_callback_url(start):
    answer = arm(start(), f"{NOTIFY}/triggers/other/listCallbackUrl", method="POST")
    assert refusal(answer) == (404, "WorkflowTriggerNotFound")
    text = "The workflow 'la-notify-approvers' trigger 'other' could not be found."
    assert answer.json()["error"]["message"] == text


@pytest.mark.parametrize(
    ("path", "code", "text"),
    [
        (
            f"/subscriptions/{OTHER}/resourceGroups/rg-identity/providers/Microsoft.Logic/workflows/x",
            "SubscriptionNotFound",
            f"The subscription '{OTHER}' could not be found.",
        ),
        (
            f"{GROUP[:-3]}/providers/Microsoft.Logic/workflows/la-notify-approvers",
            "ResourceGroupNotFound",
            "Resource group 'rg-ident' could not be found.",
        ),
        (
            f"{GROUP}/providers/Microsoft.Logic/workflows/La-x",
            "ResourceNotFound",
            "The Resource 'Microsoft.Logic/workflows/La-x' under resource group 'rg-identity' was"
            " not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        ),
    ],
)
def test_the_outermost_missing_thing_is_named(start, path, code, text):
    graph = start()
    for answer in (
        arm(graph, path),
        arm(graph, f"{path}/triggers"),
        arm(graph, f"{path}/triggers/manual/listCallbackUrl", method="POST"),
    ):
        assert refusal(answer) == (404, code)
        assert answer.json()["error"]["message"] == text


def test_without_logic_apps_there_is_no_subscription(start, tmp_path):
    assert refusal(arm(start(seed=seed(tmp_path)), NOTIFY)) == (404, "SubscriptionNotFound")


@pytest.mark.parametrize("query", ["", "?api-version=", "?Version=2019-05-01"])
@pytest.mark.parametrize("path", [NOTIFY, f"{NOTIFY}-2", SITE, f"{NOTIFY}/triggers"])
def test_an_api_version_is_required(start, path, query):
    assert refusal(arm(start(), path, query)) == (400, "MissingApiVersionParameter")


def test_an_unknown_api_version_is_refused(start, tmp_path):
    graph = start(seed=seed(tmp_path, {"id": NOTIFY}, STANDARD))
    answer = arm(graph, NOTIFY, "?api-version=2016-06-01")
    assert refusal(answer) == (400, "NoRegisteredProviderFound")
    text = (
        "API version '2016-06-01' for type 'workflows'. The supported api-versions are '2019-05-01'"
    )
    assert text in answer.json()["error"]["message"]
    assert refusal(arm(graph, SITE)) == (400, "NoRegisteredProviderFound")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", NOTIFY),
        ("PATCH", NOTIFY),
        ("DELETE", NOTIFY),
        ("GET", CALLBACK),
        ("POST", f"{NOTIFY}/disable"),
        ("GET", GROUP),
        ("GET", f"{GROUP}/providers/Microsoft.Logic/workflows"),
        ("GET", f"/v1.0{NOTIFY}"),
    ],
)
def test_nothing_else_is_offered(start, method, path):
    answer = arm(start(), path, method=method)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("No HTTP resource was found")


@pytest.mark.parametrize("path", [NOTIFY, f"{NOTIFY}-2", CALLBACK, "/subscriptions/x"])
@pytest.mark.parametrize("header", ["", "Bearer other"])
def test_any_other_token_is_refused(start, path, header):
    answer = arm(start(), path, headers={"Authorization": header})
    assert refusal(answer) == (401, "InvalidAuthenticationToken")


def test_the_read_only_token_reads_all_but_the_callback_url(start):
    graph = start(token=READ_ONLY)
    assert arm(graph, NOTIFY).status_code == 200
    assert arm(graph, f"{NOTIFY}/triggers").status_code == 200
    answer = arm(graph, CALLBACK, method="POST")
    assert refusal(answer) == (403, "AuthorizationFailed")
    message = answer.json()["error"]["message"]
    action = "Microsoft.Logic/workflows/triggers/listCallbackUrl/action"
    assert f"action '{action}' over scope '{NOTIFY}/triggers/manual'" in message
    assert signature(NOTIFY) not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "action", "scope"),
    [
        ("GET", NOTIFY, "Microsoft.Logic/workflows/read", NOTIFY),
        ("GET", f"{NOTIFY}-2", "Microsoft.Logic/workflows/read", f"{NOTIFY}-2"),
        ("GET", f"{NOTIFY}/triggers", "Microsoft.Logic/workflows/triggers/read", NOTIFY),
        (
            "POST",
            CALLBACK,
            "Microsoft.Logic/workflows/triggers/listCallbackUrl/action",
            f"{NOTIFY}/triggers/manual",
        ),
    ],
)
def test_a_switch_refuses_every_logic_app_whether_it_exists_or_not(
    start, method, path, action, scope
):
    graph = start("logic_apps=403")
    answer = arm(graph, path, method=method)
    assert refusal(answer) == (403, "AuthorizationFailed")
    message = answer.json()["error"]["message"]
    assert f"perform action '{action}' over scope '{scope}' or the scope is invalid." in message
    assert graph.get("/catalogs").status_code == 200


def test_a_missing_api_version_is_refused_before_a_missing_role(start):
    answer = arm(start("logic_apps=403"), NOTIFY, "")
    assert refusal(answer) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize("path", [f"/subscriptions/{SUBSCRIPTION}", GROUP])
def test_a_write_above_the_logic_apps_names_its_action_too(start, path):
    answer = arm(start(token=READ_ONLY), path, method="PUT")
    assert refusal(answer) == (403, "AuthorizationFailed")
    assert "action 'Microsoft.Resources/subscriptions/" in answer.json()["error"]["message"]
    assert f"over scope '{path}'" in answer.json()["error"]["message"]


def test_too_many_requests_are_throttled_in_the_form_of_resource_manager(start):
    graph = start("rate_limit=1")
    answers = [arm(graph, NOTIFY) for _ in range(10)]
    (throttled, *_) = [answer for answer in answers if answer.status_code != 200]
    assert refusal(throttled) == (429, "SubscriptionRequestsThrottled")
    assert throttled.headers["Retry-After"] == "1"
    assert SUBSCRIPTION in throttled.json()["error"]["message"]


def test_extra_members_are_added_on_request(start):
    plain = start()
    extended = start("extra_properties=true", database=plain.database)
    before, after = arm(plain, NOTIFY).json(), arm(extended, NOTIFY).json()
    assert set(after) - set(before) == {"etag", "systemData"}
    assert {name: after[name] for name in before} == before


def test_graph_keeps_its_own_form(start):
    answer = start("rate_limit=1").get(f"/catalogs/{OTHER}{VERSION}")
    assert "innerError" in answer.json()["error"]
    assert not [name for name in answer.headers if name.lower().startswith("x-ms-")]
