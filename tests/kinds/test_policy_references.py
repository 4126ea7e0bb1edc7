"""Which extension a stage calls: a declared one first, else a live one that nobody declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import ASSIGNMENT, REQUEST, Json, Tenant, declare, extension
from objects import because

from reconciler.app.kinds import document_format
from reconciler.loader import load
from reconciler.render.text import plan_text
from tests.kinds.policy_runs import (
    AUDIT,
    CREATED,
    EXPIRES,
    GRANTED,
    LIVE,
    NOTIFY,
    Requests,
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

NO_ID = "00000000-0000-4000-8000-000000000404"
BINDS = {CREATED: "notify"}


def test_a_reference_to_a_declared_extension_is_resolved(tmp_path: Path) -> None:
    declared = document(stages(**{CREATED: "NOTIFY"}), extensions=[extension("notify")])
    row = only(planned(tmp_path, [declared])).fields[0]
    assert (row.after.id, row.after.type) == (NOTIFY, REQUEST.removeprefix("#microsoft.graph."))


RENAMED = extension("inform", id=NOTIFY)


@pytest.mark.parametrize("wanted", ["inform", {"id": NOTIFY}])
def test_a_pinned_extension_is_called_by_its_new_name(wanted: Any, tmp_path: Path) -> None:
    declared = document(stages(**{CREATED: wanted}), extensions=[RENAMED])
    renamed, bound = planned(tmp_path, [declared]).changes
    assert (renamed.action, bound.action) == ("rename", "update")
    assert (bound.fields[0].after.id, str(bound.fields[0].after)) == (NOTIFY, "inform")


def test_the_former_name_of_a_renamed_extension_is_blocked(tmp_path: Path) -> None:
    declared = document(stages(**BINDS), extensions=[RENAMED])
    _, bound = planned(tmp_path, [declared]).changes
    assert (bound.action, bound.reason.code) == ("blocked", "reference_by_former_name")
    assert bound.reason.parameters["new_name"] == "inform"
    assert 'which is to be renamed to "inform"; write the new name' in because(bound)


def test_a_name_of_two_extensions_is_ambiguous(tmp_path: Path) -> None:
    held = [finance(*LIVE, extension("Notify", id=NO_ID))]
    code, shown = blocked(planned(tmp_path, [document(stages(**BINDS))], held=held))
    assert code == "reference_ambiguous"
    assert sorted(shown["ids"]) == sorted([NOTIFY, NO_ID])
    by_id = document(stages(**{CREATED: {"id": NOTIFY}}))
    assert rows(only(planned(tmp_path, [by_id], held=held))) == {CREATED: (None, "notify")}


def test_a_name_that_nothing_has_is_absent_with_the_nearest(tmp_path: Path) -> None:
    plan = planned(tmp_path, [document(stages(**{CREATED: "notfy"}))])
    code, shown = blocked(plan)
    assert (code, shown["nearest"]) == ("reference_absent", ["notify"])
    assert '"notfy", which is neither declared nor live' in because(only(plan))
    unknown = document(stages(**{CREATED: {"id": NO_ID}}))
    assert blocked(planned(tmp_path, [unknown]))[0] == "reference_absent"


def errors(folder: Path, *documents: Json) -> list[tuple[str, str]]:
    """Code and message of each error in the documents."""
    loaded = load([declare(folder, *documents)], document_format())
    return [(error.code, error.message) for error in loaded.errors]


def test_an_extension_that_must_be_absent_cannot_be_called(tmp_path: Path) -> None:
    absent = {"displayName": "notify", "ensure": "absent"}
    [(code, message)] = errors(tmp_path, document(stages(**BINDS), extensions=[absent]))
    assert code == "R212"
    assert "`ensure: absent`" in message


def test_one_that_must_be_absent_by_its_id_is_not_called_by_name(tmp_path: Path) -> None:
    absent = {"id": NOTIFY, "ensure": "absent"}
    plan = planned(tmp_path, [document(stages(**BINDS), extensions=[absent])])
    codes = {change.kind: change.reason.code for change in plan.changes}
    assert codes["policy"] == "reference_to_absent"


@pytest.mark.parametrize(("stage", "type_name"), [(CREATED, ASSIGNMENT), (EXPIRES, REQUEST)])
def test_a_declared_extension_must_fit_its_stage(
    stage: str, type_name: str, tmp_path: Path
) -> None:
    declared = document(stages(**{stage: "new"}), extensions=[extension("new", type_name)])
    [(code, message)] = errors(tmp_path, declared)
    assert code == "R211"
    assert f"`{stage}` cannot call " in message


@pytest.mark.parametrize(("stage", "wanted"), [(CREATED, "remind"), (EXPIRES, "notify")])
def test_a_live_extension_must_fit_its_stage(stage: str, wanted: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, [document(stages(**{stage: wanted}))])
    code, shown = blocked(plan)
    assert code == "type_at_stage"
    assert (shown["stage"], shown["name"]) == (stage, wanted)
    assert f'{stage} cannot call "{wanted}", which is of type {shown["type"]}' in because(
        only(plan)
    )


def test_an_extension_of_this_run_is_called_once_it_has_an_id(tmp_path: Path) -> None:
    declared = document(stages(**{CREATED: "new"}), extensions=[extension("new")])
    declare(tmp_path / "desired", declared)
    requests = Requests()

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        created, bound = plan.changes
        assert (created.action, bound.action) == ("create", "update")
        assert bound.fields[0].after.id is None
        assert f'{CREATED}: null -> "new" (id known after apply)' in plan_text(plan)
        outcomes = await held.apply(plan)
        assert [outcome.status for outcome in outcomes] == ["done", "done"]
        (new,) = (each for each in held.store.extensions() if each["displayName"] == "new")
        assert calls(held) == {GRANTED: AUDIT, CREATED: new["id"]}
        assert (await held.plan_whole(tmp_path / "desired")).changes == ()

    run(tmp_path, story, policy(), faults=[requests.watch])
    assert [each.partition(" ")[0] for each in requests.writes] == ["POST", "PUT"]


def test_a_policy_is_blocked_with_the_extension_that_it_calls(tmp_path: Path) -> None:

    pinned = extension("new", id=NO_ID)
    plan = planned(tmp_path, [document(stages(**{CREATED: "new"}), extensions=[pinned])])
    codes = {change.kind: change.reason.code for change in plan.changes}
    assert codes == {"extension": "pinned_id_absent", "policy": "depends_on_blocked"}


def test_a_policy_is_skipped_with_the_extension_that_it_calls(tmp_path: Path) -> None:
    declared = document(stages(**{CREATED: "new"}), extensions=[extension("new")])
    declare(tmp_path / "desired", declared)
    before = policy()

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        created, bound = await held.apply(plan)
        assert (created.status, bound.status) == ("failed", "skipped")
        assert bound.reason is not None
        assert bound.reason.code == "depends_on_failed"
        assert calls(held) == {GRANTED: AUDIT}

    switches = ["app_only_without_url=refuse"]
    run(tmp_path, story, before, switches=switches)


def test_a_stage_moves_to_the_replacement_before_the_old_one_is_deleted(tmp_path: Path) -> None:
    moved = stages(**{GRANTED: None, EXPIRES: "audit"})
    declare(tmp_path / "desired", document(moved, extensions=[extension("audit", ASSIGNMENT)]))
    requests = Requests()

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        assert [change.action for change in plan.changes] == ["replace", "update"]
        outcomes = await held.apply(plan)
        assert [outcome.status for outcome in outcomes] == ["done", "done"], outcomes
        (new,) = (each for each in held.store.extensions() if each["displayName"] == "audit")
        assert new["id"] != AUDIT
        assert calls(held) == {EXPIRES: new["id"]}

    run(tmp_path, story, policy(), faults=[requests.watch])
    assert [each.partition(" ")[0] for each in requests.writes] == ["POST", "PUT", "DELETE"]


@pytest.mark.parametrize(("wanted", "actions"), [("notify", ["update"]), (None, ["delete"])])
def test_an_extension_that_a_stage_is_to_call_is_not_deleted_as_unmanaged(
    wanted: str | None, actions: list[str], tmp_path: Path
) -> None:
    kept = [extension("audit"), extension("remind", ASSIGNMENT)]
    declared = document(stages(**{CREATED: wanted}), extensions=kept)
    plan = planned(tmp_path, [{**declared, "unmanaged": "delete"}])
    assert [change.action for change in plan.changes] == actions
