"""`reconciler.yaml` → its environments, or every fault in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from reconciler.loader.finding import ENVIRONMENTS_FILE, within
from reconciler.loader.format import DocumentFormat
from reconciler.loader.reading import read_text, shown
from reconciler.loader.schema_faults import schema_faults
from reconciler.loader.schemas import published_schema
from reconciler.loader.value_rules import not_secret_texts, secret_faults
from reconciler.model.diagnostic import Diagnostic, of_path
from reconciler.model.environment import ENVIRONMENT_NAME, VARIABLE_NAME, Environment
from reconciler.model.fault import Fault, fault_at, quoted
from reconciler.model.kind import Kinds
from reconciler.model.nodes import Entry, Mapping, Node, data_of, member, text_of
from reconciler.yaml import read_documents

_ONE_DOCUMENT = "Write one document: `environments:`, and below it the environments by name."


@dataclass(frozen=True, slots=True)
class LoadedEnvironments:
    """The environments in the order of the file, none if there is a diagnostic. `exists`: the file
    exists.
    """

    environments: tuple[Environment, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    exists: bool = True


def load_environments(file: Path = ENVIRONMENTS_FILE) -> LoadedEnvironments:
    """The environments of the file in the working folder; nothing is raised. Without the file there
    are none.
    """
    if not file.exists() and not file.is_symlink():
        return LoadedEnvironments(exists=False)
    if file.is_symlink() and not within(os.path.realpath(file.parent), file):
        message, hint = (
            "The symbolic link points outside the folder.",
            "Replace the link with the file.",
        )
        return LoadedEnvironments(
            diagnostics=(Diagnostic("R003", "error", message, hint, of_path(str(file))),)
        )
    text, unreadable = read_text(file, shown(file))
    if unreadable is not None:
        return LoadedEnvironments(diagnostics=(unreadable,))
    documents, faults = read_documents(text)
    if not documents and not faults:
        empty = Diagnostic("R103", "error", "The file is empty.", _ONE_DOCUMENT, of_path(str(file)))
        return LoadedEnvironments(diagnostics=(empty,))
    if not faults:
        faults = _faults(documents)
    if faults:
        in_order = sorted(
            dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column, fault.code)
        )
        return LoadedEnvironments(diagnostics=tuple(fault.in_file(str(file)) for fault in in_order))
    named = member(documents[0], "environments")
    not_secret = not_secret_texts(documents[0])
    return LoadedEnvironments(
        tuple(_environment(name, body, not_secret) for name, body in _entries(named))
    )


def _faults(documents: list[Node]) -> list[Fault]:
    if len(documents) > 1:
        return [
            fault_at(
                documents[1],
                "R101",
                f"The file has {len(documents)} documents; only one is allowed.",
                _ONE_DOCUMENT,
            )
        ]
    [document] = documents
    secrets = secret_faults(document, not_secret=not_secret_texts(document))
    environments_format = DocumentFormat(Kinds(()), published_schema("environments"))
    violations, _ = schema_faults(document, environments_format, ignored=secrets)
    return [*secrets.values(), *violations, *_name_faults(document), *_nested_faults(document)]


_NOT_NESTED = "Write the value itself: a variable cannot contain another variable."


def _nested_faults(document: Node) -> list[Fault]:
    """R210 for a variable in the value of a variable: it would not be resolved."""
    bodies = [body for _, body in _entries(member(document, "environments"))]
    values = [
        (name, value) for body in bodies for name, value in _entries(member(body, "variables"))
    ]
    return [
        fault_at(
            value, "R210", f"The value of the variable {quoted(name)} contains `${{`.", _NOT_NESTED
        )
        for name, value in values
        if "${" in (text_of(value) or "")
    ]


def _name_faults(document: Node) -> list[Fault]:
    named = member(document, "environments")
    variables = [
        entry for _, body in _entries(named) for entry in _named(member(body, "variables"))
    ]
    wrong = [
        (name, entry, "an environment")
        for name, entry in _named(named)
        if not ENVIRONMENT_NAME.fullmatch(name)
    ]
    wrong += [
        (name, entry, "a variable")
        for name, entry in variables
        if not VARIABLE_NAME.fullmatch(name)
    ]
    return [
        fault_at(entry, "R105", f"{quoted(name)} is not a valid name for {what}.", _NAME_HINT[what])
        for name, entry, what in wrong
    ]


_NAME_HINT = {
    "an environment": (
        "Use at most 64 letters, digits, `-` and `_`, beginning with a letter or digit."
    ),
    "a variable": "Use at most 64 letters, digits, `-` and `_`, beginning with a letter or `_`.",
}


def _named(node: Node | None) -> list[tuple[str, Entry]]:
    return list(node.entries.items()) if isinstance(node, Mapping) else []


def _entries(node: Node | None) -> list[tuple[str, Node]]:
    return [(name, entry.value) for name, entry in _named(node)]


def _environment(name: str, body: Node, not_secret: tuple[str, ...]) -> Environment:
    data = cast("dict[str, str]", data_of(body))
    variables = cast("dict[str, str]", data.get("variables", {}))
    return Environment(
        name=name,
        tenant_id=_lower(data.get("tenant_id")),
        cloud=data.get("cloud"),
        client_id=_lower(data.get("client_id")),
        variables=variables,
        not_secret=not_secret,
    )


def _lower(guid: str | None) -> str | None:
    return guid.lower() if guid else None
