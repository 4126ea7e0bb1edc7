"""Documents → the names of their files, one per outermost parent."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from reconciler.model.export import ExportedDocument
from reconciler.model.objects import ObjectRef

_LONGEST = 60
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
"""Names that Windows reserves for devices, with any extension."""
_ENDS_LIKE_AN_ID = re.compile(r".*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SCHEMA = "desired-state.schema.json"


def file_names(documents: Sequence[ExportedDocument]) -> list[str]:
    """A unique name for each document, in their order: lower-case ASCII letters, digits and
    hyphens.

    It depends on the parents alone: if two would have the same name, both contain the id of their
    parent.
    """
    slugs = [_slug(document.parent) for document in documents]
    uses = Counter(slugs)
    return [
        (
            f"{slug}.yaml"
            if uses[slug] == 1 and not _ENDS_LIKE_AN_ID.fullmatch(slug)
            else f"{slug}-{_id(document.parent)}.yaml"
        )
        for document, slug in zip(documents, slugs, strict=True)
    ]


def _slug(parent: ObjectRef) -> str:
    ascii_only = (
        unicodedata.normalize("NFKD", (parent.display_name or "").casefold())
        .encode("ascii", "ignore")
        .decode()
    )
    slug = re.sub("[^a-z0-9]+", "-", ascii_only)[:_LONGEST].strip("-")
    if slug and not _RESERVED.fullmatch(slug):
        return slug
    return f"{parent.kind.replace('_', '-')}-{slug}".rstrip("-")


def _id(parent: ObjectRef) -> str:
    return re.sub("[^a-z0-9-]+", "-", (parent.id or "").casefold())


def schema_line(folder: Path) -> str:
    """The comment that names the schema for editors, if the schema exists beside the folder;
    otherwise nothing.
    """
    beside = folder.absolute().parent / "schemas" / SCHEMA
    return f"# yaml-language-server: $schema=../schemas/{SCHEMA}\n" if beside.is_file() else ""
