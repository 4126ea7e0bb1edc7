"""An error of the JSON Schema → the fault that a message describes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.loader.format import DocumentFormat, any_of, with_article
from reconciler.loader.names import MERGE_KEY, missing
from reconciler.model.fault import Fault, fault_at, quoted
from reconciler.model.kind import Kind
from reconciler.model.nodes import Entry, Mapping, Node, Scalar
from reconciler.model.odata import ODATA_TYPE
from reconciler.model.wording import did_you_mean, listed, nearest

_TYPES_IN_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """A keyword of the schema that a node violates.

    `name` is the property that holds the node, or the list that it is in; "" for the document.
    `kind` is that of a declaration in a list. `wanted` is the value of the keyword, `schema` the
    schema that has the keyword.
    """

    node: Node
    name: str
    kind: Kind | None
    wanted: Any
    schema: dict[str, Any]
    document_format: DocumentFormat

    @property
    def title(self) -> str:
        """The name of the node in the middle of a sentence."""
        if self.kind is not None:
            return with_article(self.kind.name)
        return f"`{self.name}`" if self.name else "the document"

    @property
    def entries(self) -> dict[str, Entry]:
        """The properties of the node."""
        return self.node.entries if isinstance(self.node, Mapping) else {}


def _type(violation: Violation) -> Iterator[Fault]:
    wanted = [violation.wanted] if isinstance(violation.wanted, str) else violation.wanted
    types = " or ".join(_TYPES_IN_WORDS[name] for name in wanted)
    title = violation.title[0].upper() + violation.title[1:]
    message = f"{title} must be {types}, but is {_type_of(violation.node)}."
    yield fault_at(violation.node, "R102", message, _type_hint(violation, wanted, types))


def _type_hint(violation: Violation, wanted: list[str], types: str) -> str:
    node = violation.node
    if isinstance(node, Scalar) and {"integer", "boolean"}.intersection(wanted):
        return _literal_hint(node, wanted)
    if violation.kind is not None or not violation.name:
        first = next(iter(violation.schema.get("required") or violation.schema["properties"]))
        return _hint_for_mapping(node, first)
    if wanted == ["array"]:
        return "Write a list: each entry begins with `- `."
    return f"Write {types}."


def _literal_hint(node: Scalar, wanted: list[str]) -> str:
    """How to write a number or a boolean."""
    if "boolean" in wanted:
        return "Use true or false." if node.given_by else "Write true or false, without quotes."
    if node.given_by:
        return (
            "Use a whole number without a fraction or leading zeros; a variable cannot be `null`."
        )
    return "Write a whole number without quotes, a fraction or leading zeros, or `null`."


def _hint_for_mapping(node: Node, first: str) -> str:
    if isinstance(node, Scalar) and re.match(r"[A-Za-z]+:\S", node.text):
        return "Write a space after the colon: `name: value`."
    return f"Write properties, beginning with `{first}: …`."


def _type_of(node: Node) -> str:
    if isinstance(node, Scalar):
        return "null" if node.is_null else f"the text {quoted(node.text)}"
    return "a mapping" if isinstance(node, Mapping) else "a list"


def _required(violation: Violation) -> Iterator[Fault]:
    for name in missing(violation.entries, violation.wanted, violation.schema["properties"]):
        yield fault_at(
            violation.node, "R103", f"`{name}` is missing in {violation.title}.", f"Add `{name}`."
        )


def _unknown(violation: Violation) -> Iterator[Fault]:
    known = tuple(violation.schema["properties"])
    for name, entry in violation.entries.items():
        if name not in known:
            message = f"{quoted(name)} is not a property of {violation.title}."
            yield fault_at(entry, "R101", message, _unknown_hint(name, known, violation))


def _unknown_hint(name: str, known: tuple[str, ...], violation: Violation) -> str:
    lists = violation.document_format.lists
    if name == MERGE_KEY:
        return (
            "Merge keys are not supported. Use `defaults`, or an anchor and an alias for a whole"
            " value."
        )
    is_read_only = name in violation.document_format.read_only
    if is_read_only or (name.startswith("@odata.") and name != ODATA_TYPE):
        return "Remove the line: Graph sets this property."
    if name in ("id", "displayName") and {*lists, ODATA_TYPE}.intersection(known):
        return f"Move `{name}` to {any_of(lists.values())}; it is not allowed here."
    if name.startswith("-"):
        return "Write a space after `-` if this is a list item."
    return (
        did_you_mean(name, known)
        or f"Remove it. The properties of {violation.title} are {listed(known)}."
    )


def _enum(violation: Violation) -> Iterator[Fault]:
    if isinstance(violation.node, Scalar) and not violation.node.is_null:
        allowed = [name for name in violation.wanted if name.startswith("#")] or violation.wanted
        message = f"{quoted(violation.node.text)} is not a valid value for `{violation.name}`."
        hint = (
            _similar_value(violation.node.text, allowed)
            or f"Write {' or '.join(map(quoted, allowed))}."
        )
        yield fault_at(violation.node, "R104", message, hint)


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


def _pattern(violation: Violation) -> Iterator[Fault]:
    if isinstance(violation.node, Scalar):
        yield _form_wording(violation.wanted)(violation.node, violation.name)


@functools.cache
def _form_wording(pattern: str) -> Callable[[Scalar, str], Fault]:
    """The wording for the form that the pattern describes: a pattern for one form accepts its
    example, and not any name.
    """
    if not re.search(pattern, "a name"):
        for example, wording in _FORMS.items():
            if re.search(pattern, example):
                return wording
    return _name_fault


def _guid_fault(node: Scalar, name: str) -> Fault:
    message = f"`{name}` is {quoted(node.text)}, which is not a GUID."
    hint = "Write 32 hexadecimal digits in the form 8-4-4-4-12."
    return fault_at(node, "R204", message, hint)


def _address_fault(node: Scalar, name: str) -> Fault:
    message = f"`{name}` is not an https address with a host."
    return fault_at(node, "R105", message, "Write the address, which begins with `https://`.")


def _name_fault(node: Scalar, name: str) -> Fault:
    if not node.text.strip():
        return fault_at(node, "R105", f"`{name}` is blank.", "Write a name.")
    message = f"`{name}` contains a line break or another control character: {quoted(node.text)}."
    hint = "Write the name on one line, without control characters."
    return fault_at(node, "R105", message, hint)


def _duration_fault(node: Scalar, name: str) -> Fault:
    date, _, _ = node.text.upper().partition("T")
    units = [
        unit for letter, unit in (("Y", "years"), ("M", "months"), ("W", "weeks")) if letter in date
    ]
    because = f": {' and '.join(units)} are not allowed" if units and date.startswith("P") else ""
    message = (
        f"`{name}` is {quoted(node.text)}, which is not a duration that Graph accepts{because}."
    )
    hint = "Use days, hours, minutes and seconds, for example P3D, PT1H or PT30M."
    return fault_at(node, "R201", message, hint)


_FORMS: dict[str, Callable[[Scalar, str], Fault]] = {
    "00000000-0000-0000-0000-000000000000": _guid_fault,
    "PT1H": _duration_fault,
    "https://host/path": _address_fault,
}
"""An example of each form that a pattern can describe → its wording."""


def _range(violation: Violation) -> Iterator[Fault]:
    low, high = violation.schema["minimum"], violation.schema["maximum"]
    text = violation.node.text if isinstance(violation.node, Scalar) else ""
    message = f"`{violation.name}` must be between {low} and {high}, but is {quoted(text)[1:-1]}."
    yield fault_at(
        violation.node, "R105", message, f"Write a whole number between {low} and {high}."
    )


def _length(violation: Violation) -> Iterator[Fault]:
    message = f"`{violation.name}` is longer than {violation.wanted:,} characters."
    yield fault_at(violation.node, "R105", message, "Write a shorter value.")


def _short(violation: Violation) -> Iterator[Fault]:
    message = f"An entry of `{violation.name}` has fewer than {violation.wanted} characters."
    yield fault_at(violation.node, "R105", message, "Write the whole value, or remove the entry.")


def _empty(violation: Violation) -> Iterator[Fault]:
    message = f"`{violation.name}` is empty."
    hint = f"Write at least one of its properties: {listed(tuple(violation.schema['properties']))}."
    yield fault_at(violation.node, "R105", message, hint)


WORDING: dict[str, Callable[[Violation], Iterator[Fault]]] = {
    "type": _type,
    "required": _required,
    "additionalProperties": _unknown,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _range,
    "maximum": _range,
    "maxLength": _length,
    "minLength": _short,
    "minProperties": _empty,
}
"""One wording for each keyword of the strict schema; a test checks that none is missing."""
