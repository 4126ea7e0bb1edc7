"""Rules for single values of every kind, wherever they are written: secrets, blank names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from reconciler.model.appearance import appearance
from reconciler.model.fault import Fault, fault_at, quoted
from reconciler.model.kind import Kind
from reconciler.model.nodes import Mapping, Node, Scalar, Sequence, member, text_of
from reconciler.model.secrets import is_refused, learn, looks_like_keys

_LISTED = "notSecret"


def secret_faults(
    document: Node, kinds: Iterable[Kind] = (), not_secret: Collection[str] = ()
) -> dict[Scalar, Fault]:
    """R208 for every text with a secret, or what a kind says of it; values are never shown.

    Every text of the document is checked, also those that no other rule checks. A credential that
    is known from the environment is a secret too. `not_secret` lists texts that look like a key but
    are not a secret.
    """
    waiting: list[tuple[str, Node]] = [("", document)]
    seen: set[Node] = set()
    faults: dict[Scalar, Fault] = {}
    clean: set[str] = set()  # the same types and ids are in every declaration of a document
    while waiting:
        name, node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Mapping):
            waiting.extend((key, entry.value) for key, entry in node.entries.items())
        elif isinstance(node, Sequence):
            waiting.extend((name, each) for each in node.items)
        elif isinstance(node, Scalar):
            fault = _fault_of_kind(name, node, kinds)
            if fault is None and node.text not in clean:
                fault = _secret_fault(name, node, not_secret)
            if fault is not None:
                learn(node.text)  # without YAML's own escapes, which the text of the file may have
                faults[node] = fault
            else:
                clean.add(node.text)
    return faults


def _fault_of_kind(name: str, node: Scalar, kinds: Iterable[Kind]) -> Fault | None:
    for kind in kinds:
        fault = kind.secret_rule(name, node)
        if fault is not None:
            return fault
    return None


def _secret_fault(name: str, node: Scalar, not_secret: Collection[str]) -> Fault | None:
    if not is_refused(node.text, not_secret):
        return None
    title = quoted(name) if name else "A text"
    message = f"{title} contains a secret: a signature, a token or a key."
    hint = "Remove the secret. If the file has been shared, renew the secret."
    if looks_like_keys(node.text) and not is_refused(node.text, looks_like_keys(node.text)):
        hint += f" If it is not a secret, add the exact value to `{_LISTED}` in the document."
    return fault_at(node, "R208", message, hint)


def not_secret_texts(document: Node) -> tuple[str, ...]:
    """The texts that the document lists as not secret."""
    listed = member(document, _LISTED)
    texts = (text_of(entry) for entry in listed.items) if isinstance(listed, Sequence) else ()
    return tuple(text for text in texts if text)


def blank_fault(name: str, node: Node | None, invalid: Collection[Node]) -> Iterator[Fault]:
    """R105 for a name without a visible character; the schema only finds names that are white
    space.
    """
    if isinstance(node, Scalar) and node not in invalid and not appearance(node.text):
        message = f"`{name}` is blank: no character of {quoted(node.text)} is visible."
        yield fault_at(node, "R105", message, "Write a name.")
