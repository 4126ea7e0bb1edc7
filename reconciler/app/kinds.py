"""The kinds of objects, in their order of work. Only this module names them."""

from __future__ import annotations

from itertools import chain

from reconciler.kinds.access_package import ACCESS_PACKAGE
from reconciler.kinds.catalog import CATALOG
from reconciler.kinds.extension import EXTENSION
from reconciler.kinds.policy import POLICY
from reconciler.loader import DocumentFormat, published_schema
from reconciler.model.kind import Kinds
from reconciler.render.sentences import SENTENCES, Sentences
from reconciler.render.wording import Wording

KINDS = Kinds((CATALOG, ACCESS_PACKAGE, EXTENSION, POLICY))


def sentences(kinds: Kinds = KINDS) -> Sentences:
    """The sentence of every reason code, those of single kinds included."""
    own = dict(chain.from_iterable(kind.reasons.items() for kind in kinds))
    return {**SENTENCES, **own}


def document_format() -> DocumentFormat:
    """What documents may say: the kinds, and the published schema."""
    return DocumentFormat(KINDS, published_schema("desired-state"))


def wording(*, drift: bool = False, before_apply: bool = False) -> Wording:
    """How plans and outcomes of these kinds are worded."""
    return Wording(drift, before_apply, sentences())


def check_order(kinds: Kinds) -> None:
    """Returns if parents, and kinds that others refer to, stand before those.

    Raises:
        ValueError: one does not.
    """
    seen: set[str] = set()
    for kind in kinds:
        missing = {*kind.parents, *kind.fields.refers_to} - seen - {kind.name}
        if missing:
            raise ValueError(f"{', '.join(sorted(missing))} must stand before {kind.name}")
        seen.add(kind.name)
