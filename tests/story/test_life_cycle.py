"""The life of extensions from the first pull request that removes one to the last write, on the
sandbox's own seed: a policy calls legacy-audit, and nothing calls expiry-reminder.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from colleague import Colleague, colleague_at
from harness import ASSIGNMENT, REQUEST, CommandLine, Ran

STATE = Path("desired_state/finance.yaml")
USE = "access package Ledger readers, policy Employees on request, stage assignmentRequestGranted"
ABSENT = """\
  - displayName: legacy-audit
    ensure: absent
"""


def test_an_extension_is_removed_deleted_and_another_one_replaced(reconciler: CommandLine) -> None:
    exported = reconciler("export", "--sandbox", "--catalog", "Finance", "--out", STATE.parent)
    assert exported.code == 0
    assert "3 unchanged." in reconciler("plan", "--sandbox").last
    with colleague_at(reconciler.folder) as colleague:
        a_block_is_removed(reconciler)
        it_is_declared_absent(reconciler, colleague)
    a_type_changes(reconciler)


def a_block_is_removed(reconciler: CommandLine) -> None:
    """The comment says that the extension stays live, and how to delete it; apply leaves it."""
    pull_request(reconciler)
    STATE.write_text(without("legacy-audit"))
    comment = comment_of(reconciler, code=0)
    assert "### Plan: no changes, 2 unchanged" in comment
    [warning] = [line for line in comment.splitlines() if line.startswith("| `R309`")]
    assert '"legacy-audit" (' in warning
    assert "stays live; declare `ensure: absent` to delete it" in warning
    merged = reconciler("apply", "--sandbox", "--auto-approve")
    assert merged.code == 0
    assert "legacy-audit" in names(reconciler)


def it_is_declared_absent(reconciler: CommandLine, colleague: Colleague) -> None:
    """Blocked while a stage calls it, even for one who applies all the same; then deleted."""
    pull_request(reconciler)
    STATE.write_text(f"{STATE.read_text()}\n{ABSENT}")
    comment = comment_of(reconciler, code=4)
    assert "### Plan: 1 blocked, 2 unchanged" in comment
    assert f"it is in use: {USE}; remove it there first, then plan again" in comment
    refused = reconciler("apply", "--sandbox", "--auto-approve")
    assert (refused.code, "1 skipped" in refused.last) == (4, True)
    assert "legacy-audit" in names(reconciler)

    colleague.unbind("Employees on request")
    comment = comment_of(reconciler, code=2)
    assert "### Plan: 1 delete, 2 unchanged" in comment
    shown = comment[comment.index("<details open>") : comment.index("</details>")]
    assert re.search(
        "- delete legacy-audit .*\n +because it is declared with ensure: absent", shown
    )
    assert "    nothing uses it\n" in shown
    assert '-   description: "Created by hand in the admin center"' in shown
    merged = apply_reviewed(reconciler, comment)
    assert (merged.code, "1 deleted, 0 failed" in merged.last) == (0, True)
    assert names(reconciler) == ["expiry-reminder", "notify-approvers"]
    assert "3 unchanged." in reconciler("plan", "--sandbox").last


def a_type_changes(reconciler: CommandLine) -> None:
    """Replaced in one run: afterwards there is one of the name, of the new type, with a new id."""
    [former] = [each for each in reconciler.live() if each["displayName"] == "expiry-reminder"]
    pull_request(reconciler)
    STATE.write_text(STATE.read_text().replace(ASSIGNMENT, REQUEST))
    comment = comment_of(reconciler, code=2)
    assert "### Plan: 1 replace, 2 unchanged" in comment
    assert "-/+ replace expiry-reminder" in comment
    merged = apply_reviewed(reconciler, comment)
    assert (merged.code, "1 replaced, 0 deleted, 0 failed" in merged.last) == (0, True)
    [new] = [each for each in reconciler.live() if each["displayName"] == "expiry-reminder"]
    assert new["@odata.type"] == REQUEST
    assert new["id"] != former["id"]
    assert new["description"] == former["description"]
    assert reconciler("plan", "--sandbox", "--detailed-exitcode").code == 0


def pull_request(reconciler: CommandLine) -> None:
    """From here on the files are those of a pull request; the base branch has them as they were."""
    shutil.rmtree("base", ignore_errors=True)
    shutil.copytree("desired_state", "base")
    assert reconciler("plan", "base", "--sandbox", "--out", "base.json").code == 0


def comment_of(reconciler: CommandLine, code: int) -> str:
    """The comment of the pull request, whose plan ends with this exit code."""
    against = ("--baseline", "base.json", "--out", "plan.json")
    assert reconciler("plan", "--sandbox", *against, "--detailed-exitcode").code == code
    return reconciler("show", "plan.json", "--format", "markdown").out


def apply_reviewed(reconciler: CommandLine, comment: str) -> Ran:
    """The merge: what the comment shows is applied, by its digest."""
    [digest] = set(re.findall("sha256:[0-9a-f]{64}", comment))
    return reconciler("apply", "--sandbox", "--expect-digest", digest)


def without(name: str) -> str:
    """The file without the declaration of this extension."""
    blocks = STATE.read_text().split("\n\n")
    kept = [block for block in blocks if f"displayName: {name}\n" not in block]
    assert len(kept) == len(blocks) - 1
    return "\n\n".join(kept)


def names(reconciler: CommandLine) -> list[str]:
    """Every extension of the tenant by name."""
    return sorted(each["displayName"] for each in reconciler.live())
