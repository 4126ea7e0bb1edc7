"""Rules for single values of an extension or of `defaults`, before merging: addresses, timeouts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from reconciler.kinds.extension.fields import ENDPOINT, TIMEOUT, TIMEOUT_IN_DOCUMENTS, TIMEOUT_PATH
from reconciler.loader.value_rules import blank_fault
from reconciler.model.decoding import decoded
from reconciler.model.durations import duration_s
from reconciler.model.fault import Fault, fault_at, quoted, warning_at
from reconciler.model.logic_app import LOGIC_APP_HOSTS
from reconciler.model.nodes import Mapping, Node, Scalar, member

MINIMUM_S = 5 * 60
MAXIMUM_S = 14 * 24 * 60 * 60
"""The range of a timeout, in seconds (docs/graph.md §2.5)."""
_SHARED_ACCESS = re.compile(r"[?&;#][\s+]*(?:sig|sp|sv)[\s+]*(?:[=&;#]|$)", re.IGNORECASE)


def shared_access_fault(name: str, node: Scalar) -> Fault | None:
    """R205 for a `url` with shared-access parameters; its value is never shown.

    Source: docs/graph.md §2.6 (the parameters are secrets, and pointless beside a
        proof-of-possession token).
    """
    if name != "url" or not carries_shared_access(node.text):
        return None
    message = "`url` contains shared-access parameters (sig, sp or sv), which are a secret."
    hint = (
        "Remove these parameters. If the file has been shared, regenerate the access key of the"
        " Logic App."
    )
    return fault_at(node, "R205", message, hint)


def carries_shared_access(url: str) -> bool:
    """True when a query parameter is named sig, sp or sv, ignoring case and any number of
    percent-encodings.
    """
    return any(_SHARED_ACCESS.search(view) for view in (url, decoded(url).plain))


def value_rules(body: Node | None, invalid: Collection[Node]) -> Iterator[Fault]:
    """R105, R108, R202 and R217 for the names of the Logic App, its address, and the timeouts."""
    endpoint = member(body, ENDPOINT)
    for name in ("resourceGroupName", "logicAppWorkflowName"):
        yield from blank_fault(name, member(endpoint, name), invalid)
    url = member(endpoint, "url")
    if isinstance(url, Scalar) and url not in invalid:
        yield from _url_fault(url)
    callback = member(body, TIMEOUT_PATH[0])
    for name in (TIMEOUT, TIMEOUT_IN_DOCUMENTS):
        timeout = member(callback, name)
        if isinstance(timeout, Scalar) and timeout not in invalid:
            yield from _timeout_fault(name, timeout)
    yield from _both_names_fault(callback)


def _url_fault(node: Scalar) -> Iterator[Fault]:
    hint = "Write the address of the trigger, which begins with `https://` and has no spaces."
    if not node.text.isprintable() or " " in node.text:
        yield fault_at(node, "R105", "`url` contains a space or a control character.", hint)
        return
    try:
        parts = urlsplit(node.text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        yield fault_at(node, "R105", "`url` is not an https address with a host.", hint)
    elif "@" in parts.netloc:
        hint = "Remove the part before `@`: the Logic App authenticates a token, not a password."
        yield fault_at(node, "R105", "`url` contains a user name or a password.", hint)
    elif not host.rstrip(".").endswith(LOGIC_APP_HOSTS) and not carries_shared_access(node.text):
        message = (
            f"The host {quoted(host)} of `url` is not a host of Azure Logic Apps"
            f" (*{', *'.join(LOGIC_APP_HOSTS)})."
        )
        hint = "Write the address of the Logic App's Request trigger, without sig, sp and sv."
        yield warning_at(node, "R217", message, hint)


def _both_names_fault(callback: Node | None) -> Iterator[Fault]:
    entries = callback.entries if isinstance(callback, Mapping) else {}
    if TIMEOUT in entries and TIMEOUT_IN_DOCUMENTS in entries:
        second = max(
            entries[TIMEOUT],
            entries[TIMEOUT_IN_DOCUMENTS],
            key=lambda entry: (entry.line, entry.column),
        )
        message = f"`{TIMEOUT}` and `{TIMEOUT_IN_DOCUMENTS}` are two names of the same timeout."
        yield fault_at(second, "R108", message, "Remove one of them.")


def _timeout_fault(name: str, node: Scalar) -> Iterator[Fault]:
    """Source: docs/graph.md §2.5 (5 minutes to 14 days)."""
    total_s = duration_s(node.text)
    if total_s is not None and not MINIMUM_S <= total_s <= MAXIMUM_S:
        short = "shorter than 5 minutes" if total_s < MINIMUM_S else "longer than 14 days"
        message = f"`{name}` is {quoted(node.text)}, which is {short}."
        yield fault_at(node, "R202", message, "Write a duration between PT5M and P14D.")
