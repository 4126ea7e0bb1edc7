"""Paths → the YAML files that they name or contain, without following links to other folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.loader.reading import reason, shown
from reconciler.model.diagnostic import Diagnostic, of_path
from reconciler.model.fault import printable

SUFFIXES = (".yaml", ".yml")
ENVIRONMENTS_FILE = Path("reconciler.yaml")
"""In the working folder: it defines the environments, and is not a desired state."""
NOT_FOUND_HINT = (
    "Check the working folder and the path. For a new repository, run `reconciler init . --ci"
    " none`."
)


@dataclass(slots=True)
class YamlFiles:
    """The files to read, each with its name in messages and sorted by it, and the faults of the
    paths.
    """

    files: list[tuple[str, Path]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def add(self, path: Path) -> None:
        """Adds a file, unless it was added before under any name."""
        real = os.path.realpath(path)
        if real not in self.seen:
            self.seen.add(real)
            self.files.append((shown(path), path))

    def report(self, path: Path, code: str, message: str, hint: str) -> None:
        """Adds a finding about a path as a whole."""
        self.diagnostics.append(Diagnostic(code, "error", message, hint, of_path(shown(path))))


def find(paths: Iterable[Path]) -> YamlFiles:
    """The YAML files that the paths name or contain; R001, R002 and R003 for other paths.

    Folders are searched to any depth; hidden files and folders are ignored.
    """
    yaml_files = YamlFiles()
    given = list(paths)
    for path in given:
        try:
            _add_path(path, yaml_files)
        except FileNotFoundError:
            message = f"No desired state found: `{printable(str(path))}` does not exist."
            yaml_files.report(path, "R001", message, NOT_FOUND_HINT)
        except (OSError, ValueError) as error:
            yaml_files.report(
                path,
                "R001",
                f"The path cannot be read: {reason(error)}.",
                "Check the path and its permissions.",
            )
    if not given:
        yaml_files.report(
            Path(),
            "R002",
            "No path was given.",
            "Give a file, or a folder with .yaml or .yml files.",
        )
    yaml_files.files.sort()
    return yaml_files


def _add_path(path: Path, yaml_files: YamlFiles) -> None:
    mode = path.stat().st_mode
    if not stat.S_ISDIR(mode):
        yaml_files.add(path)
        return
    faults_before = len(yaml_files.diagnostics)
    files = list(_files_under(path, yaml_files))
    for file in files:
        yaml_files.add(file)
    if not files and len(yaml_files.diagnostics) == faults_before:
        yaml_files.report(
            path,
            "R002",
            "The folder contains no YAML file.",
            "Add a .yaml or .yml file, or give another folder.",
        )


def _files_under(root: Path, yaml_files: YamlFiles) -> Iterator[Path]:
    """The YAML files in a folder, to any depth, without recursion and without following a link
    twice.
    """
    real_root = os.path.realpath(root)
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                children = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yaml_files.report(
                folder,
                "R001",
                f"The folder cannot be read: {reason(error)}.",
                "Check its permissions.",
            )
            continue
        for entry in children:
            path = folder / entry.name
            is_yaml = entry.name.lower().endswith(SUFFIXES)
            if entry.name.startswith("."):
                continue
            if entry.is_symlink() and (is_yaml or _is_folder(path)) and not within(real_root, path):
                hint = "Replace the link with the file, or give its target as a path of its own."
                yaml_files.report(
                    path, "R003", "The symbolic link points outside the folder.", hint
                )
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif is_yaml and not _is_folder(path) and not _names_environments(path):
                yield path


def _names_environments(path: Path) -> bool:
    return path.name == ENVIRONMENTS_FILE.name and os.path.realpath(path) == os.path.realpath(
        ENVIRONMENTS_FILE
    )


def _is_folder(path: Path) -> bool:
    """True for a folder or a link to one; False for a broken or circular link."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def within(real_root: str, path: Path) -> bool:
    """True when the path, links followed, is in the folder."""
    return Path(os.path.realpath(path)).is_relative_to(real_root)
