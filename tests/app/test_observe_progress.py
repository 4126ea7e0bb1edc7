"""Progress of reading: each declared catalog counts once."""

import asyncio
from pathlib import Path

import pytest
from harness import MARKETING, catalog, tenant
from objects import KINDS, PLACE, catalog_ref

from reconciler.app.observe import observe
from reconciler.model.objects import DesiredScope

ELSEWHERE = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("catalog_id", "name", "read"),
    [
        (None, "Marketing", "complete"),
        (MARKETING, None, "complete"),
        (None, "Ma\u0308rketing ", "complete"),  # found in the listing of all catalogs only
        (None, "Sales", "absent"),
        (ELSEWHERE, None, "absent"),
        (None, "Twice", "unreadable"),
    ],
)
def test_each_catalog_advances_once(
    catalog_id: str | None, name: str | None, read: str, tmp_path: Path
) -> None:
    twice = [catalog("Twice", ELSEWHERE[:-1] + end) for end in "23"]
    composed = catalog("M\u00e4rketing", ELSEWHERE[:-1] + "4")
    advanced: list[None] = []

    async def story() -> list[str]:
        async with tenant(tmp_path, catalog(), composed, *twice) as held:
            scope = DesiredScope(catalog_ref(catalog_id, name), (), PLACE)
            scopes = await observe(held.graph, KINDS, [scope], lambda: advanced.append(None))
            return [observed.read for observed in scopes]

    assert asyncio.run(story()) == [read]
    assert len(advanced) == 1
