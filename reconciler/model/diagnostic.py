"""Findings about files and plans, each with a stable code, a place and a way out; `CODES` is the whole register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]

CODES: dict[str, str] = {
    "R001": "The path does not exist or cannot be read",
    "R002": "No YAML file was found",
    "R003": "A symbolic link leads out of the folder",
    "R004": "The file is larger than 1 MiB",
    "R005": "The file is not UTF-8 text",
    "R006": "The YAML cannot be parsed",
    "R007": "A key stands twice in one mapping",
    "R008": "The YAML uses a tag that has no meaning here",
    "R009": "The YAML nests too deeply or holds too much",
    "R101": "A property is not known here",
    "R102": "A value has the wrong type",
    "R103": "A required property is missing",
    "R104": "A value is not one of those allowed",
    "R105": "A value has the wrong form or is out of range",
    "R106": "An extension is wrapped in `value`",
    "R107": "A property has a name and nothing else",
    "R108": "Both names of the callback timeout are given",
    "R201": "A duration is not of the form Graph takes",
    "R202": "The callback timeout is outside 5 minutes to 14 days",
    "R203": "A callback configuration on a type that has none",
    "R204": "A value is not a GUID",
    "R205": "The trigger url carries shared-access parameters",
    "R206": "azureAdTokenAuthentication needs resourceId, azureAdPopTokenAuthentication has none",
    "R207": "An extension is declared twice",
    "R208": "A value carries a secret",
    "R209": "A variable has no value",
    "R210": "Malformed variable reference",
    "R216": "Names that differ only in characters that do not show",
    "R217": "The trigger url has a host that is not one of Azure Logic Apps",
    "R301": "A create or a new Logic App without url, by an application",
    "R302": "An extension of an unknown type is left alone",
    "R303": "A catalog in which nothing is declared is absent or could not be read",
    "R304": "An extension to be updated has properties that are not documented",
    "R305": "A saved plan is missing, unreadable or no plan document",
    "R306": "A live extension, or a property of it, cannot be declared and is left out of the export",
    "R307": "A catalog could not be read and is left out of the export",
    "R308": "A drifted value is left as it is in the files",
    "R309": "An extension is unmanaged that was not so in the baseline",
    "R311": "A catalog of the baseline is no longer declared",
    "R312": "A file or a document declares nothing",
    "R313": "A planned create may be a rename of an unmanaged extension",
    "R314": "A large share of the managed extensions would change",
}
"""Code → what it means in one line. R0: files and YAML, R1: schema, R2: meaning, R3: findings of a plan."""


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A place in a file. `file` is relative to the working folder, with `/`; line and column count from 1.

    Both are None where the file or path as a whole is meant.
    """

    file: str
    line: int | None = 1
    column: int | None = 1


def of_path(file: str) -> SourceLocation:
    """The place of a finding about a file or path as a whole."""
    return SourceLocation(file, None, None)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong (`message`) and what to do about it (`hint`), at `place` where it has one."""

    code: str
    severity: Severity
    message: str
    hint: str
    place: SourceLocation | None = None
