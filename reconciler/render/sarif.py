"""Findings as SARIF 2.1.0, for code scanning.

Source: Static Analysis Results Interchange Format 2.1.0, OASIS Standard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from reconciler.model.diagnostic import CODES, Diagnostic, SourceLocation
from reconciler.model.secrets import mask
from reconciler.render.escape import visible
from reconciler.render.json_document import to_json

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def diagnostics_sarif(diagnostics: Sequence[Diagnostic], tool_version: str) -> str:
    """One run with a rule per code and a result per finding; columns count code points."""
    driver = {
        "name": "reconciler",
        "semanticVersion": tool_version,
        "rules": [
            {"id": code, "shortDescription": {"text": meaning}} for code, meaning in CODES.items()
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic) for diagnostic in diagnostics],
    }
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(diagnostic: Diagnostic) -> dict[str, Any]:
    text = diagnostic.message + (f" Hint: {diagnostic.hint}" if diagnostic.hint else "")
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": _message(text)},
    }
    return result | ({"locations": [_location(diagnostic.place)]} if diagnostic.place else {})


def _message(text: str) -> str:
    """The text without embedded links, `[text](target)` (SARIF 2.1.0 §3.11.6), which a finding
    never has.
    """
    return visible(text).replace("](", "]\\(")


def _location(place: SourceLocation) -> dict[str, Any]:
    uri = quote(mask(place.file).replace("\\", "/"), errors="surrogatepass")
    region = (
        {"region": {"startLine": place.line, "startColumn": place.column}}
        if place.line is not None
        else {}
    )
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, **region}
    }
