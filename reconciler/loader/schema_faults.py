"""Document → the violations of its JSON Schema, each once and with its place."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reconciler.model.fault import Fault, fault_at
from reconciler.model.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence, data_of, member
from reconciler.loader.schema_wording import WORDING, Finding
from reconciler.loader.schemas import SchemaName, fits, validator

if TYPE_CHECKING:
    from jsonschema import ValidationError


def schema_faults(document: Node, secrets: Iterable[Node] = ()) -> tuple[list[Fault], set[Node]]:
    """The faults and the invalid values, which no other rule needs to check.

    A document or extension that is wrapped in `value` has only that fault; a value whose fault was
    reported while reading has none here. A secret is not reported for its form as well.
    """
    wrapped = {node: entry for node in _candidates(document) if (entry := _wrapper(node))}
    faults = [_wrapped_fault(node is document, entry) for node, entry in wrapped.items()]
    violations, invalid = faults_by_schema(document, "desired-state", ignored={*wrapped, *secrets})
    return faults + violations, {*invalid, *secrets}


def faults_by_schema(
    document: Node, schema: SchemaName, ignored: Container[Node] = ()
) -> tuple[list[Fault], set[Node]]:
    """The faults of the document by one schema, and the invalid values."""
    faults: list[Fault] = []
    invalid: set[Node] = set()
    data = data_of(document)
    if fits(data, schema):
        return faults, invalid
    for error in validator(schema).iter_errors(data):
        finding = _find(document, error, ignored)
        if finding is not None:
            faults.extend(
                _with_variable(fault, finding.node)
                for fault in WORDING[str(error.validator)](finding)
            )
            invalid.add(finding.node)
    return faults, invalid


def _with_variable(fault: Fault, node: Node) -> Fault:
    """The fault; if the value comes from a variable, the message names the variable."""
    if not isinstance(node, Scalar) or not node.given_by:
        return fault
    message = f"{fault.message} The value comes from {node.given_by}."
    return replace(
        fault, message=message, hint=f"Correct the variable in reconciler.yaml. {fault.hint}"
    )


def _candidates(document: Node) -> Iterator[Node]:
    """The nodes that may be wrapped in `value`: the document and the extensions."""
    yield document
    extensions = member(document, "extensions")
    if isinstance(extensions, Sequence):
        yield from extensions.items


def is_wrapped(node: Node) -> bool:
    """True for a mapping whose content is one level too deep, under `value`."""
    return _wrapper(node) is not None


def _wrapper(node: Node) -> Entry | None:
    if not isinstance(node, Mapping) or "value" not in node.entries:
        return None
    entry = node.entries["value"]
    has_content_itself = "extensions" in node.entries or "displayName" in node.entries
    return entry if isinstance(entry.value, Mapping | Sequence) and not has_content_itself else None


def _wrapped_fault(is_document: bool, entry: Entry) -> Fault:
    what = "The document" if is_document else "The extension"
    message = (
        f"{what} is wrapped in `value`, as in an example of Graph's documentation; Graph"
        " rejects it."
    )
    return fault_at(
        entry, "R106", message, "Remove the `value` wrapper and indent its content one level less."
    )


def _find(document: Node, error: ValidationError, ignored: Container[Node]) -> Finding | None:
    """The node of an error; None when the fault of the node, or of a node around it, is reported
    already.
    """
    node, name = document, ""
    for step in (*error.absolute_path, None):
        if isinstance(node, Broken) or node in ignored:
            return None
        if isinstance(node, Mapping) and isinstance(step, str):
            node, name = node.entries[step].value, step
        elif isinstance(node, Sequence) and isinstance(step, int):
            node, name = node.items[step], "" if name == "extensions" else name
    schema = cast("dict[str, Any]", error.schema)
    return Finding(node, name, error.validator_value, schema, is_document=node is document)
