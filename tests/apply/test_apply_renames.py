"""Chains of renames: in order, and none to a name that is still taken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from fault_answers import answering
from harness import MARKETING, catalog, declare, extension, tenant
from objects import KINDS, explained

from reconciler.apply.stale import refuse_if_stale
from reconciler.model.plan import Outcome

IDS = [f"{MARKETING[:-1]}{number}" for number in range(4)]


def renamed(
    folder: Path, names: str, refuse: str = "", switches: Sequence[str] = ()
) -> tuple[tuple[Outcome, ...], dict[str, str]]:
    """The outcomes of renames of a, b, c, d to these names, and the names at the end by id; the
    PUT to the name `refuse` is refused.
    """
    live = [{"id": each, **extension(name)} for each, name in zip(IDS, "abcd", strict=True)]
    wanted = [{"id": each, **extension(name)} for each, name in zip(IDS, names, strict=True)]

    async def story() -> tuple[tuple[Outcome, ...], dict[str, str]]:
        declare(folder / "desired", {"catalog": "Marketing", "extensions": wanted})
        faults = [answering("PUT", refuse)] if refuse else []
        async with tenant(
            folder, catalog(extensions=live), switches=switches, faults=faults
        ) as held:
            plan = await held.plan(folder / "desired")
            await refuse_if_stale(plan, held.graph, KINDS)
            outcomes = await held.apply(plan)
            return outcomes, {each["id"]: each["displayName"] for each in held.store.extensions()}

    return asyncio.run(story())


@pytest.mark.parametrize("switches", [(), ("lag_reads=3",)])
def test_a_chain_is_renamed_in_order_whatever_the_order_of_its_names(
    tmp_path: Path, switches: Sequence[str]
) -> None:
    outcomes, names = renamed(tmp_path, "bcde", switches=switches)
    assert [outcome.status for outcome in outcomes] == ["done"] * 4, [*map(explained, outcomes)]
    assert [outcome.change.object.id for outcome in outcomes] == IDS[::-1]
    assert [names[each] for each in IDS] == [*"bcde"]


def test_what_waits_for_a_failed_rename_is_skipped(tmp_path: Path) -> None:
    outcomes, names = renamed(tmp_path, "bcde", refuse="d")
    by_id = {str(outcome.change.object.id): outcome for outcome in outcomes}
    assert [by_id[each].status for each in IDS] == ["skipped", "skipped", "failed", "done"]
    assert explained(by_id[IDS[1]]) == (
        f"the extension {IDS[2]} may still have the new name: its rename is not known to be applied"
    )
    assert [names[each] for each in IDS] == [*"abce"]
