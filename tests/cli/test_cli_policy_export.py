"""Policy stages in files: `export --policies` writes them, `export --update` edits them."""

from pathlib import Path

import pytest
from harness import ASSIGNMENT, CommandLine, Json

from reconciler.sandbox.database import Kind
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
    finance,
    policy,
)
from tests.sandbox.policies import setting

STATE = Path("desired_state")
EMPLOYEES = "  - accessPackage: Ledger\n    displayName: Employees\n"
PINNED = f"  - accessPackage: {{id: {PACKAGE}}}\n    id: {POLICY}\n"
UNWRITABLE = ["", " ", "a\tb", "a\u2028b", "?sig=NotARealSignature0123456789abcdefghijklmnop%3D"]


def write(*files: str) -> list[Path]:
    """The files of the desired state, each with the policies of one document in Finance."""
    STATE.mkdir()
    paths = [STATE / f"{number}.yaml" for number in range(len(files))]
    for path, policies in zip(paths, files, strict=True):
        path.write_text(f"catalog: Finance\npolicies:\n{policies}")
    return paths


def calls(stages: str) -> str:
    return f"    {SETTINGS}:\n{stages}"


def updated(reconciler: CommandLine, *policies: Json) -> str:
    """The last line of `export --update`; a plan for the files is empty then."""
    reconciler.seed(finance(), policies=policies)
    ended = reconciler("export", "--update", "--sandbox")
    assert (ended.code, SETTINGS in ended.err) == (0, False), ended.err
    assert "No changes" in reconciler("plan", "--sandbox").out
    return ended.last


def test_a_declared_stage_that_calls_nothing_becomes_null(reconciler: CommandLine) -> None:
    text = EMPLOYEES + calls(f"      {GRANTED}: audit # why\n")
    [file] = write(text)
    assert "1 changed" in updated(reconciler, policy(**{SETTINGS: []}))
    assert file.read_text().endswith(text.replace("audit # why", "null # why"))


def test_each_stage_is_updated_in_the_declaration_that_has_it(reconciler: CommandLine) -> None:
    first = EMPLOYEES + calls(f"      {CREATED}: audit\n      {EXPIRES}: null # later\n")
    second, third = (PINNED + calls(f"      {at}: audit # why\n") for at in (APPROVED, GRANTED))
    files = write(first + second, third)
    live = [setting(CREATED), setting(EXPIRES, REMIND, ASSIGNMENT), setting(GRANTED)]
    assert "4 changed" in updated(reconciler, policy(*live))
    first = first.replace("audit", "notify").replace("null", "remind")
    assert files[0].read_text().endswith(first + second.replace("audit", "null"))
    assert files[1].read_text().endswith(third.replace("audit", "notify"))


@pytest.mark.parametrize("pinned_first", [True, False])
def test_a_stage_is_updated_in_the_declaration_by_id(
    pinned_first: bool, reconciler: CommandLine
) -> None:
    """Another policy has the same name, so that a declaration by this name means neither."""
    stage = calls(f"      {GRANTED}: audit\n")
    parts = [PINNED + stage, EMPLOYEES + stage]
    [file] = write("".join(parts if pinned_first else reversed(parts)))
    before = file.read_text()
    twin = policy(setting(GRANTED, AUDIT), id=OTHER_POLICY)
    reconciler.seed(finance(), policies=[policy(setting(GRANTED, NOTIFY)), twin])
    assert "1 changed" in reconciler("export", "--update", "--sandbox").last
    edited = PINNED + stage.replace("audit", "notify")
    assert file.read_text() == before.replace(PINNED + stage, edited)


def test_an_undeclared_stage_with_several_extensions_hinders_no_update(
    reconciler: CommandLine,
) -> None:
    [file] = write(EMPLOYEES + calls(f"      {GRANTED}: audit\n"))
    several = [setting(CREATED, NOTIFY), setting(CREATED, AUDIT)]
    assert "1 changed" in updated(reconciler, policy(setting(GRANTED, NOTIFY), *several))
    assert f"{GRANTED}: notify" in file.read_text()


def exported(reconciler: CommandLine, *renamed: tuple[Kind, str], name: str) -> str:
    """The only file of `export --policies`, where these objects have this name, which no seed could
    give them; a plan for it is empty.
    """
    reconciler.seed(finance(), policies=[policy()])
    with reconciler.store() as store:
        for kind, object_id in renamed:
            live = store.find(kind, object_id)
            assert live is not None
            store.change(kind, live, {**live.document, "displayName": name})
    ended = reconciler("export", "--policies", "--sandbox", "--out", STATE)
    assert (ended.code, POLICY in ended.err) == (0, False), ended.err
    assert "No changes" in reconciler("plan", "--sandbox").out
    [file] = STATE.iterdir()
    return file.read_text()


@pytest.mark.parametrize("name", UNWRITABLE)
def test_a_policy_and_its_package_with_unwritable_names_are_exported_by_id(
    name: str, reconciler: CommandLine
) -> None:
    text = exported(reconciler, ("policy", POLICY), ("accessPackage", PACKAGE), name=name)
    by_id = f"  - id: {POLICY}\n    accessPackage:\n      id: {PACKAGE}\n"
    assert text.endswith(by_id + calls(f"      {GRANTED}: audit\n"))


@pytest.mark.parametrize("name", UNWRITABLE)
def test_an_extension_with_an_unwritable_name_is_called_by_id(
    name: str, reconciler: CommandLine
) -> None:
    text = exported(reconciler, ("extension", AUDIT), name=name)
    assert text.endswith(EMPLOYEES + calls(f'      {GRANTED}: {{"id": "{AUDIT}"}}\n'))


def test_a_policy_that_only_calls_several_extensions_at_a_stage_is_omitted_for_that(
    reconciler: CommandLine,
) -> None:
    reconciler.seed(finance(), policies=[policy(setting(CREATED, NOTIFY), setting(CREATED, AUDIT))])
    ended = reconciler("export", "--policies", "--sandbox")
    assert (ended.code, "policies:" in ended.out) == (0, False)
    assert f"{SETTINGS}/{CREATED} is omitted, because it refers to several objects" in ended.err
