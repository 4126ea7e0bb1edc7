"""Prints the outputs for a saved plan, one `name=value` per line: only numbers, booleans and a
digest.

Called by run.sh. Everything else in a plan (names, descriptions, addresses) was written by others,
and a line break in it would become another output.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

COUNTED = ("create", "update", "rename", "replace", "delete", "blocked")


def outputs(plan: dict[str, Any]) -> dict[str, str]:
    """The outputs by name, counted over all kinds of objects.

    A rename counts as an update.
    """
    count = {name: int(plan["summary"][name]) for name in COUNTED}
    digest = re.fullmatch(r"sha256:[0-9a-f]{64}", plan["digest"])
    if digest is None:
        sys.exit("The plan has no valid digest.")
    return {
        "has-changes": "true" if plan["changes"] else "false",
        "plan-digest": digest[0],
        "to-create": str(count["create"]),
        "to-update": str(count["update"] + count["rename"]),
        "to-delete": str(count["delete"]),
        "to-replace": str(count["replace"]),
        "blocked": str(count["blocked"]),
    }


if __name__ == "__main__":
    document = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    for name, value in outputs(document).items():
        sys.stdout.write(f"{name}={value}\n")
