"""The whole way from paths to desired catalogs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path

from reconciler.loader.catalogs import desired_catalogs, duplicates, in_order
from reconciler.loader.declared import DeclaredDocument, declared
from reconciler.loader.finding import find
from reconciler.loader.reading import read_text
from reconciler.loader.yaml_tree import read_documents
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.extension import DesiredCatalog
from reconciler.model.learned import declare_public

FAULTS = 1_000
"""Of one file: a small file can have a fault in each of its values, and nobody reads the thousandth."""


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

    Of a file with more than a thousand faults, R009 says so in place of the rest.
    Paths are files or folders. Whatever a file holds becomes a diagnostic; nothing is raised, printed or changed.
    """
    found = find(paths)
    documents: list[DeclaredDocument] = []
    diagnostics = list(found.diagnostics)
    texts = [(file, *read_text(path)) for file, path in found.files]  # all first: a secret of one is one in all
    for file, text, unreadable in texts:
        file_documents, file_diagnostics = _load_text(file, text) if unreadable is None else ([], [unreadable])
        documents += file_documents
        diagnostics += file_diagnostics
    diagnostics += duplicates(documents)
    catalogs = () if diagnostics else desired_catalogs(documents)
    _declare_names_public(catalogs)
    ordered = sorted(dict.fromkeys(diagnostics), key=lambda each: (*in_order(each.place), each.code))
    return LoadedState(
        catalogs=catalogs,
        diagnostics=tuple(_readable(ordered)),
        files=len(found.files),
        extensions=sum(len(document.extensions) for document in documents),
    )


def _readable(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """What is told of diagnostics sorted by file: of each file no more than can be read."""
    for _, of_one_file in groupby(diagnostics, key=lambda each: in_order(each.place)[0]):
        yield from islice(of_one_file, FAULTS)
        for first_left_out in islice(of_one_file, 1):
            message = f"The file has more than {FAULTS:,} faults; those from here on are left out."
            yield replace(first_left_out, code="R009", message=message, hint="Mend the ones above first.")


def _load_text(file: str, text: str) -> tuple[list[DeclaredDocument], list[Diagnostic]]:
    nodes, faults = read_documents(text)
    documents = []
    for node in nodes:
        document, found = declared(node, file)
        documents.append(document)
        faults += found
    return documents, [fault.in_file(file) for fault in faults]


def _declare_names_public(catalogs: Iterable[DesiredCatalog]) -> None:
    """What the reviewed files call things is no secret, though a live text, written by others, may say `sig=` to it."""
    for one in catalogs:
        declare_public(str(one.catalog))
        for extension in one.extensions:
            endpoint = extension.properties.get("endpointConfiguration")
            members = endpoint.values() if isinstance(endpoint, dict) else ()
            for name in (extension.display_name, extension.source.file, *members):
                declare_public(str(name))
