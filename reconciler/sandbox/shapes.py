"""Nested shapes of a request body, for resources whose objects are sent back as they were read.

What an answer has shown is accepted back: an unknown member that the stored object has at that
place, and a value that it has there (docs/graph.md §7.3).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from reconciler.sandbox.checks import Check, Json, mapping, nullable, odata_type, one_of, sequence
from reconciler.sandbox.errors import invalid_model

_UNKNOWN_VALUE: Final = "unknownFutureValue"


@dataclass(frozen=True)
class Enum:
    """A member of an enumeration; an unknown one is never accepted, not even one that was shown."""

    values: tuple[str, ...]
    nullable: bool = True


@dataclass(frozen=True)
class Each:
    """An array, and the shape of each of its elements."""

    element: Shape


@dataclass(frozen=True)
class Members:
    """An object: its known members, and those of them that are required.

    `types`: the types that `@odata.type` can name, without `#`; without it the `default_type`, and
    with neither the annotation is required. No `types` at all: the annotation is not checked.
    """

    known: Mapping[str, Shape]
    required: Collection[str] = ()
    types: tuple[str, ...] = ()
    default_type: str | None = None
    nullable: bool = True


Shape = Check | Enum | Each | Members


def check_shape(value: Any, shape: Shape, shown: Sequence[Any], where: str) -> None:
    """Nothing, if the value has that shape or an answer has shown it.

    `shown`: what the stored object has at that place; several values inside an array, because its
    elements can change places.
    Raises: GraphError 400 `InvalidModel` with the path.
    """
    if isinstance(shape, Enum):
        check = one_of(*shape.values)
        (nullable(check) if shape.nullable else check)(value, where)
    elif isinstance(shape, Members) and isinstance(value, dict):
        _check_members(value, shape, [each for each in shown if isinstance(each, dict)], where)
    elif isinstance(shape, Each) and isinstance(value, list):
        elements = list(chain.from_iterable(each for each in shown if isinstance(each, list)))
        for index, element in enumerate(value):
            check_shape(element, shape.element, elements, f"{where}[{index}]")
    elif not _has_shown(shown, value):
        _plain(shape)(value, where)


def refuse_unknown_values(value: Any, where: str) -> None:
    """Nothing, unless `unknownFutureValue` is anywhere in the value: no client can mean it.

    Raises: GraphError 400 `InvalidModel` with the path.
    """
    if value == _UNKNOWN_VALUE:
        raise invalid_model(f"'{where}' must not be {_UNKNOWN_VALUE}.")
    if isinstance(value, dict):
        for name, inner in value.items():
            refuse_unknown_values(inner, f"{where}/{name}" if where else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            refuse_unknown_values(inner, f"{where}[{index}]")


def _check_members(value: Json, shape: Members, shown: Sequence[Json], where: str) -> None:
    prefix = f"{where}/" if where else ""
    for name in shape.required:
        if name not in value:
            raise invalid_model(f"The property '{prefix}{name}' is required.")
    _check_type(value, shape, shown, where)
    for name, inner in value.items():
        if name in shape.known:
            shown_there = [each[name] for each in shown if name in each]
            check_shape(inner, shape.known[name], shown_there, prefix + name)
        elif name != "@odata.type" and not any(name in each for each in shown):
            raise invalid_model(
                f"The property '{prefix}{name}' does not exist or cannot be written."
            )


def _check_type(value: Json, shape: Members, shown: Sequence[Json], where: str) -> None:
    types_shown = [each.get("@odata.type") for each in shown]
    if shape.types and not _has_shown(types_shown, value.get("@odata.type")):
        odata_type(value, where, shape.types, shape.default_type)


def _has_shown(shown: Sequence[Any], value: Any) -> bool:
    # In Python `True == 1`, in JSON not.
    return any(type(each) is type(value) and each == value for each in shown)


def _plain(shape: Check | Each | Members) -> Check:
    """The check of a value that is not a container although its shape may be one."""
    if isinstance(shape, Members):
        return nullable(mapping) if shape.nullable else mapping
    return sequence if isinstance(shape, Each) else shape
