"""The command that adopts: export, to stdout, to new files, or into the files that there are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.findings import INVALID_FILES
from reconciler.cli.options import DEFAULT_PATH, output_options, paths_argument, target_options
from reconciler.cli.plans import DONE, REFUSED, sound
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.model.diagnostic import Diagnostic
    from reconciler.model.export import Export
    from reconciler.settings import Settings


@click.command("export")
@paths_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write one file per catalog into this folder.",
)
@click.option("--update", is_flag=True, help="Update the files at PATH to the values in the tenant.")
@output_options()
@target_options
def export_command(paths: tuple[Path, ...], out: Path | None, update: bool, settings: Settings, output: Output) -> int:
    """Writes what exists in the tenant as YAML. Writes nothing to Graph.

    PATH is a file or folder of YAML, by default desired_state; only --update uses it.
    """
    if update and out is not None:
        raise UsageError("--update was given together with --out.", hint="--update edits the files at PATH.")
    if paths and not update:
        raise UsageError("PATH was given without --update.", hint="Name the files to be edited with --update.")
    return _update(paths, settings, output) if update else _export(out, settings, output)


def _export(out: Path | None, settings: Settings, output: Output) -> int:
    from reconciler import app
    from reconciler.cli.output import progress, tell

    with progress(output) as bars:
        exported = app.export(settings, os.environ, bars)
    files = [] if out is None else _save(exported, out)
    _print(exported, files, output, saved=out is not None)
    left_out = _nothing_to_export(exported)
    if left_out and output.verbosity >= 0:
        tell(left_out)
    return DONE if exported.complete else REFUSED


def _nothing_to_export(exported: Export) -> str:
    """Why stdout is empty, or lacks a catalog that no finding is about; "" where nothing is missing."""
    if exported.empty:
        skipped = f"{exported.empty} catalog{'' if exported.empty == 1 else 's'}"
        return f"Skipped {skipped} with nothing to export; use --catalog NAME to include one anyway."
    if exported.documents or exported.diagnostics:
        return ""
    return "Nothing to export: Graph lists no catalog in this tenant that this identity can read."


def _print(exported: Export, files: list[Path], output: Output, *, saved: bool) -> None:
    """The result on stdout; in text, what was left out goes to stderr, so that stdout is the YAML alone."""
    from reconciler.cli.output import emit
    from reconciler.render.export import export_document, saved_text
    from reconciler.render.json_document import to_json

    names = [str(file) for file in files]
    if output.format == "json":
        emit(to_json(export_document(exported, names)), output)
        return
    told_of = saved_text(exported, names) if saved else "---\n".join(one.text for one in exported.documents)
    emit(told_of, output if saved else replace(output, colour=False))
    _tell_findings(exported.diagnostics, output)


def _tell_findings(diagnostics: Iterable[Diagnostic], output: Output) -> None:
    from reconciler.cli.output import tell
    from reconciler.render.text import findings_lines

    if output.verbosity >= 0:
        for line in findings_lines(diagnostics):
            tell(line)


def _save(exported: Export, folder: Path) -> list[Path]:
    """The new files, one a catalog: all of them or none, and with every secret in them masked."""
    from reconciler.export.files import file_names, schema_line
    from reconciler.files import write_new
    from reconciler.model.secrets import mask

    names = file_names(exported.documents)
    texts = (mask(schema_line(folder) + document.text) for document in exported.documents)
    write_new(folder, dict(zip(names, texts, strict=True)))
    return [folder / name for name in names]


def _update(paths: tuple[Path, ...], settings: Settings, output: Output) -> int:
    """Edits the files, after telling what is wrong with them if anything is; they are read once, and so are proven."""
    from reconciler import app
    from reconciler.cli.output import emit, progress
    from reconciler.files import replace_all
    from reconciler.loader import load_texts, read_texts
    from reconciler.render.export import update_document, update_text
    from reconciler.render.json_document import to_json

    read = read_texts(paths or (DEFAULT_PATH,))
    texts = {name: text for name, (_, text) in read.files.items()}
    if sound(load_texts(texts.items(), settings.environment, read.diagnostics), output) is None:
        return INVALID_FILES
    with progress(output) as bars:
        updated = app.export_update(settings, os.environ, texts, bars)
    replace_all({path: (text, updated.texts.get(name, text)) for name, (path, text) in read.files.items()})
    emit(to_json(update_document(updated)) if output.format == "json" else update_text(updated), output)
    if output.format != "json":
        _tell_findings(updated.diagnostics, output)
    others = [name for name in app.environment_names() if name != settings.environment_name]
    if updated.edits and others and output.verbosity >= 0:
        _tell_of_others(settings.environment_name, others)
    return DONE if updated.complete else REFUSED


def _tell_of_others(chosen: str | None, others: Iterable[str]) -> None:
    """A Logic App's address is that of one tenant, and stands now in files that are read for all."""
    from reconciler.cli.output import tell

    where = f"in {chosen}" if chosen else "without an environment"
    tell(
        f"note: what was written is as it is live {where}, and holds for {', '.join(others)} too: "
        "make variables of what differs there (url, say) before you commit it."
    )
