"""Rules for single values, wherever they are written: addresses, durations, secrets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from reconciler.model.fault import Fault, fault_at, quoted, warning_at
from reconciler.model.nodes import Mapping, Node, Scalar, Sequence, member, text_of
from reconciler.model.appearance import appearance
from reconciler.model.decoding import decoded
from reconciler.model.durations import MAXIMUM_S, MINIMUM_S, duration_s
from reconciler.model.secrets import is_refused, learn, looks_like_keys
from reconciler.model.types import TIMEOUT, TIMEOUT_IN_DOCUMENTS

_NAMED = "notSecret"
_SHARED_ACCESS = re.compile(r"[?&;#][\s+]*(?:sig|sp|sv)[\s+]*(?:[=&;#]|$)", re.IGNORECASE)
_LOGIC_APP_HOSTS = (".logic.azure.com", ".logic.azure.us", ".logic.azure.cn")
"""Of Consumption workflows, which entitlement management documents; a Standard workflow has the
host of an app.

Source:
    https://learn.microsoft.com/entra/id-governance/entitlement-management-logic-apps-integration
    and, for the
clouds, https://learn.microsoft.com/power-automate/ip-address-configuration.
"""


def secret_faults(document: Node, not_secret: Collection[str] = ()) -> dict[Scalar, Fault]:
    """R205 for a `url` with shared-access parameters, R208 for any other text with a secret; values
    are never shown.

    Every text of the document is checked, also those that no other rule checks. A credential that
    is known from the environment is a secret too. `not_secret` lists texts that look like a key but
    are not a secret.

    Source: docs/graph.md §2.6 (the parameters are secrets, and pointless beside a
        proof-of-possession token).
    """
    waiting: list[tuple[str, Node]] = [("", document)]
    seen: set[Node] = set()
    faults: dict[Scalar, Fault] = {}
    while waiting:
        name, node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Mapping):
            waiting.extend((key, entry.value) for key, entry in node.entries.items())
        elif isinstance(node, Sequence):
            waiting.extend((name, item) for item in node.items)
        elif isinstance(node, Scalar) and (fault := _secret_fault(name, node, not_secret)):
            learn(node.text)  # without YAML's own escapes, which the text of the file may have
            faults[node] = fault
    return faults


def _secret_fault(name: str, node: Scalar, not_secret: Collection[str]) -> Fault | None:
    if name == "url" and carries_shared_access(node.text):
        message = "`url` contains shared-access parameters (sig, sp or sv), which are a secret."
        hint = (
            "Remove these parameters. If the file has been shared, regenerate the access key of the"
            " Logic App."
        )
        return fault_at(node, "R205", message, hint)
    if not is_refused(node.text, not_secret):
        return None
    title = quoted(name) if name else "A text"
    message = f"{title} contains a secret: a signature, a token or a key."
    hint = "Remove the secret. If the file has been shared, renew the secret."
    if looks_like_keys(node.text) and not is_refused(node.text, looks_like_keys(node.text)):
        hint += " If it is not a secret, add the exact value to `notSecret` in the document."
    return fault_at(node, "R208", message, hint)


def carries_shared_access(url: str) -> bool:
    """True when a query parameter is named sig, sp or sv, ignoring case and any number of
    percent-encodings.
    """
    return any(_SHARED_ACCESS.search(view) for view in (url, decoded(url).plain))


def not_secret_texts(document: Node) -> tuple[str, ...]:
    """The texts that the document lists as not secret."""
    named = member(document, _NAMED)
    texts = (text_of(item) for item in named.items) if isinstance(named, Sequence) else ()
    return tuple(text for text in texts if text)


def body_faults(body: Node | None, invalid: Collection[Node]) -> Iterator[Fault]:
    """R105, R108, R202 and R217 for names, address and timeouts of an extension or of the defaults,
    before merging.
    """
    yield from blank_fault("displayName", member(body, "displayName"), invalid)
    endpoint = member(body, "endpointConfiguration")
    for name in ("resourceGroupName", "logicAppWorkflowName"):
        yield from blank_fault(name, member(endpoint, name), invalid)
    url = member(endpoint, "url")
    if isinstance(url, Scalar) and url not in invalid:
        yield from _url_fault(url)
    callback = member(body, "callbackConfiguration")
    for name in (TIMEOUT, TIMEOUT_IN_DOCUMENTS):
        timeout = member(callback, name)
        if isinstance(timeout, Scalar) and timeout not in invalid:
            yield from _timeout_fault(name, timeout)
    yield from _both_names_fault(callback)


def blank_fault(name: str, node: Node | None, invalid: Collection[Node]) -> Iterator[Fault]:
    """R105 for a name without a visible character; the schema only finds names that are white
    space.
    """
    if isinstance(node, Scalar) and node not in invalid and not appearance(node.text):
        message = f"`{name}` is blank: no character of {quoted(node.text)} is visible."
        yield fault_at(node, "R105", message, "Write a name.")


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
    elif not host.rstrip(".").endswith(_LOGIC_APP_HOSTS) and not carries_shared_access(node.text):
        message = (
            f"The host {quoted(host)} of `url` is not a host of Azure Logic Apps"
            f" (*{', *'.join(_LOGIC_APP_HOSTS)})."
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
