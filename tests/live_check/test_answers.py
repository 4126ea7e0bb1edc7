"""What each probe concludes from answers that the sandbox does not give by itself."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from checks import NAME, Checked, checked
from harness import URL
from tiers import sample

from reconciler.live_check.check import PROBES
from reconciler.sandbox.errors import GraphError

Json = dict[str, Any]
ID = "/[0-9a-f-]{36}"
CATALOGS, CATALOG = "/catalogs", f"/catalogs{ID}"
EXTENSIONS, EXTENSION = "/customWorkflowExtensions", f"/customWorkflowExtensions{ID}"
POLICIES, POLICY = "/assignmentPolicies", f"/assignmentPolicies{ID}"
BETA_POLICY = f"/accessPackageAssignmentPolicies{ID}"
SETTINGS = "customExtensionStageSettings"
DECIDES_NOTHING = "the answer decides nothing: HTTP 500 Injected"


def answering(
    method: str,
    path: str,
    answer: int | Json | Callable[[Json], object],
    at: tuple[int, ...] = (),
    query: str = "",
) -> Middleware:
    """Answers requests of one kind in another way: all, the n-th ones, or those with this query.

    `answer` is the status of an error, the body of a success, or changes the body in place.
    """
    count = 0

    @web.middleware
    async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer."""
        nonlocal count
        of_kind = request.method == method and re.search(f"{path}$", request.path)
        if not of_kind or query not in request.query_string:
            return await handler(request)
        count += 1
        if at and count not in at:
            return await handler(request)
        if isinstance(answer, int):
            raise GraphError(answer, "Injected", "The test refuses this.")
        if isinstance(answer, dict):
            return web.json_response(answer)
        answered = await handler(request)
        assert isinstance(answered, web.Response)
        body = json.loads(answered.text or "{}")
        answer(body)
        return web.json_response(body, status=answered.status)

    return meet


def rename_timeout(body: Json) -> None:
    callback = body["callbackConfiguration"]
    callback["durationBeforeTimeout"] = callback.pop("timeoutDuration")


def drop_ids(member: str) -> Callable[[Json], object]:
    return lambda body: [each.pop("id", None) for each in body.get(member) or []]


def having(**members: Any) -> Callable[[Json], object]:
    return lambda body: body.update(members)


def keep_first_call(body: Json) -> None:
    body[SETTINGS] = body[SETTINGS][:1]


def asked(folder: Path, switch: str, *faults: Middleware, **options: Any) -> Checked:
    """The probe that decides the switch, alone."""
    probes = [probe for probe in PROBES if switch in probe.switches]
    return asyncio.run(checked(folder, faults=faults, probes=probes, **options))


QUICK = (
    "shows nothing",
    "a new object",
    "as created",
    "HTTP 200",
    "without an id",
    "cannot be read",
    "internal error",
    "either",
)
"""In the reasons of cases where another conclusion would be near."""
UNDECIDED: list[tuple[str, list[Any], str]] = [
    ("filter_or", ["GET", CATALOGS, 500, (), " or "], DECIDES_NOTHING),
    (
        "filter_or",
        ["GET", CATALOGS, {"value": [{"displayName": "General"}]}, (), " or "],
        "the filter was accepted and not evaluated",
    ),
    (
        "filter_or",
        ["GET", CATALOGS, {"value": []}, (), " or "],
        "the filter was accepted and shows nothing",
    ),
    (
        "filter_or",
        ["GET", CATALOGS, 403],
        "a filter with one name does not show the catalog: HTTP 403 Injected",
    ),
    (
        "filter_policies",
        ["GET", POLICIES, {"value": []}],
        "the filter was accepted and shows nothing",
    ),
    ("beta_policies", ["GET", BETA_POLICY, {}], "the answer decides nothing: HTTP 200"),
    ("policies_listed", ["GET", POLICIES, 500], DECIDES_NOTHING),
    ("filter_policies", ["GET", POLICIES, 500], DECIDES_NOTHING),
    (
        "filter_policies",
        ["GET", POLICIES, {"value": [{"id": "of-others"}]}],
        "the filter was accepted and not evaluated",
    ),
    ("beta_policies", ["GET", BETA_POLICY, 418], "the answer decides nothing: HTTP 418 Injected"),
    ("combined_expand", ["GET", POLICY, 500, (), ",accessPackage,"], DECIDES_NOTHING),
    (
        "combined_expand",
        ["GET", POLICY, lambda body: body.pop("questions"), (), ",accessPackage,"],
        "2 of 3 members are answered, not the first alone",
    ),
    (
        "timeout_accept",
        ["POST", EXTENSIONS, 500, (2,)],
        "the answer to a create decides nothing: HTTP 500 Injected",
    ),
    (
        "timeout_accept",
        ["POST", EXTENSIONS, {}, (2,)],
        "an extension was created without an id in the answer: HTTP 200",
    ),
    (
        "timeout_accept",
        ["POST", EXTENSIONS, 400, (2, 3)],
        "no timeout was kept under either name",
    ),
    (
        "timeout_answer",
        ["POST", EXTENSIONS, 400, (2, 3)],
        "no timeout was kept under either name",
    ),
    (
        "timeout_answer",
        ["GET", EXTENSION, rename_timeout, (3,)],
        "the answers differ in the name",
    ),
    ("put", ["GET", EXTENSION, 404], "an extension does not show as written: HTTP 404 Injected"),
    (
        "put",
        ["PUT", EXTENSION, 500, (1,)],
        "the update of an extension was not accepted: HTTP 500 Injected",
    ),
    (
        "put",
        ["GET", EXTENSION, having(description="of others"), (2,)],
        "the description is another one after the update",
    ),
    (
        "empty_text",
        ["GET", EXTENSION, having(description="of others"), (3,)],
        "neither an empty description nor null is answered as expected",
    ),
    (
        "put",
        ["GET", EXTENSION, lambda body: body.pop("description", None)],
        "the description is not answered as created",
    ),
    (
        "unique_extension_names",
        ["POST", EXTENSIONS, {}, (2,)],
        "the second create was answered without a new object",
    ),
    ("unique_extension_names", ["POST", EXTENSIONS, 500, (2,)], DECIDES_NOTHING),
    ("app_only_without_url", ["POST", EXTENSIONS, 500, (1,)], DECIDES_NOTHING),
    (
        "app_only_without_url",
        ["POST", EXTENSIONS, 403, (1, 2)],
        "refused with the url too: HTTP 403 Injected",
    ),
    ("several_at_stage", ["PUT", POLICY, 500, (2,)], DECIDES_NOTHING),
    (
        "several_at_stage",
        ["GET", POLICY, keep_first_call, (), SETTINGS],
        "it was accepted, and 1 of 2 extensions are called",
    ),
    ("in_use_status", ["DELETE", EXTENSION, 500, (1,)], DECIDES_NOTHING),
    (
        "in_use_status",
        ["DELETE", EXTENSION, {}, (1,)],
        "Graph deletes an extension that a policy calls",
    ),
    (
        "in_use_status",
        ["DELETE", EXTENSION, 403, (1, 2)],
        "the extension is not deleted either while no policy calls it",
    ),
    (
        "in_use_status",
        ["GET", EXTENSION, 500, (2,)],
        "an extension cannot be read: HTTP 500 Injected",
    ),
    (
        "in_use_status",
        ["PUT", POLICY, 500, (2,)],
        "the call of an extension could not be removed: HTTP 500 Injected",
    ),
    (
        "in_use_status",
        ["PUT", POLICY, 400, (1,)],
        "a policy does not call the extension as written: HTTP 400 Injected",
    ),
    (
        "in_use_status",
        ["GET", POLICY, lambda body: body.pop(SETTINGS), (), SETTINGS],
        f"a policy was answered without {SETTINGS}: HTTP 200",
    ),
    ("unique_catalog_names", ["POST", CATALOGS, 500, (2,)], DECIDES_NOTHING),
    (
        "delete_catalog_with_extensions",
        ["POST", CATALOGS, 500, (3,)],
        "a further catalog could not be created: HTTP 500 Injected",
    ),
    ("delete_catalog_with_extensions", ["DELETE", CATALOG, 500, (1,)], DECIDES_NOTHING),
    (
        "delete_catalog_with_extensions",
        ["DELETE", CATALOG, 403, (1, 2)],
        "the empty catalog is not deleted either: HTTP 403 Injected",
    ),
    (
        "policy_put_alters",
        ["PUT", POLICY, 500, (2,)],
        "the update of a policy was not accepted: HTTP 500 Injected",
    ),
    (
        "question_ids",
        ["GET", POLICY, drop_ids("questions")],
        "the answers do not show the ids of questions",
    ),
    (
        "setting_ids",
        ["GET", POLICY, drop_ids(SETTINGS)],
        f"the answers do not show the ids of {SETTINGS}",
    ),
    (
        "policy_put_alters",
        ["GET", POLICY, having(questions=["of another shape"]), (3,), "questions"],
        "internal error (AttributeError) in this probe; please report it",
    ),
]


@pytest.mark.parametrize(
    ("switch", "fault", "reason"),
    sample(UNDECIDED, lambda case: any(part in case[2] for part in QUICK)),
)
def test_an_answer_that_decides_nothing_leaves_the_switch_unknown(
    switch: str, fault: list[Any], reason: str, tmp_path: Path
) -> None:
    fact = asked(tmp_path, switch, answering(*fault)).facts[switch]
    assert (fact.value, fact.reason) == (None, reason)


@pytest.mark.parametrize(
    ("switch", "fault", "value"),
    [
        ("app_only_without_url", ["POST", EXTENSIONS, 403, (1,)], "refuse"),
        ("lag_reads", ["GET", EXTENSION, having(displayName="before"), (3, 4)], "2"),
        ("filter_or", ["GET", CATALOGS, {"value": []}, (1, 3)], "accept"),
        ("in_use_status", ["GET", EXTENSION, {"id": "still there", "displayName": NAME}], "400"),
    ],
)
def test_a_control_or_the_worst_of_several_answers_decides(
    switch: str, fault: list[Any], value: str, tmp_path: Path
) -> None:
    """Refused without the url and accepted with it; one write that shows late; a list that lags; a
    deletion that does not show.
    """
    fact = asked(tmp_path, switch, answering(*fault)).facts[switch]
    assert (fact.value, fact.times) == (value, 1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"identity": "user", "url": URL},
            "the identity is a user, and the question is about applications",
        ),
        (
            {"url": None},
            "refused (HTTP 403 Injected), and not comparable: the url of the trigger is not known",
        ),
    ],
)
def test_whether_the_url_may_be_omitted_needs_an_application_and_the_url(
    options: Json, reason: str, tmp_path: Path
) -> None:
    switch = "app_only_without_url"
    fact = asked(tmp_path, switch, answering("POST", EXTENSIONS, 403), **options).facts[switch]
    assert (fact.value, fact.reason) == (None, reason)


def test_where_no_callback_is_accepted_none_can_be_cleared(tmp_path: Path) -> None:
    done = asked(tmp_path, "put", answering("POST", EXTENSIONS, 400, (2, 3)))
    assert done.values["put"] == "replace"
    assert done.observed["an extension with a callback"] == "HTTP 400 Injected"


def test_what_becomes_of_an_extension_without_a_call_is_observed(tmp_path: Path) -> None:
    assert asked(tmp_path, "in_use_status").observed == {
        "the extension after its last call was removed": "kept",
        "until a deletion shows": "0.0 s",
    }


def test_listings_without_names_do_not_prevent_the_removal(tmp_path: Path) -> None:
    """What has the id of an own object is own then."""
    nameless = answering(
        "GET", EXTENSIONS, lambda body: [each.pop("displayName") for each in body["value"]]
    )
    done = asked(tmp_path, "unique_extension_names", nameless)
    assert (done.run.left, done.left_behind) == ((), [])


def test_the_names_that_are_tried_differ_in_case_alone_and_in_length(tmp_path: Path) -> None:
    names: list[str] = []

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and request.path.endswith(EXTENSIONS):
            names.append((await request.json())["displayName"])
        return await handler(request)

    asked(tmp_path, "unique_extension_names", watch)
    first, same, other_case, long = names
    assert first == same != other_case
    assert (first.casefold(), len(long)) == (other_case.casefold(), 257)
