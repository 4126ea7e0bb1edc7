"""Assignment policies of access packages: which extension they call at which stage. They are found,
never created, renamed or deleted, and nothing of them but a stage is changed.
"""

from reconciler.kinds.policy.api import get_policy, list_policies, locate_policies, update
from reconciler.kinds.policy.bodies import bodies
from reconciler.kinds.policy.declare import declare
from reconciler.kinds.policy.fields import FIELDS
from reconciler.kinds.policy.guard import guard
from reconciler.kinds.policy.rules import rules_among
from reconciler.kinds.policy.search import search_policies
from reconciler.kinds.policy.second_look import SECOND_LOOK
from reconciler.kinds.policy.wire import content, notes, observe
from reconciler.model.kind import Api, Kind, Permission

__all__ = ["POLICY"]

POLICY = Kind(
    name="policy",
    plural="policies",
    parents=("catalog", "access_package"),
    fields=FIELDS,
    api=Api(
        list=list_policies,
        get=get_policy,
        locate=locate_policies,
        search=search_policies,
        update=update,
    ),
    observe=observe,
    bodies=bodies,
    content=content,
    permission=Permission(
        write="EntitlementManagement.ReadWrite.All",
        role="Access package manager",
        read_all="EntitlementManagement.Read.All",
    ),
    declare=declare,
    rules_among=rules_among,
    guard=guard,
    second_look=SECOND_LOOK,
    notes=notes,
    reasons={
        "access_package_unread": (
            "Graph did not show the access package of the policy, without which it cannot be"
            " written back; plan again, and report it if it stays so"
        ),
        "questions_unread": (
            "Graph did not show the questions of the policy, which a write would remove; plan"
            " again, and report it if it stays so"
        ),
        "unknown_enum_value": (
            "the policy has values that Graph v1.0 does not name ({paths}), and a write would"
            " change them; set the stage in the Microsoft Entra admin center"
        ),
        "dynamic_approval_stage": (
            "an extension decides who approves (a dynamic approval stage), which Graph v1.0 cannot"
            " write; set the stage in the Microsoft Entra admin center"
        ),
        "unknown_stage": (
            "the policy calls extensions at stages that Graph v1.0 does not name ({stages}), and a"
            " write could remove them; set the stage in the Microsoft Entra admin center"
        ),
        "stage_without_extension": (
            "Graph did not say which extension the policy calls at {stages}, so that it cannot be"
            " written back; set the stage in the Microsoft Entra admin center"
        ),
        "several_at_stage": (
            "the policy calls several extensions at {stage} ({ids}); remove all but one of them in"
            " the Microsoft Entra admin center, then plan again"
        ),
        "type_at_stage": (
            '{stage} cannot call "{name}", which is of type {type}; name an extension of type'
            " {stage_type}"
        ),
        "hidden_settings": (
            "the policy has settings that Graph v1.0 does not show, and a write could reset them"
            " ({paths}); set the stage in the Microsoft Entra admin center, or accept that risk"
            " with --no-beta-check"
        ),
        "hidden_settings_unread": (
            "whether the policy has settings that Graph v1.0 does not show could not be read"
            " through the beta version: {error} Plan again, or accept that risk with"
            " --no-beta-check"
        ),
        "question_ids_changed": (
            "Graph gave the questions of the policy new ids; answers to earlier requests refer to"
            " the former ones"
        ),
    },
    lists_unmanaged=False,
    on_demand=True,
)
