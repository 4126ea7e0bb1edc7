"""From an empty catalog to an extension that a policy calls, and back, in two pull requests; in
between, somebody unbinds it in the portal.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bindings import (
    CREATED,
    KEPT_POLICY,
    PACKAGE,
    POLICY,
    calls,
    policy,
    rest,
    stored,
    with_package,
)
from colleague import colleague_at
from harness import REQUEST, SUBSCRIPTION, CommandLine, Json, Ran, catalog

STATE = Path("desired_state/marketing.yaml")
EMPTY = "catalog: Marketing # owned by the campaign team\nextensions: []\n"
BOUND = f"""\
catalog: Marketing # owned by the campaign team
extensions:
  - "@odata.type": "{REQUEST}"
    displayName: notify
    endpointConfiguration:
      subscriptionId: {SUBSCRIPTION}
      resourceGroupName: rg
      logicAppWorkflowName: la
    authenticationConfiguration:
      "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
policies:
  - accessPackage: Campaign tools
    displayName: Employees
    customExtensionStageSettings:
      assignmentRequestCreated: notify
"""
UNBOUND = """\
catalog: Marketing # owned by the campaign team
extensions:
  - displayName: notify
    ensure: absent
policies:
  - accessPackage: Campaign tools
    displayName: Employees
    customExtensionStageSettings:
      assignmentRequestCreated: null # nothing is called here
"""
USE = "access package Campaign tools, policy Employees, stage assignmentRequestCreated"


def test_an_extension_is_bound_and_unbound_in_two_pull_requests(reconciler: CommandLine) -> None:
    seeded = with_package(catalog())
    policies = [
        policy("Employees", POLICY, PACKAGE),
        policy("Partners", KEPT_POLICY, PACKAGE),
    ]
    reconciler.seed(seeded, policies=policies)
    STATE.parent.mkdir()
    STATE.write_text(EMPTY)
    before = held(reconciler)
    it_is_added_and_bound(reconciler)
    somebody_unbinds_it(reconciler)
    it_is_unbound_and_deleted(reconciler)
    after = held(reconciler)
    assert rest(after[POLICY]) == rest(before[POLICY]), "nothing else of the policy has changed"
    assert after[KEPT_POLICY] == before[KEPT_POLICY]


def it_is_added_and_bound(reconciler: CommandLine) -> None:
    """The first pull request: one plan creates the extension and binds it, the merge applies it."""
    comment = pull_request(reconciler, BOUND)
    assert "### Plan: 1 create, 1 update" in comment
    assert comment.index("+ create notify") < comment.index("~ update Employees")
    stage = "customExtensionStageSettings/assignmentRequestCreated"
    assert f'+   {stage}: "notify" (id known after apply)' in comment
    merged = apply_saved(reconciler)
    assert (merged.code, "Apply: 1 created, 1 updated" in merged.last) == (0, True)
    [live] = reconciler.live()
    assert calls(held(reconciler)[POLICY]) == [(CREATED, live["id"])]
    nothing_drifts(reconciler)
    assert f"    called by {USE}\n" in reconciler("usage", "--sandbox").out


def somebody_unbinds_it(reconciler: CommandLine) -> None:
    """Drift shows the stage and since when, and that Graph does not say who it was; apply restores
    it.
    """
    bound = calls(held(reconciler)[POLICY])
    with colleague_at(reconciler.folder) as colleague:
        colleague.unbind("Employees")
    drift = reconciler("drift", "--sandbox", "--detailed-exitcode")
    assert (drift.code, drift.last) == (
        2,
        "Drift: 0 missing, 1 changed, 0 unmanaged, 0 blocked, 1 unchanged.",
    )
    stage = "customExtensionStageSettings/assignmentRequestCreated"
    assert f'~   {stage}: declared "notify", live null' in drift.out
    assert re.search(
        r"the live policy was last changed 20\d\d-[-:T.\d]+Z; Graph does not say by whom", drift.out
    )
    assert "called by nobody" in reconciler("usage", "--sandbox").out
    restored = reconciler("apply", "--sandbox", "--auto-approve")
    assert (restored.code, "0 created, 1 updated" in restored.last) == (0, True)
    assert calls(held(reconciler)[POLICY]) == bound
    nothing_drifts(reconciler)


def it_is_unbound_and_deleted(reconciler: CommandLine) -> None:
    """The second pull request: one plan ends the use and deletes the extension, in this order."""
    comment = pull_request(reconciler, UNBOUND)
    assert "### Plan: 1 delete, 1 update" in comment
    assert f"used until this plan ends it: {USE}\n" in comment
    assert "assignmentRequestCreated: null (cleared)" in comment
    merged = apply_saved(reconciler)
    assert (merged.code, "1 updated" in merged.last, "1 deleted" in merged.last) == (0, True, True)
    assert merged.out.index("~ updated Employees") < merged.out.index("- deleted notify")
    assert reconciler.live() == []
    assert calls(held(reconciler)[POLICY]) == []
    nothing_drifts(reconciler)


def pull_request(reconciler: CommandLine, text: str) -> str:
    """The comment of a pull request that changes the file to this text."""
    shutil.rmtree("base", ignore_errors=True)
    shutil.copytree("desired_state", "base")
    assert reconciler("plan", "base", "--sandbox", "--out", "base.json").code == 0
    STATE.write_text(text)
    assert reconciler("validate").code == 0
    against = ("--baseline", "base.json", "--out", "plan.json", "--detailed-exitcode")
    assert reconciler("plan", "--sandbox", *against).code == 2
    return reconciler("show", "plan.json", "--format", "markdown").out


def apply_saved(reconciler: CommandLine) -> Ran:
    """The merge: the plan of the comment is applied."""
    return reconciler("apply", "--sandbox", "--plan", "plan.json")


def nothing_drifts(reconciler: CommandLine) -> None:
    """What is live is as declared."""
    drift = reconciler("drift", "--sandbox", "--detailed-exitcode")
    assert (drift.code, "No changes." in drift.out) == (0, True)


def held(reconciler: CommandLine) -> dict[str, Json]:
    """The policies of the sandbox, by id."""
    with reconciler.store() as store:
        return {each: stored(store, each) for each in (POLICY, KEPT_POLICY)}
