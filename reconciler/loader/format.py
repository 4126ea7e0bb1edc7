"""What documents may say: which kinds they declare, and the JSON Schema of their form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from reconciler.loader.schemas import DocumentSchema
from reconciler.model.fields import Fields
from reconciler.model.kind import Kind, Kinds
from reconciler.model.nodes import JsonType, JsonTypes
from reconciler.model.odata import ODATA_TYPE
from reconciler.yaml import Hints

DEFAULTS = "defaults"

_TYPE_HINT = "Write the type in quotes: a `#` without quotes begins a comment."
_NULL_HINT = "Write `null` to clear it, or remove the line."


@dataclass(frozen=True, eq=False)
class DocumentFormat:
    """The kinds that documents can declare, in their order of work, and the schema of a document.

    A document has one header, which names the parent of everything in it by the name of its kind
    (`catalog: Marketing`), and lists of declarations by the plural of their kind (`extensions:`).
    A kind that the schema does not know is not declared in documents.
    """

    kinds: Kinds
    schema: DocumentSchema

    @cached_property
    def headers(self) -> dict[str, Kind]:
        """The kinds that the header can name, by their names."""
        return {
            kind.name: kind
            for kind in self.kinds
            if not kind.parents and kind.name in self.schema.properties
        }

    @cached_property
    def lists(self) -> dict[str, Kind]:
        """The kinds that are declared in lists, by the names of the lists."""
        return {
            kind.plural: kind
            for kind in self.kinds
            if kind.parents and kind.plural in self.schema.properties
        }

    def lists_under(self, header: str | None) -> dict[str, Kind]:
        """Those of the lists that may stand under this header; all if the header is missing."""
        return {
            plural: kind
            for plural, kind in self.lists.items()
            if header is None or kind.parents[0] == header
        }

    def declarable(self, header: Kind | None) -> tuple[Kind, ...]:
        """The kinds that a document with this header can declare: that of the header itself, if it
        can be created, and those of its lists; all of them if the header is missing.
        """
        headers = self.headers.values() if header is None else (header,)
        lists = self.lists_under(header.name if header else None)
        return (*filter(declares_itself, headers), *lists.values())

    @cached_property
    def json_types(self) -> JsonTypes:
        """The members that hold no text, of all kinds."""
        return dict(chain.from_iterable(json_types(kind.fields).items() for kind in self.kinds))

    @cached_property
    def read_only(self) -> frozenset[str]:
        """The members that Graph sets, of all kinds; an id can be declared."""
        return frozenset().union(*(kind.fields.read_only for kind in self.kinds)) - {"id"}

    @cached_property
    def hints(self) -> Hints:
        """What to write for a property without a value."""
        nullable = [
            path[-1]
            for kind in self.kinds
            for path, field in kind.fields.members.items()
            if field.nullable
        ]
        return Hints({**dict.fromkeys(nullable, _NULL_HINT), ODATA_TYPE: _TYPE_HINT})


def declares_itself(kind: Kind) -> bool:
    """True if a header of this kind can declare the object, instead of only naming it."""
    return kind.api.create is not None


def json_types(fields: Fields) -> JsonTypes:
    """The members that hold no text."""
    types: dict[str, JsonType] = {}
    for path, field in fields.members.items():
        if field.number:
            types[path[-1]] = "integer"
        elif field.boolean:
            types[path[-1]] = "boolean"
    return types


def noun(kind: str) -> str:
    """The name of a kind in a sentence: "access package"."""
    return kind.replace("_", " ")


def with_article(kind: str) -> str:
    """The name of a kind with its article: "an extension"."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {noun(kind)}"


def any_of(kinds: Iterable[Kind]) -> str:
    """The kinds as alternatives: "a catalog, an extension or a policy"."""
    *head, last = [with_article(kind.name) for kind in kinds] or ["an object"]
    return f"{', '.join(head)} or {last}" if head else last
