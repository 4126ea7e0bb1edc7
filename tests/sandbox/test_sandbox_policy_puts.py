"""A PUT of a policy replaces it and accepts only what v1.0 knows (docs/graph.md §7.3)."""

import copy

import pytest

from tests.sandbox.policies import (
    AUDIT,
    EXPIRY_TYPE,
    ITEM,
    NOTIFY,
    PACKAGE,
    POLICY,
    UNKNOWN,
    beta,
    body_of,
    put,
    rich_policy,
    seed,
    setting,
    user,
    whole,
)

HIDDEN = {"requestApprovalSettings": {"skipManagerApprovalForManagerAsRequestor": True}}
STAGE = ("requestApprovalSettings", "stages", 0)
SCHEDULE = ("reviewSettings", "schedule")
OBJECTS = [
    (),
    ("requestorSettings",),
    ("requestApprovalSettings",),
    STAGE,
    (*STAGE, "primaryApprovers", 0),
    ("reviewSettings",),
    SCHEDULE,
    (*SCHEDULE, "expiration"),
    (*SCHEDULE, "recurrence"),
    (*SCHEDULE, "recurrence", "pattern"),
    (*SCHEDULE, "recurrence", "range"),
    ("automaticRequestSettings",),
    ("notificationSettings",),
    ("expiration",),
    ("questions", 0),
    ("questions", 0, "choices", 0),
    ("questions", 0, "localizations", 0),
    ("customExtensionStageSettings", 0),
]
SUBJECTS = [
    "singleUser",
    "groupMembers",
    "requestorManager",
    "targetManager",
    "internalSponsors",
    "externalSponsors",
    "targetUserSponsors",
    "targetApplicationOwners",
    "targetAgentIdentitySponsorsOrOwners",
    "connectedOrganizationMembers",
    "singleServicePrincipal",
    "attributeRuleMembers",
    "identityGovernance.ruleBasedSubjectSet",
    "identityGovernance.groupBasedSubjectSet",
]


def changed(policy, place, **members):
    """A copy in which the object at that place has these members, too."""
    copied = copy.deepcopy(policy)
    inner = copied
    for step in place:
        inner = inner[step]
    inner.update(members)
    return copied


def with_automatic(**changes):
    return rich_policy(
        automaticRequestSettings={"gracePeriodBeforeAccessRemoval": "P7D"}, **changes
    )


def refusal(answer):
    return answer.status_code, answer.json()["error"]["code"]


def settled(policy):
    """What a PUT does not change: all but its time and the ids of stage settings."""
    settings = [{**each, "id": ""} for each in policy["customExtensionStageSettings"]]
    return {**policy, "modifiedDateTime": "", "customExtensionStageSettings": settings}


@pytest.mark.parametrize("with_id", [True, False])
def test_what_was_read_can_be_sent_back(start, tmp_path, with_id):
    graph = start(seed=seed(tmp_path, rich_policy()))
    before = whole(graph)
    body = body_of(before)
    if not with_id:
        del body["id"]
    assert put(graph, body).status_code == 200
    after = whole(graph)
    assert settled(after) == settled(before)
    assert after["modifiedDateTime"] > before["modifiedDateTime"]
    assert put(graph, body).status_code == 200
    assert whole(graph)["modifiedDateTime"] > after["modifiedDateTime"]


def test_one_stage_is_bound_and_nothing_else_changes(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy(tag=[1, None])))
    before = whole(graph)
    settings = [
        *body_of(before)["customExtensionStageSettings"],
        setting("assignmentRequestCreated"),
    ]
    assert put(graph, body_of(before, customExtensionStageSettings=settings)).status_code == 200
    after = whole(graph)
    created = after["customExtensionStageSettings"].pop()
    assert (created["stage"], created["customExtension"]["displayName"]) == (
        "assignmentRequestCreated",
        "notify",
    )
    assert settled(after) == settled(before)


@pytest.mark.parametrize("place", OBJECTS, ids=str)
def test_an_unknown_member_is_accepted_only_if_it_was_shown_there(start, tmp_path, place):
    plain = start(seed=seed(tmp_path, with_automatic()))
    body = changed(body_of(whole(plain)), place, isRobot={"a": 1})
    assert refusal(put(plain, body)) == (400, "InvalidModel")
    showing = changed(with_automatic(), place, isRobot={"a": 1})
    graph = start(seed=seed(tmp_path, showing), database=tmp_path / "showing.sqlite3")
    shown = whole(graph)
    assert put(graph, changed(body_of(shown), place, isRobot={"a": 2})).status_code == 200
    assert settled(whole(graph)) == settled(changed(shown, place, isRobot={"a": 2}))


@pytest.mark.parametrize(
    ("place", "members"),
    [
        ((), {"allowedTargetScope": "everybody"}),
        ((), {"allowedTargetScope": "unknownFutureValue"}),
        ((), {"expiration": {"type": "unknownFutureValue"}}),
        ((), {"expiration": {"duration": "1:00:00"}}),
        ((), {"expiration": []}),
        ((), {"questions": None}),
        ((), {"specificAllowedTargets": [None]}),
        ((), {"notificationSettings": {"isAssignmentNotificationDisabled": None}}),
        ((), {"accessPackageId": PACKAGE}),
        ((), {"betaOnly": {}}),
        ((), {"createdDateTime": "2026-01-15T08:30:00Z"}),
        ((), {"@odata.context": "x"}),
        ((), {"id": UNKNOWN}),
        ((), {"accessPackage": {"id": UNKNOWN}}),
        ((), {"accessPackage": {"id": PACKAGE, "displayName": "Ledger"}}),
        (("requestorSettings",), {"enableTargetsToSelfAddAccess": "true"}),
        (STAGE, {"approverInformationVisibility": None}),
        (STAGE, {"approverInformationVisibility": "unknownFutureValue"}),
        (STAGE, {"@odata.type": "#microsoft.graph.approvalStage"}),
        (STAGE, {"primaryApprovers": [{"userId": UNKNOWN}]}),
        (STAGE, {"primaryApprovers": [{**user(1), "@odata.type": "#microsoft.graph.user"}]}),
        (("reviewSettings",), {"expirationBehavior": "unknownFutureValue"}),
        ((*SCHEDULE, "recurrence", "pattern"), {"interval": 3.0}),
        ((*SCHEDULE, "recurrence", "pattern"), {"daysOfWeek": ["Monday"]}),
        (("questions", 0), {"isRequired": 1}),
        (("questions", 0), {"@odata.type": "#microsoft.graph.accessPackageQuestion"}),
        (("questions", 1), {"text": {"defaultText": "Why?"}}),
    ],
)
def test_what_v1_does_not_know_is_refused(start, tmp_path, place, members):
    graph = start(seed=seed(tmp_path, rich_policy()))
    before = whole(graph)
    answer = put(graph, changed(body_of(before), place, **members))
    assert refusal(answer) == (400, "InvalidModel")
    assert whole(graph) == before


@pytest.mark.parametrize("kind", SUBJECTS)
def test_every_known_subject_set_is_accepted(start, tmp_path, kind):
    graph = start(seed=seed(tmp_path, rich_policy()))
    targets = [{"@odata.type": f"#microsoft.graph.{kind}"}]
    body = body_of(whole(graph), specificAllowedTargets=targets)
    assert put(graph, body).json()["specificAllowedTargets"] == targets


def test_values_that_were_shown_are_accepted_back_but_unknown_enumeration_members_are_not(
    start, tmp_path
):
    odd = {
        "specificAllowedTargets": [{"@odata.type": "#microsoft.graph.robots", "robotId": 7}],
        "expiration": {"duration": "P1Y", "endDateTime": 5, "type": "afterDuration"},
        "questions": [None, {"text": "Why?"}],
        "notificationSettings": [],
    }
    graph = start(seed=seed(tmp_path, rich_policy(**odd)))
    assert put(graph, body_of(whole(graph))).status_code == 200
    assert put(graph, body_of(whole(graph), expiration={"endDateTime": 6})).status_code == 400
    future = rich_policy(tag={"mode": ["unknownFutureValue"]})
    graph = start(seed=seed(tmp_path, future), database=tmp_path / "future.sqlite3")
    answer = put(graph, body_of(whole(graph)))
    assert refusal(answer) == (400, "InvalidModel")
    assert "tag/mode[0]" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "name",
    [
        "displayName",
        "description",
        "allowedTargetScope",
        "specificAllowedTargets",
        "expiration",
        "requestorSettings",
        "requestApprovalSettings",
        "automaticRequestSettings",
        "reviewSettings",
        "questions",
    ],
)
def test_required_members_must_be_there_but_most_can_be_null(start, tmp_path, name):
    graph = start(seed=seed(tmp_path, rich_policy()))
    body = body_of(whole(graph))
    lists_or_text = ("displayName", "specificAllowedTargets", "questions")
    expected = 400 if name in lists_or_text else 200
    assert put(graph, {**body, name: None}).status_code == expected
    del body[name]
    answer = put(graph, body)
    assert refusal(answer) == (400, "InvalidModel")
    assert f"'{name}'" in answer.json()["error"]["message"]


@pytest.mark.parametrize("package", [None, {}, {"id": None}, PACKAGE])
def test_the_access_package_must_be_referred_to_by_id(start, tmp_path, package):
    graph = start(seed=seed(tmp_path, rich_policy()))
    answer = put(graph, body_of(whole(graph), accessPackage=package))
    assert refusal(answer) == (400, "ArgumentNullException")


def test_what_the_body_omits_is_gone(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy(tag={"ring": 3})))
    body = body_of(whole(graph), description=None, reviewSettings=None, questions=[])
    for name in ("tag", "notificationSettings", "customExtensionStageSettings"):
        del body[name]
    del body["expiration"]["duration"]
    assert put(graph, body).status_code == 200
    after = whole(graph)
    assert after["description"] is after["reviewSettings"] is None
    assert after["customExtensionStageSettings"] == after["questions"] == []
    assert not {"tag", "notificationSettings"} & set(after)
    assert after["expiration"] == {"endDateTime": None, "type": "afterDuration"}
    assert graph.send("DELETE", graph.extensions(graph.FINANCE, AUDIT)).status_code == 204


@pytest.mark.parametrize(
    "bound",
    [
        setting("assignmentOneDayBeforeExpiration"),
        setting("assignmentRequestCreated", NOTIFY, EXPIRY_TYPE),
        setting("assignmentRequestCreated", UNKNOWN),
        setting("assignmentRequestDeterminingApprovalRequirements"),
        setting("unknownFutureValue"),
        {"stage": "assignmentRequestCreated"},
        {"stage": "assignmentRequestCreated", "customExtension": None},
        {"customExtension": {"id": NOTIFY}},
        setting("assignmentRequestCreated", None),
    ],
)
def test_a_bad_stage_setting_is_refused_even_if_it_was_shown(start, tmp_path, bound):
    graph = start(seed=seed(tmp_path, rich_policy(customExtensionStageSettings=[bound])))
    body = {**rich_policy(), "customExtensionStageSettings": [bound]}
    assert refusal(put(graph, body)) == (400, "InvalidModel")


def test_an_extension_of_another_catalog_is_refused(start, tmp_path):
    other = "6b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
    moved = rich_policy(accessPackage={"id": other}, customExtensionStageSettings=[])
    file = seed(tmp_path, moved)
    text = file.read_text()
    file.write_text(
        text.replace(
            '{"catalogs": [',
            '{"catalogs": [{"displayName": "Legal", "accessPackages":'
            f' [{{"id": "{other}", "displayName": "Cases"}}]}}, ',
        )
    )
    graph = start(seed=file)
    body = body_of(whole(graph))
    assert put(graph, body).status_code == 200
    bound = [setting("assignmentRequestCreated")]
    assert put(graph, {**body, "customExtensionStageSettings": bound}).status_code == 400


def test_a_policy_of_an_unknown_package_calls_nothing_and_keeps_its_reference(start, tmp_path):
    package = {"id": UNKNOWN, "displayName": "Lost"}
    lost = rich_policy(accessPackage=package, customExtensionStageSettings=[])
    graph = start(seed=seed(tmp_path, lost))
    body = body_of(whole(graph))
    bound = [setting("assignmentRequestCreated")]
    assert put(graph, {**body, "customExtensionStageSettings": bound}).status_code == 400
    assert put(graph, body).status_code == 200
    assert whole(graph)["accessPackage"] == {**package, "catalog": None}


def test_the_type_of_a_policy_is_accepted_and_not_shown(start, tmp_path):
    graph = start(seed=seed(tmp_path, rich_policy()))
    body = body_of(whole(graph))
    body["@odata.type"] = "#microsoft.graph.accessPackageAssignmentPolicy"
    assert put(graph, body).status_code == 200
    assert "@odata.type" not in whole(graph)


@pytest.mark.parametrize(("switch", "status"), [("accept", 200), ("refuse", 400)])
def test_several_extensions_at_one_stage(start, tmp_path, switch, status):
    graph = start(f"several_at_stage={switch}", seed=seed(tmp_path, rich_policy()))
    twice = [setting("assignmentRequestCreated", each) for each in (NOTIFY, AUDIT)]
    body = body_of(whole(graph), customExtensionStageSettings=twice)
    assert put(graph, body).status_code == status
    spread = [setting("assignmentRequestCreated"), setting("assignmentRequestApproved")]
    assert put(graph, {**body, "customExtensionStageSettings": spread}).status_code == 200


def ids(objects):
    return [each["id"] for each in objects]


@pytest.mark.parametrize("switch", ["keep", "renew"])
def test_the_ids_of_questions_are_kept_or_new(start, tmp_path, switch):
    graph = start(f"question_ids={switch}", seed=seed(tmp_path, rich_policy()))
    before = whole(graph)
    added = {"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Who?"}
    body = body_of(before, questions=[*before["questions"], added])
    assert put(graph, body).status_code == 200
    after = ids(whole(graph)["questions"])
    assert len(set(after)) == 3
    if switch == "keep":
        assert after[:2] == ids(before["questions"])
    else:
        assert not set(after) & set(ids(before["questions"]))


@pytest.mark.parametrize("switch", ["keep", "renew"])
@pytest.mark.parametrize("sent", [True, False])
def test_the_ids_of_stage_settings_are_kept_or_new(start, tmp_path, switch, sent):
    graph = start(f"setting_ids={switch}", seed=seed(tmp_path, rich_policy()))
    (before,) = whole(graph)["customExtensionStageSettings"]
    body = body_of(whole(graph))
    body["customExtensionStageSettings"].insert(0, setting("assignmentRequestCreated"))
    if sent:
        body["customExtensionStageSettings"][1]["id"] = before["id"]
    assert put(graph, body).status_code == 200
    after = ids(whole(graph)["customExtensionStageSettings"])
    assert len(set(after)) == 2
    assert (after[1] == before["id"]) is (switch == "keep")


def test_an_id_that_was_sent_with_a_stage_setting_is_kept(start, tmp_path):
    graph = start("setting_ids=keep", seed=seed(tmp_path, rich_policy()))
    sent = {**setting("assignmentRequestCreated"), "id": UNKNOWN}
    assert put(graph, body_of(whole(graph), customExtensionStageSettings=[sent])).is_success
    assert ids(whole(graph)["customExtensionStageSettings"]) == [UNKNOWN]


@pytest.mark.parametrize("switch", ["keep", "drop"])
def test_hidden_members_survive_a_put_or_not(start, tmp_path, switch):
    graph = start(f"policy_hidden={switch}", seed=seed(tmp_path, rich_policy(betaOnly=HIDDEN)))
    name = "skipManagerApprovalForManagerAsRequestor"
    assert beta(graph).json()["requestApprovalSettings"][name] is True
    answer = put(graph, body_of(whole(graph)))
    assert answer.status_code == 200
    assert name not in answer.text
    settings = beta(graph).json()["requestApprovalSettings"]
    assert (name in settings) is (switch == "keep")


@pytest.mark.parametrize(
    ("requestor", "differing"),
    [
        ({"enableTargetsToSelfAddAccess": True}, "requestorSettings"),
        ({"enableTargetsToSelfAddAccess": None}, "description"),
        ({}, "description"),
        (None, "description"),
    ],
)
def test_a_put_can_alter_what_it_was_not_asked_to_change(start, tmp_path, requestor, differing):
    policy = rich_policy(requestorSettings=requestor, description=None)
    graph = start("policy_put_alters=true", seed=seed(tmp_path, policy))
    before = whole(graph)
    assert put(graph, body_of(before)).status_code == 200
    after, before = settled(whole(graph)), settled(before)
    assert {name for name in after if after[name] != before[name]} == {differing}


def test_an_updated_policy_lags_in_both_versions(start, tmp_path):
    graph = start("lag_reads=1", "views=2", seed=seed(tmp_path, rich_policy()))
    body = body_of(whole(graph), displayName="Renamed", customExtensionStageSettings=[])
    assert put(graph, body).json()["displayName"] == "Renamed"
    stages = []
    for _ in range(2):
        stages.append(len(whole(graph)["customExtensionStageSettings"]))
        stages.append(beta(graph).json()["displayName"])
    assert stages == [1, "Renamed", 1, "Renamed"]
    assert whole(graph)["customExtensionStageSettings"] == []


def test_extra_members_of_answers_are_accepted_back_and_not_kept(start, tmp_path):
    graph = start("extra_properties=true", seed=seed(tmp_path, rich_policy()))
    read = whole(graph)
    assert read["isVerifiedByService"] is True
    assert put(graph, body_of(read)).status_code == 200
    plain = start(database=graph.database)
    assert "isVerifiedByService" not in whole(plain)
    assert put(plain, body_of(whole(plain), id=POLICY.upper())).json()["id"] == POLICY
    assert plain.get(ITEM).status_code == 200
