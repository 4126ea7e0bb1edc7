"""Which stored objects refer to which: between resources that do not know each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from reconciler.sandbox.checks import Json
from reconciler.sandbox.database import Kind

if TYPE_CHECKING:  # see exchange.py
    from reconciler.sandbox.store import Store


def is_in_use(store: Store, identity: str) -> bool:
    """Whether an assignment policy calls the extension at one of its stages."""
    return any(identity in _extension_ids(policy) for policy in store.policies())


def holds(store: Store, kind: Kind, parent: str) -> bool:
    """Whether there is an object of the kind inside `parent`; reads that lag do not count."""
    return any(not row.deleted for row in store.rows(kind, parent))


def catalog_of(store: Store, policy: Json) -> str | None:
    """The id of the catalog that holds the policy's access package."""
    package = store.find("accessPackage", policy["accessPackage"]["id"])
    return str(package.document["catalog"]["id"]) if package else None


def extension_id(setting: Json) -> str | None:
    """The id of the extension that a stage setting calls; a seed can have a setting without it."""
    reference = setting.get("customExtension") or {}
    return str(reference["id"]).lower() if reference.get("id") else None


def _extension_ids(policy: Json) -> Iterator[str | None]:
    settings: Iterable[Json] = policy["customExtensionStageSettings"]
    return (extension_id(setting) for setting in settings)
