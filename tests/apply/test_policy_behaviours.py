"""A stage is bound whichever of its plausible behaviours Graph has; what a PUT changes besides is
reported, and the read through beta is skipped only if the plan says so.
"""

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from anyio.from_thread import start_blocking_portal
from bindings import (
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    POLICY,
    binding,
    calls,
    document,
    employees,
    marketing,
    rest,
    stored,
)
from harness import CommandLine, declare
from policy_runs import PolicyRuns

from reconciler.sandbox.server import serve
from reconciler.sandbox.switches import parse_switches

BOUND = [(CREATED, NOTIFY), (GRANTED, AUDIT)]
DOCUMENT = document(policies=[binding({CREATED: "notify"})])
DATABASE = Path(".reconciler/sandbox.sqlite3")


@pytest.mark.parametrize(
    "switches",
    [
        ("combined_expand=refuse",),
        ("combined_expand=first",),
        ("filter_policies=refuse",),
        ("extra_properties=true",),
        ("setting_ids=keep",),
        ("several_at_stage=refuse",),
        ("page_size=1", "empty_pages=true"),
        ("policies_of_package=empty",),
        ("policies_listed=empty",),
        ("policies_of_package=absent",),
        ("lag_reads=3", "views=2", "combined_expand=first"),
    ],
    ids=",".join,
)
def test_a_stage_is_bound_and_nothing_else_changes(
    switches: tuple[str, ...], tmp_path: Path
) -> None:
    runs = PolicyRuns(tmp_path, [marketing()], [employees()], [DOCUMENT], switches)

    async def scene() -> None:
        async with runs.served() as held:
            before = rest(stored(held.store))
            [outcome] = await runs.apply(await runs.plan())
            assert (outcome.status, outcome.reason) == ("done", None)
            assert calls(stored(held.store)) == BOUND
            assert rest(stored(held.store)) == before
            assert runs.writes == [f"PUT {POLICY}"]
            held.store.end_lag()
            assert (await runs.plan()).changes == ()

    asyncio.run(scene())


def test_new_ids_of_questions_are_a_note(reconciler: CommandLine) -> None:
    reconciler.seed(marketing(), policies=[employees()], switches=["question_ids=renew"])
    declare(Path("desired_state"), DOCUMENT)
    applied = reconciler("apply", "--sandbox", "--auto-approve", "--format", "json")
    assert applied.code == 0
    [outcome] = applied.document["outcomes"]
    assert (outcome["status"], outcome["reason"]["code"]) == ("done", "question_ids_changed")
    again = reconciler("plan", "--sandbox", "--detailed-exitcode")
    assert again.code == 0


def test_what_a_put_changes_besides_fails_and_can_be_restored(reconciler: CommandLine) -> None:
    """The journal has the policy as it was, also the approvers: only then."""
    reconciler.seed(marketing(), policies=[employees()], switches=["policy_put_alters=true"])
    declare(Path("desired_state"), DOCUMENT)
    with reconciler.store() as store:
        before = stored(store)
        failed = reconciler("apply", "--sandbox", "--auto-approve", "--format", "json")
        assert failed.code == 6, failed.err
        [outcome] = failed.document["outcomes"]
        assert (outcome["status"], outcome["reason"]["code"]) == ("failed", "altered_by_write")
        assert outcome["reason"]["paths"]
        assert rest(stored(store)) != rest(before)
    lines = map(json.loads, Path(".reconciler/journal.jsonl").read_text().splitlines())
    [altered] = [line["before"] for line in lines if line["event"] == "altered"]
    assert altered["requestApprovalSettings"] == before["requestApprovalSettings"]
    assert calls(altered) == calls(before)


@pytest.mark.parametrize("how", ["fresh", "saved"])
@pytest.mark.parametrize("status", ["403", "404"])
def test_without_beta_a_policy_is_blocked_until_the_plan_says_otherwise(
    status: str, how: str, reconciler: CommandLine
) -> None:
    reconciler.seed(marketing(), policies=[employees()])
    declare(Path("desired_state"), DOCUMENT)
    beta: list[str] = []

    @web.middleware
    async def counting(request: web.Request, handler: Handler) -> web.StreamResponse:
        beta.extend([request.path] * request.path.startswith("/beta"))
        return await handler(request)

    switches = parse_switches([f"beta_policies={status}"])
    with start_blocking_portal() as portal:
        serving = serve(DATABASE, switches=switches, faults=[counting])
        with portal.wrap_async_context_manager(serving) as url:
            blocked = reconciler("apply", "--auto-approve", "--graph-url", url, "--format", "json")
            assert blocked.code == 4
            assert blocked.document["changes"][0]["reason"]["code"] == "hidden_settings_unread"
            assert beta
            beta.clear()
            if how == "fresh":
                target = ("--auto-approve", "--no-beta-check")
            else:
                skipping = ("plan", "--no-beta-check", "--graph-url", url, "--out", "plan.json")
                planned = reconciler(*skipping)
                assert (planned.code, "R310" in planned.out) == (0, True)
                target = ("--plan", "plan.json")
            applied = reconciler("apply", *target, "--graph-url", url)
    assert applied.code == 0, (applied.out, applied.err)
    assert beta == []
    with reconciler.store() as store:
        assert calls(stored(store)) == BOUND


def test_a_saved_plan_with_the_beta_check_makes_it_again(reconciler: CommandLine) -> None:
    """What v1.0 does not show was set after the plan: no fingerprint can tell."""
    reconciler.seed(marketing(), policies=[employees()])
    declare(Path("desired_state"), DOCUMENT)
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    hidden = {"verifiableCredentialSettings": {"credentialTypes": [{"credentialType": "Badge"}]}}
    with reconciler.store() as store:
        row = store.find("policy", POLICY)
        assert row is not None
        store.change("policy", row, {**row.document, "betaOnly": hidden})
        before = stored(store)
        refused = reconciler("apply", "--sandbox", "--plan", "plan.json")
        assert refused.code == 6
        assert "verifiableCredentialSettings/credentialTypes" in refused.out + refused.err
        assert stored(store) == before
