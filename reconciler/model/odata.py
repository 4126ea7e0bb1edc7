"""How Graph names types: with the namespace `microsoft.graph.`, in any case, with or without `#`.

Source: docs/graph.md §2.3.
"""

from __future__ import annotations

from collections.abc import Mapping

ODATA_TYPE = "@odata.type"
NAMESPACE = "microsoft.graph."


def short_type(odata_type: object, known: Mapping[str, str]) -> str:
    """The type's name without `#microsoft.graph.`; "" if it is not text.

    `known` gives the documented spelling of case-folded names. A type of another namespace keeps
    its whole name, after a `#`.
    """
    if not isinstance(odata_type, str):
        return ""
    name = odata_type.removeprefix("#")
    if name.casefold().startswith(NAMESPACE):
        name = name[len(NAMESPACE) :]
    elif "." in name:
        return f"#{name}"
    return known.get(name.casefold(), name)


def odata_type(short_name: str) -> str:
    """The type as sent to Graph: with `#microsoft.graph.`, unless it is of another namespace."""
    return short_name if short_name.startswith("#") else f"#{NAMESPACE}{short_name}"
