"""Graph's JSON and the model: read in every spelling, written in one."""

import asyncio
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ServiceAnswerError
from reconciler.kinds.extension.api import create, get_extension, update
from reconciler.kinds.extension.fields import (
    ASSIGNMENT_TYPE,
    FIELDS,
    REQUEST_TYPE,
    TIMEOUT,
    TIMEOUT_IN_DOCUMENTS,
    TIMEOUT_PATH,
)
from reconciler.kinds.extension.wire import bodies, observe
from reconciler.model.kind import Body
from reconciler.model.objects import ObjectRef
from reconciler.sandbox.server import serve
from reconciler.sandbox.switches import parse_switches
from tests.graph.graph_clients import attempt, graph_at
from tests.graph.scripted import CATALOG
from tests.network_fixtures import bare_environment, certificate

__all__ = ["bare_environment", "certificate"]

G = "#microsoft.graph."
URL = (
    "https://prod-31.eastus.logic.azure.com:443/workflows/0a/triggers/manual/paths/invoke"
    "?api-version=2016-10-01"
)
LIVE = {
    "@odata.context": "x",
    "@odata.type": f"{G}{REQUEST_TYPE}",
    "id": "e-1",
    "displayName": "one",
    "description": None,
    "createdDateTime": "2022-01-24T21:48:57.15Z",
    "lastModifiedDateTime": "2022-01-24T21:55:44.953Z",
    "lastModifiedBy": "zoe@contoso.example",
    "clientConfiguration": None,
    "endpointConfiguration": {
        "@odata.type": f"{G}logicAppTriggerEndpointConfiguration",
        "subscriptionId": "38AB2CCC-3747-4567-B36B-9478F5602F0D",
        "resourceGroupName": "rg",
        "logicAppWorkflowName": "la",
        "url": URL,
        "unknown": {"x": 1},
    },
    "authenticationConfiguration": {"@odata.type": f"{G}azureAdPopTokenAuthentication"},
    "callbackConfiguration": {
        "@odata.type": "microsoft.graph.customExtensionCallbackConfiguration",
        "durationBeforeTimeout": "PT60M",
    },
    "future": [1],
}


def flat(members):
    """Properties by path, of members as documents nest them."""
    properties = {}
    for name, value in members.items():
        if isinstance(value, dict) and value:
            properties |= {(name, inner): content for inner, content in value.items()}
        else:
            properties[(name,)] = value
    return properties


def observed_extension(body):
    """The extension in an answer."""
    return observe(PARENTS, body)


def request_body(type_name, properties, name=TIMEOUT):
    """The body of a write, with the timeout under this name if there is one."""
    ref = ObjectRef("extension", None, "x", type_name)
    by_spelling = {body.spelling: body.members for body in bodies(ref, None, properties)}
    return by_spelling[name if properties.get(TIMEOUT_PATH) is not None else ""]


PARENTS = (ObjectRef("catalog", CATALOG, "Marketing"),)
ENDPOINT = {
    "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
    "resourceGroupName": "rg",
    "logicAppWorkflowName": "la",
    "url": URL,
}
MEMBERS = {
    "displayName": "one",
    "description": None,
    "clientConfiguration": None,
    "endpointConfiguration": {"@odata.type": "logicAppTriggerEndpointConfiguration", **ENDPOINT},
    "authenticationConfiguration": {"@odata.type": "azureAdPopTokenAuthentication"},
    "callbackConfiguration": {"timeoutDuration": "PT1H"},
}
PROPERTIES = flat(MEMBERS)
CHANGED = {**PROPERTIES, ("description",): "two", TIMEOUT_PATH: "PT2H"}
WAITING = {"callbackConfiguration": {}}


def test_the_documented_answer_is_read():
    found = observed_extension(LIVE)
    assert found.id == "e-1"
    assert found.ref == ObjectRef("extension", "e-1", "one", REQUEST_TYPE)
    assert found.parents == PARENTS
    assert found.known
    assert found.properties == PROPERTIES
    assert (found.last_modified_at, found.last_modified_by) == (
        "2022-01-24T21:55:44.953Z",
        "zoe@contoso.example",
    )


@pytest.mark.parametrize("context", [{}, {"@odata.context": "x"}, {"id": None}])
def test_a_wrapped_answer_is_the_same(context):
    assert observed_extension({**context, "value": LIVE}) == observed_extension(LIVE)
    assert observed_extension({**context, "value": LIVE}).raw == LIVE


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": {}},
        {"value": [LIVE]},
        {"value": None},
        {"id": ""},
        {"id": 5},
        {"value": {"value": LIVE}},
    ],
)
def test_a_body_without_id_is_no_extension(body):
    with pytest.raises(ServiceAnswerError, match="without an id"):
        observed_extension(body)


def test_an_empty_timeout_is_none_and_the_other_name_counts():
    callback = {TIMEOUT: "", TIMEOUT_IN_DOCUMENTS: "PT60M"}
    found = observed_extension({**LIVE, "callbackConfiguration": callback})
    assert found.properties[TIMEOUT_PATH] == "PT1H"
    first, second = bodies(found.ref, found, found.properties)
    assert (first.spelling, second.spelling) == (TIMEOUT_IN_DOCUMENTS, TIMEOUT)


UNUSABLE_IDS = ["x\ud800", "x" * 100_000, "a\x1b[31m", "a\nb", "\x7f", "a\u202eb", "é", ".", ".."]


@pytest.mark.parametrize("unusable", UNUSABLE_IDS)
def test_an_id_that_is_safe_nowhere_is_not_used(unusable):
    for body in {**LIVE, "id": unusable}, {"value": {**LIVE, "id": unusable}}:
        with pytest.raises(ServiceAnswerError, match="an extension with an unusable id") as caught:
            observed_extension(body)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "usable", ["e", "..x", "e/1 ?#", "e-" * 64, "9f2b7c2e-0000-4000-8000-000000000001"]
)
def test_any_other_id_is_used(usable):
    assert observed_extension({**LIVE, "id": usable}).id == usable


def test_a_value_beside_an_id_is_no_wrapper():
    assert observed_extension({"id": "e-1", "value": {"id": "e-2"}}).id == "e-1"


@pytest.mark.parametrize(
    "prefix", ["", "#", "microsoft.graph.", "#microsoft.graph.", "#Microsoft.Graph."]
)
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
def test_a_type_is_read_with_and_without_hash_and_namespace_in_any_case(prefix, case):
    body = {"id": "e", "@odata.type": prefix + case(ASSIGNMENT_TYPE)}
    body["authenticationConfiguration"] = {
        "@odata.type": prefix + case("azureAdTokenAuthentication"),
        "resourceId": "r",
    }
    found = observed_extension(body)
    assert found.ref.type == ASSIGNMENT_TYPE
    assert found.known
    assert found.properties == {
        ("authenticationConfiguration", "@odata.type"): "azureAdTokenAuthentication",
        ("authenticationConfiguration", "resourceId"): "r",
    }


@pytest.mark.parametrize(
    ("odata_type", "kept"),
    [
        (f"{G}customAccessPackageWorkflowExtension", "customAccessPackageWorkflowExtension"),
        (None, ""),
        (5, ""),
        ({}, ""),
    ],
)
def test_an_unknown_type_is_kept_and_not_touched(odata_type, kept):
    found = observed_extension({"id": "e", "@odata.type": odata_type, "displayName": "x"})
    assert found.ref.type == kept
    assert not found.known


def test_members_of_an_unknown_inner_type_are_kept_and_sent_back():
    endpoint = {
        "@odata.type": f"{G}httpRequestEndpoint",
        "targetUrl": "https://x.example",
        "x@odata.type": "#String",
    }
    found = observed_extension(
        {"id": "e", "@odata.type": f"{G}{REQUEST_TYPE}", "endpointConfiguration": endpoint}
    )
    body = request_body(found.ref.type, found.properties)
    assert body["endpointConfiguration"] == {
        "@odata.type": f"{G}httpRequestEndpoint",
        "targetUrl": "https://x.example",
    }


@pytest.mark.parametrize(
    ("callback", "timeout"),
    [
        ({TIMEOUT: "PT60M"}, "PT1H"),
        ({TIMEOUT_IN_DOCUMENTS: "PT24H"}, "P1D"),
        ({TIMEOUT: None, TIMEOUT_IN_DOCUMENTS: "PT1H"}, "PT1H"),
        ({TIMEOUT_IN_DOCUMENTS: None, TIMEOUT: "PT1H"}, "PT1H"),
        ({TIMEOUT: "PT1H", TIMEOUT_IN_DOCUMENTS: None}, "PT1H"),
        ({TIMEOUT: "PT1H", TIMEOUT_IN_DOCUMENTS: "PT60M"}, "PT1H"),
        ({TIMEOUT: "P1M"}, "P1M"),
        ({TIMEOUT: None}, None),
    ],
)
def test_the_timeout_is_read_under_either_name(callback, timeout):
    found = observed_extension({"id": "e", "callbackConfiguration": callback})
    # A callback without a timeout still means that the request waits.
    waits = {TIMEOUT_PATH[:1]: {}} if timeout is None else {TIMEOUT_PATH: timeout}
    assert found.properties == waits


@pytest.mark.parametrize("name", [TIMEOUT, TIMEOUT_IN_DOCUMENTS])
def test_a_body_is_bare_with_full_types_and_the_timeout_under_the_asked_name(name):
    body = request_body(REQUEST_TYPE, PROPERTIES, name)
    assert body == {
        "@odata.type": f"{G}{REQUEST_TYPE}",
        "displayName": "one",
        "description": None,
        "clientConfiguration": None,
        "endpointConfiguration": {
            **ENDPOINT,
            "@odata.type": f"{G}logicAppTriggerEndpointConfiguration",
        },
        "authenticationConfiguration": {"@odata.type": f"{G}azureAdPopTokenAuthentication"},
        "callbackConfiguration": {
            "@odata.type": f"{G}customExtensionCallbackConfiguration",
            name: "PT1H",
        },
    }
    assert json.loads(json.dumps(body)) == body


def test_the_properties_are_left_as_they_are():
    before = copy.deepcopy(PROPERTIES)
    request_body(REQUEST_TYPE, PROPERTIES)
    assert before == PROPERTIES


def test_a_cleared_url_is_left_out_and_other_nulls_are_sent():
    properties = {
        "endpointConfiguration": {"url": None, "subscriptionId": None},
        "callbackConfiguration": {TIMEOUT: None},
    }
    body = request_body(REQUEST_TYPE, flat(properties))
    assert body["endpointConfiguration"] == {
        "@odata.type": f"{G}logicAppTriggerEndpointConfiguration",
        "subscriptionId": None,
    }
    assert body["callbackConfiguration"][TIMEOUT] is None


def test_members_of_a_former_type_are_dropped():
    properties = {
        "authenticationConfiguration": {
            "@odata.type": "azureAdPopTokenAuthentication",
            "resourceId": "r",
        }
    }
    body = request_body(REQUEST_TYPE, flat(properties))
    assert body["authenticationConfiguration"] == {
        "@odata.type": f"{G}azureAdPopTokenAuthentication"
    }


def test_an_object_without_members_of_ours_goes_back_as_null_unless_its_presence_counts():
    found = observed_extension({"id": "e", "authenticationConfiguration": {}, **WAITING})
    assert found.properties == {("authenticationConfiguration",): None, TIMEOUT_PATH[:1]: {}}
    assert request_body(REQUEST_TYPE, found.properties) == {
        "@odata.type": f"{G}{REQUEST_TYPE}",
        "authenticationConfiguration": None,
        "callbackConfiguration": {"@odata.type": f"{G}customExtensionCallbackConfiguration"},
    }


@pytest.mark.parametrize(
    "members",
    [
        {"authenticationConfiguration": {"resourceId": "r"}},
        {"displayName": {"x": 1}, "description": []},
        {"endpointConfiguration": "text", "callbackConfiguration": 5},
    ],
)
def test_values_that_graph_should_not_have_given_go_back_as_they_are_without_invented_types(
    members,
):
    found = observed_extension({"id": "e", **members})
    body = request_body(REQUEST_TYPE, found.properties)
    assert body == {"@odata.type": f"{G}{REQUEST_TYPE}", **members}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUE = st.none() | TEXT
MEMBER_SETS = st.fixed_dictionaries(
    {},
    optional={
        "displayName": VALUE,
        "description": VALUE,
        "endpointConfiguration": (
            st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "@odata.type": st.just("logicAppTriggerEndpointConfiguration"),
                    "subscriptionId": VALUE | st.uuids().map(lambda one: str(one).upper()),
                    "resourceGroupName": VALUE,
                    "logicAppWorkflowName": VALUE,
                    "url": TEXT.filter(bool),  # an empty one counts as absent, and is not sent
                },
            )
        ),
        "authenticationConfiguration": (
            st.none()
            | st.just({"@odata.type": "azureAdPopTokenAuthentication"})
            | VALUE.map(
                lambda value: {"@odata.type": "azureAdTokenAuthentication", "resourceId": value}
            )
        ),
        "clientConfiguration": (
            st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "timeoutInMilliseconds": st.none() | st.integers() | st.integers().map(float),
                    "maximumRetries": st.none() | st.integers(0, 1),
                },
            )
        ),
        "callbackConfiguration": (
            st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    TIMEOUT: VALUE | st.integers(1, 99_999).map(lambda minutes: f"PT{minutes}M")
                },
            )
        ),
    },
)


@given(
    MEMBER_SETS,
    st.sampled_from(FIELDS.types),
    st.sampled_from([TIMEOUT, TIMEOUT_IN_DOCUMENTS]),
    st.booleans(),
)
def test_what_is_sent_and_echoed_is_read_as_the_same(members, kind, name, wrapped):
    echo = {
        **json.loads(json.dumps(request_body(kind, FIELDS.canonical(members), name))),
        "id": "e-1",
        "createdDateTime": "x",
    }
    found = observed_extension({"value": echo} if wrapped else echo)
    if members.get("clientConfiguration") == {}:
        del members["clientConfiguration"]  # an empty object declares nothing
    assert found.properties == FIELDS.observed(members)
    assert found.ref.type == kind


@pytest.mark.parametrize("answer", [TIMEOUT, TIMEOUT_IN_DOCUMENTS, "both"])
@pytest.mark.parametrize("name", [TIMEOUT, TIMEOUT_IN_DOCUMENTS])
@pytest.mark.parametrize("wrap", ["true", "false"])
def test_the_sandbox_keeps_what_is_written_under_either_name(tmp_path, answer, name, wrap):
    switches = parse_switches(
        [f"timeout_answer={answer}", f"wrap_answers={wrap}", "extra_properties=true"]
    )

    async def run():
        async with (
            serve(tmp_path / "sandbox.sqlite3", switches=switches) as base,
            graph_at(base) as client,
        ):
            with client.writes_unlocked(()):
                body = Body(request_body(REQUEST_TYPE, PROPERTIES, name))
                answer = await attempt(client, create(client, PARENTS, body))
                made = observe(PARENTS, answer.body)
                body = Body(request_body(REQUEST_TYPE, CHANGED, name))
                answer = await attempt(client, update(client, PARENTS, made.ref, body))
            put = observe(PARENTS, answer.body)
            return made, put, await get_extension(client, PARENTS, made.id)

    made, put, live = asyncio.run(run())
    assert made.properties == PROPERTIES
    assert put.properties == live.properties == CHANGED
