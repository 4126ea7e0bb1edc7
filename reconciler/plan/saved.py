"""Writes a plan as the text of a saved plan, and reads it back; one that was altered is refused."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import InvalidFilesError, RefusedError, StalePlanError
from reconciler.model.digest import digest, document_digest
from reconciler.model.fields import texts_in
from reconciler.model.kind import Kind, Kinds
from reconciler.model.learned import declare_public
from reconciler.model.objects import ObjectRef, Path
from reconciler.model.plan import FORMAT_VERSION, Change, Plan
from reconciler.model.plan_document import (
    plan_document,
    plan_from_document,
    plan_members,
)
from reconciler.model.secrets import learn, may_be_written, texts_of
from reconciler.model.strict_json import InvalidJsonError, parsed
from reconciler.plan.saved_values import impossible
from reconciler.render.json_document import to_json

MAX_BYTES = 1024**3
"""The maximum size of a saved plan, which has to fit into memory; 50,000 changes are 100 MB."""
_HINT = "Make a new one with `reconciler plan --out FILE`."
_LEVELS = 50
"""The maximum nesting: code that hashes, compares and shows a plan is recursive. A real plan has a
dozen levels.
"""


def saved_text(plan: Plan, max_bytes: int = MAX_BYTES) -> str:
    """The text of the plan document, which `read_plan` reads back.

    Raises:
        RefusedError: it is too large to be read back.
    """
    text = to_json(plan_document(plan))
    if len(text.encode()) > max_bytes:
        raise RefusedError(
            f"The plan has {len(plan.changes)} changes and is too large to be saved.",
            hint="Plan fewer catalogs at a time with --catalog.",
        )
    return text


def begins_like_a_plan(content: bytes) -> bool:
    """True for a JSON object, and for text with a byte order mark: no other content is a plan."""
    return content[:1024].lstrip()[:1] in (b"{", b"\xef", b"\xff", b"\xfe")


def decoded(content: bytes) -> str:
    """The text of a saved plan in UTF-8, or in UTF-16 with a byte order mark, both of which
    PowerShell writes.

    Raises:
        UnicodeDecodeError: it is in no such encoding.
    """
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf_16 else "utf-8-sig")


def read_plan(text: str, name: str, schema: dict[str, Any], kinds: Kinds) -> Plan:
    """The plan in the text of a saved plan document; `name` is the file's name for messages.

    `schema` is the plan's JSON Schema; the changes must be ones of these kinds. Secrets in the text
    are masked from then on: a plan has none, but an altered one may. The values that the plan
    writes are not masked, as when they are read from YAML files.

    Raises:
        InvalidFilesError: not JSON, of another format version, or does not match the plan schema.
        StalePlanError: the document was altered: its parts do not match each other, or no plan
            contains them.
    """
    learn(text)
    document = _document(text, name, schema)
    plan = plan_from_document(document)
    if not _changes_match(plan, document, {kind.name: kind for kind in kinds}):
        raise StalePlanError(
            f"{name} was altered: the digest does not match the changes.", hint=_HINT
        )
    if document_digest(document) != document["document_digest"]:
        raise StalePlanError(
            f"{name} was altered: the document digest does not match its contents.", hint=_HINT
        )
    why = next(impossible(plan, kinds), None)
    if why is not None:
        raise StalePlanError(f"{name} was altered: {why}.", hint=_HINT)
    for text_to_write in _desired_texts(plan):
        declare_public(text_to_write)
    return plan


def _desired_texts(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        desired = [
            change.object.display_name,
            *map(str, change.parents),
            *texts_in(row.after for row in change.fields),
        ]
        yield from (text for text in texts_of(desired) if may_be_written(text, plan.not_secret))


def _document(text: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    from jsonschema import Draft202012Validator

    try:
        document = parsed(text, _LEVELS, unique_members=True)
    except InvalidJsonError as error:
        raise InvalidFilesError(f"{name} is not a saved plan: it {error}.", hint=_HINT) from error
    _refuse_other_version(document, name)
    mismatch = next(Draft202012Validator(schema).iter_errors(document), None)
    if mismatch is not None:
        place = "" if mismatch.json_path == "$" else f" at {mismatch.json_path}"
        raise InvalidFilesError(
            f"{name} is not a saved plan: it does not match the plan schema{place}.", hint=_HINT
        )
    return dict(document)


def _refuse_other_version(document: object, name: str) -> None:
    version = document.get("format_version") if isinstance(document, dict) else None
    is_version = isinstance(version, str) and version.isdecimal() and len(version) < 10
    if is_version and version != FORMAT_VERSION:
        raise InvalidFilesError(
            f"{name} is a saved plan of format version {version}, which this version of reconciler"
            " does not read.",
            hint=_HINT,
        )


def _changes_match(plan: Plan, document: dict[str, Any], kinds: Mapping[str, Kind]) -> bool:
    """True when digest, summary and the rest match the changes, and the changes are ones that a
    plan can contain.
    """
    members = plan_members(plan) | {"document_digest": document["document_digest"]}
    return (
        digest(plan.tenant_id, plan.graph_url, plan.changes, plan.environment) == plan.digest
        and members == document
        and all(_is_of_kind(change, kinds.get(change.kind)) for change in plan.changes)
        and all(_may_be_applied(change, plan) for change in plan.pending)
    )


def _is_of_kind(change: Change, kind: Kind | None) -> bool:
    """True when the change is about an object of this kind, and about nothing but its members; and
    this version can make it.
    """
    if kind is None or tuple(parent.kind for parent in change.parents) != kind.parents:
        return False
    if not kind.api.offers(change.action):
        return False
    return all(_is_writable(row.path, kind) for row in change.fields)


def _is_writable(path: Path, kind: Kind) -> bool:
    """True for a member of the table, and for any member of an object whose type is unknown."""
    in_object = len(path) == 2 and path[0] in kind.fields.objects
    return path in kind.fields.members or in_object


def _may_be_applied(change: Change, plan: Plan) -> bool:
    """True when only a create has no id yet, the precondition fits, and no secret is written.

    A create with an id would be sent as an update of that object, whatever it is.
    """
    precondition, creates = change.precondition, change.action == "create"
    if precondition is None or precondition.exists is creates:
        return False
    if (change.object.id is None) is not creates:
        return False
    values = [row.after for row in change.fields if not isinstance(row.after, ObjectRef)]
    return all(may_be_written(value, plan.not_secret) for value in values)
