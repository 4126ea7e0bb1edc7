"""Findings about files and plans, each with a stable code, a place and a fix; `CODES` lists all
codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.json_values import JsonValue

Severity = Literal["error", "warning"]

CODES: dict[str, str] = {
    "R001": "The path does not exist or cannot be read",
    "R002": "No YAML file was found",
    "R003": "A symbolic link points outside the folder",
    "R004": "The file is larger than 1 MiB",
    "R005": "The file is not UTF-8 text",
    "R006": "The YAML cannot be parsed",
    "R007": "Duplicate key",
    "R008": "The YAML uses a tag that is not supported",
    "R009": "The file exceeds a limit",
    "R101": "Unknown property",
    "R102": "Wrong type of value",
    "R103": "A required property is missing",
    "R104": "Value is not allowed",
    "R105": "Invalid value",
    "R106": "An extension is wrapped in `value`",
    "R107": "Property has no value",
    "R108": "Both names of the callback timeout are declared",
    "R201": "The duration has a form that Graph does not accept",
    "R202": "The callback timeout is not between 5 minutes and 14 days",
    "R203": "The property is not supported on this type",
    "R204": "The value is not a GUID",
    "R205": "The url of the trigger contains shared-access parameters",
    "R206": "resourceId is missing or not allowed",
    "R207": "Duplicate extension",
    "R208": "The value contains a secret",
    "R209": "A variable has no value",
    "R210": "Malformed variable reference",
    "R211": "A stage cannot call an extension of this type",
    "R212": "A stage calls an extension that is declared with `ensure: absent`",
    "R213": "`unmanaged: delete` in a document that declares nothing",
    "R214": "`unmanaged: delete` in one of several documents of a catalog",
    "R215": (
        "Two documents give a property of a catalog different values, or declare the same stage of"
        " a policy"
    ),
    "R216": "Names differ only in invisible characters",
    "R217": "The host of the url is not a host of Azure Logic Apps",
    "R301": "An application creates an extension, or changes its Logic App, without url",
    "R302": "An extension of an unknown type is not changed",
    "R303": "A catalog without declared extensions does not exist or could not be read",
    "R304": "An extension to be updated or replaced has undocumented properties",
    "R305": "The saved plan is missing, unreadable or not a plan document",
    "R306": "A live extension, or one of its properties, cannot be declared and is not exported",
    "R307": "A catalog, or its policies, could not be read and is not exported completely",
    "R308": "A drifted value was not changed in the files",
    "R309": "An extension is newly unmanaged since the baseline",
    "R310": "A policy is changed without a look at settings that Graph v1.0 does not show",
    "R311": "A catalog of the baseline is no longer declared",
    "R312": "A file or a document declares nothing",
    "R313": "A planned create may be a rename of an unmanaged extension",
    "R314": "A large share of the managed extensions would change",
    "R315": "It is not known completely what uses an extension that is to be deleted",
    "R316": "The plan deletes or replaces more objects than allowed",
    "R401": "The Logic App was not found, or could not be read",
    "R402": "The Logic App is not a Consumption one",
    "R403": "The Logic App has no Request trigger, or not the one in `url`",
    "R404": "The Logic App is not enabled",
    "R405": "Shared access signatures of the Logic App are on, or may be",
    "R406": "No authorization policy of the Logic App fits entitlement management",
    "R407": "The `url` is not the address of the Logic App",
    "R408": "The resource id of the Logic App is longer than 150 characters",
    "R409": "Too little is declared to tell which Logic App an extension calls",
}
"""Code → its title. R0: files and YAML, R1: schema, R2: rules beyond the schema, R3: findings of a
plan, R4: findings about Logic Apps.
"""


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A place in a file. `file` is relative to the working folder, with `/`; line and column count
    from 1.

    Both are None for the file or path as a whole.
    """

    file: str
    line: int | None = 1
    column: int | None = 1


def of_path(file: str) -> SourceLocation:
    """The location of a finding about a file or path as a whole."""
    return SourceLocation(file, None, None)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong (`message`), what to do (`hint`), and where (`place`, if it has
    one).

    `parameters` are the names, ids and numbers in its message, as data.
    """

    code: str
    severity: Severity
    message: str
    hint: str
    place: SourceLocation | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)
