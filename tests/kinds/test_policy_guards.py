"""What a write of a policy could lose, or could not set, blocks its change; an unchanged policy is
never blocked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import ASSIGNMENT, Json, Tenant, declare
from objects import because

from reconciler.kinds.policy.second_look import HIDDEN
from reconciler.sandbox.resources.policies.beta import merged
from tests.kinds.policy_runs import (
    AUDIT,
    CREATED,
    EXPIRES,
    GRANTED,
    NOTIFY,
    POLICY,
    REMIND,
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
from tests.sandbox.policies import REQUEST_TYPE, setting

DYNAMIC = "#microsoft.graph.accessPackageDynamicApprovalStage"
LATER_STAGE = "assignmentRequestDeterminingApprovalRequirements"
KEEPS = setting(GRANTED, AUDIT)
BINDS = {CREATED: "notify"}
ODD: dict[str, tuple[Json, Json, str]] = {
    "unknown_enum_value": (
        policy(expiration={"type": "unknownFutureValue"}),
        {"paths": ["expiration/type"]},
        "the policy has values that Graph v1.0 does not name (expiration/type)",
    ),
    "dynamic_approval_stage": (
        policy(requestApprovalSettings={"stages": [{"@odata.type": DYNAMIC}]}),
        {},
        "an extension decides who approves (a dynamic approval stage)",
    ),
    "unknown_stage": (
        policy(KEEPS, setting(LATER_STAGE, NOTIFY)),
        {"stages": [LATER_STAGE]},
        f"at stages that Graph v1.0 does not name ({LATER_STAGE})",
    ),
    "stage_without_extension": (
        policy(KEEPS, {"stage": EXPIRES, "customExtension": None}),
        {"stages": [EXPIRES]},
        f"Graph did not say which extension the policy calls at {EXPIRES}",
    ),
    "several_at_stage": (
        policy(KEEPS, setting(CREATED, AUDIT), setting(CREATED, NOTIFY)),
        {"stage": CREATED, "ids": sorted([AUDIT, NOTIFY])},
        f"the policy calls several extensions at {CREATED} (",
    ),
}
"""Code → a policy that must not be written, the parameters, and part of the sentence."""


def shown_with(change: Callable[[Json], Any]) -> Any:
    """Graph shows the single policy with this change."""

    @web.middleware
    async def alter(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not request.path.endswith(f"/assignmentPolicies/{POLICY}"):
            return response
        assert isinstance(response, web.Response)
        shown = json.loads(response.body or b"")
        change(shown)
        return web.json_response(shown)

    return alter


def without(member: str) -> Any:
    """Graph never shows this member of a single policy."""
    return shown_with(lambda shown: shown.pop(member, None))


@pytest.mark.parametrize("wanted", ["notify", None])
@pytest.mark.parametrize("code", list(ODD))
def test_a_policy_that_a_write_could_change_elsewhere_is_not_changed(
    code: str, wanted: str | None, tmp_path: Path
) -> None:
    odd, parameters, sentence = ODD[code]
    stage = CREATED if wanted or code == "several_at_stage" else GRANTED
    requests = Requests()
    declared = document(stages(**{stage: wanted}))
    plan = planned(tmp_path, [declared], odd, faults=[requests.watch])
    assert blocked(plan) == (code, parameters)
    assert sentence in because(only(plan))
    assert requests.of_beta == []


def test_an_unknown_value_in_a_setting_blocks_too(tmp_path: Path) -> None:
    odd = policy({**KEEPS, "newMember": {"deep": ["unknownFutureValue"]}})
    code, parameters = blocked(planned(tmp_path, [document(stages(**BINDS))], odd))
    paths = ["customExtensionStageSettings/newMember/deep/0"]
    assert (code, parameters) == ("unknown_enum_value", {"paths": paths})


def spoil_copies(shown: Json) -> None:
    """Adds a value that v1.0 does not name to what is not written back."""
    shown["catalog"] = {"state": "unknownFutureValue"}
    shown["accessPackage"]["newMember"] = "unknownFutureValue"
    for each in shown["customExtensionStageSettings"]:
        each["customExtension"]["newMember"] = "unknownFutureValue"


def test_an_unknown_value_of_another_object_does_not_block(tmp_path: Path) -> None:
    plan = planned(tmp_path, [document(stages(**BINDS))], faults=[shown_with(spoil_copies)])
    assert only(plan).action == "update"


@pytest.mark.parametrize("code", list(ODD))
def test_such_a_policy_that_is_as_declared_is_not_blocked(code: str, tmp_path: Path) -> None:
    requests = Requests()
    declared = document(stages(**{GRANTED: "audit"}))
    plan = planned(tmp_path, [declared], ODD[code][0], faults=[requests.watch])
    assert (plan.changes, plan.summary["unchanged"]) == ((), 1)
    assert requests.of_beta == []


@pytest.mark.parametrize(
    ("member", "code", "sentence"),
    [
        ("questions", "questions_unread", "did not show the questions of the policy"),
        ("accessPackage", "access_package_unread", "did not show the access package"),
    ],
)
def test_a_policy_that_is_not_shown_whole_is_not_changed(
    member: str, code: str, sentence: str, tmp_path: Path
) -> None:
    plan = planned(tmp_path, [document(stages(**BINDS))], faults=[without(member)])
    assert blocked(plan) == (code, {})
    assert sentence in because(only(plan))
    same = document(stages(**{GRANTED: "audit"}))
    assert planned(tmp_path, [same], faults=[without(member)]).changes == ()


def test_a_policy_whose_stages_are_not_shown_could_not_be_read(tmp_path: Path) -> None:
    faults = [without("customExtensionStageSettings")]
    plan = planned(tmp_path, [document(stages(**{GRANTED: "audit"}))], faults=faults)
    assert blocked(plan)[0] == "object_unreadable"


def test_a_pinned_policy_must_have_the_declared_name(tmp_path: Path) -> None:
    plan = planned(tmp_path, [document(stages(id=POLICY, name="Guests", **BINDS))])
    code, parameters = blocked(plan)
    assert (code, parameters) == (
        "pinned_under_other_name",
        {"id": POLICY, "live_name": "Employees"},
    )
    assert f'the live policy {POLICY} is named "Employees"' in because(only(plan))


def test_several_extensions_at_a_stage_that_is_not_declared_are_kept(tmp_path: Path) -> None:
    several = policy(KEEPS, setting(GRANTED, NOTIFY), setting(EXPIRES, REMIND, ASSIGNMENT))
    declare(tmp_path / "desired", document(stages(**{EXPIRES: None})))
    requests = Requests()

    async def story(held: Tenant) -> None:
        (outcome,) = await held.apply(await held.plan_whole(tmp_path / "desired"))
        assert outcome.status == "done", outcome

    run(tmp_path, story, several, faults=[requests.watch])
    (body,) = requests.bodies
    assert body["customExtensionStageSettings"] == [KEEPS, setting(GRANTED, NOTIFY)]
    assert KEEPS["customExtension"]["@odata.type"] == REQUEST_TYPE


def nested(path: str, value: Any) -> Json:
    """An object that has the value at the path; `*` is a list of one."""
    for name in reversed(path.split("/")):
        value = [value] if name == "*" else {name: value}
    return dict(value)


def without_shown() -> Json:
    """The policy as v1.0 of a sovereign cloud shows it (docs/graph.md §7.4)."""
    whole = policy()
    approval: Json = whole["requestApprovalSettings"]
    approval.pop("isRequestorJustificationRequired")
    for stage in approval["stages"]:
        stage.pop("approverInformationVisibility")
    whole.pop("notificationSettings")
    return whole


FIRST_STAGES = (
    "requestApprovalSettings/approvalStages/*",
    "requestApprovalSettings/stages/*",
)
OF_STAGES = ("isApproverAllowedToModifyRequest", "customExtension")
OF_REVIEWS = ("isReminderNotificationsDisabled", "isAgenticExperienceEnabled")
ONLY_BETA = [
    "verifiableCredentialSettings/credentialTypes",
    "isDenyPolicy",
    "isCustomAssignmentScheduleAllowed",
    "requestApprovalSettings/skipManagerApprovalForManagerAsRequestor",
    "questions/*/attribute",
    *(f"{stage}/{name}" for stage in FIRST_STAGES for name in OF_STAGES),
    *(f"accessReviewSettings/{name}" for name in OF_REVIEWS),
    *(f"reviewSettings/{name}" for name in OF_REVIEWS),
]
"""Members that no v1.0 has (docs/graph.md §7.4)."""
IN_SOME_CLOUDS = [
    *(f"{stage}/approverInformationVisibility" for stage in FIRST_STAGES),
    *(f"{stage}/isApproverInformationVisibleToRequestor" for stage in FIRST_STAGES),
    "requestApprovalSettings/isRequestorJustificationRequired",
    "accessPackageNotificationSettings/isAssignmentNotificationDisabled",
    "notificationSettings/isAssignmentNotificationDisabled",
]
"""Members that the v1.0 of some clouds has."""


def test_the_settings_that_v1_does_not_show_are_the_documented_ones() -> None:
    assert {path for path, shown in HIDDEN.items() if not shown} == {*ONLY_BETA}
    assert {path for path, shown in HIDDEN.items() if shown} == {*IN_SOME_CLOUDS}


def set_value(path: str) -> Any:
    """A value of the member at the path that counts as set."""
    values: Mapping[str, Any] = {
        "credentialTypes": [{"credentialType": "VerifiedEmployee"}],
        "customExtension": {"id": NOTIFY},
        "attribute": {"@odata.type": "#microsoft.graph.accessPackageResourceAttribute"},
        "approverInformationVisibility": "notVisible",
    }
    return values.get(path.rpartition("/")[2], True)


@pytest.mark.parametrize("path", [*ONLY_BETA, *IN_SOME_CLOUDS])
def test_a_setting_that_v1_does_not_show_blocks(path: str, tmp_path: Path) -> None:
    hidden = {**without_shown(), "betaOnly": nested(path, set_value(path))}
    plan = planned(tmp_path, [document(stages(**BINDS))], hidden)
    assert blocked(plan) == ("hidden_settings", {"paths": [path]})
    sentence = because(only(plan))
    assert f"settings that Graph v1.0 does not show, and a write could reset them ({path})" in (
        sentence
    )
    assert "--no-beta-check" in sentence


@pytest.mark.parametrize("value", [None, False, "", "default", [], {}])
def test_a_setting_that_is_not_set_does_not_block(value: Any, tmp_path: Path) -> None:
    every = reduce(merged, (nested(path, value) for path in HIDDEN))
    hidden = {**without_shown(), "betaOnly": every}
    plan = planned(tmp_path, [document(stages(**BINDS))], hidden)
    assert only(plan).action == "update"


@pytest.mark.parametrize("path", IN_SOME_CLOUDS)
def test_a_setting_that_this_v1_shows_does_not_block(path: str, tmp_path: Path) -> None:
    shown = policy(betaOnly=nested(path, set_value(path)))
    plan = planned(tmp_path, [document(stages(**BINDS))], shown)
    assert only(plan).action == "update"


@pytest.mark.parametrize("status", ["403", "404", "500"])
def test_settings_that_could_not_be_read_block(status: str, tmp_path: Path) -> None:
    switches = [f"beta_policies={status}"]
    plan = planned(tmp_path, [document(stages(**BINDS))], switches=switches)
    code, parameters = blocked(plan)
    assert code == "hidden_settings_unread"
    assert f"HTTP {status}" in parameters["error"]
    assert "could not be read through the beta version" in because(only(plan))
    same = document(stages(**{GRANTED: "audit"}))
    assert planned(tmp_path, [same], switches=switches).changes == ()


def test_a_blocked_policy_blocks_no_other_one(tmp_path: Path) -> None:
    other = policy(id="4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e27", displayName="Guests")
    hidden = policy(betaOnly={"isDenyPolicy": True})
    both = document(stages(**BINDS), stages(name="Guests", **BINDS))
    declare(tmp_path / "desired", both)

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        assert {str(change.object): change.action for change in plan.changes} == {
            "Employees": "blocked",
            "Guests": "update",
        }
        outcomes = await held.apply(plan)
        statuses = {str(each.change.object): each.status for each in outcomes}
        assert statuses == {"Employees": "skipped", "Guests": "done"}
        assert calls(held) == {GRANTED: AUDIT}

    run(tmp_path, story, hidden, other)
