"""One story from a pull request to a clean tenant, as a team lives it, on one sandbox."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from colleague import Colleague, colleague_at
from harness import MARKETING, REQUEST, SUBSCRIPTION, CommandLine

BASE = f"""\
catalog: Marketing # owned by the campaign team
defaults:
  endpointConfiguration: {{subscriptionId: {SUBSCRIPTION}, resourceGroupName: rg, \
logicAppWorkflowName: la}}
  authenticationConfiguration:
    "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
extensions:
  # Asked for by the auditors.
  - "@odata.type": "{REQUEST}"
    displayName: notify
    description: as it was # a word for the reviewer
    callbackConfiguration:
      timeoutDuration: PT30M
"""
ADDED = f"""\
  - "@odata.type": "{REQUEST}"
    displayName: greet
"""


def test_from_a_pull_request_to_a_clean_tenant(reconciler: CommandLine) -> None:
    state = Path("desired_state/marketing.yaml")
    reconciler.seed({"id": MARKETING, "displayName": "Marketing", "customWorkflowExtensions": []})
    state.parent.mkdir()
    state.write_text(BASE)
    assert reconciler("apply", "--sandbox", "--auto-approve").code == 0
    with colleague_at(reconciler.folder) as colleague:
        tell(reconciler, state, colleague)


def tell(reconciler: CommandLine, state: Path, colleague: Colleague) -> None:
    """The story; every step is what a workflow or a person runs."""
    # A pull request adds an extension and edits another.
    shutil.copytree("desired_state", "base")
    state.write_text(BASE.replace("as it was", "as agreed") + ADDED)
    assert reconciler("validate").code == 0
    assert reconciler("plan", "base", "--sandbox", "--out", "base.json").code == 0
    ran = reconciler(
        "plan", "--sandbox", "--baseline", "base.json", "--out", "plan.json", "--detailed-exitcode"
    )
    assert ran.code == 2
    assert (
        ran.last
        == "Plan: 1 create, 1 update, 0 rename, 0 replace, 0 delete, 0 blocked, 0 unchanged."
    )
    comment = reconciler("show", "plan.json", "--format", "markdown").out
    assert '-   description: "as it was"\n+   description: "as agreed"' in comment
    assert "Already pending" not in comment
    reviewed = digest(comment)

    # Before it is applied, somebody edits the live one.
    colleague.edit("notify", description="by hand")
    for approval in (["--expect-digest", reviewed], ["--plan", "plan.json"]):
        before = reconciler.live()
        assert reconciler("apply", "--sandbox", *approval).code == 5
        assert reconciler.live() == before, "nothing was written"

    # Plan again, look, apply; then there is nothing left to say.
    fresh = digest(reconciler("plan", "--sandbox", "--format", "markdown").out)
    assert fresh != reviewed
    ran = reconciler("apply", "--sandbox", "--expect-digest", fresh)
    assert (ran.code, ran.last.split(",")[0]) == (0, "Apply: 1 created")
    ran = reconciler("drift", "--sandbox", "--detailed-exitcode")
    assert ran.code == 0
    assert "No changes." in ran.out

    # Somebody edits live again: drift says what is declared, what is live, who wrote it when, and
    # how to resolve it.
    colleague.edit(
        "notify", callbackConfiguration={"timeoutDuration": "PT2H"}, description="by hand again"
    )
    ran = reconciler("drift", "--sandbox", "--detailed-exitcode")
    assert ran.code == 2
    assert '~   callbackConfiguration/timeoutDuration: declared "PT30M", live "PT2H"' in ran.out
    assert '~   description: declared "as agreed", live "by hand again"' in ran.out
    assert re.search(r"last changed 20\d\d-\d\d-\d\dT[\d:.]+Z by owner@contoso\.example", ran.out)
    assert "reconciler apply" in ran.out
    assert "reconciler export --update" in ran.out

    # This time the edit is right: adopt it. Comments and everything else stay.
    before = state.read_text()
    assert reconciler("export", "--update", "--sandbox").code == 0
    assert state.read_text() == before.replace("as agreed", "by hand again").replace(
        "PT30M", "PT2H"
    )
    ran = reconciler("plan", "--sandbox", "--detailed-exitcode")
    assert ran.code == 0
    assert "No changes." in ran.out


def digest(markdown: str) -> str:
    """The digest that the comment shows."""
    [found] = set(re.findall(r"sha256:[0-9a-f]{64}", markdown))
    return found
