"""Policy stages in files that `export --policies` writes."""

from pathlib import Path

import pytest
from harness import CommandLine

from reconciler.sandbox.database import Kind
from tests.kinds.policy_runs import (
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    PACKAGE,
    POLICY,
    SETTINGS,
    finance,
    policy,
)
from tests.sandbox.policies import setting

STATE = Path("desired_state")
EMPLOYEES = "  - accessPackage: Ledger\n    displayName: Employees\n"
PINNED = f"  - accessPackage: {{id: {PACKAGE}}}\n    id: {POLICY}\n"
UNWRITABLE = ["", " ", "a\tb", "a\u2028b", "?sig=NotARealSignature0123456789abcdefghijklmnop%3D"]


def calls(stages: str) -> str:
    return f"    {SETTINGS}:\n{stages}"


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
