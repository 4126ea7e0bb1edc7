"""From a stored policy to the JSON of a v1.0 answer, and the objects that it refers to
(docs/graph.md §7.2).
"""

from reconciler.sandbox.answers import plain_answer
from reconciler.sandbox.checks import Json
from reconciler.sandbox.exchange import Sandbox
from reconciler.sandbox.options import Expand
from reconciler.sandbox.relations import catalog_of, extension_id
from reconciler.sandbox.resources.extensions.answers import referenced_extension


def policy_answer(sandbox: Sandbox, policy: Json, expand: Expand) -> Json:
    """The policy with every member of its own; what it refers to only as far as expanded."""
    answer = plain_answer(policy, sandbox.switches)
    if "accessPackage" in expand:
        answer["accessPackage"] = access_package(sandbox, policy)
        if "catalog" in expand.under("accessPackage"):
            answer["accessPackage"]["catalog"] = catalog(sandbox, policy)
    if "catalog" in expand:
        answer["catalog"] = catalog(sandbox, policy)
    if "customExtensionStageSettings" in expand:
        inner = expand.under("customExtensionStageSettings")
        answer["customExtensionStageSettings"] = stage_settings(sandbox, policy, inner)
    if "questions" in expand:
        answer["questions"] = policy["questions"]
    return answer


def access_package(sandbox: Sandbox, policy: Json) -> Json:
    """The access package of the policy; what the seed says of it if there is none with its id."""
    row = sandbox.store.find("accessPackage", policy["accessPackage"]["id"])
    return plain_answer(row.document if row else policy["accessPackage"], sandbox.switches)


def catalog(sandbox: Sandbox, policy: Json) -> Json | None:
    """The catalog of the policy's access package, if both exist."""
    identity = catalog_of(sandbox.store, policy)
    row = sandbox.store.find("catalog", identity) if identity else None
    return plain_answer(row.document, sandbox.switches) if row else None


def stage_settings(sandbox: Sandbox, policy: Json, expand: Expand) -> list[Json]:
    """The stage settings; with `customExtension` expanded, the extensions that they call."""
    with_extension = "customExtension" in expand
    settings = []
    for setting in policy["customExtensionStageSettings"]:
        shown = {name: value for name, value in setting.items() if name != "customExtension"}
        if with_extension and "customExtension" in setting:
            shown["customExtension"] = _extension(sandbox, setting)
        settings.append(shown)
    return settings


def _extension(sandbox: Sandbox, setting: Json) -> Json | None:
    """The extension of a setting; what the seed says of it if there is none with its id."""
    identity = extension_id(setting)
    row = sandbox.store.find("extension", identity) if identity else None
    if row:
        return referenced_extension(row.document, sandbox.switches)
    reference: Json | None = setting["customExtension"]
    return reference
