"""The switches that make the sandbox behave like one or another plausible Graph.

Wherever the contract marks a behaviour with a question mark, a switch picks the answer. No aiohttp here: the
command line reads the names of the switches from this module.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, get_args, get_type_hints

TimeoutName = Literal["timeoutDuration", "durationBeforeTimeout", "both"]
_LONGEST_NUMBER: Final = 9
_TRUTHS: Final = {"true": True, "false": False}


class SwitchError(ValueError):
    """An unknown switch, or a value that the switch does not take."""


def _about(meaning: str, *, minimum: int = 0, allowed: tuple[int, ...] = ()) -> dict[str, Any]:
    return {"meaning": meaning, "minimum": minimum, "allowed": allowed}


@dataclass(frozen=True)
class Switches:
    """How the sandbox behaves; every field is a switch and its `meaning` metadata one line of help.

    Source: contract §1.2 (paging, delete), §1.3 (PUT), §1.4 (wrapper), §1.5 (timeouts), §2.4 (url), §6.
    """

    timeout_answer: TimeoutName = field(default="timeoutDuration", metadata=_about("which timeout name answers carry"))
    timeout_accept: TimeoutName = field(default="both", metadata=_about("which timeout name bodies may use"))
    timeout_other: Literal["reject", "ignore"] = field(
        default="reject",
        metadata=_about("what happens to the timeout name not accepted: a 400, or silently dropped"),
    )
    app_only_without_url: Literal["accept", "refuse"] = field(
        default="accept",
        metadata=_about("a write that leaves the trigger url to be computed: allowed, or 403"),
    )
    put: Literal["merge", "replace"] = field(
        default="replace",
        metadata=_about("properties absent from a PUT keep their value, or become null"),
    )
    empty_text: Literal["as_sent", "null", "empty"] = field(
        default="as_sent", metadata=_about("a description that is empty or null is kept as sent, as null, or as empty")
    )
    filter_or: Literal["accept", "refuse"] = field(
        default="accept", metadata=_about("`or` in a `$filter`: evaluated, or a 400")
    )
    page_size: int = field(default=100, metadata=_about("how many objects a page holds", minimum=1))
    list_order: Literal["insertion", "reverse", "shuffle"] = field(
        default="shuffle", metadata=_about("order of collections; shuffle is another one for each listing")
    )
    extra_properties: bool = field(default=False, metadata=_about("answers carry unknown members and annotations"))
    empty_pages: bool = field(default=False, metadata=_about("an empty page with a nextLink comes before every page"))
    lag_reads: int = field(
        default=0, metadata=_about("how many reads after a create or update still show the earlier state")
    )
    wrap_answers: bool = field(default=False, metadata=_about("a single extension is answered nested under 'value'"))
    latency_ms: int = field(default=0, metadata=_about("every answer waits this long"))
    rate_limit: int = field(default=0, metadata=_about("requests a second before 429; 0 means no limit"))
    in_use_status: int = field(
        default=400,
        metadata=_about("status of deleting an extension that a policy uses", allowed=(400, 403, 409, 412)),
    )


def parse_switches(pairs: Iterable[str], base: Switches = Switches()) -> Switches:
    """`base` with every `NAME=VALUE` of `pairs` applied; the last one of a name wins.

    Raises: SwitchError naming the switch, the bad value and what is allowed.
    """
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise SwitchError(f"switch {pair!r}: write it as NAME=VALUE")
        changes[name.strip()] = _parse(name.strip(), value.strip())
    return replace(base, **changes)


def allowed_values() -> dict[str, tuple[str, ...]]:
    """The values of every switch; for a number without a list of values, its default."""
    kinds = get_type_hints(Switches)
    values: dict[str, tuple[Any, ...]] = {}
    for item in fields(Switches):
        if kinds[item.name] is bool:
            values[item.name] = tuple(_TRUTHS)
        else:
            values[item.name] = get_args(kinds[item.name]) or item.metadata["allowed"] or (item.default,)
    return {name: tuple(map(str, allowed)) for name, allowed in values.items()}


def _parse(name: str, value: str) -> str | int | bool:
    known = {item.name: item for item in fields(Switches)}
    if name not in known:
        raise SwitchError(f"unknown switch {name!r} (value {value!r}); known: {', '.join(sorted(known))}")
    kind = get_type_hints(Switches)[name]
    if kind is bool:
        return _TRUTHS[_choice(name, value, tuple(_TRUTHS))]
    if kind is int:
        return _number(name, value, known[name].metadata["minimum"], known[name].metadata["allowed"])
    return _choice(name, value, get_args(kind))


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SwitchError(f"switch {name}={value!r}: allowed are {', '.join(allowed)}")
    return value


def _number(name: str, value: str, minimum: int, allowed: tuple[int, ...]) -> int:
    number = int(value) if value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER else -1
    if allowed and number not in allowed:
        raise SwitchError(f"switch {name}={value!r}: allowed are {', '.join(map(str, allowed))}")
    if number < minimum:
        raise SwitchError(f"switch {name}={value!r}: allowed is a whole number from {minimum} to 999999999")
    return number
