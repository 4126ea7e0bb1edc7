"""How a plan and its outcomes are worded: one value that all formats for people get."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.render.sentences import SENTENCES, Sentences


@dataclass(frozen=True, slots=True)
class Wording:
    """As changes to make; with `drift`, as the difference between the declared state and the live
    one.

    `before_apply`: outcomes follow, which say when there was nothing to do. `sentences` are those
    of the reason codes, with the codes that only one kind has.
    """

    drift: bool = False
    before_apply: bool = False
    sentences: Sentences = field(default_factory=lambda: SENTENCES, hash=False)

    @property
    def title(self) -> str:
        """`Plan` or `Drift`."""
        return "Drift" if self.drift else "Plan"


PLAIN = Wording()
