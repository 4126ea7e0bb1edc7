"""Which policy a declaration of stages means, and what it changes then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import ASSIGNMENT, FINANCE, Json, Tenant, declare
from objects import because

from reconciler.app.kinds import document_format
from reconciler.loader import load
from reconciler.model.plan import Plan
from reconciler.render.text import plan_text
from tests.kinds.policy_runs import (
    APPROVED,
    AUDIT,
    CREATED,
    EXPIRES,
    GRANTED,
    NOTIFY,
    OTHER_POLICY,
    PACKAGE,
    POLICY,
    REMIND,
    SETTINGS,
    TRAVEL,
    blocked,
    calls,
    document,
    finance,
    only,
    planned,
    policy,
    rows,
    run,
    stages,
)
from tests.sandbox.policies import setting

NO_ID = "00000000-0000-4000-8000-000000000404"
COMPOSED, DECOMPOSED = "Employés", "Employe\u0301s"
PARTLY = ("403", "404", "empty")
BINDS = {CREATED: "notify"}


def finds(plan: Plan) -> None:
    """The plan binds notify in the one policy."""
    change = only(plan)
    assert (change.kind, change.action, change.object.id) == ("policy", "update", POLICY)
    assert [(parent.kind, parent.id) for parent in change.parents] == [
        ("catalog", FINANCE),
        ("access_package", PACKAGE),
    ]
    assert rows(change) == {CREATED: (None, "notify")}


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"package": {"id": PACKAGE}},
        {"package": {"id": PACKAGE.upper()}},
        {"package": "  LEDGER "},
        {"name": "EMPLOYEES"},
        {"id": POLICY},
        {"id": POLICY.upper(), "name": None},
        {"id": POLICY, "name": "employees"},
    ],
    ids=str,
)
def test_a_policy_is_found_by_names_and_by_ids(named: Json, tmp_path: Path) -> None:
    other = policy(id=OTHER_POLICY, displayName="Guests")
    namesake = policy(id=TRAVEL, accessPackage={"id": TRAVEL})
    finds(planned(tmp_path, [document(stages(**named, **BINDS))], policy(), other, namesake))


@pytest.mark.parametrize("declared", [COMPOSED, DECOMPOSED, COMPOSED.upper()])
@pytest.mark.parametrize("live", [COMPOSED, DECOMPOSED])
def test_a_name_is_found_however_it_is_composed(declared: str, live: str, tmp_path: Path) -> None:
    packages = [{"id": PACKAGE, "displayName": live}]
    document_ = document(stages(package=declared, name=declared, **BINDS))
    held = [finance(packages=packages)]
    finds(planned(tmp_path, [document_], policy(displayName=live), held=held))


def test_a_name_of_two_policies_is_ambiguous_also_if_one_of_them_is_declared_by_its_id(
    tmp_path: Path,
) -> None:
    twin = policy(id=OTHER_POLICY)
    declared = document(stages(**BINDS), stages(id=POLICY, name=None, **{EXPIRES: None}))
    plan = planned(tmp_path, [declared], policy(), twin)
    code, shown = blocked(plan)
    assert (code, set(shown["ids"])) == ("name_ambiguous", {POLICY, OTHER_POLICY})


def test_a_policy_that_is_declared_by_its_id_alone_is_titled_by_it(tmp_path: Path) -> None:
    plan = planned(tmp_path, [document(stages(id=NO_ID, name=None, **BINDS))], policy())
    assert f"! blocked {NO_ID} (policy of Ledger)" in plan_text(plan)


def test_only_the_declared_stages_change_and_all_other_stages_stay(tmp_path: Path) -> None:
    called = [
        setting(GRANTED, AUDIT),
        setting(CREATED, AUDIT),
        setting(EXPIRES, REMIND, ASSIGNMENT),
    ]
    declare(tmp_path / "desired", document(stages(**{CREATED: "notify", EXPIRES: None})))

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        assert rows(only(plan)) == {CREATED: ("audit", "notify"), EXPIRES: ("remind", None)}
        (outcome,) = await held.apply(plan)
        assert outcome.status == "done", outcome
        assert calls(held) == {GRANTED: AUDIT, CREATED: NOTIFY}
        after = await held.plan_whole(tmp_path / "desired")
        assert (after.changes, after.summary["unchanged"]) == ((), 1)

    run(tmp_path, story, policy(*called))


@pytest.mark.parametrize(
    "wanted",
    [
        {GRANTED: "audit"},
        {GRANTED: "AUDIT"},
        {GRANTED: {"id": AUDIT}},
        {GRANTED: {"id": AUDIT.upper()}},
        {CREATED: None},
        {GRANTED: "audit", CREATED: None},
    ],
    ids=str,
)
def test_what_is_as_declared_is_unchanged(wanted: Json, tmp_path: Path) -> None:
    plan = planned(tmp_path, [document(stages(**wanted))])
    assert (plan.changes, plan.summary["unchanged"], plan.complete) == ((), 1, True)


def test_ids_that_differ_in_case_alone_are_one_extension(tmp_path: Path) -> None:
    called = policy(setting(GRANTED, AUDIT.upper()))
    plan = planned(tmp_path, [document(stages(**{GRANTED: "audit"}))], called)
    assert plan.changes == ()


@pytest.mark.parametrize(
    ("named", "parameters"),
    [
        (
            {"package": "Leger"},
            {
                "other_kind": "access_package",
                "name": "Leger",
                "inside_kind": "catalog",
                "inside": "Finance",
                "nearest": ["Ledger"],
            },
        ),
        (
            {"name": "Employee"},
            {
                "other_kind": "policy",
                "name": "Employee",
                "inside_kind": "access_package",
                "inside": "Ledger",
                "nearest": ["Employees"],
            },
        ),
        ({"name": None, "id": NO_ID}, {"name": NO_ID, "nearest": []}),
        ({"package": {"id": NO_ID}}, {"name": NO_ID, "nearest": []}),
    ],
    ids=str,
)
def test_what_two_ways_do_not_show_is_not_there(
    named: Json, parameters: Json, tmp_path: Path
) -> None:
    guests = policy(id=OTHER_POLICY, displayName="Guests")
    plan = planned(tmp_path, [document(stages(**named, **BINDS))], policy(), guests)
    code, shown = blocked(plan)
    assert code == "not_there"
    assert shown.items() >= parameters.items()
    assert "does not exist in" in because(only(plan))


def test_policies_of_one_name_are_ambiguous_unless_an_id_chooses(tmp_path: Path) -> None:
    twins = (policy(), policy(id=OTHER_POLICY, displayName="EMPLOYEES"))
    code, shown = blocked(planned(tmp_path, [document(stages(**BINDS))], *twins))
    assert code == "name_ambiguous"
    assert sorted(shown["ids"]) == sorted([POLICY, OTHER_POLICY])
    finds(planned(tmp_path, [document(stages(id=POLICY, **BINDS))], *twins))


def test_packages_of_one_name_are_ambiguous_unless_an_id_chooses(tmp_path: Path) -> None:
    both = [{"id": PACKAGE, "displayName": "Ledger"}, {"id": TRAVEL, "displayName": "ledger"}]
    held = [finance(packages=both)]
    plan = planned(tmp_path, [document(stages(**BINDS))], policy(), held=held)
    code, shown = blocked(plan)
    assert code == "reference_ambiguous"
    assert sorted(shown["ids"]) == sorted([PACKAGE, TRAVEL])
    by_id = stages(package={"id": PACKAGE}, **BINDS)
    finds(planned(tmp_path, [document(by_id)], policy(), held=held))


@pytest.mark.parametrize("way", ["policies_listed", "policies_of_package"])
@pytest.mark.parametrize("shows", PARTLY)
def test_a_policy_that_one_way_shows_is_found(shows: str, way: str, tmp_path: Path) -> None:
    finds(planned(tmp_path, [document(stages(**BINDS))], switches=[f"{way}={shows}"]))


@pytest.mark.parametrize("way", ["policies_listed", "policies_of_package"])
@pytest.mark.parametrize("shows", [*PARTLY, "partial"])
def test_a_policy_is_not_absent_if_the_ways_differ(shows: str, way: str, tmp_path: Path) -> None:
    live = (policy(), policy(id=OTHER_POLICY, displayName="Guests"))
    declared = document(stages(name="Nobody", **BINDS))
    code, shown = blocked(planned(tmp_path, [declared], *live, switches=[f"{way}={shows}"]))
    assert code == "object_unreadable"
    if shows in ("empty", "partial"):
        assert "EntitlementManagement.Read.All" in shown["error"]
    else:
        assert shows in shown["error"]


@pytest.mark.parametrize("shows", PARTLY)
def test_a_policy_that_neither_way_shows_is_not_found(shows: str, tmp_path: Path) -> None:
    switches = [f"policies_listed={shows}", f"policies_of_package={shows}"]
    code, _ = blocked(planned(tmp_path, [document(stages(**BINDS))], switches=switches))
    assert code == ("not_there" if shows == "empty" else "object_unreadable")


@pytest.mark.parametrize("way", ["packages_listed", "packages_of_catalog"])
@pytest.mark.parametrize("shows", PARTLY)
def test_a_package_that_one_way_shows_is_found(shows: str, way: str, tmp_path: Path) -> None:
    finds(planned(tmp_path, [document(stages(**BINDS))], switches=[f"{way}={shows}"]))


@pytest.mark.parametrize("shows", PARTLY)
def test_a_package_that_neither_way_shows_is_not_found(shows: str, tmp_path: Path) -> None:
    switches = [f"packages_listed={shows}", f"packages_of_catalog={shows}"]
    code, _ = blocked(planned(tmp_path, [document(stages(**BINDS))], switches=switches))
    assert code == ("not_there" if shows == "empty" else "object_unreadable")


@pytest.mark.parametrize("way", ["packages_listed", "packages_of_catalog"])
@pytest.mark.parametrize("shows", [*PARTLY, "partial"])
def test_a_package_is_not_absent_if_the_ways_differ(shows: str, way: str, tmp_path: Path) -> None:
    declared = document(stages(package="Nothing", **BINDS))
    code, _ = blocked(planned(tmp_path, [declared], switches=[f"{way}={shows}"]))
    assert code == "object_unreadable"


def test_in_an_absent_catalog_the_policies_are_blocked(tmp_path: Path) -> None:
    code, _ = blocked(planned(tmp_path, [document(stages(**BINDS), of="Nowhere")]))
    assert code == "parent_absent"


def test_in_a_catalog_that_the_plan_creates_there_is_no_policy(tmp_path: Path) -> None:
    created, policy_ = planned(
        tmp_path, [document(stages(**BINDS), of={"displayName": "New"})]
    ).changes
    assert created.action == "create"
    assert (policy_.action, policy_.reason.code) == ("blocked", "reference_absent")
    assert 'the access package "Ledger", which is neither declared nor live' in because(policy_)


def test_in_a_catalog_that_is_renamed_policies_change_too(tmp_path: Path) -> None:
    of = {"id": FINANCE, "displayName": "Money"}
    declare(tmp_path / "desired", document(stages(**BINDS), of=of))

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        assert [change.action for change in plan.changes] == ["rename", "update"]
        outcomes = await held.apply(plan)
        assert [outcome.status for outcome in outcomes] == ["done", "done"]
        assert calls(held) == {GRANTED: AUDIT, CREATED: NOTIFY}
        assert (await held.plan_whole(tmp_path / "desired")).changes == ()

    run(tmp_path, story, policy())


def test_one_policy_in_two_documents_is_one_change(tmp_path: Path) -> None:
    by_id = stages(id=POLICY, name=None, package={"id": PACKAGE}, **{APPROVED: "notify"})
    documents = [document(stages(**BINDS)), document(by_id, of={"id": FINANCE})]
    change = only(planned(tmp_path, documents))
    assert rows(change) == {CREATED: (None, "notify"), APPROVED: (None, "notify")}
    assert change.source.line == 2


def test_one_stage_in_two_documents_is_an_error(tmp_path: Path) -> None:
    file = declare(tmp_path, document(stages(**BINDS)), document(stages(**BINDS)))
    (error,) = load([file], document_format()).errors
    assert error.place is not None
    assert (error.code, error.place.line) == ("R215", 4)
    assert f"/{file.name}:2." in error.message


@pytest.mark.parametrize("by_id", [{"id": POLICY, "name": None}, {"package": {"id": PACKAGE}}])
@pytest.mark.parametrize("of", ["Finance", {"id": FINANCE}])
def test_one_stage_in_two_documents_of_which_only_graph_knows(
    of: Any, by_id: Json, tmp_path: Path
) -> None:
    documents = [document(stages(**BINDS)), document(stages(**by_id, **BINDS), of=of)]
    plan = planned(tmp_path, documents)
    assert [change.reason.code for change in plan.changes] == ["member_declared_twice"] * 2
    (places,) = {tuple(change.reason.parameters["places"]) for change in plan.changes}
    assert [place.rpartition(":")[2] for place in places] == ["2", "4"]
    begin = f"{SETTINGS}/{CREATED} must be declared once, not at"
    assert because(plan.changes[0]).startswith(begin)
