"""Laws of the canonical form of an extension, and of its content."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.kinds.extension.fields import FIELDS, REQUEST_TYPE
from reconciler.kinds.extension.wire import content, observe
from reconciler.model.durations import duration_s
from reconciler.model.json_values import sha256
from reconciler.model.objects import ObjectRef
from reconciler.model.odata import ODATA_TYPE

GUID = "38ab2ccc-3747-4567-b36b-9478f5602f0d"
TEXTS = st.none() | st.text(max_size=5)
DURATIONS = st.sampled_from(["PT1H", "PT60M", "P1D", "PT24H", "PT86400S", "PT5M", "PT300.0S", "x"])
UNKNOWN = st.dictionaries(
    st.sampled_from(["retryBackoff", "region"]), TEXTS | st.lists(st.integers(), max_size=2)
)


def configuration(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda known, unknown: unknown | known, st.fixed_dictionaries({}, optional=members), UNKNOWN
    )


BODIES = st.builds(
    lambda known, unknown: unknown | known,
    st.fixed_dictionaries(
        {},
        optional={
            "displayName": TEXTS,
            "description": TEXTS,
            "endpointConfiguration": configuration(
                subscriptionId=st.sampled_from([GUID, GUID.upper()]),
                resourceGroupName=TEXTS,
                logicAppWorkflowName=TEXTS,
                url=TEXTS,
            ),
            "authenticationConfiguration": st.one_of(
                st.just({ODATA_TYPE: "#microsoft.graph.azureAdPopTokenAuthentication"}),
                st.just(
                    {ODATA_TYPE: "microsoft.graph.azureAdTokenAuthentication", "resourceId": GUID}
                ),
            ),
            "clientConfiguration": st.none()
            | configuration(
                timeoutInMilliseconds=st.none() | st.integers(200, 2000),
                maximumRetries=st.none() | st.integers(0, 1),
            ),
            "callbackConfiguration": st.none()
            | configuration(timeoutDuration=DURATIONS, durationBeforeTimeout=DURATIONS),
        },
    ),
    UNKNOWN,
)


@given(BODIES)
def test_the_canonical_form_of_what_is_sent_is_the_form_it_was_made_from(
    body: dict[str, Any],
) -> None:
    """`canonical` is idempotent through `body`, but for what a body cannot carry: a computed member
    without a value is omitted, and an object whose members are all null is null.
    """
    properties = FIELDS.canonical(body)
    sent = FIELDS.canonical(FIELDS.body(properties))
    computed = FIELDS.computed
    for path, value in properties.items():
        if value is not None or len(path) == 1:
            assert sent[path] == value
        elif path not in computed:
            assert sent.get(path, sent.get(path[:1])) is None
    assert set(sent) <= set(properties) | {path[:1] for path in properties}
    assert FIELDS.canonical(FIELDS.body(sent)) == sent


@st.composite
def respelled(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A body, and the same body as others would write it."""
    body = draw(BODIES)
    other = copy.deepcopy(body)
    for name, default in {
        "endpointConfiguration": "logicAppTriggerEndpointConfiguration",
        "clientConfiguration": "customExtensionClientConfiguration",
        "callbackConfiguration": "customExtensionCallbackConfiguration",
    }.items():
        if isinstance(other.get(name), dict) and draw(st.booleans()):
            spelling = draw(st.sampled_from([default, default.upper(), default.lower()]))
            other[name][ODATA_TYPE] = f"#microsoft.graph.{spelling}"
    endpoint = other.get("endpointConfiguration", {})
    if "subscriptionId" in endpoint:
        endpoint["subscriptionId"] = endpoint["subscriptionId"].swapcase()
    callback = other.get("callbackConfiguration") or {}
    names = sorted({"timeoutDuration", "durationBeforeTimeout"}.intersection(callback))
    if len(names) == 1:  # of both, the name of the schema wins
        timeout = callback.pop(names[0])
        callback[draw(st.sampled_from(["timeoutDuration", "durationBeforeTimeout"]))] = timeout
    if other.get("description") == "":
        other["description"] = None
    return body, dict(reversed(other.items()))


@given(respelled())
def test_spellings_of_one_value_have_one_form(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    body, other = pair
    assert FIELDS.canonical(body) == FIELDS.canonical(other)
    assert FIELDS.observed(body) == FIELDS.observed(other)


@given(DURATIONS, DURATIONS)
def test_durations_have_one_form_if_they_are_equally_long(one: str, other: str) -> None:
    forms = [
        FIELDS.canonical({"callbackConfiguration": {"timeoutDuration": text}})
        for text in (one, other)
    ]
    assert (forms[0] == forms[1]) == (duration_s(one) == duration_s(other))


CATALOG = (ObjectRef("catalog", GUID, "Marketing"),)
LIVE: dict[str, Any] = {
    "id": GUID,
    ODATA_TYPE: f"#microsoft.graph.{REQUEST_TYPE}",
    "displayName": "mail",
    "description": "about",
    "endpointConfiguration": {
        "subscriptionId": GUID,
        "resourceGroupName": "rg",
        "logicAppWorkflowName": "la",
        "url": "https://prod-31.westeurope.logic.azure.com/workflows/0",
        "region": "west",
    },
    "authenticationConfiguration": {
        ODATA_TYPE: "#microsoft.graph.azureAdTokenAuthentication",
        "resourceId": GUID,
    },
    "clientConfiguration": {
        ODATA_TYPE: "#microsoft.graph.customExtensionClientConfiguration",
        "timeoutInMilliseconds": 500,
        "maximumRetries": 1,
        "retryBackoff": {"kind": "linear", "steps": [1, 2]},
    },
    "callbackConfiguration": {"timeoutDuration": "PT1H", "region": None},
    "behaviour": {"mode": "strict", "list": [{"a": 1}]},
    "tags": ["a", "b"],
    "createdBy": "someone",
    "createdDateTime": "2025-01-01T00:00:00Z",
    "lastModifiedBy": "someone",
    "lastModifiedDateTime": "2025-01-01T00:00:00Z",
    "catalog@odata.context": "https://graph.microsoft.com/v1.0/$metadata",
}
EXCLUDED = {
    ("createdBy",),
    ("createdDateTime",),
    ("lastModifiedBy",),
    ("lastModifiedDateTime",),
    ("catalog@odata.context",),
}


def paths(value: Any, outer: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every leaf of the answer, through objects and lists."""
    if isinstance(value, dict) or (isinstance(value, list) and value):
        steps = value.items() if isinstance(value, dict) else enumerate(value)
        return [path for step, member in steps for path in paths(member, (*outer, step))]
    return [outer]


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(LIVE)
    holder: Any = body
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return body


@given(st.sampled_from(paths(LIVE)))
def test_content_changes_with_every_member_but_the_named_exclusions(path: tuple[Any, ...]) -> None:
    before = sha256(content(observe(CATALOG, LIVE)))
    after = sha256(content(observe(CATALOG, changed(path, "another"))))
    assert (before == after) == (path in EXCLUDED)


def test_content_changes_when_a_member_appears_and_not_when_a_null_does() -> None:
    before = content(observe(CATALOG, LIVE))
    assert content(observe(CATALOG, LIVE | {"new": 1})) != before
    assert content(observe(CATALOG, changed(("clientConfiguration", "new"), 1))) != before
    assert content(observe(CATALOG, LIVE | {"new": None})) == before
    nested = LIVE | {"new": {"mode": "strict"}}
    with_null = LIVE | {"new": {"mode": "strict", "since": None}}
    assert content(observe(CATALOG, nested)) == content(observe(CATALOG, with_null))


def test_the_name_of_an_undocumented_member_may_contain_a_slash() -> None:
    assert content(observe(CATALOG, LIVE | {"a/b": 1}))["unknown"]["a/b"] == 1
    inside = content(observe(CATALOG, changed(("clientConfiguration", "a/b"), 1)))
    assert inside["unknown"]["clientConfiguration/a/b"] == 1


def test_an_empty_timeout_does_not_hide_the_one_under_the_other_name() -> None:
    timeouts = {"durationBeforeTimeout": "PT1H", "timeoutDuration": ""}
    for callback in (timeouts, dict(reversed(timeouts.items()))):
        body = {"callbackConfiguration": callback}
        assert FIELDS.observed(body) == {("callbackConfiguration", "timeoutDuration"): "PT1H"}


def test_content_tells_the_documented_types_apart() -> None:
    kinds = [f"#microsoft.graph.{name}" for name in FIELDS.types]
    contents = [sha256(content(observe(CATALOG, LIVE | {ODATA_TYPE: kind}))) for kind in kinds]
    assert len(set(contents)) == len(kinds) == 2
