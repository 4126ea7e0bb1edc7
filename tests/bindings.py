"""Catalogs with an access package and policies whose stages call extensions, for tests of whole
runs: as seeds, as declarations, and as they are live.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness import FINANCE, REQUEST, Json, catalog, extension

from reconciler.sandbox.store import Store
from tests.sandbox.policies import rich_policy

PACKAGE = "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e06"
POLICY = "4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e07"
KEPT_POLICY = "4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e08"
OTHER_PACKAGE = "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e16"
OTHER_POLICY = "4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e17"
NOTIFY = "0c1d7c0e-8a58-4d7c-9a39-0b4b2e1f6f01"
AUDIT = "2a7c3b5e-6f10-4d8c-9c2b-3e4d5f607b03"
OLD = "0c1d7c0e-8a58-4d7c-9a39-0b4b2e1f6f04"
GREET = "1f6b2a4d-5e0f-4c7b-8b1a-2d3c4e5f6a02"
CREATED = "assignmentRequestCreated"
APPROVED = "assignmentRequestApproved"
GRANTED = "assignmentRequestGranted"
REMOVED = "assignmentRequestRemoved"
ONE_DAY = "assignmentOneDayBeforeExpiration"
SETTINGS = "customExtensionStageSettings"


def setting(stage: str, extension_id: str, type_name: str = REQUEST) -> Json:
    """A stage setting of a seed."""
    return {"stage": stage, "customExtension": {"@odata.type": type_name, "id": extension_id}}


def policy(name: str, policy_id: str, package_id: str, *settings: Json, **changes: Any) -> Json:
    """A policy of a seed, with every member that v1.0 has."""
    inside = {"id": policy_id, "displayName": name, "accessPackage": {"id": package_id}}
    return rich_policy(**inside, **{SETTINGS: [*settings]}, **changes)


def with_package(inside: Json, package_id: str = PACKAGE, name: str = "Campaign tools") -> Json:
    """The catalog of a seed, with one access package in it."""
    return {**inside, "accessPackages": [{"id": package_id, "displayName": name}]}


def marketing(*extensions: Json) -> Json:
    """A catalog with an access package; unless others are given, with two extensions."""
    usual = (
        {"id": NOTIFY, **extension("notify")},
        {"id": AUDIT, **extension("audit")},
    )
    return with_package(catalog(extensions=extensions or usual))


def finance() -> Json:
    """Another catalog, with an access package and an extension of its own."""
    inside = catalog("Finance", FINANCE, [{"id": GREET, **extension("greet")}])
    return with_package(inside, OTHER_PACKAGE, "Ledger")


def employees(*settings: Json, **changes: Any) -> Json:
    """The policy of these tests; unless others are given, it calls `audit` at one stage."""
    usual = (setting(GRANTED, AUDIT),)
    return policy("Employees", POLICY, PACKAGE, *(settings or usual), **changes)


def partners(*settings: Json, **changes: Any) -> Json:
    """A second policy of the same access package."""
    return policy("Partners", KEPT_POLICY, PACKAGE, *settings, **changes)


def others(*settings: Json, **changes: Any) -> Json:
    """A policy in the other catalog."""
    return policy("Others", OTHER_POLICY, OTHER_PACKAGE, *settings, **changes)


def binding(
    stages: Mapping[str, Any], name: str = "Employees", package: str = "Campaign tools"
) -> Json:
    """A declaration of what a policy calls."""
    return {"accessPackage": package, "displayName": name, SETTINGS: dict(stages)}


def document(
    name: str = "Marketing", policies: Sequence[Json] = (), extensions: Sequence[Json] = ()
) -> Json:
    """A document of the catalog with these declarations."""
    lists = {"extensions": [*extensions], "policies": [*policies]}
    return {"catalog": name, **{plural: listed for plural, listed in lists.items() if listed}}


def stored(store: Store, policy_id: str = POLICY) -> Json:
    """The policy as Graph holds it, whatever reads show."""
    row = store.find("policy", policy_id)
    assert row is not None
    return row.document


def calls(held: Json) -> list[tuple[str, str]]:
    """What a stored policy calls: the stages with the ids of extensions, in no order."""
    return sorted((each["stage"], each["customExtension"]["id"]) for each in held[SETTINGS])


def rest(held: Json) -> Json:
    """A stored policy without what it calls and without what every write changes: the time and the
    ids of questions.
    """
    kept = {key: value for key, value in held.items() if key not in (SETTINGS, "modifiedDateTime")}
    without_ids = [
        {key: value for key, value in question.items() if key != "id"}
        for question in held["questions"]
    ]
    return {**kept, "questions": without_ids}


def edit(store: Store, policy_id: str = POLICY, **members: Any) -> None:
    """Somebody changes these members of a policy, and reads show that at once."""
    row = store.find("policy", policy_id)
    assert row is not None
    now = {"modifiedDateTime": "2030-01-01T00:00:00Z"}
    store.change("policy", row, {**row.document, **now, **members})


def chain_catalog() -> Json:
    """A catalog for `CHAIN`: `old` is called by one policy only, `audit` by the other one."""
    return marketing({"id": OLD, **extension("old")}, {"id": AUDIT, **extension("audit")})


CHAIN = document(
    policies=[binding({CREATED: "new"}), binding({GRANTED: None}, "Partners")],
    extensions=[
        extension("new"),
        extension("audit"),
        {"displayName": "old", "ensure": "absent"},
    ],
)
"""A document with four writes: an extension is created, one policy calls it, another one no longer
calls `old`, and that is deleted.
"""
CHAIN_POLICIES = (employees(), partners(setting(GRANTED, OLD), setting(REMOVED, AUDIT)))


def chain_left(store: Store) -> list[str]:
    """What of `CHAIN` is not live yet; something that must not have happened fails."""
    ids: dict[str, list[str]] = {"new": [], "old": [], "audit": []}
    for each in store.extensions():
        ids[each["displayName"]].append(each["id"])
    first, second = calls(stored(store)), calls(stored(store, KEPT_POLICY))
    assert len(ids["new"]) <= 1, "no twin"
    assert ids["audit"] == [AUDIT]
    created = [] if len(first) == 1 else [(CREATED, *ids["new"])]
    assert first == sorted([*created, (GRANTED, AUDIT)]), "it calls only what is live"
    called = [] if len(second) == 1 else [(GRANTED, OLD)]
    assert second == sorted([*called, (REMOVED, AUDIT)])
    assert not called or ids["old"] == [OLD], "what is called is not deleted"
    for policy_id, seeded in zip((POLICY, KEPT_POLICY), CHAIN_POLICIES, strict=True):
        before, now = rest(seeded), rest(stored(store, policy_id))
        assert {key: now.get(key) for key in before} == before
    steps = {
        "POST": not ids["new"],
        "PUT Employees": not created,
        "PUT Partners": bool(called),
        "DELETE": bool(ids["old"]),
    }
    return [step for step, is_left in steps.items() if is_left]
