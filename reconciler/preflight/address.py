"""The address of a Logic App's trigger, as `url` declares it (docs/graph.md §2.6, §9.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

from reconciler.model.logic_app import Trigger, Workflow

USUAL_TRIGGER = "manual"
_API_VERSION = "2016-10-01"
_INVOKE = re.compile(r"(?P<stem>.*)/triggers/(?P<trigger>[^/]+)/paths/invoke", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address that matter: its workflow (scheme, host, port, path) and trigger."""

    workflow: tuple[str, str, int, str]
    trigger: str


def address_of(url: str) -> Address | None:
    """The parts of a `url`; None if it is not the address of a trigger, with one API version."""
    parts = _INVOKE.fullmatch(urlsplit(url).path)
    if parts is None or len(parse_qs(urlsplit(url).query).get("api-version", ())) != 1:
        return None
    stem = _workflow(url, parts["stem"])
    return Address(stem, unquote(parts["trigger"])) if stem else None


def workflow_address(access_endpoint: str | None) -> tuple[str, str, int, str] | None:
    """The same of the address that Azure Resource Manager gives for a workflow; None if it is not
    usable as the beginning of a `url`.
    """
    if (
        access_endpoint is None
        or not access_endpoint.isascii()
        or not access_endpoint.isprintable()
    ):
        return None
    parts = urlsplit(access_endpoint)
    usable = parts.scheme == "https" and not (parts.query or parts.fragment or "@" in parts.netloc)
    return _workflow(access_endpoint, parts.path) if usable else None


def _workflow(url: str, path: str) -> tuple[str, str, int, str] | None:
    parts = urlsplit(url)
    try:
        port = parts.port or 443
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


def fitting_url(workflow: Workflow, declared: str | None) -> str | None:
    """The declared `url` if it is an address of this workflow that can be called, in whatever
    spelling; else the right one, None if that is not known.
    """
    address = address_of(declared) if declared else None
    if (
        address is not None
        and address.workflow == workflow_address(workflow.access_endpoint)
        and address.trigger in request_triggers(workflow.triggers)
    ):
        return declared
    return right_url(workflow, declared)


def right_url(workflow: Workflow, declared: str | None = None) -> str | None:
    """The `url` of this workflow, with the trigger that the declared one names if that can be
    called; None if it is not known.
    """
    names = request_triggers(workflow.triggers)
    address = address_of(declared) if declared else None
    preferred = [address.trigger] if address else []
    usable = [name for name in (*preferred, USUAL_TRIGGER) if name in names]
    trigger = next(iter(usable), names[0] if len(names) == 1 else None)
    endpoint = workflow.access_endpoint
    if trigger is None or endpoint is None or workflow_address(endpoint) is None:
        return None
    path = f"/triggers/{quote(trigger, safe='')}/paths/invoke"
    return f"{endpoint.rstrip('/')}{path}?api-version={_API_VERSION}"
