"""An error of the JSON Schema → the fault that a message describes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.model.fault import Fault, fault_at, quoted
from reconciler.loader.names import MERGE_KEY, did_you_mean, listed, missing, nearest
from reconciler.model.nodes import Entry, Mapping, Node, Scalar
from reconciler.model.types import ODATA_TYPE, TIMEOUT, TIMEOUT_IN_DOCUMENTS

READ_ONLY = ("createdBy", "createdDateTime", "lastModifiedBy", "lastModifiedDateTime")
_GUIDS = ("id", "subscriptionId", "resourceId", "tenant_id", "client_id")
_DURATIONS = (TIMEOUT, TIMEOUT_IN_DOCUMENTS)
_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A keyword of the schema that a node violates.

    `name` is the property that holds the node ("" for an extension and the document), `wanted` the
    value of the keyword, `schema` the schema that has the keyword.
    """

    node: Node
    name: str
    wanted: Any
    schema: dict[str, Any]
    is_document: bool

    @property
    def title(self) -> str:
        """The name of the node in the middle of a sentence."""
        return (
            "the document"
            if self.is_document
            else f"`{self.name}`"
            if self.name
            else "an extension"
        )

    @property
    def entries(self) -> dict[str, Entry]:
        """The properties of the node."""
        return self.node.entries if isinstance(self.node, Mapping) else {}


def _type(finding: Finding) -> Iterator[Fault]:
    wanted = finding.wanted
    kinds = [_KINDS[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)]
    hint = (
        "Write a list: each entry begins with `- `."
        if wanted == "array"
        else f"Write {' or '.join(kinds)}."
    )
    if not finding.name:
        first = next(iter(finding.schema["properties"])) if finding.is_document else "displayName"
        hint = _hint_for_mapping(finding.node, first)
    if isinstance(finding.node, Scalar) and "a whole number" in kinds:
        hint = (
            "Use a whole number without a fraction or leading zeros; a variable cannot be `null`."
            if finding.node.given_by
            else "Write a whole number without quotes, a fraction or leading zeros, or `null`."
        )
    title = finding.title[0].upper() + finding.title[1:]
    message = f"{title} must be {' or '.join(kinds)}, but is {_kind(finding.node)}."
    yield fault_at(finding.node, "R102", message, hint)


def _hint_for_mapping(node: Node, first: str) -> str:
    if isinstance(node, Scalar) and re.match(r"[A-Za-z]+:\S", node.text):
        return "Write a space after the colon: `name: value`."
    return f"Write properties, beginning with `{first}: …`."


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return "null" if node.is_null else f"the text {quoted(node.text)}"
    return "a mapping" if isinstance(node, Mapping) else "a list"


def _required(finding: Finding) -> Iterator[Fault]:
    if finding.name == "catalog" and finding.entries:
        return  # the unknown property is reported, with the two forms of a catalog
    for name in missing(finding.entries, finding.wanted, finding.schema["properties"]):
        yield fault_at(
            finding.node, "R103", f"`{name}` is missing in {finding.title}.", f"Add `{name}`."
        )


def _unknown(finding: Finding) -> Iterator[Fault]:
    known = tuple(finding.schema["properties"])
    for name, entry in finding.entries.items():
        if name not in known:
            message = f"{quoted(name)} is not a property of {finding.title}."
            yield fault_at(entry, "R101", message, _unknown_hint(name, known, finding.title))


def _unknown_hint(name: str, known: tuple[str, ...], title: str) -> str:
    if known == ("id",):
        return "Write `catalog: NAME` for a display name, or `catalog: {id: <guid>}`."
    if name == MERGE_KEY:
        return (
            "Merge keys are not supported. Use `defaults`, or an anchor and an alias for a whole"
            " value."
        )
    if name in READ_ONLY or (name.startswith("@odata.") and name != ODATA_TYPE):
        return "Remove the line: Graph sets this property."
    if name in ("id", "displayName") and {"extensions", ODATA_TYPE}.intersection(known):
        return f"Move `{name}` to an extension; it is not allowed here."
    if name.startswith("-"):
        return "Write a space after `-` if this is a list item."
    return did_you_mean(name, known) or f"Remove it. The properties of {title} are {listed(known)}."


def _enum(finding: Finding) -> Iterator[Fault]:
    if isinstance(finding.node, Scalar) and not finding.node.is_null:
        allowed = [name for name in finding.wanted if name.startswith("#")] or finding.wanted
        message = f"{quoted(finding.node.text)} is not a valid value for `{finding.name}`."
        hint = (
            _similar_value(finding.node.text, allowed)
            or f"Write {' or '.join(map(quoted, allowed))}."
        )
        yield fault_at(finding.node, "R104", message, hint)


def _similar_value(written: str, allowed: list[str]) -> str:
    """The question for the allowed value that is most similar; the namespace, which types share,
    does not count.
    """
    similar = nearest(
        written.rpartition(".")[2], tuple(value.rpartition(".")[2] for value in allowed)
    )
    return next(
        (
            f"Did you mean {quoted(value)}?"
            for value in allowed
            if similar == value.rpartition(".")[2]
        ),
        "",
    )


def _pattern(finding: Finding) -> Iterator[Fault]:
    if not isinstance(finding.node, Scalar):
        return
    text = finding.node.text
    if finding.name == "url":
        message = "`url` is not an https address with a host."
        yield fault_at(
            finding.node,
            "R105",
            message,
            "Write the address of the trigger, which begins with `https://`.",
        )
    elif finding.name in _GUIDS:
        message = f"`{finding.name}` is {quoted(text)}, which is not a GUID."
        yield fault_at(
            finding.node, "R204", message, "Write 32 hexadecimal digits in the form 8-4-4-4-12."
        )
    elif finding.name in _DURATIONS:
        yield _duration_fault(finding.node, finding.name)
    elif not text.strip():
        yield fault_at(finding.node, "R105", f"`{finding.name}` is blank.", "Write a name.")
    else:
        message = (
            f"`{finding.name}` contains a line break or another control character: {quoted(text)}."
        )
        yield fault_at(
            finding.node, "R105", message, "Write the name on one line, without control characters."
        )


def _duration_fault(node: Scalar, name: str) -> Fault:
    date, _, _ = node.text.upper().partition("T")
    units = [
        unit for letter, unit in (("Y", "years"), ("M", "months"), ("W", "weeks")) if letter in date
    ]
    because = f": {' and '.join(units)} are not allowed" if units and date.startswith("P") else ""
    message = (
        f"`{name}` is {quoted(node.text)}, which is not a duration that Graph accepts{because}."
    )
    return fault_at(
        node,
        "R201",
        message,
        "Use days, hours, minutes and seconds, for example P3D, PT1H or PT30M.",
    )


def _range(finding: Finding) -> Iterator[Fault]:
    low, high = finding.schema["minimum"], finding.schema["maximum"]
    text = finding.node.text if isinstance(finding.node, Scalar) else ""
    message = f"`{finding.name}` must be between {low} and {high}, but is {quoted(text)[1:-1]}."
    yield fault_at(finding.node, "R105", message, f"Write a whole number between {low} and {high}.")


def _length(finding: Finding) -> Iterator[Fault]:
    message = f"`{finding.name}` is longer than {finding.wanted:,} characters."
    yield fault_at(finding.node, "R105", message, "Write a shorter value.")


def _short(finding: Finding) -> Iterator[Fault]:
    message = f"An entry of `{finding.name}` has fewer than {finding.wanted} characters."
    yield fault_at(finding.node, "R105", message, "Write the whole value, or remove the entry.")


WORDING: dict[str, Callable[[Finding], Iterator[Fault]]] = {
    "type": _type,
    "required": _required,
    "additionalProperties": _unknown,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _range,
    "maximum": _range,
    "maxLength": _length,
    "minLength": _short,
}
"""One wording for each keyword of the strict schema; a test checks that none is missing."""
