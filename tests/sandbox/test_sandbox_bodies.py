"""Bodies are taken strictly: what does not fit the type is a 400 in Graph's form
(docs/graph.md §2).
"""

import copy

import pytest

REFUSED = {
    "unknown member": lambda b: b.update(behaviorOnError=None),
    "unknown annotation": lambda b: b.update({"@odata.context": "x"}),
    "id": lambda b: b.update(id="0c1d7c0e-8a58-4d7c-9a39-0b4b2e1f6f01"),
    "created": lambda b: b.update(createdDateTime="2024-01-01T00:00:00Z"),
    "author": lambda b: b.update(lastModifiedBy="a@contoso.example"),
    "no type": lambda b: b.pop("@odata.type"),
    "abstract type": lambda b: b.update({"@odata.type": "#microsoft.graph.customCalloutExtension"}),
    "unknown type": lambda b: b.update({"@odata.type": "#microsoft.graph.user"}),
    "type no string": lambda b: b.update({"@odata.type": 1}),
    "name null": lambda b: b.update(displayName=None),
    "name blank": lambda b: b.update(displayName=" "),
    "name number": lambda b: b.update(displayName=5),
    "description number": lambda b: b.update(description=1),
    "endpoint null": lambda b: b.update(endpointConfiguration=None),
    "endpoint list": lambda b: b.update(endpointConfiguration=[]),
    "endpoint untyped": lambda b: b["endpointConfiguration"].pop("@odata.type"),
    "endpoint of authentication": (
        lambda b: b["endpointConfiguration"].update(
            {"@odata.type": "#microsoft.graph.httpRequestEndpoint"}
        )
    ),
    "endpoint unknown member": lambda b: b["endpointConfiguration"].update(targetUrl="x"),
    "endpoint without group": lambda b: b["endpointConfiguration"].pop("resourceGroupName"),
    "subscription no guid": lambda b: b["endpointConfiguration"].update(subscriptionId="sub"),
    "subscription newline": (
        lambda b: b["endpointConfiguration"].update(
            subscriptionId="38ab2ccc-3747-4567-b36b-9478f5602f0d\n"
        )
    ),
    "url number": lambda b: b["endpointConfiguration"].update(url=1),
    "authentication null": lambda b: b.update(authenticationConfiguration=None),
    "authentication untyped": lambda b: b.update(authenticationConfiguration={}),
    "pop with resource": lambda b: b["authenticationConfiguration"].update(resourceId="x"),
    "token without resource": lambda b: b.update(
        authenticationConfiguration={"@odata.type": "#microsoft.graph.azureAdTokenAuthentication"}
    ),
    "client timeout low": lambda b: b.update(clientConfiguration={"timeoutInMilliseconds": 199}),
    "client timeout high": lambda b: b.update(clientConfiguration={"timeoutInMilliseconds": 2001}),
    "client timeout text": lambda b: b.update(
        clientConfiguration={"timeoutInMilliseconds": "1000"}
    ),
    "client timeout decimal": lambda b: b.update(
        clientConfiguration={"timeoutInMilliseconds": 1000.0}
    ),
    "retries": lambda b: b.update(clientConfiguration={"maximumRetries": 2}),
    "retries boolean": lambda b: b.update(clientConfiguration={"maximumRetries": True}),
    "client unknown": lambda b: b.update(clientConfiguration={"retries": 1}),
    "client type": lambda b: b.update(clientConfiguration={"@odata.type": "#microsoft.graph.user"}),
    "callback type": (
        lambda b: b["callbackConfiguration"].update({"@odata.type": "#microsoft.graph.user"})
    ),
    "callback unknown": lambda b: b["callbackConfiguration"].update(authorizedApps=[]),
    "two timeouts": lambda b: b["callbackConfiguration"].update(durationBeforeTimeout="PT2H"),
}
DURATIONS = [
    "1:00:00",
    "PT4M59S",
    "P15D",
    "-PT1H",
    "P1W",
    "P1M",
    "PT1H\n",
    "P",
    "pt1h",
    "",
    None,
    3600,
    "PT1.5H",
]


def refused(graph, body):
    answer = graph.send("POST", graph.extensions(), body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] in ("InvalidModel", "BadRequest")
    assert graph.every(graph.extensions()) == []


@pytest.fixture
def graph(start):
    return start()


@pytest.mark.parametrize("name", REFUSED)
def test_post_and_put_refuse(graph, request_body, name):
    body = copy.deepcopy(request_body)
    REFUSED[name](body)
    refused(graph, body)
    created = graph.create(request_body)
    item = graph.extensions(extension=created["id"])
    before = graph.get(item).json()
    assert graph.send("PUT", item, body).status_code == 400
    assert graph.get(item).json() == before


@pytest.mark.parametrize("duration", DURATIONS)
def test_durations_that_are_refused(graph, request_body, duration):
    request_body["callbackConfiguration"]["timeoutDuration"] = duration
    refused(graph, request_body)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("PT5M", "PT5M"),
        ("P14D", "P14D"),
        ("PT60M", "PT1H"),
        ("PT24H", "P1D"),
        ("PT3600.50S", "PT1H0.5S"),
        ("P1DT0H90M", "P1DT1H30M"),
        ("PT336H0M0S", "P14D"),
    ],
)
def test_durations_are_shown_in_canonical_form(graph, request_body, sent, shown):
    request_body["callbackConfiguration"]["timeoutDuration"] = sent
    assert graph.create(request_body)["callbackConfiguration"]["timeoutDuration"] == shown


@pytest.mark.parametrize(
    "name", ["displayName", "endpointConfiguration", "authenticationConfiguration"]
)
def test_post_needs_what_put_may_leave_out(graph, request_body, name):
    created = graph.create(request_body)
    del request_body[name]
    assert graph.send("POST", graph.extensions(), request_body).status_code == 400
    answer = graph.send("PUT", graph.extensions(extension=created["id"]), request_body)
    assert answer.status_code == 200 and answer.json()[name] == created[name]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b'"text"',
        b"null",
        b'{"a": NaN}',
        b"\xff",
        b"[" * 100_000,
        b'{"value": {}}',
        b"1" * 5000,
    ],
)
def test_a_body_that_is_no_json_object_is_refused(graph, content):
    headers = {"Content-Type": "application/json"}
    answer = graph.send("POST", graph.extensions(), content=content, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_not_json(graph, number):
    headers = {"Content-Type": "application/json"}
    answer = graph.send(
        "POST", graph.extensions(), content=f'{{"a": [{number}]}}'.encode(), headers=headers
    )
    assert answer.json()["error"]["message"] == "Unable to read JSON request payload."


def test_the_wrapped_body_of_the_documentation_is_refused(graph, request_body):
    refused(graph, {"value": request_body})
    refused(graph, {**request_body, "value": request_body})


def test_a_huge_body_is_refused_in_graphs_form(graph, request_body):
    answer = graph.send(
        "POST", graph.extensions(), {**request_body, "description": "x" * 2_000_000}
    )
    assert answer.status_code == 413 and answer.json()["error"]["code"]


def test_a_changed_type_is_refused(graph, request_body, expiry_body):
    created = graph.create(expiry_body)
    body = {**request_body, "callbackConfiguration": None}
    assert graph.send("PUT", graph.extensions(extension=created["id"]), body).status_code == 400


def test_the_expiry_type_takes_no_callback_object(graph, expiry_body):
    refused(graph, {**expiry_body, "callbackConfiguration": {"timeoutDuration": "PT1H"}})


@pytest.mark.parametrize(
    "kind",
    [
        "#microsoft.graph.customExtensionCallbackConfiguration",
        "microsoft.graph.customExtensionCallbackConfiguration",
        "#Microsoft.Graph.CustomExtensionCallbackConfiguration",
        "#microsoft.graph.accessPackageRequestApprovalStageCallbackConfiguration",
        None,
    ],
)
def test_the_types_of_a_callback_that_are_accepted(graph, request_body, kind):
    request_body["callbackConfiguration"] = {"timeoutDuration": "PT1H"} | (
        {"@odata.type": kind} if kind else {}
    )
    assert graph.create(request_body)["callbackConfiguration"]["timeoutDuration"] == "PT1H"


def test_types_are_accepted_without_hash_and_in_any_case_but_shown_in_one_form(graph, request_body):
    kind = request_body["@odata.type"]
    request_body["@odata.type"] = kind[1:].upper()
    request_body["endpointConfiguration"]["@odata.type"] = (
        "MICROSOFT.graph.logicAppTriggerEndpointConfiguration"
    )
    created = graph.create(request_body)
    assert created["@odata.type"] == kind
    endpoint = created["endpointConfiguration"]["@odata.type"]
    assert endpoint == "#microsoft.graph.logicAppTriggerEndpointConfiguration"


def test_nulls_that_are_accepted(graph, request_body):
    request_body.update(description=None, callbackConfiguration=None, clientConfiguration=None)
    request_body["endpointConfiguration"]["url"] = None
    created = graph.create(request_body)
    assert (
        created["description"]
        is created["callbackConfiguration"]
        is created["clientConfiguration"]
        is None
    )
    client = {"timeoutInMilliseconds": None, "maximumRetries": None}
    assert (
        graph.create({**request_body, "clientConfiguration": client})["clientConfiguration"]
        == client
    )
    defaulted = graph.create({**request_body, "clientConfiguration": {"maximumRetries": 1}})
    assert defaulted["clientConfiguration"] == {"timeoutInMilliseconds": 1000, "maximumRetries": 1}


def test_text_is_kept_to_the_letter(graph, request_body):
    text = "Ünï \U0001f600 \ud800 'quoted' \"double\" \\ \n"
    created = graph.create({**request_body, "description": text, "displayName": text})
    assert graph.get(graph.extensions(extension=created["id"])).json()["description"] == text
