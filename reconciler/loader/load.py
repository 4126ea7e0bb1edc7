"""Paths → desired catalogs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from reconciler.loader.catalogs import desired_catalogs, duplicates, in_order, look_alikes
from reconciler.loader.declared import DeclaredDocument, declared
from reconciler.loader.finding import find
from reconciler.model.nodes import Node
from reconciler.loader.reading import read_text
from reconciler.loader.variables import may_hold_variables, substituted
from reconciler.yaml.tree import read_documents
from reconciler.model.diagnostic import Diagnostic, of_path
from reconciler.model.environment import Environment
from reconciler.model.extension import DesiredCatalog
from reconciler.model.learned import declare_public
from reconciler.model.secrets import texts_of

FAULTS = 1_000
"""The maximum per file: a small file can have a fault in each of its values."""


@dataclass(frozen=True, slots=True)
class LoadedState:
    """What the files declare. `catalogs` is empty if any diagnostic is an error: a state is never
    partial.

    With warnings only, the state is valid: `validate` and every plan show them.

    `files` and `extensions` count valid and invalid ones; `environments` is the number of
    environments checked.
    """

    catalogs: tuple[DesiredCatalog, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: int
    extensions: int
    environments: int = 0

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are errors."""
        return _errors(self.diagnostics)

    @property
    def faulty(self) -> bool:
        """True when at least one diagnostic is an error: these files must not be planned."""
        return bool(self.errors)


@dataclass(frozen=True, slots=True)
class ReadTexts:
    """Files by their name in messages, each with its path and text, and the faults of paths and
    unreadable files.
    """

    files: dict[str, tuple[Path, str]]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """The part of a file that is the same in every environment: its documents, and the faults of
    its YAML.
    """

    name: str
    documents: tuple[Node, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    varies: bool = False


def load(paths: Sequence[Path], environment: Environment | None = None) -> LoadedState:
    """The desired state of all files, or every fault of all files, sorted by file, line, column and
    code.

    For a file with more than a thousand faults, R009 replaces the rest. Paths are files or folders.
    Every problem of a file is a diagnostic; nothing is raised, printed or changed.
    """
    files, diagnostics = _read(paths)
    return _state(files, diagnostics, environment)


def load_for_each(paths: Sequence[Path], environments: Sequence[Environment]) -> LoadedState:
    """The same for all environments; a fault that only some environments have names these.

    `catalogs` are those of the first environment. Without an environment it is `load`.
    """
    files, diagnostics = _read(paths)
    if len(environments) < 2 or not any(file.varies for file in files):
        return _state(files, diagnostics, environments[0] if environments else None)
    states = [_state(files, diagnostics, environment) for environment in environments]
    having: dict[Diagnostic, list[str]] = {}
    for environment, state in zip(environments, states, strict=True):
        for diagnostic in state.diagnostics:
            having.setdefault(diagnostic, []).append(environment.name)
    named = [
        _naming(each, names if len(names) < len(states) else []) for each, names in having.items()
    ]
    return replace(
        states[0],
        catalogs=() if _errors(named) else states[0].catalogs,
        diagnostics=tuple(sorted(dict.fromkeys(named), key=_by_place)),
    )


def load_texts(
    texts: Iterable[tuple[str, str]],
    environment: Environment | None = None,
    of_paths: Sequence[Diagnostic] = (),
) -> LoadedState:
    """The same as `load` for files of these names and texts, without reading files; `of_paths` are
    faults of paths.
    """
    return _state([_parsed(name, text) for name, text in texts], of_paths, environment)


def read_texts(paths: Sequence[Path]) -> ReadTexts:
    """The texts of all files that the paths name or contain, read once, for `load_texts`."""
    yaml_files = find(paths)
    read = [(name, path, *read_text(path, name)) for name, path in yaml_files.files]
    return ReadTexts(
        files={name: (path, text) for name, path, text, unreadable in read if unreadable is None},
        diagnostics=(
            *yaml_files.diagnostics,
            *(unreadable for *_, unreadable in read if unreadable is not None),
        ),
    )


def _naming(diagnostic: Diagnostic, names: Sequence[str]) -> Diagnostic:
    if not names or any(f"environment {name}" in diagnostic.message for name in names):
        return diagnostic
    where = f" (in environment{'s' if len(names) > 1 else ''} {', '.join(names)})"
    return replace(diagnostic, message=f"{diagnostic.message.removesuffix('.')}{where}.")


def _read(paths: Sequence[Path]) -> tuple[list[_File], Sequence[Diagnostic]]:
    yaml_files = find(paths)
    # All first: a secret in one file is a secret in all.
    texts = [(name, *read_text(path, name)) for name, path in yaml_files.files]
    files = [
        _parsed(name, text) if unreadable is None else _File(name, diagnostics=(unreadable,))
        for name, text, unreadable in texts
    ]
    return files, yaml_files.diagnostics


def _parsed(name: str, text: str) -> _File:
    nodes, faults = read_documents(text)
    return _File(
        name, tuple(nodes), tuple(fault.in_file(name) for fault in faults), may_hold_variables(text)
    )


def _state(
    files: Sequence[_File], of_paths: Sequence[Diagnostic], environment: Environment | None
) -> LoadedState:
    documents: list[DeclaredDocument] = []
    diagnostics = list(of_paths)
    for file in files:
        file_documents, file_diagnostics = _declared(file, environment)
        documents += file_documents
        diagnostics += file_diagnostics
    diagnostics += [*duplicates(documents), *look_alikes(documents)]
    catalogs = () if _errors(diagnostics) else desired_catalogs(documents)
    _declare_public(catalogs)
    return LoadedState(
        catalogs=catalogs,
        diagnostics=tuple(_readable(sorted(dict.fromkeys(diagnostics), key=_by_place))),
        files=len(files),
        extensions=sum(len(document.extensions) for document in documents),
    )


def _errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity == "error")


def _by_place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    return (*in_order(diagnostic.place), diagnostic.code)


def _readable(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """At most `FAULTS` diagnostics per file, errors first; the diagnostics are sorted by file."""
    for _, of_one_file in groupby(diagnostics, key=lambda each: in_order(each.place)[0]):
        own = list(of_one_file)
        errors_first = sorted(own, key=lambda each: each.severity != "error")
        yield from sorted(errors_first[:FAULTS], key=_by_place)
        for first_omitted in errors_first[FAULTS : FAULTS + 1]:
            message = f"The file has more than {FAULTS:,} findings; the others are omitted."
            yield replace(
                first_omitted, code="R009", message=message, hint="Fix the errors above first."
            )


def _declared(
    file: _File, environment: Environment | None
) -> tuple[list[DeclaredDocument], list[Diagnostic]]:
    documents, diagnostics = [], list(file.diagnostics)
    for node in file.documents:
        written, faults = substituted(node, environment) if file.varies else (node, [])
        document, document_faults = declared(
            written, file.name, environment.not_secret if environment else ()
        )
        documents.append(document)
        diagnostics += [fault.in_file(file.name) for fault in (*faults, *document_faults)]
    if not _errors(diagnostics):
        diagnostics += _nothing_declared(file.name, documents)
    return documents, diagnostics


def _nothing_declared(file: str, documents: Sequence[DeclaredDocument]) -> Iterator[Diagnostic]:
    """R312 for a valid file without a document, and for each document without an extension."""
    hint = (
        "Declare an extension, or remove the {}. Extensions that it declared before stay live,"
        " unmanaged."
    )
    if not documents:
        message = "The file declares nothing: it is empty or contains only comments."
        yield Diagnostic("R312", "warning", message, hint.format("file"), of_path(file))
    for document in documents:
        if not document.extensions:
            message = "The document declares nothing: `extensions` is empty."
            yield Diagnostic("R312", "warning", message, hint.format("document"), document.source)


def _declare_public(catalogs: Iterable[DesiredCatalog]) -> None:
    """Never masks what the reviewed files declare, even if a live text by others has `sig=` before
    a part of it.
    """
    for desired in catalogs:
        declare_public(str(desired.catalog))
        for extension in desired.extensions:
            for text in (
                extension.display_name,
                extension.source.file,
                *texts_of(dict(extension.properties)),
            ):
                declare_public(text)
