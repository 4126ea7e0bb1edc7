"""Reading a seed: a JSON file of catalogs (with access packages and extensions), policies and
Logic Apps.

Ids and dates that the file omits are derived from names, so that a seed always gives the same
objects.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from reconciler.sandbox.checks import (
    Json,
    any_text,
    anything,
    guid,
    mapping,
    members,
    nullable,
    sequence,
    text,
)
from reconciler.sandbox.database import Kind
from reconciler.sandbox.errors import GraphError, SeedError
from reconciler.sandbox.resources.catalogs.bodies import DEFAULTS
from reconciler.sandbox.resources.extensions.bodies import (
    EXPIRY_TYPE,
    READ_ONLY,
    REQUEST_TYPE,
    parse_extension,
)
from reconciler.sandbox.resources.extensions.changes import AUTHOR, CLEARED, with_url
from reconciler.sandbox.resources.logic_apps.seeding import seeded_logic_app
from reconciler.sandbox.resources.policies.seeding import seeded_policy
from reconciler.sandbox.strict_json import parsed
from reconciler.sandbox.switches import Switches

Record = tuple[Kind, Json, str | None]
DEFAULT_SEED: Final = Path(__file__).with_name("seed.json")
_DATE: Final = "2026-01-15T08:30:00.1234567Z"
_CHILDREN: Final = ("accessPackages", "customWorkflowExtensions")


def load_seed(path: Path | None = None) -> list[Record]:
    """The seed's objects as (kind, document, parent id), parents first; default: the built-in seed.

    Raises: SeedError with the file and the error in it.
    """
    source = path or DEFAULT_SEED
    try:
        content = parsed(source.read_text(encoding="utf-8"))
        return _distinct(list(_records(content)))
    except OSError as error:
        raise SeedError(f"seed {source} cannot be read: {error.strerror}") from error
    except SeedError as error:
        raise SeedError(f"seed {source}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise SeedError(f"seed {source} is not valid JSON: {error}") from error
    except GraphError as error:
        raise SeedError(f"seed {source}: {error.message}") from error


def _distinct(records: list[Record]) -> list[Record]:
    seen: set[tuple[str, str]] = set()
    for kind, document, _ in records:
        identity = document["id"].lower()
        if (kind, identity) in seen:
            raise SeedError(f"the {kind} id {document['id']} occurs twice")
        seen.add((kind, identity))
    return records


def _records(content: Any) -> Iterator[Record]:
    lists = dict.fromkeys(("catalogs", "policies", "logicApps"), sequence)
    given = members(content, "", lists, required=("catalogs",))
    for index, catalog in enumerate(given["catalogs"]):
        yield from _catalog_records(catalog, f"catalogs[{index}]")
    for index, policy in enumerate(given.get("policies", [])):
        checked = _policy(policy, f"policies[{index}]")
        yield "policy", checked, checked["accessPackage"]["id"].lower()
    for index, logic_app in enumerate(given.get("logicApps", [])):
        yield "logicApp", seeded_logic_app(logic_app, f"logicApps[{index}]"), None


def _catalog_records(given: Any, where: str) -> Iterator[Record]:
    own = {name: value for name, value in mapping(given, where).items() if name not in _CHILDREN}
    catalog = {**DEFAULTS, **_dated(own, where, "modifiedDateTime")}
    yield "catalog", catalog, catalog["id"]
    for index, package in enumerate(sequence(given.get("accessPackages", []), where)):
        dated = _dated(
            mapping(package, where), f"{where}/accessPackages[{index}]", "modifiedDateTime"
        )
        yield "accessPackage", {**dated, "catalog": {"id": catalog["id"]}}, catalog["id"]
    for index, extension in enumerate(sequence(given.get("customWorkflowExtensions", []), where)):
        path = f"{where}/customWorkflowExtensions[{index}]"
        yield "extension", _extension(mapping(extension, path), path), catalog["id"]


def _extension(given: Json, where: str) -> Json:
    dated = _dated(given, where, "lastModifiedDateTime")
    authored = {"createdBy": AUTHOR, "lastModifiedBy": AUTHOR, **dated}
    kind = str(given.get("@odata.type", "")).removeprefix("#")
    if kind not in (REQUEST_TYPE, EXPIRY_TYPE):
        # docs/graph.md §2.3: lists may contain unknown types; only a seed can create an object of
        # such a type.
        return {**authored, "@odata.type": text(given.get("@odata.type"), f"{where}/@odata.type")}
    body = {name: value for name, value in given.items() if name not in READ_ONLY}
    try:
        parsed = parse_extension(body, Switches(), creating=True)
    except GraphError as error:
        raise SeedError(f"{where}: {error.message}") from error
    endpoint = with_url(parsed["endpointConfiguration"], None, Switches())
    return {
        **CLEARED,
        **parsed,
        "endpointConfiguration": endpoint,
        **{name: authored[name] for name in READ_ONLY},
    }


def _policy(given: Any, where: str) -> Json:
    return seeded_policy(_dated(mapping(given, where), where, "modifiedDateTime"), where)


def _dated(given: Json, where: str, modified: str) -> Json:
    checks = {
        **dict.fromkeys(given, anything),
        "id": guid,
        "displayName": text,
        "description": nullable(any_text),
    }
    checked = members(given, where, checks, required=("displayName",))
    annotations = {name: value for name, value in given.items() if name not in checked}
    derived = str(uuid5(NAMESPACE_URL, f"{where}/{checked['displayName']}"))
    dates = {"createdDateTime": _DATE, modified: _DATE}
    identity = str(checked.get("id", derived)).lower()
    return {**dates, **annotations, **checked, "id": identity}
