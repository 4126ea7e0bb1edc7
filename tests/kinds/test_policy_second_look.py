"""A policy that changes is read through beta too: when it is planned, and right before its PUT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import Json, Tenant, declare
from objects import explained

from reconciler.app.kinds import KINDS
from reconciler.apply.run import Run, apply_plan
from reconciler.model.plan import Plan
from tests.kinds.policy_runs import (
    AUDIT,
    CREATED,
    GRANTED,
    OTHER_POLICY,
    POLICY,
    Handler,
    Requests,
    blocked,
    calls,
    document,
    only,
    planned,
    policy,
    run,
    stages,
)

BETA = f"GET /accessPackageAssignmentPolicies/{POLICY} of beta"
ITEM = f"/assignmentPolicies/{POLICY}"
BINDS = document(stages(**{CREATED: "notify"}))


class Beta:
    """What beta answers from now on: with more members, or a status."""

    def __init__(self) -> None:
        self.more: Json = {}
        self.status = 200

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The usual answer, unless it was changed."""
        response = await handler(request)
        if "/beta/" not in request.path:
            return response
        if self.status != 200:
            return web.Response(status=self.status)
        assert isinstance(response, web.Response)
        return web.json_response({**json.loads(response.body or b""), **self.more})


def test_only_policies_that_change_are_read_through_beta_once(tmp_path: Path) -> None:
    requests = Requests()
    other = policy(id=OTHER_POLICY, displayName="Guests")
    both = document(stages(**{CREATED: "notify"}), stages(name="Guests", **{GRANTED: "audit"}))
    plan = planned(tmp_path, [both], policy(), other, faults=[requests.watch])
    assert only(plan).action == "update"
    assert requests.of_beta == [BETA]
    assert requests.writes == []


def test_a_policy_is_read_through_beta_again_right_before_its_put(tmp_path: Path) -> None:
    requests = Requests()
    declare(tmp_path / "desired", BINDS)

    async def story(held: Tenant) -> list[str]:
        plan = await held.plan_whole(tmp_path / "desired")
        requests.seen.clear()
        await held.apply(plan)
        return requests.seen

    whole = f"GET {ITEM} $expand"
    seen = run(tmp_path, story, policy(), faults=[requests.watch])
    assert seen == [BETA, whole, f"PUT {ITEM}", whole]


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"isDenyPolicy": True}, 200, "hidden_settings"),
        ({"id": OTHER_POLICY}, 200, "hidden_settings_unread"),
        ({}, 403, "hidden_settings_unread"),
    ],
)
def test_what_beta_shows_only_after_the_plan_stops_the_write(
    more: Json, status: int, code: str, tmp_path: Path
) -> None:
    requests, beta = Requests(), Beta()
    declare(tmp_path / "desired", BINDS)

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        assert only(plan).action == "update"
        beta.more, beta.status = more, status
        (outcome,) = await held.apply(plan)
        assert outcome.status == "failed"
        assert outcome.reason is not None
        assert outcome.reason.code == code
        assert "v1.0 does not show" in explained(outcome)
        assert calls(held) == {GRANTED: AUDIT}
        assert requests.writes == []

    run(tmp_path, story, policy(), faults=[requests.watch, beta.answer])


def test_an_answer_about_another_policy_blocks(tmp_path: Path) -> None:
    beta = Beta()
    beta.more = {"id": OTHER_POLICY}
    code, parameters = blocked(planned(tmp_path, [BINDS], faults=[beta.answer]))
    assert code == "hidden_settings_unread"
    assert parameters["error"] == f"Graph returned policy {OTHER_POLICY} instead of {POLICY}."


def test_an_answer_that_does_not_show_a_policy_blocks(tmp_path: Path) -> None:
    @web.middleware
    async def id_only(request: web.Request, handler: Handler) -> web.StreamResponse:
        if "/beta/" in request.path:
            return web.json_response({"id": POLICY})
        return await handler(request)

    code, parameters = blocked(planned(tmp_path, [BINDS], faults=[id_only]))
    assert code == "hidden_settings_unread"
    assert parameters["error"] == f"Graph returned policy {POLICY} without displayName."


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"verifiableCredentialSettings": ["x"]}, "verifiableCredentialSettings/credentialTypes"),
        ({"questions": {"attribute": "x"}}, "questions/*/attribute"),
    ],
)
def test_a_value_of_an_unexpected_shape_counts_as_set(
    more: Json, path: str, tmp_path: Path
) -> None:
    beta = Beta()
    beta.more = more
    code, parameters = blocked(planned(tmp_path, [BINDS], faults=[beta.answer]))
    assert code == "hidden_settings"
    assert path in parameters["paths"]


def test_a_policy_that_has_changed_is_stale_whatever_beta_shows(tmp_path: Path) -> None:
    beta = Beta()
    declare(tmp_path / "desired", BINDS)

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        (outcome,) = await held.apply(plan)
        assert outcome.status == "done"
        beta.more = {"isDenyPolicy": True}
        (again,) = await held.apply(plan)
        assert again.reason is not None
        assert (again.status, again.reason.code) == ("failed", "already_applied")

    run(tmp_path, story, policy(), faults=[beta.answer])


def test_without_second_looks_beta_is_not_read(tmp_path: Path) -> None:
    requests = Requests()
    declare(tmp_path / "desired", BINDS)

    async def story(held: Tenant) -> Plan:
        plan = await held.plan_whole(tmp_path / "desired", second_looks=False)
        (outcome,) = await apply_plan(plan, Run(held.graph, KINDS, second_looks=False))
        assert outcome.status == "done"
        return plan

    hidden = policy(betaOnly={"isDenyPolicy": True})
    plan = run(tmp_path, story, hidden, faults=[requests.watch])
    assert only(plan).action == "update"
    assert requests.of_beta == []


def of_sovereign_cloud(**hidden: Any) -> Json:
    """A policy whose v1.0 lacks three members (docs/graph.md §7.4), with what beta shows of them:
    of the approval as a whole, of its stage, and of notifications.
    """
    lacking = policy()
    approval = lacking["requestApprovalSettings"]
    approval.pop("isRequestorJustificationRequired")
    approval["stages"][0].pop("approverInformationVisibility")
    lacking.pop("notificationSettings")
    shown: Json = {"requestApprovalSettings": hidden.get("approval", {})}
    shown["requestApprovalSettings"]["approvalStages"] = [hidden.get("stage", {})]
    shown["accessPackageNotificationSettings"] = hidden.get("notifications")
    return {**lacking, "betaOnly": shown}


def test_in_sovereign_clouds_three_more_settings_can_be_hidden(tmp_path: Path) -> None:
    hidden = of_sovereign_cloud(
        approval={"isRequestorJustificationRequired": True},
        stage={"isApproverInformationVisibleToRequestor": True},
        notifications={"isAssignmentNotificationDisabled": True},
    )
    code, parameters = blocked(planned(tmp_path, [BINDS], hidden))
    assert code == "hidden_settings"
    assert parameters["paths"] == [
        "accessPackageNotificationSettings/isAssignmentNotificationDisabled",
        "requestApprovalSettings/approvalStages/*/isApproverInformationVisibleToRequestor",
        "requestApprovalSettings/isRequestorJustificationRequired",
    ]
    assert only(planned(tmp_path, [BINDS], of_sovereign_cloud())).action == "update"


def test_where_v1_shows_these_three_they_do_not_block(tmp_path: Path) -> None:
    shown = policy(notificationSettings={"isAssignmentNotificationDisabled": True})
    stage = shown["requestApprovalSettings"]["stages"][0]
    stage["approverInformationVisibility"] = "notVisible"
    shown["requestApprovalSettings"]["stages"].append({**stage})
    assert shown["requestApprovalSettings"]["isRequestorJustificationRequired"]
    assert only(planned(tmp_path, [BINDS], shown)).action == "update"
