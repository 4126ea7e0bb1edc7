"""Which differences count, and which do not."""

from typing import Any

import pytest
from harness import REQUEST, URL, extension
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.compare import compare, leaves
from reconciler.diff.patch import patched
from reconciler.kinds.extension.fields import FIELDS
from reconciler.model.fields import value_at
from reconciler.model.objects import Path, Properties, Value
from reconciler.model.plan import FieldChange

canonical, observed = FIELDS.canonical, FIELDS.observed
LIVE = observed(
    extension(
        "a",
        description="d",
        clientConfiguration=None,
        callbackConfiguration={
            "@odata.type": "microsoft.graph.customExtensionCallbackConfiguration",
            "durationBeforeTimeout": "PT60M",
        },
    )
)


def rows(declared: dict[str, Any], live: Properties = LIVE) -> list[tuple[str, Any, Any]]:
    return [
        ("/".join(row.path), row.before, row.after)
        for row in compare(FIELDS, canonical(declared), live)
    ]


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"displayName": "a"},
        {"callbackConfiguration": {"timeoutDuration": "PT1H"}},
        {"callbackConfiguration": {"durationBeforeTimeout": "PT3600S"}},
        {
            "endpointConfiguration": {
                "subscriptionId": "38AB2CCC-3747-4567-B36B-9478F5602F0D",
                "resourceGroupName": "RG",
            }
        },
        {"endpointConfiguration": {"logicAppWorkflowName": "LA"}},
        {"clientConfiguration": None},
        {"clientConfiguration": {"maximumRetries": None}},
        {
            "authenticationConfiguration": {
                "@odata.type": "microsoft.graph.AzureADPopTokenAuthentication"
            }
        },
    ],
)
def test_what_means_the_same_is_no_difference(declared: dict[str, Any]) -> None:
    assert rows(declared) == []


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"displayName": "A"}, [("displayName", "a", "A")]),
        ({"description": None}, [("description", "d", None)]),
        ({"description": ""}, [("description", "d", None)]),
        (
            {"callbackConfiguration": {"timeoutDuration": "PT2H"}},
            [("callbackConfiguration/timeoutDuration", "PT1H", "PT2H")],
        ),
        (
            {"callbackConfiguration": None},
            [("callbackConfiguration", {"timeoutDuration": "PT1H"}, None)],
        ),
        (
            {"clientConfiguration": {"timeoutInMilliseconds": 900, "maximumRetries": 1}},
            [
                ("clientConfiguration/maximumRetries", None, 1),
                ("clientConfiguration/timeoutInMilliseconds", None, 900),
            ],
        ),
        (
            {
                "authenticationConfiguration": {
                    "@odata.type": "#microsoft.graph.azureAdTokenAuthentication",
                    "resourceId": "x",
                }
            },
            [
                (
                    "authenticationConfiguration/@odata.type",
                    "azureAdPopTokenAuthentication",
                    "azureAdTokenAuthentication",
                ),
                ("authenticationConfiguration/resourceId", None, "x"),
            ],
        ),
    ],
)
def test_each_difference_is_a_row(
    declared: dict[str, Any], expected: list[tuple[str, Any, Any]]
) -> None:
    assert rows(declared) == expected


ABSENT = object()


@pytest.mark.parametrize("declared", ["", None])
@pytest.mark.parametrize("live", ["", None, ABSENT])
def test_an_empty_text_and_null_and_absent_are_the_same(declared: str | None, live: Any) -> None:
    body = {"displayName": "a"} if live is ABSENT else {"displayName": "a", "description": live}
    assert rows({"description": declared}, observed(body)) == []
    assert rows({"description": "d"}, observed(body)) == [("description", None, "d")]


def test_no_address_and_no_timeout_is_what_an_empty_text_says() -> None:
    endpoint = {"logicAppWorkflowName": "la", "url": ""}
    callback = {"timeoutDuration": "", "durationBeforeTimeout": "PT60M"}
    live = observed({"endpointConfiguration": endpoint, "callbackConfiguration": callback})
    assert rows({"endpointConfiguration": {"url": None}}, live) == []
    assert rows({"callbackConfiguration": {"timeoutDuration": "PT1H"}}, live) == []
    assert rows({"endpointConfiguration": {"url": URL}}, live) == [
        ("endpointConfiguration/url", None, URL)
    ]
    moved = {"endpointConfiguration": {"logicAppWorkflowName": "other"}}
    assert rows(moved, live) == [("endpointConfiguration/logicAppWorkflowName", "la", "other")]


def test_a_type_that_is_not_documented_keeps_its_empty_texts() -> None:
    endpoint = {"@odata.type": "#microsoft.graph.other", "target": ""}
    assert canonical({"endpointConfiguration": endpoint}) == {
        ("endpointConfiguration", "@odata.type"): "other",
        ("endpointConfiguration", "target"): "",
    }


def test_members_of_a_former_type_show_as_removed() -> None:
    live = observed(
        {
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.azureAdTokenAuthentication",
                "resourceId": "x",
            }
        }
    )
    declared = {
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
        }
    }
    assert ("authenticationConfiguration/resourceId", "x", None) in rows(declared, live)


def test_another_logic_app_takes_the_old_url_away() -> None:
    live = observed(
        extension("a", endpointConfiguration={"logicAppWorkflowName": "la", "url": URL})
    )
    moved = {"endpointConfiguration": {"logicAppWorkflowName": "other"}}
    assert ("endpointConfiguration/url", URL, None) in rows(moved, live)
    declared_too = {"endpointConfiguration": {"logicAppWorkflowName": "other", "url": URL}}
    assert rows(declared_too, live) == [
        ("endpointConfiguration/logicAppWorkflowName", "la", "other")
    ]
    assert rows({"endpointConfiguration": {"logicAppWorkflowName": "LA"}}, live) == []


durations = st.sampled_from(["PT5M", "PT60M", "PT1H", "P1D", "PT24H", "P14D"])
names = st.sampled_from(["a", "A", "b", "ß", "SS"])
maybe = st.none() | st.text(max_size=3)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    body = extension(draw(names), REQUEST)
    if draw(st.booleans()):
        body["description"] = draw(maybe)
    if draw(st.booleans()):
        timeout = draw(st.sampled_from(["timeoutDuration", "durationBeforeTimeout"]))
        body["callbackConfiguration"] = draw(
            st.none() | st.fixed_dictionaries({timeout: durations})
        )
    if draw(st.booleans()):
        members = {
            "timeoutInMilliseconds": st.none() | st.integers(200, 2000),
            "maximumRetries": st.none() | st.integers(0, 1),
        }
        body["clientConfiguration"] = draw(st.none() | st.fixed_dictionaries({}, optional=members))
    if draw(st.booleans()):
        body["endpointConfiguration"] |= {"url": draw(st.sampled_from([URL, URL + "&x=1"]))}
    if draw(st.booleans()):
        body["endpointConfiguration"] |= {
            "logicAppWorkflowName": draw(st.sampled_from(["la", "LA", "other"]))
        }
    if draw(st.booleans()):
        kind = "#microsoft.graph.azureAdTokenAuthentication"
        body["authenticationConfiguration"] = {
            "@odata.type": kind,
            "resourceId": draw(st.sampled_from(["x", "y"])),
        }
    return body


@given(bodies(), bodies())
def test_carrying_out_the_rows_leaves_no_difference(
    declared: dict[str, Any], live: dict[str, Any]
) -> None:
    wanted, present = canonical(declared), observed(live)
    after = patched(present, compare(FIELDS, wanted, present))
    assert compare(FIELDS, wanted, after) == ()


def test_an_object_that_is_cleared_keeps_no_member_and_one_that_gets_members_is_not_cleared() -> (
    None
):
    whole, member = ("callbackConfiguration",), ("callbackConfiguration", "timeoutDuration")
    live: dict[Path, Value] = {("displayName",): "a", member: "PT1H"}
    for after in (None, {}):
        cleared = patched(live, [FieldChange(whole, {}, after)])
        assert cleared == {("displayName",): "a", whole: after}
    emptied: dict[Path, Value] = {("displayName",): "a", whole: {}}
    assert patched(emptied, [FieldChange(member, None, "PT1H")]) == live


def test_a_live_null_is_not_sent() -> None:
    assert patched({("description",): None, ("displayName",): "a"}, []) == {("displayName",): "a"}


@given(bodies())
def test_the_rows_of_a_create_hold_every_declared_leaf(declared: dict[str, Any]) -> None:
    wanted = canonical(declared)
    assert patched({}, leaves(wanted)) == wanted
    assert all(row.before is None for row in leaves(wanted))


@given(bodies(), bodies())
def test_undeclared_properties_are_carried_over(
    declared: dict[str, Any], live: dict[str, Any]
) -> None:
    wanted, present = canonical(declared), observed(live)
    after = patched(present, compare(FIELDS, wanted, present))
    for path, value in present.items():
        if path[0] not in {declared_path[0] for declared_path in wanted} and value is not None:
            assert after[path] == value


@given(bodies())
def test_canonical_is_idempotent(body: dict[str, Any]) -> None:
    once = canonical(body)
    again = FIELDS.body(once)
    assert {path: value for path, value in canonical(again).items() if value is not None} == {
        path: value for path, value in once.items() if value is not None
    }


def test_an_object_without_members_is_a_leaf_only_where_that_means_something() -> None:
    assert canonical({"clientConfiguration": {}}) == {}
    assert canonical({"callbackConfiguration": {}}) == {("callbackConfiguration",): {}}
    assert observed({"clientConfiguration": {"maximumRetries": None}}) == {
        ("clientConfiguration",): None
    }
    assert observed({"callbackConfiguration": {"timeoutDuration": None}}) == {
        ("callbackConfiguration",): {}
    }


def test_a_callback_that_is_declared_to_exist_keeps_its_live_timeout() -> None:
    assert rows({"callbackConfiguration": {}}) == []
    assert rows({"callbackConfiguration": {}}, {}) == [("callbackConfiguration", None, {})]


def test_clearing_an_object_and_all_of_its_members_is_the_same() -> None:
    members = {"timeoutInMilliseconds": None, "maximumRetries": None}
    live = observed({"clientConfiguration": {"maximumRetries": 1}})
    for declared in (None, members):
        desired = canonical({"clientConfiguration": declared})
        after = patched(live, compare(FIELDS, desired, live))
        assert FIELDS.body(after) == {"clientConfiguration": None}
        assert compare(FIELDS, desired, observed({"clientConfiguration": None})) == ()


def test_a_value_that_the_service_computes_says_so() -> None:
    live = observed(
        extension("a", endpointConfiguration={"logicAppWorkflowName": "la", "url": URL})
    )
    moved = canonical({"endpointConfiguration": {"logicAppWorkflowName": "other"}})
    computed = {row.path: row.computed for row in compare(FIELDS, moved, live)}
    assert computed == {
        ("endpointConfiguration", "logicAppWorkflowName"): False,
        ("endpointConfiguration", "url"): True,
    }
    assert value_at(live, ("endpointConfiguration", "url")) == URL


def test_a_declared_null_in_a_new_object_is_a_row() -> None:
    # Without it, the write does not carry the null, and the service fills in a value of its own.
    declared = {"clientConfiguration": {"timeoutInMilliseconds": None, "maximumRetries": 0}}
    assert rows(declared) == [
        ("clientConfiguration/maximumRetries", None, 0),
        ("clientConfiguration/timeoutInMilliseconds", None, None),
    ]
    exists = observed(extension("a", clientConfiguration={"maximumRetries": 1}))
    assert rows(declared, exists) == [("clientConfiguration/maximumRetries", 1, 0)]
