"""Catalogs that files declare, from the command line: selected by id, old and new name; saved
plans; exit codes.
"""

from pathlib import Path

import pytest
from harness import FINANCE, MARKETING, CommandLine, catalog, declare, extension

from reconciler.sandbox.store import Store

STATE = Path("desired_state")
NEW = {"displayName": "Campaigns", "description": "for campaigns"}


def declare_all() -> None:
    declare(
        STATE,
        {"catalog": NEW, "extensions": [extension("a")]},
        {"catalog": {"id": MARKETING, "displayName": "Selling"}, "extensions": [extension("b")]},
        {"catalog": "Finance", "extensions": [extension("c")]},
    )


def seed(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(), catalog("Finance", FINANCE))


@pytest.mark.parametrize(
    ("chosen", "planned"),
    [
        (["campaigns"], ["Campaigns", "a"]),
        (["Selling"], ["Selling", "b"]),
        (["Marketing"], ["Selling", "b"]),
        ([MARKETING.upper()], ["Selling", "b"]),
        (["Finance"], ["c"]),
        (["Finance", "Campaigns"], ["Campaigns", "a", "c"]),
    ],
)
def test_catalogs_are_selected_by_id_by_old_and_by_new_name(
    chosen: list[str], planned: list[str], reconciler: CommandLine
) -> None:
    seed(reconciler)
    declare_all()
    options = [part for name in chosen for part in ("--catalog", name)]
    ran = reconciler("plan", "--sandbox", "--format", "json", *options)
    assert ran.code == 0, ran.err
    assert [each["object"]["display_name"] for each in ran.document["changes"]] == planned


def test_a_name_that_nobody_declares_is_an_error(reconciler: CommandLine) -> None:
    seed(reconciler)
    declare_all()
    ran = reconciler("plan", "--sandbox", "--catalog", "Sales")
    assert ran.code == 1
    assert "No file declares a catalog named Sales." in ran.err
    assert "Declared: Campaigns, Finance, Selling." in ran.err


def test_a_saved_plan_creates_a_catalog_once(reconciler: CommandLine) -> None:
    seed(reconciler)
    declare_all()
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    shown = reconciler("show", "plan.json")
    assert "Catalog Campaigns: 2 create\n+ create Campaigns (catalog)\n" in shown.out
    assert (
        "Catalog Marketing (32efb28c-9a7a-446c-986b-ca6528c6669d): 1 create, 1 rename" in shown.out
    )
    applied = reconciler("apply", "--sandbox", "--plan", "plan.json")
    assert applied.code == 0, applied.out
    assert "+ created catalog Campaigns (request ID " in applied.out
    assert "> renamed catalog Selling (request ID " in applied.out
    assert "+ created a in Campaigns (request ID " in applied.out
    again = reconciler("apply", "--sandbox", "--plan", "plan.json")
    assert again.code == 5
    assert '"Campaigns": already in the desired state (' in again.err
    assert reconciler("plan", "--sandbox", "--detailed-exitcode").code == 0


def test_with_a_saved_plan_a_catalog_that_exists_by_now_is_stale(reconciler: CommandLine) -> None:
    seed(reconciler)
    declare_all()
    reconciler("plan", "--sandbox", "--out", "plan.json")
    with Store(reconciler.folder / ".reconciler" / "sandbox.sqlite3") as store:
        other = MARKETING.replace("3", "4")
        store.add("catalog", catalog("CAMPAIGNS", other), other)
    ran = reconciler("apply", "--sandbox", "--plan", "plan.json")
    assert ran.code == 5
    assert f'"Campaigns": a catalog with this name already exists ({other})' in ran.err
    assert reconciler.live() == []


def test_what_is_blocked_of_a_catalog_ends_with_4(reconciler: CommandLine) -> None:
    reconciler.seed({**catalog("General", FINANCE), "catalogType": "serviceDefault"})
    declare(STATE, {"catalog": {"displayName": "General", "state": "unpublished"}})
    planned = reconciler("plan", "--sandbox")
    assert planned.code == 4
    assert "! blocked General (catalog, id 5b8f6a52-" in planned.out
    applied = reconciler("apply", "--sandbox", "--auto-approve")
    assert applied.code == 4
    assert (
        "! skipped catalog General: the built-in catalog cannot be changed (state)" in applied.out
    )


def test_validate_counts_catalogs_that_are_declared(reconciler: CommandLine) -> None:
    declare_all()
    assert reconciler("validate").last == "Valid: 1 file, 2 catalogs, 3 extensions."
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    assert reconciler("validate").last == "Valid: 1 file, 1 extension."


def test_drift_names_what_is_missing_and_who_changed_a_catalog_when(
    reconciler: CommandLine,
) -> None:
    seed(reconciler)
    declare_all()
    ran = reconciler("drift", "--sandbox")
    assert "+ missing in the tenant: Campaigns (catalog)" in ran.out
    assert '>   displayName: declared "Selling", live "Marketing"' in ran.out
    assert "the live catalog was last changed 20" in ran.out
    assert ran.last == "Drift: 4 missing, 1 changed, 0 unmanaged, 0 blocked, 0 unchanged."


@pytest.mark.parametrize("former", [["Sales", "Events"], ["Sales"], []], ids=len)
def test_a_name_that_only_renames_give_creates_nothing(
    reconciler: CommandLine, former: list[str]
) -> None:
    ids = [MARKETING, FINANCE]
    live = [catalog(name, catalog_id) for name, catalog_id in zip(former, ids, strict=False)]
    reconciler.seed(*live)
    pinned = [{"catalog": {"id": catalog_id, "displayName": "Marketing"}} for catalog_id in ids]
    by_name = {"catalog": "Marketing", "extensions": [extension("notify")]}
    declare(reconciler.folder / "desired_state", *pinned, by_name)
    planned = reconciler("plan", "--sandbox", "--format", "json")
    assert {
        each["object"]["display_name"]: (each["action"], each["reason"]["code"])
        for each in planned.document["changes"]
        if each["kind"] == "extension"
    } == {"notify": ("blocked", "parent_absent")}
    applied = reconciler("apply", "--sandbox", "--auto-approve")
    assert (applied.code, reconciler.live()) == (4, [])
