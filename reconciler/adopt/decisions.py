"""Which of the proposed edits are made, and the files with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.adopt.adoption import Adoption, with_refusals
from reconciler.adopt.rewriting import edited, placed
from reconciler.loader.scopes import in_order
from reconciler.model.export import Edit


@dataclass(frozen=True, slots=True)
class Decision:
    """The new texts of the files that change, the edits in their order, and what was refused."""

    texts: dict[str, str]
    edits: tuple[Edit, ...]
    refused: tuple[Adoption, ...]


def decision(
    texts: Mapping[str, str],
    proposed: Sequence[Adoption],
    objection: Callable[[Sequence[Adoption]], str],
) -> Decision:
    """Accepts the proposed edits to which there is no objection, tried together."""
    possible = [adoption for adoption in proposed if not adoption.refusal]
    decided = with_refusals(possible, objection)
    accepted = [adoption for adoption in decided if not adoption.refusal]
    new_texts = edited(texts, accepted)
    edits = placed(texts, new_texts, accepted)
    return Decision(
        {file: text for file, text in new_texts.items() if text != texts[file]},
        tuple(sorted(edits, key=lambda edit: in_order(edit.place))),
        tuple(adoption for adoption in (*proposed, *decided) if adoption.refusal),
    )
