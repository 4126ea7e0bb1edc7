"""Under every value of every switch that a probe decides, the live check reports that value, and
all other switches as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from checks import checked

from reconciler.live_check.check import PROBES
from reconciler.sandbox.switches import Switches, parse_switches

PROBED = {each.name: each.metadata["probe"] for each in fields(Switches) if each.metadata["probe"]}
NUMBERS = (1, 3)
"""Of a switch whose values are numbers without a list, beside its default."""
TOGETHER = {"timeout_other": "timeout_accept=timeoutDuration"}
"""Only where one name is not accepted, something becomes of it."""
UNPROBED = (
    ("page_size=1", "empty_pages=true", "list_order=reverse", "extra_properties=true"),
    ("views=2", "lag_reads=3"),
    ("lag_reads=2", "unique_catalog_names=true", "timeout_accept=durationBeforeTimeout"),
    ("policies_listed=empty", "policies_of_package=absent", "packages_listed=partial"),
    ("packages_of_catalog=404", "filter_policies=refuse", "combined_expand=refuse"),
    ("put=merge", "empty_text=empty", "wrap_answers=true", "in_use_status=412"),
)
"""Switches that no probe decides, and several at once."""
QUICK = ("lag_reads=3", "timeout_other=ignore", "policies_listed=403")


def values(name: str) -> tuple[Any, ...]:
    """Every value of a switch; of a number without a list a few."""
    kind, about = get_type_hints(Switches)[name], Switches.__dataclass_fields__[name]
    if kind is bool:
        return (False, True)
    if kind is int:
        return tuple(about.metadata["allowed"] or (about.default, *NUMBERS))
    return get_args(kind)


def cases() -> Iterator[Any]:
    """Every switch with every value but its default, and once all defaults."""
    yield pytest.param((), id="defaults")
    for name in PROBED:
        for value in values(name):
            pair = f"{name}={str(value).lower() if kind_is_bool(name) else value}"
            if value == getattr(Switches(), name) and name not in TOGETHER:
                continue
            pairs = (TOGETHER[name], pair) if name in TOGETHER else (pair,)
            marks = () if pair in QUICK else (pytest.mark.thorough,)
            yield pytest.param(pairs, id=pair, marks=marks)

    for several in UNPROBED:
        yield pytest.param(several, id=" ".join(several), marks=pytest.mark.thorough)


def kind_is_bool(name: str) -> bool:
    return get_type_hints(Switches)[name] is bool


def undecidable(switches: Switches) -> set[str]:
    """The switches that another one hides."""
    hidden = {"timeout_other"} if switches.timeout_accept == "both" else set()
    if switches.policies_listed in ("403", "404", "empty"):
        hidden.add("filter_policies")
    return hidden


@pytest.mark.parametrize("pairs", list(cases()))
def test_every_value_is_recognised_and_no_other_switch_is_touched(
    pairs: tuple[str, ...], tmp_path: Path
) -> None:
    switches = parse_switches(pairs)
    done = asyncio.run(checked(tmp_path, *pairs))
    wanted = {
        name: None if name in undecidable(switches) else shown(asdict(switches)[name])
        for name in PROBED
    }
    assert done.values == wanted
    assert all(fact.reason for fact in done.facts.values() if fact.value is None)
    assert (done.run.error, done.run.left, done.left_behind) == (None, (), [])


def shown(value: object) -> str:
    """A value as the command line takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_each_switch_is_decided_by_the_probe_that_its_metadata_names() -> None:
    assert {switch: probe.id for probe in PROBES for switch in probe.switches} == PROBED
