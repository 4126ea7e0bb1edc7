"""Document → the violations of its JSON Schema, each once and with its place."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reconciler.loader.format import DocumentFormat, noun
from reconciler.loader.schema_wording import WORDING, Violation
from reconciler.model.fault import Fault, fault_at
from reconciler.model.kind import Kind
from reconciler.model.nodes import (
    Broken,
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    data_of,
    member,
)

if TYPE_CHECKING:
    from jsonschema import ValidationError


def schema_faults(
    document: Node, document_format: DocumentFormat, ignored: Iterable[Node] = ()
) -> tuple[list[Fault], set[Node]]:
    """The faults and the invalid values, which no other rule needs to check.

    A document or declaration that is wrapped in `value` has only that fault; a value whose fault
    was reported before (`ignored`) has none here.
    """
    faults: list[Fault] = []
    reported = set(ignored)
    for kind, node in _may_be_wrapped(document, document_format):
        wrapper = _wrapper(node, document_format)
        if wrapper is not None:
            faults.append(_wrapped_fault(kind, wrapper))
            reported.add(node)
    violations, invalid = _violations(document, document_format, reported)
    return faults + violations, {*invalid, *ignored}


def _violations(
    document: Node, document_format: DocumentFormat, ignored: Container[Node]
) -> tuple[list[Fault], set[Node]]:
    faults: list[Fault] = []
    invalid: set[Node] = set()
    data = data_of(document, document_format.json_types)
    if document_format.schema.fits(data):
        return faults, invalid
    for error in document_format.schema.validator.iter_errors(data):
        violation = _locate(document, error, document_format, ignored)
        if violation is not None:
            worded = WORDING[str(error.validator)](violation)
            faults.extend(_with_variable(fault, violation.node) for fault in worded)
            invalid.add(violation.node)
    return faults, invalid


def _with_variable(fault: Fault, node: Node) -> Fault:
    """The fault; if the value comes from a variable, the message names the variable."""
    if not isinstance(node, Scalar) or not node.given_by:
        return fault
    message = f"{fault.message} The value comes from {node.given_by}."
    return replace(
        fault, message=message, hint=f"Correct the variable in reconciler.yaml. {fault.hint}"
    )


def _may_be_wrapped(
    document: Node, document_format: DocumentFormat
) -> Iterator[tuple[Kind | None, Node]]:
    """The document, and the declarations in its lists with their kind."""
    if document_format.lists:
        yield None, document
    for plural, kind in document_format.lists.items():
        listed = member(document, plural)
        if isinstance(listed, Sequence):
            yield from ((kind, declaration) for declaration in listed.items)


def is_wrapped(node: Node, document_format: DocumentFormat) -> bool:
    """True for a mapping whose content is one level too deep, under `value`."""
    return _wrapper(node, document_format) is not None


def _wrapper(node: Node, document_format: DocumentFormat) -> Entry | None:
    if not isinstance(node, Mapping) or "value" not in node.entries:
        return None
    if any(name in node.entries for name in ("displayName", *document_format.lists)):
        return None  # it has content of its own
    entry = node.entries["value"]
    return entry if isinstance(entry.value, Mapping | Sequence) else None


def _wrapped_fault(kind: Kind | None, entry: Entry) -> Fault:
    message = (
        f"The {noun(kind.name) if kind else 'document'} is wrapped in `value`, as in an example of"
        " Graph's documentation; Graph rejects it."
    )
    return fault_at(
        entry, "R106", message, "Remove the `value` wrapper and indent its content one level less."
    )


def _locate(
    document: Node,
    error: ValidationError,
    document_format: DocumentFormat,
    ignored: Container[Node],
) -> Violation | None:
    """The node of an error; None when the fault of the node, or of a node around it, is reported
    already.
    """
    node, name, kind = document, "", None
    for step in (*error.absolute_path, None):
        if isinstance(node, Broken) or node in ignored:
            return None
        if isinstance(node, Mapping) and isinstance(step, str):
            node, name, kind = node.entries[step].value, step, None
        elif isinstance(node, Sequence) and isinstance(step, int):
            node, kind = node.items[step], document_format.lists.get(name)
    schema = cast("dict[str, Any]", error.schema)
    return Violation(node, name, kind, error.validator_value, schema, document_format)
