"""Which objects are used, as a Mermaid flowchart, which GitHub draws.

Ids are numbers. Every text from Graph is in quotes, and in it a character that Mermaid, Markdown or
HTML could read as syntax is a code.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Use
from reconciler.model.usage import ScopeUsage, Usage, UsedObject
from reconciler.render.escape import mermaid_text
from reconciler.render.titles import label, scope_label
from reconciler.render.usage import (
    MORE,
    NOBODY,
    UNKNOWN,
    inner_refs,
    no_objects,
    short_heading,
    target_label,
)

LABEL_LENGTH = 200


def usage_mermaid(usage: Usage) -> str:
    """The flowchart: a subgraph for each scope, in it what refers to its objects, the objects, and
    what they call. An object that nobody calls, or of which that is unknown, has a dotted arrow.
    """
    drawing = _Drawing()
    for scope in usage.scopes:
        drawing.scope(usage, scope)
    return "".join(f"{line}\n" for line in ("flowchart LR", *drawing.lines))


@dataclass(slots=True)
class _Drawing:
    """The lines so far; the node of each object by its kind and id."""

    lines: list[str] = field(default_factory=list)
    nodes: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def scope(self, usage: Usage, scope: ScopeUsage) -> None:
        """Draws one scope; none of its nodes is used by another one."""
        self.nodes.clear()
        self.lines.append(f"  subgraph s{next(self.numbers)}[{_quoted(short_heading(scope))}]")
        if not scope.objects:
            self._node(f"([{_quoted(no_objects(usage, scope) or UNKNOWN)}])")
        for used in scope.objects:
            self._object(used, scope)
        self.lines.append("  end")

    def _object(self, used: UsedObject, scope: ScopeUsage) -> None:
        node = self._node_of(used.ref, f"[{_quoted(label(str(used.ref)))}]")
        target = self._node(f"[[{_quoted(target_label(used))}]]")
        self.lines.append(f"    {node} --> {target}")
        for use in used.used_by or ():
            self._use(use, node)
        if not used.used_by or not scope.complete:
            self._dotted(used, node)

    def _use(self, use: Use, node: str) -> None:
        """Draws the path from the outermost object that refers to this node."""
        outer = ""
        for ref in inner_refs(use):
            known = (ref.kind, ref.id or scope_label(ref)) in self.nodes
            inner = self._node_of(ref, f"({_quoted(scope_label(ref))})")
            if outer and not known:
                self.lines.append(f"    {outer} --> {inner}")
            outer = inner
        self.lines.append(f"    {outer} -->|{_quoted(label(use.stage))}| {node}")

    def _dotted(self, used: UsedObject, node: str) -> None:
        """Draws that nobody calls the object, or that it is unknown who does."""
        uncalled = UNKNOWN if used.used_by is None else NOBODY
        words = MORE if used.used_by else uncalled
        self.lines.append(f"    {self._node(f'([{_quoted(words)}])')} -.-> {node}")

    def _node_of(self, ref: ObjectRef, shape: str) -> str:
        key = (ref.kind, ref.id or scope_label(ref))
        if key not in self.nodes:
            self.nodes[key] = self._node(shape)
        return self.nodes[key]

    def _node(self, shape: str) -> str:
        node = f"n{next(self.numbers)}"
        self.lines.append(f"    {node}{shape}")
        return node


def _quoted(text: str) -> str:
    return f'"{mermaid_text(text, LABEL_LENGTH)}"'
