"""R308: what was not brought into the files, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.adopt.adoption import Adoption
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.export import Edit


def refused(adoptions: Iterable[Adoption]) -> Iterator[Diagnostic]:
    """R308 for each edit that was not made."""
    for adoption in adoptions:
        for edit in adoption.edits:
            yield not_updated(_what(edit), adoption.refusal, edit.place)


def _what(edit: Edit) -> str:
    name = f'"{edit.object.display_name or ""}"'
    if edit.path:
        return f"{name}: {'/'.join(edit.path)} is not updated in the file"
    return f"{name} ({edit.object.id}) is not added to the file"


def not_updated(what: str, because: str, place: SourceLocation | None) -> Diagnostic:
    """R308 at this place: `what` is not done, for the reason."""
    hint = "Edit the file by hand, or apply what it declares."
    return Diagnostic("R308", "warning", f"{what}, because {because.rstrip('.')}.", hint, place)
