"""What could not be declared, as diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.declarable.live import Declarable
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.objects import ObjectRef, ObservedScope
from reconciler.render.nouns import capitalized, noun
from reconciler.render.reasons import parent_sentence


def left_out(parent: ObjectRef | None, objects: Sequence[Declarable]) -> Iterator[Diagnostic]:
    """R306 for each part of objects in this parent, or of the tenant, that could not be
    declared.
    """
    hint = "Correct it in Entra and export again, or leave it unmanaged."
    for declarable in objects:
        live = declarable.live.ref
        where = f" in {noun(parent.kind)} {parent}" if parent else ""
        title = f'"{live.display_name or ""}" ({live.id}){where}'
        for part in declarable.left_out:
            what = "/".join(part.path) or "it"
            because = f"{part.because[:1].lower()}{part.because[1:].rstrip('.')}"
            message = f"{title}: {what} is omitted, because {because}."
            yield Diagnostic("R306", "warning", message, hint)


def unreadable(scope: ObservedScope) -> Diagnostic:
    """R307 for an outermost parent that is absent or could not be read."""
    kind, name, object_id = _title(scope.parent)
    why = parent_sentence(scope.reason, kind) if scope.reason else "it was not read"
    message = f"{capitalized(noun(kind))} {name} ({object_id}) is {scope.read}: {why}."
    hint = "It was not exported. Export again once it can be read."
    return Diagnostic("R307", "warning", message, hint)


def _title(parent: ObjectRef | None) -> tuple[str, str, str]:
    """The kind, the name and the id of an outermost parent; of the tenant, if there is none."""
    if parent is None:
        return "tenant", "", "no id"
    return parent.kind, str(parent), parent.id or "no id"
