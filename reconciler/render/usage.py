"""Which objects are used, by what, and what they call: the words that all formats share, and JSON.

All text that comes from here is visible and on one line (`escape.visible`).
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Use
from reconciler.model.usage import ScopeUsage, Usage, UsedObject
from reconciler.render.escape import visible
from reconciler.render.json_document import Document
from reconciler.render.nouns import capitalized, counted, noun, plural
from reconciler.render.reasons import parent_sentence
from reconciler.render.sentences import Sentences
from reconciler.render.titles import label, scope_label, scope_title

FORMAT_VERSION = "1"
NOBODY, UNKNOWN = "nobody", "unknown"
MORE = "possibly others, because not everything could be read"


def counts(usage: Usage) -> str:
    """The stable last line: `Usage: 2 catalogs, 0 incomplete, 5 extensions, 3 called, …`."""
    incomplete = sum(not scope.complete for scope in usage.scopes)
    uses = [used.used_by for used in usage.objects]
    parts = [
        counted(len(usage.scopes), noun(usage.scope_kind)),
        f"{incomplete} incomplete",
        counted(len(uses), noun(usage.kind)),
        f"{sum(bool(use) for use in uses)} called",
        f"{uses.count(())} called by {NOBODY}",
        f"{uses.count(None)} {UNKNOWN}",
    ]
    return f"Usage: {', '.join(parts)}."


def heading(scope: ScopeUsage) -> str:
    """`Catalog Marketing (32efb28c-…): not read completely`."""
    state = "" if scope.complete else f": {_state(scope)}"
    return f"{capitalized(noun(scope.parent.kind))} {scope_title(scope.parent)}{state}"


def short_heading(scope: ScopeUsage) -> str:
    """The same without the id."""
    state = "" if scope.complete else f": {_state(scope)}"
    return f"{capitalized(noun(scope.parent.kind))} {scope_label(scope.parent)}{state}"


def _state(scope: ScopeUsage) -> str:
    return "does not exist" if scope.read == "absent" else "not read completely"


def why_incomplete(usage: Usage, scope: ScopeUsage, sentences: Sentences) -> str:
    """Why the scope is not complete and what to do, in whole sentences; "" if it is complete."""
    if scope.incomplete is not None:
        kinds = plural(noun(usage.kind))
        return visible(f"What uses the {kinds} could not be read completely: {scope.incomplete}")
    if scope.reason is None:
        return ""
    return visible(capitalized(parent_sentence(scope.reason, scope.parent.kind, sentences)))


def no_objects(usage: Usage, scope: ScopeUsage) -> str:
    """The line for a complete scope without an object; "" for any other."""
    if scope.objects or scope.read != "complete":
        return ""
    return f"no {noun(usage.kind)}"


def target_label(used: UsedObject) -> str:
    """What the object calls, or `unknown`."""
    return UNKNOWN if used.target is None else label(used.target)


def unlisted_note(used: UsedObject, scope: ScopeUsage) -> str:
    """That the parent does not list the object; "" if it does."""
    return "" if used.listed else f"not in the list of its {noun(scope.parent.kind)}"


def use_lines(used: UsedObject, scope: ScopeUsage) -> list[str]:
    """One line for each place that refers to the object; or `nobody`, or `unknown`."""
    if used.used_by is None:
        return [UNKNOWN]
    lines = [use_line(use) for use in used.used_by]
    if not lines:
        return [NOBODY]
    return lines if scope.complete else [*lines, MORE]


def use_line(use: Use) -> str:
    """`access package A, policy B, stage C`."""
    named = [f"{noun(ref.kind)} {scope_label(ref)}" for ref in inner_refs(use)]
    return ", ".join([*named, f"stage {label(use.stage)}"])


def inner_refs(use: Use) -> tuple[ObjectRef, ...]:
    """What refers, after what contains it; without the outermost parent."""
    return (*use.parents[1:], use.object)


def usage_document(usage: Usage, sentences: Sentences) -> Document:
    """The whole usage for programs; the lists of scopes and objects are named by their kinds."""
    return {
        "format_version": FORMAT_VERSION,
        "complete": usage.complete,
        plural(usage.scope_kind): [
            _scope_document(usage, scope, sentences) for scope in usage.scopes
        ],
    }


def _scope_document(usage: Usage, scope: ScopeUsage, sentences: Sentences) -> Document:
    return {
        **_named(scope.parent),
        "read": scope.read,
        "uses": "complete" if scope.complete else UNKNOWN,
        "reason": why_incomplete(usage, scope, sentences) or None,
        plural(usage.kind): [_object_document(used) for used in scope.objects],
    }


def _object_document(used: UsedObject) -> Document:
    uses = used.used_by
    return {
        **_named(used.ref),
        "type": used.ref.type,
        "target": used.target,
        "listed": used.listed,
        "used_by": None if uses is None else [_use_document(use) for use in uses],
    }


def _use_document(use: Use) -> Document:
    refs = {ref.kind: _named(ref) for ref in inner_refs(use)}
    return {**refs, "stage": use.stage}


def _named(ref: ObjectRef) -> Document:
    return {"id": ref.id, "display_name": ref.display_name}


def incomplete_lines(usage: Usage, sentences: Sentences) -> Iterator[str]:
    """Each scope that is not complete, with the reason."""
    for scope in usage.scopes:
        if not scope.complete:
            yield f"{heading(scope)}: {why_incomplete(usage, scope, sentences)}"
