"""What Graph calls the members of an assignment policy that matter here; only its stages are ours.

Source: docs/graph.md §7.
"""

from __future__ import annotations

from reconciler.model.fields import Field, Fields

SETTINGS = "customExtensionStageSettings"
PACKAGE = "accessPackage"
QUESTIONS = "questions"

_REQUEST_TYPE = "accessPackageAssignmentRequestWorkflowExtension"
_ASSIGNMENT_TYPE = "accessPackageAssignmentWorkflowExtension"
STAGES = {
    "assignmentRequestCreated": _REQUEST_TYPE,
    "assignmentRequestApproved": _REQUEST_TYPE,
    "assignmentRequestGranted": _REQUEST_TYPE,
    "assignmentRequestRemoved": _REQUEST_TYPE,
    "assignmentFourteenDaysBeforeExpiration": _ASSIGNMENT_TYPE,
    "assignmentOneDayBeforeExpiration": _ASSIGNMENT_TYPE,
}
"""The stages, each with the type of the extensions that it can call (docs/graph.md §7.1)."""
DYNAMIC_STAGE = "accessPackageDynamicApprovalStage"
"""The type of an approval stage in which an extension decides who approves."""
FIELDS = Fields(
    {
        (SETTINGS,): Field(),
        **{
            (SETTINGS, stage): Field(
                refers_to="extension", referred_type=type_name, nullable=True, optional=True
            )
            for stage, type_name in STAGES.items()
        },
    }
)
