"""The whole way from paths to desired catalogs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.loader.catalogs import desired_catalogs, duplicates, in_order
from reconciler.loader.declared import DeclaredDocument, declared
from reconciler.loader.finding import find
from reconciler.loader.reading import read_text
from reconciler.loader.yaml_tree import read_documents
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.extension import DesiredCatalog


@dataclass(frozen=True, slots=True)
class LoadedState:
    """What the files declare. `catalogs` is empty as soon as one diagnostic is an error: there is no half a state.

    `files` and `extensions` count what was found, faulty ones included.
    """

    catalogs: tuple[DesiredCatalog, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: int
    extensions: int

    @property
    def faulty(self) -> bool:
        """True when at least one diagnostic is an error: nothing may be planned from these files."""
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)


def load(paths: Sequence[Path]) -> LoadedState:
    """The desired state of all files, or every fault of all files, sorted by file, line, column and code.

    Paths are files or folders. Whatever a file holds becomes a diagnostic; nothing is raised, printed or changed.
    """
    found = find(paths)
    documents: list[DeclaredDocument] = []
    diagnostics = list(found.diagnostics)
    for file, path in found.files:
        file_documents, file_diagnostics = _load_file(file, path)
        documents += file_documents
        diagnostics += file_diagnostics
    diagnostics += duplicates(documents)
    return LoadedState(
        catalogs=() if diagnostics else desired_catalogs(documents),
        diagnostics=tuple(sorted(dict.fromkeys(diagnostics), key=lambda each: (*in_order(each.place), each.code))),
        files=len(found.files),
        extensions=sum(len(document.extensions) for document in documents),
    )


def _load_file(file: str, path: Path) -> tuple[list[DeclaredDocument], list[Diagnostic]]:
    text, unreadable = read_text(path)
    if unreadable is not None:
        return [], [unreadable]
    nodes, faults = read_documents(text)
    documents = []
    for node in nodes:
        document, found = declared(node, file)
        documents.append(document)
        faults += found
    return documents, [fault.in_file(file) for fault in faults]
