"""Checks of values in a request body: each gets a value and its path, and returns it or raises a
400.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from reconciler.sandbox.errors import invalid_model

Json = dict[str, Any]
Check = Callable[[Any, str], Any]

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def text(value: Any, where: str) -> str:
    """A string that does not consist of spaces only."""
    if not isinstance(value, str) or not value.strip():
        raise invalid_model(f"'{where}' must be a non-empty string.")
    return value


def any_text(value: Any, where: str) -> str:
    """A string, the empty one included."""
    if not isinstance(value, str):
        raise invalid_model(f"'{where}' must be a string.")
    return value


def guid(value: Any, where: str) -> str:
    """A GUID with dashes, in unchanged case."""
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise invalid_model(f"'{where}' must be a GUID.")
    return value


def boolean(value: Any, where: str) -> bool:
    """`true` or `false`, not a string and not a number."""
    if not isinstance(value, bool):
        raise invalid_model(f"'{where}' must be a boolean.")
    return value


def mapping(value: Any, where: str) -> Json:
    """A JSON object."""
    if not isinstance(value, dict):
        raise invalid_model(f"'{where}' must be an object.")
    return value


def sequence(value: Any, where: str) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise invalid_model(f"'{where}' must be an array.")
    return value


def anything(value: Any, _where: str) -> Any:
    """Any value: for members that the sandbox only stores."""
    return value


def whole(minimum: int, maximum: int) -> Check:
    """A check for an integer in a closed range; `1.0` and `true` are not integers."""

    def check(value: Any, where: str) -> int:
        if type(value) is not int or not minimum <= value <= maximum:
            raise invalid_model(f"'{where}' must be a whole number from {minimum} to {maximum}.")
        return value

    return check


def one_of(*allowed: str) -> Check:
    """A check for a member of an enumeration."""

    def check(value: Any, where: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise invalid_model(f"'{where}' must be one of {', '.join(allowed)}.")
        return value

    return check


def nullable(inner: Check) -> Check:
    """A check that accepts `null` and applies `inner` to other values."""
    return lambda value, where: None if value is None else inner(value, where)


def members(
    body: Any, where: str, allowed: Mapping[str, Check], *, required: Collection[str] = ()
) -> Json:
    """The checked members of an object: none unknown, none of the required ones missing; null
    counts as a value.

    `@odata.type` is ignored here; `odata_type` checks it.
    """
    given = mapping(body, where or "the body")
    prefix = f"{where}/" if where else ""
    for name in given:
        if name not in allowed and name != "@odata.type":
            raise invalid_model(
                f"The property '{prefix}{name}' does not exist or cannot be written."
            )
    for name in required:
        if name not in given:
            raise invalid_model(f"The property '{prefix}{name}' is required.")
    return {
        name: check(given[name], prefix + name) for name, check in allowed.items() if name in given
    }


def odata_type(body: Json, where: str, allowed: Collection[str], default: str | None = None) -> str:
    """The one of `allowed` that the body's `@odata.type` names, with or without `#`, in any case
    (docs/graph.md §2.3).

    `allowed` and the result are without `#`; `default` is the result when the annotation is absent.
    """
    given = body.get("@odata.type", default)
    if not isinstance(given, str):
        raise invalid_model(f"'{where}' must name its type in '@odata.type'.")
    for name in allowed:
        if name.lower() == given.removeprefix("#").lower():
            return name
    raise invalid_model(
        f"The type '{given}' of '{where}' is unknown, abstract or not allowed here."
    )
