"""YAML text → documents as nodes, built from libyaml's events without recursion and within fixed
limits.

libyaml only parses. This file decides which text is null or a number, which tags are allowed and
how far an alias may expand, so that none of YAML 1.1's conversions and none of PyYAML's
constructors is reachable.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from reconciler.model.fault import Fault, Placed, fault_at, quoted
from reconciler.model.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence
from reconciler.yaml.errors import (
    character_fault,
    conflict_fault,
    rest_of_conflict_fault,
    templates_named,
)
from reconciler.yaml.events import events, without_document_marks
from reconciler.yaml.mistakes import syntax_fault

LEVELS = 50
PROPERTIES = 50
"""Of one mapping: a reader may merge mappings, so that many properties of both multiply."""
NODES = 100_000
CHARACTERS_PER_NODE = 64
"""The text that an alias repeats counts too, so that few nodes with long text cannot multiply
either.
"""

_SURROGATE = "[\ud800-\udfff]"
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = (None, "!", _TAG + "str")
_SEQUENCE_TAGS = (None, "!", _TAG + "seq")
_MAPPING_TAGS = (None, "!", _TAG + "map")


@dataclass(frozen=True, slots=True)
class Hints:
    """What the reader of the documents knows about their properties, for hints.

    `without_value`: what to do about a property that has no value, by its name.
    """

    without_value: MappingOf[str, str] = field(default_factory=dict)


class _Size(NamedTuple):
    """The size of a node with its aliases expanded: nodes, levels and characters."""

    nodes: int
    levels: int
    characters: int


@dataclass(slots=True)
class _Open:
    """A collection that has not ended. `key`: the name whose value comes next, with its place."""

    line: int
    column: int
    anchor: str | None
    is_mapping: bool
    broken: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: tuple[Placed, str | None] | None = None
    nodes: int = 1
    levels: int = 1
    characters: int = 0


def read_documents(text: str, hints: Hints = Hints()) -> tuple[list[Node], list[Fault]]:
    """The documents of a file and the faults of its YAML; empty documents are ignored.

    After a syntax error or an exceeded limit, the rest of the file is not read; documents before it
    are complete.
    """
    unreadable = character_fault(without_document_marks(text)) or conflict_fault(text)
    if unreadable is not None:
        return [], [unreadable]
    tree = _Tree(hints)
    try:
        for event in events(text):
            tree.add_event(event)
            if tree.full:
                break
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML without libyaml raises the last two for "\UFFFFFFFF".
        tree.faults.append(syntax_fault(error, text))
    rest_of_conflict = rest_of_conflict_fault(text) if tree.faults else None
    return tree.documents, (
        [rest_of_conflict] if rest_of_conflict else templates_named(tree.faults, text)
    )


def _place_of(event: yaml.Event) -> tuple[int, int]:
    """Line and column counted from 1; libyaml counts from 0."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Tree:
    """The documents read so far, and the collections that are open."""

    def __init__(self, hints: Hints) -> None:
        self.hints = hints
        self.documents: list[Node] = []
        self.faults: list[Fault] = []
        self.full = False
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, _Size]] = {}
        self._nodes = 0

    def add_event(self, event: yaml.Event) -> None:
        """Adds the next event of the stream."""
        if isinstance(event, yaml.ScalarEvent):
            self._add_scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._add_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()

    def _add_scalar(self, event: yaml.ScalarEvent) -> None:
        plain = not event.style and event.tag is None
        node: Node = Scalar(*_place_of(event), event.value, plain)
        self._count(node)
        if event.tag not in _SCALAR_TAGS:
            node = self._reject_tag(node, event.tag)
        elif plain and not event.value:
            node = self._without_value(node, event.anchor)
        elif not event.value.isprintable():
            node = self._whole_characters(node, event.value)
        self._place(node, event.anchor, characters=len(event.value))

    def _whole_characters(self, node: Node, text: str) -> Node:
        """The node; R006 for half a surrogate pair, which is not a character."""
        half = re.search(_SURROGATE, text)
        if half is None:
            return node
        message = (
            f"The text contains `\\u{ord(half[0]):04x}`, half of a surrogate pair without the other"
            " half."
        )
        self._report(
            node, "R006", message, "Write both escapes of the pair, or the character itself."
        )
        return Broken(node.line, node.column)

    def _without_value(self, node: Node, anchor: str | None) -> Node:
        """R107 where a value is missing; nothing at the top of a document."""
        top = self._open[-1] if self._open else None
        if top is None or (top.is_mapping and top.key is None):
            return node
        if top.is_mapping and top.key is not None:
            place, name = top.key
            hint = self._value_hint(name or "", anchor)
            self._report(place, "R107", f"{quoted(name or '')} has no value.", hint)
        else:
            self._report(
                node,
                "R107",
                "A list item is empty.",
                "Write the item after `-`, or remove the `-`.",
            )
        return Broken(node.line, node.column)

    def _value_hint(self, name: str, anchor: str | None) -> str:
        if anchor is not None:
            return "Put text that begins with `&` in quotes: without quotes it is an anchor."
        general = "Write a value after the colon, or remove the line."
        return self.hints.without_value.get(name, general)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        opened = _Open(*_place_of(event), event.anchor, is_mapping, broken=False)
        if len(self._open) >= LEVELS:
            message = f"The YAML has more than {LEVELS} levels of nesting."
            self._stop(opened, message, "Use fewer levels.")
            return
        self._count(opened)
        if event.tag not in (_MAPPING_TAGS if is_mapping else _SEQUENCE_TAGS):
            self._reject_tag(opened, event.tag)
            opened.broken = True
        self._open.append(opened)

    def _end(self) -> None:
        closed = self._open.pop()
        node: Node
        if closed.broken:
            node = Broken(closed.line, closed.column)
        elif closed.is_mapping:
            first = next(iter(closed.entries.values()), closed)
            node = Mapping(first.line, first.column, closed.entries)
        else:
            node = Sequence(closed.line, closed.column, tuple(closed.items))
        self._place(node, closed.anchor, closed.nodes, closed.levels, closed.characters)

    def _add_alias(self, event: yaml.AliasEvent) -> None:
        place = Broken(*_place_of(event))
        anchor = event.anchor or ""
        name = quoted("*" + anchor)
        if anchor in self._anchors:
            node, size = self._anchors[anchor]
            self._count(place, size.nodes + size.characters // CHARACTERS_PER_NODE)
            if len(self._open) + size.levels > LEVELS:
                self._stop(
                    place,
                    f"The alias {name} has more than {LEVELS} levels of nesting.",
                    "Write the value instead of the alias.",
                )
            else:
                self._place(
                    dataclasses.replace(node, line=place.line, column=place.column), None, *size
                )
            return
        if any(opened.anchor == anchor for opened in self._open):
            self._report(
                place,
                "R009",
                f"The alias {name} is inside the value that it repeats.",
                "Remove the alias.",
            )
        else:
            hint = (
                "Put text that begins with `*` in quotes, or define the anchor"
                f" `&{quoted(anchor)[1:-1]}` above."
            )
            self._report(place, "R006", f"The alias {name} has no anchor.", hint)
        self._place(place, None)

    def _place(
        self, node: Node, anchor: str | None, nodes: int = 1, levels: int = 0, characters: int = 0
    ) -> None:
        """Adds a complete node of this `_Size`: as the value of a key, as an item of a list, or as
        a document.
        """
        if anchor is not None:
            self._anchors[anchor] = (node, _Size(nodes, levels, characters))
        if not self._open:
            if not (isinstance(node, Scalar) and node.plain and not node.text):
                self.documents.append(node)
            return
        top = self._open[-1]
        top.nodes += nodes
        top.levels = max(top.levels, levels + 1)
        top.characters += characters
        if not top.is_mapping:
            top.items.append(node)
        elif top.key is None:
            top.key = self._key(node)
        else:
            self._add_entry(top, top.key, node)

    def _count(self, place: Placed, nodes: int = 1) -> None:
        self._nodes += nodes
        if self._nodes > NODES:
            message = f"The YAML has more than {NODES:,} values, with aliases expanded."
            self._stop(place, message, "Split the file, or use fewer aliases.")

    def _key(self, node: Node) -> tuple[Placed, str | None]:
        if isinstance(node, Scalar):
            return node, node.text
        if not isinstance(node, Broken):
            self._open[-1].broken = True
            self._report(
                node,
                "R006",
                "The name of a property must be text.",
                "Write a name; put it in quotes if it begins with `[` or `{`.",
            )
        return node, None

    def _add_entry(self, top: _Open, key: tuple[Placed, str | None], value: Node) -> None:
        top.key = None
        place, name = key
        if name is None:
            return
        first = top.entries.get(name)
        if first is not None:
            message = (
                f"Duplicate key {quoted(name)}, first at line {first.line}, column {first.column}."
            )
            self._report(place, "R007", message, "Remove one of them.")
        elif len(top.entries) == PROPERTIES:
            message = f"The mapping has more than {PROPERTIES} properties."
            self._stop(place, message, "Use fewer properties.")
        else:
            top.entries[name] = Entry(place.line, place.column, value)

    def _reject_tag(self, place: Placed, tag: str) -> Broken:
        shown = quoted(tag.replace(_TAG, "!!", 1) if tag.startswith(_TAG) else tag)
        hint = "Remove the tag. Put text that begins with `!` in quotes."
        self._report(place, "R008", f"The tag {shown} is not supported.", hint)
        return Broken(place.line, place.column)

    def _report(self, place: Placed, code: str, message: str, hint: str) -> None:
        self.faults.append(fault_at(place, code, message, hint))

    def _stop(self, place: Placed, message: str, hint: str) -> None:
        if not self.full:
            self._report(place, "R009", message, hint)
        self.full = True
