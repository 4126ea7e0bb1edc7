"""Which objects are used, as a tree for terminals and logs."""

from __future__ import annotations

from reconciler.model.usage import ScopeUsage, Usage, UsedObject
from reconciler.render.nouns import noun
from reconciler.render.sentences import SENTENCES, Sentences
from reconciler.render.titles import object_title
from reconciler.render.usage import (
    counts,
    heading,
    no_objects,
    target_label,
    unlisted_note,
    use_lines,
    why_incomplete,
)


def usage_text(usage: Usage, sentences: Sentences = SENTENCES) -> str:
    """Each scope with its objects, what they call and what calls them, and one stable last line."""
    sections = [_section(usage, scope, sentences) for scope in usage.scopes]
    lines = "".join(f"{line}\n" for section in sections for line in (*section, ""))
    return f"{lines}{counts(usage)}\n"


def _section(usage: Usage, scope: ScopeUsage, sentences: Sentences) -> list[str]:
    lines = [heading(scope)]
    why = why_incomplete(usage, scope, sentences)
    lines += [f"! {why}"] if why else []
    for used in scope.objects:
        lines += _object(used, scope)
    none = no_objects(usage, scope)
    return [*lines, f"  {none}"] if none else lines


def _object(used: UsedObject, scope: ScopeUsage) -> list[str]:
    note = unlisted_note(used, scope)
    symbol = "?" if used.used_by is None else " "
    return [
        # The kind stands first: a name that begins with `::` would be a command in a GitHub log.
        f"{symbol} {noun(used.ref.kind)} {object_title(used.ref)}{f', {note}' if note else ''}",
        f"    calls {target_label(used)}",
        *(f"    called by {line}" for line in use_lines(used, scope)),
    ]
