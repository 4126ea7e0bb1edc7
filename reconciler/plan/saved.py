"""Reading a saved plan back; whatever is not exactly what was saved is refused."""

from __future__ import annotations

import json

from reconciler.errors import InvalidFilesError, StalePlanError
from reconciler.loader.schemas import schema_text
from reconciler.model.plan import Plan
from reconciler.plan.digest import digest
from reconciler.render.json_document import plan_from_document


def read_plan(text: str, name: str) -> Plan:
    """The plan that the text of a saved plan document holds; `name` stands for it in messages.

    Raises:
        InvalidFilesError: not JSON, or not a plan document by its schema.
        StalePlanError: the digest does not fit the changes: the document was altered.
    """
    from jsonschema import Draft202012Validator

    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidFilesError(f"{name} is not a saved plan: it is not JSON.", hint=_HINT) from error
    fault = next(Draft202012Validator(json.loads(schema_text("plan"))).iter_errors(document), None)
    if fault is not None:
        raise InvalidFilesError(f"{name} is not a saved plan: {fault.json_path} is not as its schema asks.", hint=_HINT)
    plan = plan_from_document(document)
    if digest(plan.tenant_id, plan.graph_url, plan.changes) != plan.digest:
        raise StalePlanError(f"{name} was altered: its digest does not fit its changes.", hint=_HINT)
    return plan


_HINT = "Make a new one with `reconciler plan --out FILE`."
