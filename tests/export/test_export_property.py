"""Whatever a tenant holds: its export is sound, planning it is empty, and there is no
secret in it.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tenants import SIG, place, switches, tenants
from tiers import examples

from reconciler.render.escape import shows


@settings(max_examples=examples(60))
@given(tenants(), switches(), st.booleans())
def test_planning_an_export_is_empty(held: list[Any], chosen: list[str], whole: bool) -> None:
    options = ["--catalog-properties"] if whole else []
    with place(held, chosen) as reconciler:
        exported = reconciler("export", *options)
        assert exported.code == 0, exported.err
        assert SIG not in exported.out + exported.err
        assert all(shows(line) for line in exported.out.split("\n"))
        if not exported.out:
            return
        reconciler.write("desired/all.yaml", exported.out)
        planned = reconciler("plan", "desired", "--format", "json")
        assert planned.code == 0, planned.out + planned.err
        assert planned.document["changes"] == []
        assert whole or planned.document["summary"]["by_kind"]["catalog"]["unchanged"] == 0
        missing = {unmanaged["object"]["id"] for unmanaged in planned.document["unmanaged"]}
        assert all(f"({extension_id})" in exported.err for extension_id in missing), (
            "what is left out is told"
        )


@settings(max_examples=examples(20))
@given(tenants(), switches(), st.randoms(use_true_random=False))
def test_the_order_of_answers_changes_nothing(
    held: list[Any], chosen: list[str], shuffled: random.Random
) -> None:
    other = [
        {**catalog, "inside": shuffled.sample(catalog["inside"], len(catalog["inside"]))}
        for catalog in held
    ]
    shuffled.shuffle(other)
    with place(held, chosen) as one, place(other) as two:
        for options in ([], ["--catalog-properties"]):
            assert one("export", *options).out == two("export", *options).out


@settings(max_examples=examples(20))
@given(tenants(), switches(), st.booleans())
def test_files_of_an_export_are_one_a_catalog_and_plan_empty(
    held: list[Any], chosen: list[str], whole: bool
) -> None:
    options = ["--catalog-properties"] if whole else []
    with place(held, chosen) as reconciler:
        saved = reconciler("export", "--out", "desired", *options)
        assert saved.code == 0, saved.err
        files = sorted((reconciler.folder / "desired").glob("*"))
        assert len(files) == len(saved.out.splitlines())
        if files:
            planned = reconciler("plan", "desired", "--format", "json")
            assert (planned.code, planned.document["changes"]) == (0, [])
