"""A policy of a seed: the body of any POST or PUT or any answer, of v1.0 or beta
(docs/graph.md §7).
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from reconciler.sandbox.checks import (
    Check,
    Json,
    anything,
    guid,
    mapping,
    members,
    nullable,
    sequence,
    text,
)

_NOT_OWN: Final = ("@odata.context", "catalog", "accessPackageId")
"""What only an answer adds, and beta's name of the reference to the access package."""


def seeded_policy(given: Json, where: str) -> Json:
    """The policy as stored: every member as it is in the seed, questions and stage settings with
    ids.

    `given` has its id and dates. Stage settings can be invalid, because real answers can contain
    what no write accepts.
    Raises: GraphError 400 with the path of what the sandbox cannot store.
    """
    settings = sequence(given.get("customExtensionStageSettings", []), _stages(where))
    questions = sequence(given.get("questions", []), f"{where}/questions")
    return {
        **{name: value for name, value in given.items() if name not in _NOT_OWN},
        "accessPackage": _access_package(given, where),
        "betaOnly": mapping(given.get("betaOnly", {}), f"{where}/betaOnly"),
        "questions": [
            _with_id(each, f"{where}/questions[{n}]") for n, each in enumerate(questions)
        ],
        "customExtensionStageSettings": [
            _setting(each, f"{_stages(where)}[{n}]") for n, each in enumerate(settings)
        ],
    }


def _access_package(given: Json, where: str) -> Json:
    if "accessPackage" not in given and "accessPackageId" in given:
        return {"id": guid(given["accessPackageId"], f"{where}/accessPackageId")}
    return _checked(given.get("accessPackage"), f"{where}/accessPackage", {"id": guid}, "id")


def _setting(given: Any, where: str) -> Json:
    checks: Mapping[str, Check] = {
        "id": guid,
        "stage": nullable(text),
        "customExtension": nullable(_extension),
    }
    return {"id": _derived(where), **_checked(given, where, checks)}


def _extension(given: Any, where: str) -> Json:
    return _checked(given, where, {"id": nullable(guid)})


def _checked(given: Any, where: str, checks: Mapping[str, Check], *required: str) -> Json:
    """The object with all its members, of which `checks` names those that must be valid."""
    every = {**dict.fromkeys(mapping(given, where), anything), **checks}
    members(given, where, every, required=required)
    whole: Json = given
    return whole


def _with_id(given: Any, where: str) -> Any:
    return {"id": _derived(where), **given} if isinstance(given, dict) else given


def _derived(where: str) -> str:
    """The same id every time."""
    return str(uuid5(NAMESPACE_URL, where))


def _stages(where: str) -> str:
    return f"{where}/customExtensionStageSettings"
