"""Paths → desired state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.loader.among import faults_among
from reconciler.loader.declared import DeclaredDocument, declared
from reconciler.loader.diagnostics import by_place, errors_of, reported
from reconciler.loader.duplicates import (
    duplicates,
    inner_duplicates,
    look_alikes,
    second_documents,
)
from reconciler.loader.finding import find
from reconciler.loader.format import DocumentFormat
from reconciler.loader.joined import joined
from reconciler.loader.nothing_declared import nothing_declared
from reconciler.loader.reading import read_text
from reconciler.loader.scopes import desired_scopes
from reconciler.loader.variables import may_hold_variables, substituted
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.environment import Environment
from reconciler.model.fields import texts_in
from reconciler.model.learned import declare_public
from reconciler.model.nodes import Node
from reconciler.model.objects import Desired, DesiredScope
from reconciler.model.secrets import texts_of
from reconciler.yaml import read_documents


@dataclass(frozen=True, slots=True)
class LoadedState:
    """What the files declare. `scopes` is empty if any diagnostic is an error: a state is never
    partial.

    With warnings only, the state is valid: `validate` and every plan show them.

    `files` and `declared` count valid and invalid ones; `declared` has the number of declarations
    by the plural of their kind. `environments` is the number of environments checked.
    """

    scopes: tuple[DesiredScope, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: int
    declared: Mapping[str, int] = field(default_factory=dict)
    environments: int = 0

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are errors."""
        return errors_of(self.diagnostics)

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


def load(
    paths: Sequence[Path],
    document_format: DocumentFormat,
    environment: Environment | None = None,
) -> LoadedState:
    """The desired state of all files, or every fault of all files, sorted by file, line, column and
    code.

    For a file with more than a thousand faults, R009 replaces the rest. Paths are files or folders.
    Every problem of a file is a diagnostic; nothing is raised, printed or changed.
    """
    files, diagnostics = _read(paths, document_format)
    return _of_paths(paths, _state(files, diagnostics, document_format, environment))


def _of_paths(paths: Sequence[Path], state: LoadedState) -> LoadedState:
    """The state, marked as partial if a path is not a folder: other files may declare more."""
    partial = not all(path.is_dir() for path in paths)
    return replace(state, scopes=tuple(replace(scope, partial=partial) for scope in state.scopes))


def load_for_each(
    paths: Sequence[Path], document_format: DocumentFormat, environments: Sequence[Environment]
) -> LoadedState:
    """The same for all environments; a fault that only some environments have names these.

    `scopes` are those of the first environment. Without an environment it is `load`.
    """
    files, diagnostics = _read(paths, document_format)
    if len(environments) < 2 or not any(file.varies for file in files):
        first = environments[0] if environments else None
        return _of_paths(paths, _state(files, diagnostics, document_format, first))
    states = [
        _state(files, diagnostics, document_format, environment) for environment in environments
    ]
    having: dict[Diagnostic, list[str]] = {}
    for environment, state in zip(environments, states, strict=True):
        for diagnostic in state.diagnostics:
            having.setdefault(diagnostic, []).append(environment.name)
    named = [
        _naming(each, names if len(names) < len(states) else []) for each, names in having.items()
    ]
    state = replace(
        states[0],
        scopes=() if errors_of(named) else states[0].scopes,
        diagnostics=tuple(sorted(dict.fromkeys(named), key=by_place)),
    )
    return _of_paths(paths, state)


def load_texts(
    texts: Iterable[tuple[str, str]],
    document_format: DocumentFormat,
    environment: Environment | None = None,
    of_paths: Sequence[Diagnostic] = (),
) -> LoadedState:
    """The same as `load` for files of these names and texts, without reading files; `of_paths` are
    faults of paths.
    """
    files = [_parsed(name, text, document_format) for name, text in texts]
    return _state(files, of_paths, document_format, environment)


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


def _read(
    paths: Sequence[Path], document_format: DocumentFormat
) -> tuple[list[_File], Sequence[Diagnostic]]:
    yaml_files = find(paths)
    # All first: a secret in one file is a secret in all.
    texts = [(name, *read_text(path, name)) for name, path in yaml_files.files]
    files = [
        _File(name, diagnostics=(unreadable,))
        if unreadable
        else _parsed(name, text, document_format)
        for name, text, unreadable in texts
    ]
    return files, yaml_files.diagnostics


def _parsed(name: str, text: str, document_format: DocumentFormat) -> _File:
    nodes, faults = read_documents(text, document_format.hints)
    return _File(
        name, tuple(nodes), tuple(fault.in_file(name) for fault in faults), may_hold_variables(text)
    )


def _state(
    files: Sequence[_File],
    of_paths: Sequence[Diagnostic],
    document_format: DocumentFormat,
    environment: Environment | None,
) -> LoadedState:
    documents: list[DeclaredDocument] = []
    diagnostics = list(of_paths)
    for file in files:
        file_documents, file_diagnostics = _declared(file, document_format, environment)
        documents += file_documents
        diagnostics += file_diagnostics
    kinds = document_format.kinds
    whole = joined(documents, kinds)
    documents = list(whole.documents)
    diagnostics += [*whole.diagnostics, *duplicates(documents, kinds), *look_alikes(documents)]
    diagnostics += [*second_documents(documents), *faults_among(documents, kinds)]
    scopes = () if errors_of(diagnostics) else desired_scopes(documents, kinds)
    diagnostics += inner_duplicates(scopes, kinds)
    scopes = () if errors_of(diagnostics) else scopes
    _declare_public(scopes)
    return LoadedState(
        scopes=scopes,
        diagnostics=tuple(reported(diagnostics)),
        files=len(files),
        declared=_counts(documents, document_format),
    )


def _counts(
    documents: Iterable[DeclaredDocument], document_format: DocumentFormat
) -> dict[str, int]:
    """The number of declarations by the plural of their kind; of kinds of headers, and of
    those whose objects are only found, if there are any.
    """
    counts = Counter(
        declaration.kind for document in documents for declaration in document.declarations
    )
    return {
        kind.plural: counts[kind.name]
        for kind in document_format.declarable(None)
        if (kind.parents and not kind.is_foreign) or counts[kind.name]
    }


def _declared(
    file: _File, document_format: DocumentFormat, environment: Environment | None
) -> tuple[list[DeclaredDocument], list[Diagnostic]]:
    documents, diagnostics = [], list(file.diagnostics)
    not_secret = environment.not_secret if environment else ()
    for node in file.documents:
        written, faults = substituted(node, environment) if file.varies else (node, [])
        document, document_faults = declared(written, file.name, document_format, not_secret)
        documents.append(document)
        diagnostics += [fault.in_file(file.name) for fault in (*faults, *document_faults)]
    if not errors_of(diagnostics):
        diagnostics += nothing_declared(file.name, documents, document_format)
    return documents, diagnostics


def _declare_public(scopes: Iterable[DesiredScope]) -> None:
    """Never masks what the reviewed files declare, even if a live text by others has `sig=` before
    a part of it.
    """
    for scope in scopes:
        if scope.parent is not None:
            declare_public(str(scope.parent))
        for desired in scope.objects:
            for text in _texts(desired):
                declare_public(text)


def _texts(desired: Desired) -> Iterable[str]:
    yield desired.ref.display_name or ""
    yield desired.source.file
    for value in texts_in(desired.properties.values()):
        yield from texts_of(value)
