"""Which objects are used, as Markdown: a table for each scope, and the picture."""

from __future__ import annotations

from reconciler.model.usage import ScopeUsage, Usage, UsedObject
from reconciler.render.escape import fence_for, table_row
from reconciler.render.markdown_parts import joined, name_span, sentence_span, table
from reconciler.render.mermaid import usage_mermaid
from reconciler.render.sentences import SENTENCES, Sentences
from reconciler.render.usage import (
    MORE,
    NOBODY,
    UNKNOWN,
    counts,
    heading,
    no_objects,
    target_label,
    unlisted_note,
    use_lines,
    why_incomplete,
)

MAX_CHARACTERS, MAX_EDGES = 50_000, 500
"""Mermaid draws no larger flowchart (its options maxTextSize and maxEdges)."""
TOO_LARGE = (
    "The picture is omitted: it is larger than Mermaid draws. Narrow it with `--catalog`, or use"
    " `--format mermaid`."
)
_WORDS = {NOBODY: "**nobody**", UNKNOWN: "**unknown**", MORE: MORE}


def usage_markdown(usage: Usage, sentences: Sentences = SENTENCES) -> str:
    """The counts in the headline, a table for each scope, and the picture."""
    blocks = [f"### {counts(usage)}"]
    for scope in usage.scopes:
        blocks += _scope(usage, scope, sentences)
    return joined([*blocks, _picture(usage) if usage.scopes else ""])


def _scope(usage: Usage, scope: ScopeUsage, sentences: Sentences) -> list[str]:
    why = why_incomplete(usage, scope, sentences)
    rows = [_row(used, scope) for used in scope.objects]
    titles = (usage.kind.capitalize(), "Calls", "Called by")
    return [
        f"#### {name_span(heading(scope))}",
        f"**Incomplete:** {sentence_span(why)}" if why else "",
        table(titles, rows) if rows else no_objects(usage, scope),
    ]


def _row(used: UsedObject, scope: ScopeUsage) -> str:
    note = unlisted_note(used, scope)
    name = f"{name_span(str(used.ref))}{f' ({note})' if note else ''}"
    target = _WORDS[UNKNOWN] if used.target is None else name_span(target_label(used))
    lines = [_WORDS.get(line) or sentence_span(line) for line in use_lines(used, scope)]
    return table_row((name, target, "<br>".join(lines)))


def _picture(usage: Usage) -> str:
    drawn = usage_mermaid(usage)
    edges = sum("->" in line for line in drawn.splitlines())
    if len(drawn) > MAX_CHARACTERS or edges > MAX_EDGES:
        return TOO_LARGE
    fence = fence_for(drawn)
    return f"{fence}mermaid\n{drawn}{fence}"
