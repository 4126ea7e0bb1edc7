"""Answers that a policy must not be written back from, and what a change keeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from reconciler.apply.expectation import Expectation
from reconciler.errors import ServiceAnswerError
from reconciler.kinds.policy import POLICY as KIND
from reconciler.kinds.policy.api import get_policy
from reconciler.kinds.policy.bodies import bodies
from reconciler.kinds.policy.wire import observe
from reconciler.model.objects import ObjectRef, Observed
from tests.graph.graph_clients import graph_at
from tests.policies.generated import CATALOG, PACKAGE, POLICY, REQUEST_TYPE, SETTINGS
from tests.policies.raw_graph import RawGraph, raw_graph

PARENTS = (ObjectRef("catalog", CATALOG, "Marketing"), ObjectRef("access_package", PACKAGE, "T"))
STAGE = "assignmentRequestCreated"
OLD = {"@odata.type": f"#{REQUEST_TYPE}", "id": "x", "displayName": "old"}
NEW = ObjectRef("extension", "y", "old", REQUEST_TYPE.rpartition(".")[2])
SETTING = {"id": "s", "stage": STAGE, "customExtension": OLD}


def policy(**members: Any) -> dict[str, Any]:
    return {
        "id": POLICY,
        "displayName": "Initial policy",
        "createdDateTime": "2030-01-01T00:00:00Z",
        "modifiedDateTime": "2030-01-01T00:00:00Z",
        "accessPackage": {"id": PACKAGE, "displayName": "T"},
        "questions": [{"id": "q", "text": "Why?"}],
        SETTINGS: [SETTING],
        **members,
    }


def read(body: dict[str, Any]) -> Observed:
    async def run() -> Observed:
        async with raw_graph(json.dumps(body)) as served, graph_at(served.base) as graph:
            observed = await get_policy(graph, PARENTS, POLICY)
            assert observed is not None
            return observed

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("member", "inside"),
    [("questions", lambda part: part), ("choices", lambda part: {"questions": [part]})],
)
def test_a_policy_of_which_a_list_was_read_in_part_is_not_used(
    member: str, inside: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    part = {f"{member}@odata.nextLink": "https://graph.microsoft.com/v1.0/next"}
    with pytest.raises(ServiceAnswerError, match=f"only a part of {member}"):
        read(policy(**inside(part)))


def test_a_part_gives_only_the_member_that_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def in_parts(_graph: RawGraph, request: web.Request) -> web.Response:
        """Expands one member, and shows the others as empty lists."""
        asked = request.query.get("$expand", "")
        if asked.count(",") > 0:
            return web.json_response({"error": {"code": "BadRequest"}}, status=400)
        lists: dict[str, Any] = {n: [] for n in (SETTINGS, "questions") if not asked.startswith(n)}
        return web.json_response(policy(**lists))

    monkeypatch.setattr(RawGraph, "policy", in_parts)
    raw = read(policy()).raw
    assert [raw[SETTINGS], len(raw["questions"])] == [[SETTING], 1]


def test_a_dynamic_approval_stage_without_its_extension_leaves_the_use_unknown() -> None:
    stage: dict[str, Any] = {"@odata.type": "#microsoft.graph.accessPackageDynamicApprovalStage"}
    hidden = observe(PARENTS, policy(requestApprovalSettings={"stages": [stage]}))
    assert "dynamic approval stage" in str(hidden.incomplete)
    stage["customExtension"] = OLD
    shown = observe(PARENTS, policy(requestApprovalSettings={"stages": [stage]}))
    assert shown.incomplete is None


def test_a_stage_that_calls_another_extension_keeps_unknown_members_of_its_setting() -> None:
    before = observe(PARENTS, policy(**{SETTINGS: [SETTING | {"isMandatory": True}]}))
    (body,) = bodies(before.ref, before, {(SETTINGS, STAGE): NEW})
    (setting,) = body.members[SETTINGS]
    assert setting.get("isMandatory") is True


def test_a_truth_value_that_became_a_number_is_altered() -> None:
    before, after = (observe(PARENTS, policy(isNew=value)) for value in (True, 1))
    assert Expectation(KIND, {}, before).altered(after) == ["isNew"]
