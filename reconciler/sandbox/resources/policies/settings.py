"""The stage settings of a PUT: which extension a policy calls at which stage
(docs/graph.md §7.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import invalid_model
from reconciler.sandbox.relations import catalog_of, extension_id
from reconciler.sandbox.resources.policies.members import STAGES
from reconciler.sandbox.switches import Switches

if TYPE_CHECKING:  # see exchange.py
    from reconciler.sandbox.store import Store


def bound_settings(store: Store, switches: Switches, stored: Json, given: list[Json]) -> list[Json]:
    """The settings as stored, each with an id; `given` has the shape of a PUT.

    Raises: GraphError 400 for an extension that the policy's catalog does not have or of a type
        that the stage does not call, and for a repeated stage if the switch says so.
    """
    stages = [setting["stage"] for setting in given]
    if switches.several_at_stage == "refuse" and len(set(stages)) < len(stages):
        raise invalid_model("A stage can call one custom extension only.")
    catalog = catalog_of(store, stored)
    before = stored["customExtensionStageSettings"]
    return [
        {
            **setting,
            "id": _identity(setting, before, switches),
            "customExtension": {"id": _extension(store, setting, catalog)},
        }
        for setting in given
    ]


def _extension(store: Store, setting: Json, catalog: str | None) -> str:
    """The id of the extension that the setting calls, if it can be called there."""
    identity, stage = extension_id(setting), setting["stage"]
    row = store.find("extension", identity, catalog) if identity and catalog else None
    if row is None:
        raise invalid_model(
            f"The custom extension '{identity}' does not exist in the policy's catalog."
        )
    kind = row.document["@odata.type"].removeprefix("#")
    named = str(setting["customExtension"].get("@odata.type", kind)).removeprefix("#")
    if named.lower() != kind.lower() or kind != STAGES[stage]:
        raise invalid_model(f"An extension of type '{kind}' cannot be used at stage '{stage}'.")
    return row.id


def _identity(setting: Json, before: Sequence[Json], switches: Switches) -> str:
    """The id sent, else that of the same setting before, unless every PUT renews all ids."""
    if switches.setting_ids == "renew":
        return str(uuid4())
    same = (each["id"] for each in before if _pair(each) == _pair(setting))
    return str(setting.get("id") or next(same, uuid4()))


def _pair(setting: Json) -> tuple[str | None, str | None]:
    return setting.get("stage"), extension_id(setting)
