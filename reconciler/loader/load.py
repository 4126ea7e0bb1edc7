"""Paths → desired state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.loader.declared import DeclaredDocument, declared
from reconciler.loader.diagnostics import by_place, errors_of
from reconciler.loader.finding import find
from reconciler.loader.format import DocumentFormat
from reconciler.loader.nothing_declared import nothing_declared
from reconciler.loader.reading import read_text
from reconciler.loader.variables import may_hold_variables, substituted
from reconciler.loader.whole import LoadedState, whole_state
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.environment import Environment
from reconciler.model.nodes import Node
from reconciler.model.objects import ObjectRef
from reconciler.yaml import read_documents


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
    loading = Loading(paths, document_format, environment)
    for _ in loading.files():
        pass
    return loading.state()


class Loading:
    """The desired state of all files, as `load` returns it, file by file: other work can be done
    after each of them.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        document_format: DocumentFormat,
        environment: Environment | None = None,
    ) -> None:
        self._paths = paths
        self._format = document_format
        self._environment = environment
        self._documents: list[DeclaredDocument] = []
        self._diagnostics: list[Diagnostic] = []
        self._files = 0

    def files(self) -> Iterator[Sequence[ObjectRef]]:
        """Loads the files, one at each step, and yields what its documents belong to; after the
        first error nothing more than the error is certain, and what is yielded is empty.
        """
        texts, of_paths = _texts_of_files(self._paths)
        self._diagnostics += of_paths
        valid = not errors_of(of_paths)
        for name, text, unreadable in texts:
            file = _parsed(name, text, unreadable, self._format)
            documents, diagnostics = _declared(file, self._format, self._environment)
            self._documents += documents
            self._diagnostics += diagnostics
            self._files += 1
            valid = valid and not errors_of(diagnostics)
            yield [each.header for each in documents if each.header and valid]

    def state(self) -> LoadedState:
        """The state, once `files` has yielded for each file."""
        state = whole_state(self._documents, self._diagnostics, self._files, self._format)
        return _of_paths(self._paths, state)


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
    files = [_parsed(name, text, None, document_format) for name, text in texts]
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
    texts, of_paths = _texts_of_files(paths)
    return [_parsed(*text, document_format) for text in texts], of_paths


def _texts_of_files(
    paths: Sequence[Path],
) -> tuple[list[tuple[str, str, Diagnostic | None]], Sequence[Diagnostic]]:
    """Name and text of each file, or why it cannot be read; and the faults of the paths."""
    yaml_files = find(paths)
    # All first: a secret in one file is a secret in all.
    texts = [(name, *read_text(path, name)) for name, path in yaml_files.files]
    return texts, yaml_files.diagnostics


def _parsed(
    name: str, text: str, unreadable: Diagnostic | None, document_format: DocumentFormat
) -> _File:
    if unreadable is not None:
        return _File(name, diagnostics=(unreadable,))
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
    return whole_state(documents, diagnostics, len(files), document_format)


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
