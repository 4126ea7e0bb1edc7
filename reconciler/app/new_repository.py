"""The files of a new repository: which of them are written, updated or kept."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.app.environments import names_all
from reconciler.files import read_before, write_new
from reconciler.loader.finding import ENVIRONMENTS_FILE
from reconciler.starter import GITIGNORE, KEPT, ignoring, starter_files


def write_repository(
    folder: Path, action: str | None, environments: Sequence[str]
) -> Mapping[Path, str]:
    """Writes the files; `Wrote`, `Updated` or `Kept` for each of them, in order.

    Raises:
        UsageError: as `reconciler.app.init`.
    """
    files = starter_files(action, environments)
    done = {name: "Kept" for name in KEPT if os.path.lexists(folder / name)}
    if environments and names_all(folder / ENVIRONMENTS_FILE, environments):
        done[str(ENVIRONMENTS_FILE)] = "Kept"
    replaced = {}
    if os.path.lexists(folder / GITIGNORE):
        before = read_before(folder / GITIGNORE)
        after = ignoring(before)
        done[GITIGNORE] = "Kept" if after == before else "Updated"
        replaced = {GITIGNORE: after} if after != before else {}
    write_new(
        folder, {name: text for name, text in files.items() if name not in done}, replaced=replaced
    )
    return {folder / name: done.get(name, "Wrote") for name in files}
