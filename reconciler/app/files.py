"""The use cases that need files only: validate, the environments, what is declared, saved plans."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.app.environments import environment_named
from reconciler.app.kinds import KINDS, document_format
from reconciler.errors import InvalidFilesError, UsageError
from reconciler.loader import (
    LoadedEnvironments,
    LoadedState,
    Loading,
    load,
    load_environments,
    load_for_each,
    schema_text,
)
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.environment import Environment
from reconciler.model.plan import Plan
from reconciler.settings import Settings


def validate(paths: Sequence[Path]) -> LoadedState:
    """Every error in the files, for every environment of `reconciler.yaml`; needs no network and no
    credentials.
    """
    named = load_environments()
    loaded = load_for_each(paths, document_format(), named.environments)
    # While reconciler.yaml is invalid, it is unknown which variables it would define.
    diagnostics = [
        finding
        for finding in loaded.diagnostics
        if not (named.diagnostics and finding.code == "R209")
    ]
    return replace(
        loaded,
        scopes=() if named.diagnostics else loaded.scopes,
        diagnostics=(*named.diagnostics, *diagnostics),
        files=loaded.files + named.exists,
        environments=len(named.environments),
    )


def declared(settings: Settings, paths: Sequence[Path]) -> LoadedState:
    """What the files declare in the chosen environment, or every error in them."""
    return load(paths, document_format(), settings.environment)


def declaring(settings: Settings, paths: Sequence[Path]) -> Loading:
    """The same, to be loaded file by file."""
    return Loading(paths, document_format(), settings.environment)


def environment(name: str) -> tuple[Environment | None, Sequence[Diagnostic]]:
    """The environment of this name in `reconciler.yaml`; or None, and what is wrong with that file.

    Raises:
        UsageError: there is no such file, or no such environment in it.
    """
    named = load_environments()
    if named.diagnostics:
        return None, named.diagnostics
    if not named.exists:
        raise UsageError(
            f"Environment {name} does not exist: this folder has no reconciler.yaml.",
            hint="Run in the folder of reconciler.yaml, or omit --environment.",
        )
    return environment_named(named, name), ()


def environments() -> LoadedEnvironments:
    """The environments of `reconciler.yaml`, or what is wrong with that file."""
    return load_environments()


def environment_names() -> Sequence[str]:
    """The names of all environments; none if `reconciler.yaml` does not exist or is invalid."""
    return [environment.name for environment in environments().environments]


def is_saved_plan(path: Path) -> bool:
    """True for a file that contains a plan document, whatever its name; errors in other files are
    reported later.
    """
    try:
        if not path.is_file():
            return False
        from reconciler.plan.saved import decoded

        document = json.loads(decoded(_bounded(path)))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and {"format_version", "digest", "changes"} <= document.keys()


def show(file: Path) -> Plan:
    """A saved plan, read back.

    Raises:
        InvalidFilesError: it is missing, or is not a plan document.
        StalePlanError: it was altered.
    """
    from reconciler.plan.saved import decoded, read_plan

    try:
        text = decoded(_bounded(file))
    except (OSError, ValueError) as error:
        reason = _reason(error)
        raise InvalidFilesError(
            f"{file} cannot be read: {reason}.", hint="Pass a file written by plan --out."
        ) from error
    return read_plan(text, str(file), json.loads(schema_text("plan")), KINDS)


def _bounded(file: Path) -> bytes:
    """The content of a file; only the beginning if that shows that it is not a plan.

    Raises:
        OSError: it cannot be read, or is larger than a saved plan may be.
    """
    from reconciler.plan.saved import MAX_BYTES, begins_like_a_plan

    with file.open("rb") as opened:
        size_bytes = os.fstat(opened.fileno()).st_size
        content = opened.read(1024)
        if size_bytes <= MAX_BYTES and begins_like_a_plan(content):
            content += opened.read(MAX_BYTES)  # a pipe has no size, and may never end
            size_bytes = max(size_bytes, len(content))
    if size_bytes > MAX_BYTES and begins_like_a_plan(content):
        limit_gib = MAX_BYTES // 1024**3
        raise OSError(errno.EFBIG, f"it is larger than {limit_gib} GiB, the maximum size of a plan")
    return content


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or errno.errorcode.get(error.errno or 0, "it cannot be opened")
    return "it is neither UTF-8 nor UTF-16 text"
