"""The outputs of the action for a plan document: numbers of all kinds together, and the digest."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.model.digest import digest
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.plan_document import plan_document
from reconciler.model.reason import reason

SCRIPT = Path(__file__).parents[2] / ".github" / "scripts" / "plan_outputs.py"
CATALOG = ObjectRef("catalog", None, "Marketing")
ACTIONS: tuple[Action, ...] = (
    "create",
    "update",
    "rename",
    "delete",
    "delete",
    "delete",
    "replace",
    "replace",
    "replace",
    "replace",
    "blocked",
)


def outputs(folder: Path, plan: Plan) -> list[str]:
    file = folder / "plan.json"
    file.write_text(json.dumps(plan_document(plan)), "utf-8")
    command = [sys.executable, "-I", SCRIPT, file]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("planned", [True, False])
def test_the_outputs_of_a_plan_of_several_kinds(planned: bool, tmp_path: Path) -> None:
    extensions = [
        Change(action, ObjectRef("extension", "1", "a\nto-create=9"), (CATALOG,), reason("x"))
        for action in ACTIONS
    ]
    changes = (Change("create", CATALOG, (), reason("not_live")), *extensions) if planned else ()
    plan = Plan("0", "t", "sandbox", digest("t", "sandbox", changes), (), changes, (), ())
    assert outputs(tmp_path, plan) == [
        f"has-changes={'true' if planned else 'false'}",
        f"plan-digest={plan.digest}",
        f"to-create={2 * planned}",
        f"to-update={2 * planned}",
        f"to-delete={3 * planned}",
        f"to-replace={4 * planned}",
        f"blocked={1 * planned}",
    ]
