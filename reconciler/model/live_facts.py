"""What a live check has learned about one Graph: answers to open questions, each with what was
seen. No ids and no names of the tenant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CATALOG_PREFIX = "reconciler-live-check-"
"""Every catalog of a live check begins with it; nothing else is written."""

SECOND = "-2"
"""Ends the name of a further catalog of the same run."""

OwnKind = Literal["catalog", "extension", "access_package", "policy"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One exchange as evidence. `path` is below entitlement management, with every id replaced.

    `status` is None if there was no answer; `code` is Graph's own code of an error.
    """

    method: str
    path: str
    status: int | None
    code: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """The answer for one switch of the sandbox: its value, or why it stays unknown.

    `times`: how often the same was observed.
    """

    switch: str
    value: str | None
    reason: str | None = None
    times: int = 1
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that no switch is about: what was tried, and what happened."""

    what: str
    result: str
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe has decided and observed; `not_tried` says why it did not start."""

    probe: str
    question: str
    facts: tuple[Fact, ...] = ()
    observations: tuple[Observation, ...] = ()
    not_tried: str | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """An object in one of the live check that it has not created."""

    kind: OwnKind
    name: str


@dataclass(frozen=True, slots=True)
class Left:
    """An object of the live check that could not be removed; the id is None if it is not known.

    `is_kept`: because of objects in it that no live check has created. `inside` are those directly
    in it: for the terminal, never for a file.
    """

    kind: OwnKind
    name: str
    id: str | None
    reason: str
    is_kept: bool = False
    inside: tuple[Inside, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """The result of one live check. `identity` is the kind of identity that asked.

    `left`: what could not be removed.
    """

    tool_version: str
    graph: str
    identity: str
    results: tuple[ProbeResult, ...]
    left: tuple[Left, ...] = ()

    @property
    def decided(self) -> dict[str, str]:
        """The values of the switches that were decided, in the order of the probes."""
        facts = (fact for result in self.results for fact in result.facts)
        return {fact.switch: fact.value for fact in facts if fact.value is not None}


NOT_TRIED: tuple[tuple[str, str, str], ...] = (
    (
        "P6",
        "What does a create check about the Logic App?",
        "it needs several Logic Apps that are set up wrongly on purpose",
    ),
    (
        "P7",
        "Does a PUT of an unchanged policy lose anything, for every kind of policy?",
        "it needs policies with approvers and reviews, which would name users of the tenant",
    ),
    (
        "P8",
        "Does a PUT through v1.0 keep what only beta shows?",
        "it needs settings that only beta or the admin center can write",
    ),
    (
        "P10",
        "How is a policy with a dynamic approval stage answered?",
        "such a policy can be made in the admin center only",
    ),
    (
        "P13",
        "What does an identity see that is owner of a catalog only?",
        "it needs a second identity",
    ),
    ("P15", "How do extensions of lifecycle workflows behave?", "they are not managed here"),
    (
        "P16",
        "What does Azure Resource Manager answer about the Logic App?",
        "it is another service with permissions of its own",
    ),
    (
        "P17",
        "At which rate does Graph throttle?",
        "it would throttle everybody who uses the same application",
    ),
)
"""Questions that a live check does not try to answer: probe, question, reason."""
