"""The command export: what exists in the tenant as YAML, on stdout, in new files, or as updates of
existing files.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.findings import INVALID_FILES, tell_findings
from reconciler.cli.options import (
    output_options,
    paths_argument,
    target_arguments,
    target_options,
)
from reconciler.cli.plans import DONE, REFUSED, valid
from reconciler.errors import UsageError
from reconciler.settings import DEFAULT_PATH

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.model.export import Export, Update
    from reconciler.settings import Settings


@click.command("export")
@paths_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write one file per catalog into this folder.",
)
@click.option(
    "--update", is_flag=True, help="Update the files at PATH to the values in the tenant."
)
@click.option(
    "--catalog-properties",
    is_flag=True,
    help="Declare the catalogs themselves too, with their properties.",
)
@click.option(
    "--policies",
    is_flag=True,
    help="Declare the policies too, with the stages that call an extension.",
)
@output_options()
@target_options
def export_command(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    out: Path | None,
    update: bool,
    catalog_properties: bool,
    policies: bool,
    settings: Settings,
    output: Output,
) -> int:
    """Writes what exists in the tenant as YAML. Writes nothing to Graph.

    PATH is a file or folder of YAML, by default desired_state; only --update uses it.
    """
    if update and out is not None:
        raise UsageError(
            "--update and --out are mutually exclusive.",
            hint="--update updates the files at PATH, --out writes new ones.",
        )
    if update and catalog_properties:
        raise UsageError(
            "--update and --catalog-properties are mutually exclusive.",
            hint="--update changes the catalogs that the files declare; to declare another one,"
            " write `catalog` as a mapping.",
        )
    if update and policies:
        raise UsageError(
            "--update and --policies are mutually exclusive.",
            hint="--update changes the stages that the files declare.",
        )
    if paths and not update:
        raise UsageError(
            "export takes PATH only with --update.", hint="Add --update, or omit PATH."
        )
    if update:
        return _update(paths, settings, output)
    return _export(out, settings, output, catalog_properties=catalog_properties, policies=policies)


def _export(
    out: Path | None,
    settings: Settings,
    output: Output,
    *,
    catalog_properties: bool,
    policies: bool,
) -> int:
    from reconciler.app.export import export
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress, tell

    with progress(output) as bars:
        reading = export(
            settings,
            os.environ,
            bars,
            catalog_properties=catalog_properties,
            policies=policies,
        )
        exported = run_async(reading)
    files = [] if out is None else _save(exported, out)
    _print(exported, files, output, saved=out is not None)
    if output.verbosity >= 0:
        for note in (_nothing_to_export(exported), _next_step(out) if out and files else ""):
            if note:
                tell(note)
    return DONE if exported.complete else REFUSED


def _next_step(folder: Path) -> str:
    command = ["reconciler", "plan", *target_arguments(), str(folder)]
    return f"To check that these files would change nothing: {shlex.join(command)}"


def _nothing_to_export(exported: Export) -> str:
    """Why stdout is empty, or lacks a catalog that no finding names; "" if nothing is missing."""
    if exported.empty:
        skipped = f"{exported.empty} catalog{'' if exported.empty == 1 else 's'}"
        return (
            f"Skipped {skipped} with nothing to export; use --catalog NAME to include one anyway."
        )
    if exported.documents or exported.diagnostics:
        return ""
    return "Nothing to export: Graph lists no catalog in this tenant that this identity can read."


def _print(exported: Export, files: list[Path], output: Output, *, saved: bool) -> None:
    """Prints the result on stdout, and findings on stderr unless the format is JSON, so that stdout
    is YAML alone.
    """
    from reconciler.cli.output import emit
    from reconciler.render.export import export_document, saved_text
    from reconciler.render.json_document import to_json

    names = [str(file) for file in files]
    if output.format == "json":
        emit(to_json(export_document(exported, names)), output)
        return
    text = (
        saved_text(exported, names)
        if saved
        else "---\n".join(document.text for document in exported.documents)
    )
    emit(text, output if saved else replace(output, colour=False))
    tell_findings(exported.diagnostics, output)


def _save(exported: Export, folder: Path) -> list[Path]:
    """Writes the new files, one per catalog: all or none, secrets masked."""
    from reconciler.export.files import file_names, schema_line
    from reconciler.files import write_new
    from reconciler.model.secrets import mask

    names = file_names(exported.documents)
    texts = (mask(schema_line(folder) + document.text) for document in exported.documents)
    write_new(
        folder,
        dict(zip(names, texts, strict=True)),
        way_out="Choose another --out, or use --update.",
    )
    return [folder / name for name in names]


def _update(paths: tuple[Path, ...], settings: Settings, output: Output) -> int:
    """Updates the files, unless they have errors."""
    from reconciler.app.export import files_to_update, update
    from reconciler.app.export import replace as replace_files
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import emit, progress
    from reconciler.render.export import update_document, update_text
    from reconciler.render.json_document import to_json

    files = files_to_update(settings, paths or (DEFAULT_PATH,))
    loaded = valid(files.loaded, output)
    if loaded is None:
        return INVALID_FILES
    tell_findings(loaded.diagnostics, output)
    with progress(output) as bars:
        updated = run_async(update(settings, os.environ, files, bars))
    replace_files(files, updated)
    is_json = output.format == "json"
    emit(to_json(update_document(updated)) if is_json else update_text(updated), output)
    if not is_json:
        tell_findings(updated.diagnostics, output)
    note_other_environments(settings, updated, output)
    return DONE if updated.complete else REFUSED


def note_other_environments(settings: Settings, updated: Update, output: Output) -> None:
    """Notes that values of one tenant, such as the URL of a Logic App, are now in files that are
    used for several.
    """
    from reconciler.app.files import environment_names
    from reconciler.cli.output import tell

    chosen = settings.environment_name
    others = [name for name in environment_names() if name != chosen]
    if not updated.edits or not others or output.verbosity < 0:
        return
    where = f"in environment {chosen}" if chosen else "without an environment"
    tell(
        f"Note: The new values were read {where}, but the files are also used for"
        f" {', '.join(others)}. Replace values that differ there (for example url) with variables"
        " before you commit."
    )
