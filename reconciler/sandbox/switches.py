"""Switches: each chooses one of the plausible behaviours of Graph.

Wherever docs/graph.md §8 leaves a behaviour open, a switch decides it. Without aiohttp, because the
command line reads the names of the switches from this module.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, NamedTuple, get_args, get_type_hints

from reconciler.sandbox.numbers import whole_number

TimeoutName = Literal["timeoutDuration", "durationBeforeTimeout", "both"]
Way = Literal["complete", "partial", "empty", "403", "404"]
"""What a way of reading a collection shows of it; partial is every second object, or the status."""
ExpandedWay = Literal[Way, "absent"]
"""The same of an expanded collection, which can also be missing from the answer."""
_TRUTHS: Final = {"true": True, "false": False}


class SwitchError(ValueError):
    """An unknown switch, or an invalid value."""


class Lag(NamedTuple):
    """The number of reads of an object until each of two views returns its current state.

    Equal numbers are one view. While they differ, an object shows, vanishes and shows again.
    """

    quicker: int = 0
    slower: int = 0


def _about(
    meaning: str,
    *,
    probe: str | None = None,
    minimum: int = 0,
    allowed: tuple[int, ...] = (),
) -> dict[str, Any]:
    return {"meaning": meaning, "probe": probe, "minimum": minimum, "allowed": allowed}


@dataclass(frozen=True)
class Switches:
    """How the sandbox behaves; every field is a switch and its `meaning` metadata one line of help.

    `probe` in the metadata is the id of the probe of the live check that decides the switch for a
    tenant; None where no probe does.
    Source: docs/graph.md §8; paging and delete: docs/graph.md §1.4, §1.6; errors: docs/graph.md §5.
    """

    timeout_answer: TimeoutName = field(
        default="timeoutDuration", metadata=_about("timeout name in answers", probe="P2")
    )
    timeout_accept: TimeoutName = field(
        default="both", metadata=_about("timeout name accepted in bodies", probe="P2")
    )
    timeout_other: Literal["reject", "ignore"] = field(
        default="reject",
        metadata=_about(
            "the timeout name that is not accepted: HTTP 400, or silently dropped", probe="P2"
        ),
    )
    app_only_without_url: Literal["accept", "refuse"] = field(
        default="accept",
        metadata=_about(
            "a write without the trigger url: Graph computes it, or HTTP 403", probe="P5"
        ),
    )
    put: Literal["merge", "replace"] = field(
        default="replace",
        metadata=_about(
            "properties absent from a PUT keep their value, or become null", probe="P3"
        ),
    )
    empty_text: Literal["as_sent", "null", "empty"] = field(
        default="as_sent",
        metadata=_about(
            "an empty or null description is stored as sent, as null, or as empty", probe="P3"
        ),
    )
    filter_or: Literal["accept", "refuse"] = field(
        default="accept", metadata=_about("`or` in a `$filter`: evaluated, or HTTP 400", probe="P1")
    )
    combined_expand: Literal["accept", "refuse", "first"] = field(
        default="accept",
        metadata=_about(
            "several navigation properties in `$expand`: all answered, HTTP 400, or the first only",
            probe="P1",
        ),
    )
    policies_listed: Way = field(
        default="complete",
        metadata=_about("what the list of assignment policies shows", probe="P1"),
    )
    policies_of_package: ExpandedWay = field(
        default="complete",
        metadata=_about("what an access package expanded to its policies shows", probe="P1"),
    )
    packages_listed: Way = field(
        default="complete", metadata=_about("what the list of access packages shows", probe="P1")
    )
    packages_of_catalog: ExpandedWay = field(
        default="complete",
        metadata=_about("what a catalog expanded to its access packages shows", probe="P1"),
    )
    filter_policies: Literal["accept", "refuse"] = field(
        default="accept",
        metadata=_about("a `$filter` on assignment policies: evaluated, or HTTP 400", probe="P1"),
    )
    policy_hidden: Literal["keep", "drop"] = field(
        default="keep",
        metadata=_about("what a PUT of a policy does to the members that only beta shows"),
    )
    question_ids: Literal["keep", "renew"] = field(
        default="keep",
        metadata=_about("the ids of questions after a PUT: as sent, or new ones", probe="P14"),
    )
    setting_ids: Literal["keep", "renew"] = field(
        default="renew",
        metadata=_about(
            "the ids of stage settings after a PUT: as they were, or new ones", probe="P14"
        ),
    )
    several_at_stage: Literal["accept", "refuse"] = field(
        default="accept",
        metadata=_about(
            "several extensions at one stage in a POST or PUT: stored, or HTTP 400", probe="P9"
        ),
    )
    policy_put_alters: bool = field(
        default=False,
        metadata=_about(
            "a PUT of a policy also changes a member that it was not asked to change", probe="P14"
        ),
    )
    beta_policies: Literal["shown", "403", "404", "500"] = field(
        default="shown",
        metadata=_about("what beta answers for a policy, or the status", probe="P1"),
    )
    page_size: int = field(default=100, metadata=_about("objects per page", minimum=1))
    list_order: Literal["insertion", "reverse", "shuffle"] = field(
        default="shuffle", metadata=_about("order of collections; shuffle differs for each listing")
    )
    extra_properties: bool = field(
        default=False, metadata=_about("answers contain unknown members and annotations")
    )
    empty_pages: bool = field(
        default=False, metadata=_about("an empty page with a nextLink comes before every page")
    )
    lag_reads: int = field(
        default=0,
        metadata=_about(
            "number of reads after a write that still return the old state", probe="P3"
        ),
    )
    views: int = field(
        default=1,
        metadata=_about(
            "with 2, a second view lags three times as long, and reads alternate between them",
            allowed=(1, 2),
        ),
    )
    wrap_answers: bool = field(
        default=False, metadata=_about("a single extension is nested under 'value'", probe="P1")
    )
    latency_ms: int = field(default=0, metadata=_about("delay of every answer in milliseconds"))
    rate_limit: int = field(
        default=0, metadata=_about("requests per second before HTTP 429; 0 means no limit")
    )
    unique_catalog_names: bool = field(
        default=False,
        metadata=_about("a catalog with the name of another one is HTTP 409", probe="P12"),
    )
    delete_catalog_with_extensions: Literal["accept", "refuse"] = field(
        default="refuse",
        metadata=_about(
            "deleting a catalog with extensions in it: they are deleted too, or HTTP 400",
            probe="P12",
        ),
    )
    unique_extension_names: bool = field(
        default=False,
        metadata=_about(
            "an extension with the name of another one in its catalog is HTTP 409", probe="P4"
        ),
    )
    in_use_status: int = field(
        default=400,
        metadata=_about(
            "HTTP status for deleting an extension that a policy uses",
            probe="P11",
            allowed=(400, 403, 409, 412),
        ),
    )

    @property
    def lag(self) -> Lag:
        """How long reads lag behind a write."""
        return Lag(self.lag_reads, self.lag_reads * (3 if self.views > 1 else 1))


def parse_switches(pairs: Iterable[str], base: Switches = Switches()) -> Switches:
    """`base` with every `NAME=VALUE` of `pairs` applied; the last one of a name wins.

    Raises: SwitchError with the switch, the invalid value and the allowed ones.
    """
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise SwitchError(f"The switch {pair!r} is not of the form NAME=VALUE.")
        changes[name.strip()] = _parse(name.strip(), value.strip())
    return replace(base, **changes)


def allowed_values() -> dict[str, tuple[str, ...]]:
    """The values of every switch; for a number without a list of values, its default."""
    kinds = get_type_hints(Switches)
    values: dict[str, tuple[Any, ...]] = {}
    for switch in fields(Switches):
        if kinds[switch.name] is bool:
            values[switch.name] = tuple(_TRUTHS)
        else:
            values[switch.name] = (
                get_args(kinds[switch.name]) or switch.metadata["allowed"] or (switch.default,)
            )
    return {name: tuple(map(str, allowed)) for name, allowed in values.items()}


def _parse(name: str, value: str) -> str | int | bool:
    known = {switch.name: switch for switch in fields(Switches)}
    if name not in known:
        raise SwitchError(
            f"Unknown switch {name!r} (value {value!r}). The switches are"
            f" {', '.join(sorted(known))}."
        )
    kind = get_type_hints(Switches)[name]
    if kind is bool:
        return _TRUTHS[_choice(name, value, tuple(_TRUTHS))]
    if kind is int:
        return _number(
            name, value, known[name].metadata["minimum"], known[name].metadata["allowed"]
        )
    return _choice(name, value, get_args(kind))


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SwitchError(
            f"The switch {name} is {value!r}, but must be one of {', '.join(allowed)}."
        )
    return value


def _number(name: str, value: str, minimum: int, allowed: tuple[int, ...]) -> int:
    number = whole_number(value)
    if allowed and number not in allowed:
        raise SwitchError(
            f"The switch {name} is {value!r}, but must be one of {', '.join(map(str, allowed))}."
        )
    if number is None or number < minimum:
        raise SwitchError(
            f"The switch {name} is {value!r}, but must be an integer from {minimum} to 999999999."
        )
    return number
