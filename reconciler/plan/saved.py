"""Reads a saved plan back; one that was altered is refused."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from reconciler.errors import InvalidFilesError, StalePlanError
from reconciler.model.learned import declare_public
from reconciler.model.plan import Plan
from reconciler.model.secrets import learn, may_be_written, texts_of
from reconciler.model.strict_json import InvalidJsonError, parsed
from reconciler.model.types import COMPLEX_PROPERTIES, SCALAR_PROPERTIES
from reconciler.plan.digest import digest
from reconciler.render.json_document import plan_document, plan_from_document

_HINT = "Make a new one with `reconciler plan --out FILE`."
_LEVELS = 50
"""The maximum nesting: code that hashes, compares and shows a plan is recursive. A real plan has a
dozen levels.
"""


def decoded(content: bytes) -> str:
    """The text of a saved plan in UTF-8, or in UTF-16 with a byte order mark, both of which
    PowerShell writes.

    Raises:
        UnicodeDecodeError: it is in no such encoding.
    """
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf_16 else "utf-8-sig")


def read_plan(text: str, name: str, schema: dict[str, Any]) -> Plan:
    """The plan in the text of a saved plan document; `name` is the file's name for messages.

    `schema` is the plan's JSON Schema. Secrets in the text are masked from then on: a plan has
    none, but an altered one may. The values that the plan writes are not masked, as when they are
    read from YAML files.

    Raises:
        InvalidFilesError: not JSON, or does not match the plan schema.
        StalePlanError: the document was altered: its parts do not match each other.
    """
    learn(text)
    document = _document(text, name, schema)
    plan = plan_from_document(document)
    if not _consistent(plan, document):
        raise StalePlanError(
            f"{name} was altered: the digest does not match the changes.", hint=_HINT
        )
    for desired in _desired_texts(plan):
        declare_public(desired)
    return plan


def _desired_texts(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        desired = [
            change.extension.display_name,
            str(change.catalog),
            *(row.after for row in change.fields),
        ]
        yield from (text for text in texts_of(desired) if may_be_written(text, plan.not_secret))


def _document(text: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    from jsonschema import Draft202012Validator

    try:
        document = parsed(text, _LEVELS)
    except InvalidJsonError as error:
        raise InvalidFilesError(f"{name} is not a saved plan: it {error}.", hint=_HINT) from error
    mismatch = next(Draft202012Validator(schema).iter_errors(document), None)
    if mismatch is not None:
        place = "" if mismatch.json_path == "$" else f" at {mismatch.json_path}"
        raise InvalidFilesError(
            f"{name} is not a saved plan: it does not match the plan schema{place}.", hint=_HINT
        )
    return dict(document)


def _consistent(plan: Plan, document: dict[str, Any]) -> bool:
    """True when digest, summary and the rest match the changes, and the changes are ones that a
    plan can contain.
    """
    return (
        digest(plan.tenant_id, plan.graph_url, plan.changes, plan.environment) == plan.digest
        and plan_document(plan) == document
        and all(_is_writable(row.path) for change in plan.changes for row in change.fields)
        and all(
            may_be_written(row.after, plan.not_secret)
            for change in plan.pending
            for row in change.fields
        )
        and all(
            change.precondition is not None
            and change.precondition.exists is (change.action != "create")
            for change in plan.pending
        )
    )


def _is_writable(path: tuple[str, ...]) -> bool:
    return len(path) in (1, 2) and (
        path[0] in COMPLEX_PROPERTIES or path in {(name,) for name in SCALAR_PROPERTIES}
    )
