"""The product as its users meet it: the command line against the embedded Graph."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from harness import (
    ASSIGNMENT,
    FINANCE,
    MARKETING,
    REQUEST,
    CommandLine,
    catalog,
    declare,
    extension,
    served_sandbox,
)

SEED_PAGE = Path(__file__).parents[2].parent / "shared" / "seed"
NOTHING = "No changes. What is live matches what is declared."


def documented_examples() -> list[dict[str, Any]]:
    """The two request bodies of Microsoft's create page, the second without its `value` wrapper."""
    if not SEED_PAGE.exists():
        pytest.skip("Microsoft's page is not here")
    page = next(SEED_PAGE.iterdir()).read_text(encoding="utf-8")
    bodies = re.findall(r"^POST .*?\n\n(\{.*?^\})", page, re.MULTILINE | re.DOTALL)
    first, second = (json.loads(body) for body in bodies)
    return [first, second["value"]]


def test_both_documented_examples_create_exactly_the_two_objects(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": documented_examples()})
    planned = reconciler("plan", "--sandbox", "--detailed-exitcode")
    assert planned.code == 2
    assert (
        planned.last
        == "Plan: 2 create, 0 update, 0 rename, 0 replace, 0 delete, 0 blocked, 0 unchanged."
    )
    assert reconciler.live() == []
    applied = reconciler("apply", "--sandbox", "--auto-approve")
    assert applied.code == 0
    assert (
        applied.last
        == "Apply: 2 created, 0 updated, 0 renamed, 0 replaced, 0 deleted, 0 failed, 0 skipped, 0"
        " unknown."
    )
    live = {item["displayName"]: item for item in reconciler.live()}
    assert {name: item["@odata.type"] for name, item in live.items()} == {
        "test_action_0124_email": REQUEST,
        "test_action_0127_email": ASSIGNMENT,
    }
    assert live["test_action_0124_email"]["callbackConfiguration"]["timeoutDuration"] == "PT1H"
    assert (
        live["test_action_0124_email"]["endpointConfiguration"]["logicAppWorkflowName"]
        == "elm-extension-email"
    )
    again = reconciler("apply", "--sandbox", "--auto-approve")
    assert (again.code, again.out.splitlines()[-2], reconciler.live()) == (
        0,
        NOTHING,
        list(live.values()),
    )
    final = reconciler("plan", "--sandbox", "--detailed-exitcode")
    assert (final.code, final.out.splitlines()[-2]) == (0, NOTHING)


def test_the_worked_example_shows_something_of_each(reconciler: CommandLine) -> None:
    example = Path(__file__).parents[2] / "desired_state"
    planned = reconciler("plan", example, "--sandbox", "--format", "json")
    assert planned.code == 0
    summary = planned.document["summary"]
    by_kind = summary.pop("by_kind")
    nothing = dict.fromkeys(summary, 0)
    assert by_kind == {
        "catalog": nothing,
        "extension": {**summary, "update": 1},
        "policy": {**nothing, "update": 1},
    }
    assert summary == {
        "create": 3,
        "update": 2,
        "rename": 0,
        "replace": 0,
        "delete": 1,
        "blocked": 0,
        "unchanged": 0,
        "unmanaged": 1,
    }
    assert reconciler("apply", example, "--sandbox", "--auto-approve").code == 0
    assert reconciler("plan", example, "--sandbox", "--detailed-exitcode").code == 0


def test_an_update_carries_what_is_not_declared(reconciler: CommandLine) -> None:
    kept = {
        "clientConfiguration": {"timeoutInMilliseconds": 700, "maximumRetries": 1},
        "description": "kept",
    }
    live = extension("a", callbackConfiguration={"timeoutDuration": "PT5M"}, **kept)
    reconciler.seed(catalog(extensions=[live]))
    body = extension("a", callbackConfiguration={"timeoutDuration": "PT1H"})
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [body]})
    before = reconciler.live()[0]
    assert reconciler("apply", "--sandbox", "--auto-approve").code == 0
    after = reconciler.live()[0]
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"lastModifiedDateTime", "lastModifiedBy"} == {"callbackConfiguration"}
    assert after["endpointConfiguration"]["url"] == before["endpointConfiguration"]["url"]


def test_another_logic_app_gets_its_own_url(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[extension("a")]))
    body = extension("a")
    body["endpointConfiguration"]["logicAppWorkflowName"] = "elsewhere"
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [body]})
    former = reconciler.live()[0]["endpointConfiguration"]["url"]
    planned = reconciler("plan", "--sandbox")
    assert "endpointConfiguration/url" in planned.out
    assert reconciler("apply", "--sandbox", "--auto-approve").code == 0
    assert reconciler.live()[0]["endpointConfiguration"]["url"] not in (None, former)


def test_a_pinned_extension_is_renamed_and_stays_the_same_object(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[{"id": FINANCE, **extension("old")}]))
    declare(
        Path("desired_state"),
        {"catalog": "marketing", "extensions": [{"id": FINANCE, **extension("new")}]},
    )
    planned = reconciler("plan", "--sandbox")
    assert re.search(r"^> rename new", planned.out, re.MULTILINE), planned.out
    applied = reconciler("apply", "--sandbox", "--auto-approve")
    assert "1 renamed" in applied.last
    assert [(item["id"], item["displayName"]) for item in reconciler.live()] == [(FINANCE, "new")]


def test_one_catalog_by_id_and_by_name_is_one_catalog(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(
        Path("desired_state"),
        {"catalog": "Marketing", "extensions": [extension("a"), extension("b")]},
        {"catalog": {"id": MARKETING}, "extensions": [extension("A"), extension("c")]},
    )
    planned = reconciler("plan", "--sandbox", "--format", "json")
    assert planned.code == 4
    assert [one["display_name"] for one in planned.document["catalogs"]] == ["Marketing"]
    actions = {
        change["object"]["display_name"]: change["action"] for change in planned.document["changes"]
    }
    assert actions == {"a": "blocked", "A": "blocked", "b": "create", "c": "create"}


def test_absent_and_unreadable_catalogs_block_theirs_and_nothing_else(
    reconciler: CommandLine,
) -> None:
    reconciler.seed(catalog(), catalog("Finance", FINANCE), catalog("FINANCE", FINANCE[:-1] + "1"))
    declare(
        Path("desired_state"),
        {"catalog": "Marketin", "extensions": [extension("a")]},
        {"catalog": "Finance", "extensions": [extension("b")]},
        {"catalog": "Marketing", "extensions": [extension("c")]},
    )
    planned = reconciler("plan", "--sandbox", "--format", "json", "--detailed-exitcode")
    assert planned.code == 4
    document = planned.document
    assert {one["display_name"]: one["read"] for one in document["catalogs"]} == {
        "Finance": "unreadable",
        "Marketin": "absent",
        "Marketing": "complete",
    }
    assert document["complete"] is False
    because = {change["object"]["display_name"]: change["reason"] for change in document["changes"]}
    assert because["a"]["nearest"] == ["Marketing"]
    assert (because["b"]["code"], because["b"]["count"]) == ("parent_ambiguous", 2)
    assert FINANCE in because["b"]["ids"]
    applied = reconciler("apply", "--sandbox", "--auto-approve")
    assert applied.code == 4
    assert "1 created" in applied.last
    assert "2 skipped" in applied.last
    assert [item["displayName"] for item in reconciler.live()] == ["c"]


def test_a_refused_write_is_told_and_the_rest_is_done(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(), switches=["app_only_without_url=refuse"])
    url = "https://prod-1.westeurope.logic.azure.com/workflows/0/triggers/manual/paths/invoke"
    allowed = extension("b")
    allowed["endpointConfiguration"]["url"] = url
    declare(
        Path("desired_state"), {"catalog": "Marketing", "extensions": [extension("a"), allowed]}
    )
    applied = reconciler("apply", "--sandbox", "--auto-approve", "--format", "json")
    assert applied.code == 6
    first, second = applied.document["outcomes"]
    assert (first["status"], second["status"]) == ("failed", "done")
    assert "UnauthorizedClientAppOnBehalfOfUnsupported" in first["error"]
    assert first["reason"]["code"] == "needs_url"
    assert first["request_id"] in first["error"]


def test_a_read_only_token_writes_nothing(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [extension("a")]})
    with served_sandbox(reconciler.folder, RECONCILER_SANDBOX_READ_ONLY_TOKEN="only-reads") as url:
        monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", "only-reads")
        applied = reconciler("apply", "--graph-url", url, "--auto-approve")
        assert applied.code == 6
        assert "role Catalog owner" in applied.out
        monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", "unknown")
        refused = reconciler("plan", "--graph-url", url)
        assert refused.code == 1
        assert "renewed once and rejected again" in refused.err
    assert [item["displayName"] for item in reconciler.live() if item["displayName"] == "a"] == []


@pytest.mark.parametrize(
    "switch", ["timeout_accept=durationBeforeTimeout", "timeout_accept=timeoutDuration"]
)
@pytest.mark.parametrize("other", ["reject", "ignore"])
def test_the_timeout_arrives_under_whichever_name_graph_takes(
    reconciler: CommandLine, switch: str, other: str
) -> None:
    reconciler.seed(
        catalog(),
        switches=[switch, f"timeout_other={other}", "timeout_answer=durationBeforeTimeout"],
    )
    body = extension("a", callbackConfiguration={"timeoutDuration": "P2D"})
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [body]})
    applied = reconciler("apply", "--sandbox", "--auto-approve")
    assert applied.code == 0, applied.out
    assert ("durationBeforeTimeout, not as timeoutDuration" in applied.out) is (
        switch.endswith("BeforeTimeout")
    )
    assert reconciler.live()[0]["callbackConfiguration"]["timeoutDuration"] == "P2D"
    assert len(reconciler.live()) == 1
