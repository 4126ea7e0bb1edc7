"""What a message says: the whole value that was compared, the known name that is most similar, and
the fix.
"""

from __future__ import annotations

import pytest
from documents import FORMAT

from reconciler.loader import load_texts
from reconciler.model.environment import Environment

NAMESPACE = "#microsoft.graph."
WHOLE = f"""\
catalog: Marketing
extensions:
  - displayName: a
    "@odata.type": "{NAMESPACE}accessPackageAssignmentRequestWorkflowExtension"
    endpointConfiguration:
      subscriptionId: 38ab2ccc-3747-4567-b36b-9478f5602f0d
      resourceGroupName: b
      logicAppWorkflowName: c
    authenticationConfiguration:
      "@odata.type": "{NAMESPACE}azureAdPopTokenAuthentication"
"""


def said(text: str, variables: dict[str, str] | None = None) -> tuple[str, str]:
    """Message and hint of the one fault."""
    environment = None if variables is None else Environment("t", variables=variables)
    [diagnostic] = load_texts([("a.yaml", text)], FORMAT, environment).diagnostics
    return diagnostic.message, diagnostic.hint


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "accessPackageAssignmentRequestWorkflowExtension",
            "accessPackageAssignmentRequestWorkflowExtenson",
        ),
        (
            "accessPackageAssignmentRequestWorkflowExtension",
            "AccessPackageAssignmentRequestWorkflowExtension",
        ),
        ("azureAdPopTokenAuthentication", "azureADPopTokenAuthentication"),
        ("azureAdPopTokenAuthentication", "azureAdPopTokenAuthentification"),
    ],
)
def test_a_wrong_type_is_shown_whole_with_the_similar_one(right: str, wrong: str) -> None:
    assert said(WHOLE.replace(right, wrong)) == (
        f'"{NAMESPACE}{wrong}" is not a valid value for `@odata.type`.',
        f'Did you mean "{NAMESPACE}{right}"?',
    )


def test_without_a_similar_type_all_are_listed() -> None:
    assert said(WHOLE.replace(f"{NAMESPACE}azureAdPopTokenAuthentication", "basic")) == (
        '"basic" is not a valid value for `@odata.type`.',
        (
            f'Write "{NAMESPACE}azureAdPopTokenAuthentication" or'
            f' "{NAMESPACE}azureAdTokenAuthentication".'
        ),
    )


NAME = "n" * 200


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            WHOLE.replace("resourceGroupName", "ressourceGroupName"),
            '"ressourceGroupName" is not a property of `endpointConfiguration`.',
            "Did you mean `resourceGroupName`?",
        ),
        (
            f"{WHOLE}      resourceId: 38ab2ccc-3747-4567-b36b-9478f5602f0d\n",
            "`resourceId` is not allowed with azureAdPopTokenAuthentication.",
            "Remove `resourceId`, or use azureAdTokenAuthentication.",
        ),
        (
            WHOLE.replace("PopToken", "Token"),
            "`resourceId` is required with azureAdTokenAuthentication.",
            "Add `resourceId`, the application id of the resource that the token is for.",
        ),
        (
            WHOLE.replace("AssignmentRequest", "Assignment") + "    callbackConfiguration: {}\n",
            (
                "`callbackConfiguration` is not supported on"
                " accessPackageAssignmentWorkflowExtension (that type has no callback)."
            ),
            (
                "Remove it. If it comes from `defaults`, write `callbackConfiguration: null` in"
                " this extension."
            ),
        ),
        (
            f"{WHOLE}    displayName: a\n",
            'Duplicate key "displayName", first at line 3, column 5.',
            "Remove one of them.",
        ),
        (
            WHOLE.replace("      subscriptionId: 38ab2ccc-3747-4567-b36b-9478f5602f0d\n", ""),
            "`endpointConfiguration.subscriptionId` is missing in the extension and in `defaults`.",
            "Add `subscriptionId` to the extension or to `defaults`.",
        ),
        (
            WHOLE.replace("38ab2ccc-3747-4567-b36b-9478f5602f0d", NAME),
            f'`subscriptionId` is "{NAME}", which is not a GUID.',
            "Write 32 hexadecimal digits in the form 8-4-4-4-12.",
        ),
        (
            "catalog:Marketing\n",
            'The document must be a mapping, but is the text "catalog:Marketing".',
            "Write a space after the colon: `name: value`.",
        ),
        (
            "catalog: *abc\nextensions: []\n",
            'The alias "*abc" has no anchor.',
            "Put text that begins with `*` in quotes, or define the anchor `&abc` above.",
        ),
        (
            f"{WHOLE}    description:\n",
            '"description" has no value.',
            "Write `null` to clear it, or remove the line.",
        ),
    ],
)
def test_a_message_names_what_happened_and_the_hint_what_to_do(
    text: str, message: str, hint: str
) -> None:
    assert said(text) == (message, hint)


def test_a_misspelled_variable_is_shown_with_the_similar_one() -> None:
    assert said(
        WHOLE.replace("displayName: a", "displayName: ${departement}"), {"department": "IT"}
    ) == (
        "The variable `departement` is not defined in environment t.",
        (
            "Did you mean `department`? Otherwise define it under `variables` in reconciler.yaml, "
            "or write `$${` for a literal `${`."
        ),
    )


def test_a_reference_that_is_not_one_is_shown_with_both_forms() -> None:
    assert said(WHOLE.replace("displayName: a", "displayName: ${1}"), {}) == (
        'Malformed variable reference "${1}".',
        "Write `${name}` for a variable, or write `$${` for a literal `${`.",
    )


def test_a_list_without_its_dashes_is_answered_with_the_form_of_a_list() -> None:
    assert said(
        WHOLE.replace('  - "@odata', '    "@odata').replace("  - displayName", "    displayName")
    ) == (
        "`extensions` must be a list, but is a mapping.",
        "Write a list: each entry begins with `- `.",
    )


def test_text_that_is_not_compared_is_truncated() -> None:
    message, _ = said(f"catalog: Marketing\nextensions: {'x' * 1000}\n")
    assert message == f'`extensions` must be a list, but is the text "{"x" * 300}…".'
