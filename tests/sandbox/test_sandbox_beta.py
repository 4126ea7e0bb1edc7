"""Beta shows a policy under its own names, with what v1.0 does not show."""

import pytest

from tests.sandbox.policies import (
    ALL,
    AUDIT,
    BETA_ITEM,
    CATALOG,
    ITEM,
    PACKAGE,
    beta,
    rich_policy,
    seed,
)

BACKUP = {"@odata.type": "#microsoft.graph.singleUser", "description": None, "isBackup": True}
HIDDEN = {
    "verifiableCredentialSettings": {"credentialTypes": [{"credentialType": "VerifiedEmployee"}]},
    "requestApprovalSettings": {
        "skipManagerApprovalForManagerAsRequestor": True,
        "approvalStages": [{"isApproverAllowedToModifyRequest": True}, {"isExtra": 1}],
    },
    "accessReviewSettings": {"isReminderNotificationsDisabled": True},
    "description": "hidden",
    "isDenyPolicy": False,
}


def test_a_policy_has_betas_names(start, tmp_path):
    answer = beta(start(seed=seed(tmp_path, rich_policy(serviceTag=1))))
    assert answer.status_code == 200
    policy = answer.json()
    assert "/beta/$metadata#" in policy["@odata.context"]
    names = set(policy) - {"@odata.context", "id", "createdDateTime", "modifiedDateTime"}
    assert names == {
        "displayName",
        "description",
        "accessPackageId",
        "canExtend",
        "durationInDays",
        "expirationDateTime",
        "requestorSettings",
        "requestApprovalSettings",
        "accessReviewSettings",
        "accessPackageNotificationSettings",
        "automaticRequestSettings",
        "verifiableCredentialSettings",
        "questions",
        "serviceTag",
    }
    assert policy["accessPackageId"] == PACKAGE
    assert (policy["canExtend"], policy["durationInDays"]) == (False, 90)
    assert policy["accessPackageNotificationSettings"] == {
        "isAssignmentNotificationDisabled": False
    }
    assert policy["requestorSettings"] == {
        "scopeType": "AllExistingDirectoryMemberUsers",
        "acceptRequests": True,
        "allowedRequestors": [],
        "onBehalfRequestors": [],
    }
    assert policy["verifiableCredentialSettings"] == {"credentialTypes": []}


def test_approval_and_review_are_mapped(start, tmp_path):
    policy = beta(start(seed=seed(tmp_path, rich_policy()))).json()
    approval = policy["requestApprovalSettings"]
    (stage,) = approval.pop("approvalStages")
    assert approval == {
        "isApprovalRequired": True,
        "isApprovalRequiredForExtension": False,
        "isRequestorJustificationRequired": True,
        "approvalMode": "SingleStage",
    }
    assert (stage["approvalStageTimeOutInDays"], stage["escalationTimeInMinutes"]) == (14, 2160)
    assert stage["primaryApprovers"] == [
        {
            "@odata.type": "#microsoft.graph.requestorManager",
            "managerLevel": 1,
            "isBackup": False,
        },
        {**BACKUP, "id": "00000000-0000-4000-8000-000000000011"},
    ]
    assert not [name for name in stage if name.startswith(("fallback", "durationBefore"))]
    review = policy["accessReviewSettings"]
    assert [each["isBackup"] for each in review.pop("reviewers")] == [False, True]
    assert review == {
        "isEnabled": True,
        "isAccessRecommendationEnabled": True,
        "isApprovalJustificationRequired": False,
        "accessReviewTimeoutBehavior": "keepAccess",
        "reviewerType": "Reviewers",
        "recurrenceType": "quarterly",
        "startDateTime": "2030-01-07T06:59:59.998Z",
        "durationInDays": 14,
    }


def test_questions_need_no_expand(start, tmp_path):
    where, why = beta(start(seed=seed(tmp_path, rich_policy()))).json()["questions"]
    localized = [{"languageCode": "fr", "text": "Où ?"}]
    assert where["text"] == {"defaultText": "Where?", "localizedTexts": localized}
    assert where["allowsMultipleSelection"] is False
    assert where["choices"] == [
        {"actualValue": "A", "displayValue": {"defaultText": "Country A", "localizedTexts": []}}
    ]
    assert why["text"]["defaultText"] == "Why?"
    assert "isMultipleSelectionAllowed" not in where and "localizations" not in where


def test_betas_own_names_in_a_seed_stay(start, tmp_path):
    shaped = {
        "id": rich_policy()["id"],
        "displayName": "Shaped",
        "accessPackageId": PACKAGE,
        "canExtend": True,
        "durationInDays": 365,
        "requestorSettings": {"scopeType": "NoSubjects", "acceptRequests": False},
        "requestApprovalSettings": {"approvalMode": "Serial", "approvalStages": [{}, {}]},
        "accessReviewSettings": {"isEnabled": True},
        "questions": [{"text": {"defaultText": "Why?"}}],
        "verifiableCredentialSettings": None,
    }
    policy = beta(start(seed=seed(tmp_path, shaped))).json()
    for name in set(shaped) - {"requestorSettings", "requestApprovalSettings", "questions"}:
        assert policy[name] == shaped[name]
    for name in ("requestorSettings", "requestApprovalSettings"):
        assert {**policy[name], **shaped[name]} == policy[name]
    assert policy["questions"][0]["text"] == {"defaultText": "Why?"}


@pytest.mark.parametrize("odd", [None, 5, [], [None, 5]])
def test_odd_members_do_not_break_the_answer(start, tmp_path, odd):
    names = ("expiration", "requestorSettings", "requestApprovalSettings", "reviewSettings")
    policy = rich_policy(
        **dict.fromkeys(names, odd), specificAllowedTargets=odd, questions=[odd, {"choices": odd}]
    )
    assert beta(start(seed=seed(tmp_path, policy))).status_code == 200


def test_hidden_members_show_in_beta_only(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy(betaOnly=HIDDEN)))
    policy = beta(graph).json()
    assert policy["verifiableCredentialSettings"] == HIDDEN["verifiableCredentialSettings"]
    approval = policy["requestApprovalSettings"]
    assert approval["skipManagerApprovalForManagerAsRequestor"] is True
    assert approval["approvalMode"] == "SingleStage"
    first, second = approval["approvalStages"]
    assert first["isApproverAllowedToModifyRequest"] is True
    assert first["approvalStageTimeOutInDays"] == 14
    assert second == {"isExtra": 1}
    assert policy["accessReviewSettings"]["isReminderNotificationsDisabled"] is True
    assert policy["accessReviewSettings"]["isEnabled"] is True
    assert (policy["description"], policy["isDenyPolicy"]) == ("hidden", False)
    answers = (
        graph.get(ITEM, params={"$expand": ALL}),
        graph.get("/assignmentPolicies", params={"$expand": ALL}),
        graph.get("/accessPackages", params={"$expand": "assignmentPolicies"}),
    )
    for answer in answers:
        assert answer.status_code == 200
        for name in ("betaOnly", "VerifiedEmployee", "isDenyPolicy", "isExtra", "Reminder"):
            assert name not in answer.text


def test_hidden_members_are_laid_over_the_first_elements_of_an_array(start, tmp_path):
    hidden = {"questions": [{"attribute": "country"}]}
    policy = beta(start(seed=seed(tmp_path, rich_policy(betaOnly=hidden)))).json()
    first, second = policy["questions"]
    assert (first["attribute"], first["text"]["defaultText"]) == ("country", "Where?")
    assert "attribute" not in second and second["text"]["defaultText"] == "Why?"


def test_what_a_policy_refers_to_is_expanded(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy()))
    expand = (
        "accessPackage,accessPackageCatalog,customExtensionStageSettings($expand=customExtension)"
    )
    policy = beta(graph, params={"$expand": expand, "$select": "id"}).json()
    assert set(policy) - {"@odata.context"} == {
        "id",
        "accessPackage",
        "accessPackageCatalog",
        "customExtensionStageSettings",
    }
    assert policy["accessPackageCatalog"]["id"] == CATALOG
    (called,) = policy["customExtensionStageSettings"]
    assert called["customExtension"]["id"] == AUDIT
    assert beta(graph, params={"$expand": "questions"}).status_code == 400


@pytest.mark.parametrize("status", [403, 404, 500])
def test_beta_can_be_refused(start, tmp_path, status):
    graph = start(f"beta_policies={status}", seed=seed(tmp_path, rich_policy()))
    answer = beta(graph)
    assert answer.status_code == status and answer.json()["error"]["code"]
    assert graph.get(ITEM).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", BETA_ITEM),
        ("PATCH", BETA_ITEM),
        ("DELETE", BETA_ITEM),
        ("GET", "/accessPackageAssignmentPolicies"),
        ("GET", ITEM),
        ("GET", "/accessPackages"),
        ("GET", "/accessPackageCatalogs"),
    ],
)
def test_nothing_else_of_beta_is_there(start, method, path):
    answer = beta(start(), path, method=method)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("No HTTP resource was found")


def test_an_unknown_policy_and_an_unknown_token_are_refused(start):
    graph = start()
    answer = beta(graph, "/accessPackageAssignmentPolicies/none")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")
    assert beta(start(token="other")).status_code == 401
    read_only = start(token="loopback-read-only-token-not-secret")
    assert beta(read_only).status_code == 200
