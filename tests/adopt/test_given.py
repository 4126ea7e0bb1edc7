"""Given values brought into the files: only what changes nothing else, in every environment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from harness import REQUEST, SUBSCRIPTION, URL

from reconciler.adopt.files import Files
from reconciler.adopt.given import Given, with_given
from reconciler.kinds.extension.fields import URL_PATH
from reconciler.model.environment import Environment
from tests.documents import FORMAT

TEXT = f"""\
catalog: Marketing
extensions:
  - "@odata.type": "{REQUEST}"
    displayName: a
    description: ${{what}}
    authenticationConfiguration:
      "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
    endpointConfiguration:
      subscriptionId: {SUBSCRIPTION}
      resourceGroupName: rg
      logicAppWorkflowName: la
"""
PROD = Environment("prod", variables={"what": "x"})
TEST = Environment("test", variables={"what": "y"})
BARE = Environment("bare")


@pytest.fixture
def files() -> Files:
    """One file for two environments."""
    return Files({"a.yaml": TEXT}, FORMAT, PROD, others=(TEST,))


def given(files: Files, value: str) -> Given:
    """A url for the declaration in the file."""
    [scope] = files.declared(files.texts)
    [declared] = scope.objects
    return Given(declared.source, URL_PATH, value)


def test_a_value_is_written_at_its_declaration(files: Files) -> None:
    result = with_given(files, [given(files, URL)])
    assert (result.texts, result.diagnostics) == ({"a.yaml": f"{TEXT}      url: {URL}\n"}, ())
    [edit] = result.edits
    assert (edit.path, edit.before, edit.after) == (URL_PATH, None, URL)


def test_nothing_is_written_where_a_file_would_be_invalid_elsewhere(files: Files) -> None:
    result = with_given(replace(files, others=(TEST, BARE)), [given(files, URL)])
    assert (result.texts, result.edits) == ({}, ())
    [finding] = result.diagnostics
    assert finding.code == "R308"
    assert "would become invalid in environment bare" in finding.message


@pytest.mark.parametrize("value", [f"{URL}&sig=abcdefgh", "no url", "http://x", "https://a b/"])
def test_a_value_that_is_not_valid_is_not_written(files: Files, value: str) -> None:
    result = with_given(files, [given(files, value)])
    assert (result.texts, result.edits) == ({}, ())
    assert [finding.code for finding in result.diagnostics] == ["R308"]


def test_without_values_nothing_changes(files: Files) -> None:
    result = with_given(files, [])
    assert (result.texts, result.edits, result.diagnostics) == ({}, (), ())
