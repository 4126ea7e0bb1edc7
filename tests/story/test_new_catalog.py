"""A pull request that begins with a catalog: created with what is in it, in one apply."""

from __future__ import annotations

import re
from pathlib import Path

from harness import REQUEST, CommandLine, declare, extension

SALES = {"displayName": "Sales", "description": "Access for the sales team"}


def test_a_catalog_and_two_extensions_are_created_in_one_apply(reconciler: CommandLine) -> None:
    extensions = [extension("notify"), extension("greet", REQUEST)]
    declare(Path("desired_state"), {"catalog": SALES, "extensions": extensions})
    planned = reconciler("plan", "--sandbox", "--out", "plan.json", "--detailed-exitcode")
    assert planned.code == 2
    assert "Plan: 3 create, 0 update" in planned.last
    comment = reconciler("show", "plan.json", "--format", "markdown").out
    assert "### Plan: 3 create" in comment
    assert "+ create Sales" in comment
    [digest] = set(re.findall("sha256:[0-9a-f]{64}", comment))
    merged = reconciler("apply", "--sandbox", "--expect-digest", digest)
    assert (merged.code, "Apply: 3 created, 0 updated" in merged.last) == (0, True)
    assert "3 unchanged." in reconciler("plan", "--sandbox", "--detailed-exitcode").last
    exported = reconciler("export", "--sandbox", "--catalog", "Sales").out
    assert "displayName: notify" in exported
    assert "displayName: greet" in exported
