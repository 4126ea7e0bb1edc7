"""R308: what was not brought into the files, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.adopt.adoption import Adoption
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.export import Edit

BY_HAND = "Edit the file by hand; the value is {after}"
BY_HAND_OR_APPLY = "Edit the file by hand, or apply what it declares."


def refused(adoptions: Iterable[Adoption], hint: str = BY_HAND_OR_APPLY) -> Iterator[Diagnostic]:
    """R308 for each edit that was not made."""
    for adoption in adoptions:
        for edit in adoption.edits:
            hint_of_edit = hint.format(after=edit.after)
            yield not_updated(_what(edit), adoption.refusal, edit.place, hint_of_edit)


def _what(edit: Edit) -> str:
    name = f'"{edit.object.display_name or ""}"'
    if edit.path:
        return f"{name}: {'/'.join(edit.path)} is not updated in the file"
    return f"{name} ({edit.object.id}) is not added to the file"


def not_updated(
    what: str, because: str, place: SourceLocation | None, hint: str = BY_HAND_OR_APPLY
) -> Diagnostic:
    """R308 at this place: `what` is not done, for the reason."""
    return Diagnostic("R308", "warning", f"{what}, because {because.rstrip('.')}.", hint, place)
