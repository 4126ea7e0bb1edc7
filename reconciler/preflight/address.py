"""The address of a Logic App's trigger, as `url` declares it (docs/graph.md §2.6, §9.1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from reconciler.model.logic_app import LOGIC_APP_HOSTS, Trigger, Workflow

USUAL_TRIGGER = "manual"
API_VERSION = "api-version"
_WRITTEN_VERSION = "2016-10-01"
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?", re.IGNORECASE)
"""The form of every API version that Azure has shown in such an address (docs/graph.md §9.1)."""
_INVOKE = re.compile(r"(?P<stem>.*)/triggers/(?P<trigger>[^/]+)/paths/invoke", re.IGNORECASE)
_ENDPOINT = re.compile(
    r"https://(?P<host>[a-z0-9.-]{1,253})(?::443)?/workflows/[a-z0-9]{1,64}/?", re.IGNORECASE
)
"""Of a Consumption workflow; nothing else is written into a file (docs/graph.md §9.1)."""
_MAX_TRIGGER_LENGTH = 80
"""Of the name of a trigger that is written into a file; Azure allows no longer one."""


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address that matter: its workflow (scheme, host, port, path), its trigger,
    and each value of its parameter `api-version`.
    """

    workflow: tuple[str, str, int, str]
    trigger: str
    api_versions: tuple[str, ...]

    @property
    def usual_version(self) -> bool:
        """True if there is one API version, of the usual form."""
        return len(self.api_versions) == 1 and _DATED.fullmatch(self.api_versions[0]) is not None


def address_of(url: str | None) -> Address | None:
    """The parts of a `url`; None if it is not the address of a trigger."""
    parts = _split(url or "")
    invoke = _INVOKE.fullmatch(parts.path) if parts else None
    stem = _workflow(parts, invoke["stem"]) if parts and invoke else None
    if parts is None or invoke is None or stem is None:
        return None
    parameters = parse_qsl(parts.query)
    versions = [value for name, value in parameters if name.lower() == API_VERSION]
    return Address(stem, unquote(invoke["trigger"]), tuple(versions))


def workflow_address(access_endpoint: str | None) -> tuple[str, str, int, str] | None:
    """The same of the address that Azure Resource Manager gives for a workflow; None if it is not
    usable as the beginning of a `url`.
    """
    text = access_endpoint or ""
    parts = _split(text) if text.isascii() and text.isprintable() else None
    if parts is None or parts.scheme != "https":
        return None
    more = parts.query or parts.fragment or "@" in parts.netloc
    return None if more else _workflow(parts, parts.path)


def _split(url: str) -> SplitResult | None:
    """The parts of a URL; None if it is not one."""
    try:
        return urlsplit(url)
    except ValueError:  # brackets that are not around an IPv6 address
        return None


def _workflow(parts: SplitResult, path: str) -> tuple[str, str, int, str] | None:
    try:
        port = 443 if parts.port is None else parts.port
    except ValueError:
        return None
    host = parts.hostname
    return (parts.scheme, host, port, path.rstrip("/").casefold()) if host else None


def request_triggers(triggers: Mapping[str, Trigger]) -> list[str]:
    """The names of the triggers that an HTTP request starts, without those that need a path of
    their own, which `url` cannot have.
    """
    return [
        name
        for name, trigger in triggers.items()
        if trigger.type.casefold() == "request" and not trigger.has_relative_path
    ]


def trigger_named(name: str, triggers: Collection[str]) -> str | None:
    """The trigger of this name, or else the only one whose name differs in case alone: whether
    Azure distinguishes case there is not known.
    """
    if name in triggers:
        return name
    similar = [each for each in triggers if each.casefold() == name.casefold()]
    return similar[0] if len(similar) == 1 else None


def fitting_url(workflow: Workflow, declared: str | None) -> str | None:
    """The declared `url` if it certainly is an address of this workflow that can be called, in
    whatever spelling; else the right one, None if that is not known.
    """
    address = address_of(declared)
    if (
        address is not None
        and address.workflow == workflow_address(workflow.access_endpoint)
        and address.trigger in request_triggers(workflow.triggers)
        and address.usual_version
    ):
        return declared
    return right_url(workflow, declared)


def right_url(workflow: Workflow, declared: str | None = None) -> str | None:
    """The `url` of this workflow, with the trigger that the declared one names if that can be
    called; None if it is not known.
    """
    trigger = _trigger_to_call(request_triggers(workflow.triggers), address_of(declared))
    endpoint = workflow.access_endpoint
    if trigger is None or endpoint is None or not (_is_plain(endpoint) and _is_short(trigger)):
        return None
    path = f"/triggers/{quote(trigger, safe='')}/paths/invoke"
    return f"{endpoint.rstrip('/')}{path}?{API_VERSION}={_WRITTEN_VERSION}"


def _trigger_to_call(names: Sequence[str], declared: Address | None) -> str | None:
    """The declared trigger, else the usual one, else the only one."""
    preferred = [declared.trigger] if declared else []
    for name in (*preferred, USUAL_TRIGGER):
        trigger = trigger_named(name, names)
        if trigger is not None:
            return trigger
    return names[0] if len(names) == 1 else None


def _is_plain(endpoint: str) -> bool:
    """True for an address of a Consumption workflow, at a host of Azure Logic Apps.

    Entitlement management sends its tokens to the `url`: an answer must not be able to choose
    another host.
    """
    match = _ENDPOINT.fullmatch(endpoint) if endpoint.isascii() else None
    return match is not None and match["host"].lower().endswith(LOGIC_APP_HOSTS)


def _is_short(trigger: str) -> bool:
    """True for a name that shows as itself and that a trigger can have."""
    return trigger.isprintable() and len(trigger) <= _MAX_TRIGGER_LENGTH
