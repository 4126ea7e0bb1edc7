"""Which texts are masked, and which texts a file must not declare: two rules, since others write
the texts in Graph.

Masking is broad: everything that can be a secret is masked, by a mark before it (`sig=`), by its
form or by its value, at every depth of encoding. Rejecting is narrow: a declared text is rejected
only for its own form or because it contains a credential. Texts that others write can mask a value,
but neither reject nor mask what a file declares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from reconciler.model.decoding import decoded, encoded_lines, is_encoded
from reconciler.model.json_values import JsonValue
from reconciler.model.learned import CREDENTIALS, DECLARED, SEEN, SHORTEST, Span
from reconciler.model.secret_forms import (
    SHORTEST_PLACED,
    forms,
    holds_shared_access,
    holds_token,
    is_key,
    keys,
    keys_alone,
    may_hold_form,
    value_of,
)

MASK = "***"
_STAND_IN = "(sensitive, hmac-sha256:"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\A[0-9a-f-]+\Z", re.IGNORECASE)
_RUN_END = re.compile(r"[^A-Za-z0-9%_.~+/=-]")


def learn(text: str) -> None:
    r"""Remembers every signature and token in the text: `mask` masks them everywhere from now on.

    They are also found with escapes (`\u0026sig=…`) and percent-encoding, at every depth.
    """
    for _, view, _ in _views(text):
        for match in forms(view):
            start, end = value_of(match)
            value = view[start:end] if match["jwt"] else view[start:end].rstrip(".=")
            if match["jwt"] or _may_be_hidden_everywhere(value):
                SEEN.remember(value)


def learn_value(value: str) -> None:
    """Remembers a known credential: from the environment, or from a sign-in."""
    if len(value.strip()) >= SHORTEST:
        CREDENTIALS.remember(value.strip())


def _may_be_hidden_everywhere(value: str) -> bool:
    """True for a value that can be masked everywhere without masking words of our output.

    Others write the texts in Graph. A display name of `sig=extensions` must not mask a word of a
    message, a JSON key, a type, an id or a digest. None of those has at least 12 characters, a
    digit, a letter after f in the alphabet and no dot; a signature, 32 bytes in Base64, always has.
    Other values are still masked after their `sig=`.
    """
    return (
        len(value) >= SHORTEST_PLACED
        and not any(sign in value for sign in ".%")
        and any(char.isdigit() for char in value)
        and any(char.isalpha() for char in value)
        and _ID.search(value) is None
    )


def _views(text: str) -> Iterator[tuple[int, str, Callable[[int], int] | None]]:
    """The text itself, and each line that contains encoded characters, decoded.

    Each with its place in the text, and the function that maps the place of a decoded character to
    its line.
    """
    yield 0, text, None
    for start, line in encoded_lines(text):
        view = decoded(line)
        yield start, view.plain, view.source


def _secrets(text: str) -> list[Span]:
    """The spans of secrets in the text, in order; they can overlap."""
    if not (is_encoded(text) or _may_hold_secret(text)):
        return []
    spans: list[Span] = []
    for start, view, source in _views(text):
        hidden = _hidden(view)
        spans += (
            hidden
            if source is None
            else ((start + source(a), start + source(b)) for a, b in hidden)
        )
    return sorted(spans)


def _may_hold_secret(view: str) -> bool:
    return may_hold_form(view) or SEEN.may_stand_in(view) or CREDENTIALS.may_stand_in(view)


def _hidden(view: str) -> Iterator[Span]:
    yield from CREDENTIALS.spans(view)
    for match in forms(view):
        if not DECLARED.hold(match[0].rstrip(".=")):
            yield value_of(match)
    for start, end in [*keys_alone(view), *_joined(_within_runs(SEEN.spans(view), view))]:
        if not DECLARED.hold(view[start:end]):
            yield start, end


def _within_runs(spans: Iterable[Span], view: str) -> Iterator[Span]:
    """The spans, each limited to the run of characters in which it begins.

    A long value is recognised by its beginning only, and other text can follow the same beginning
    elsewhere.
    """
    run_end = 0
    for start, end in spans:
        if start >= run_end:
            stop = _RUN_END.search(view, start)
            run_end = stop.start() if stop else len(view)
        yield start, min(end, run_end)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans, with overlapping ones joined."""
    begin = end = 0
    for start, stop in spans:
        if start > end:
            if end:
                yield begin, end
            begin = start
        end = max(end, stop)
    if end:
        yield begin, end


def carries_secret(text: str) -> bool:
    """True when the text contains anything that `mask` masks."""
    return bool(_secrets(text))


def mask(text: str) -> str:
    """The text with every signature, token and key replaced by `***`, recognised by its form or its
    value.
    """
    pieces, shown_to = [], 0
    for start, end in _joined(_secrets(text)):
        pieces += [text[shown_to:start], MASK]
        shown_to = end
    return "".join([*pieces, text[shown_to:]]) if pieces else text


def is_refused(text: str, not_secret: Collection[str] = ()) -> bool:
    """True for a text that must not be declared: a credential, a token, a shared access key or a
    likely key is in it.

    Only a likely key can be a false positive. `not_secret` lists likely keys that are not a secret.
    """
    # Only of ASCII: ignoring case, the patterns take some other letters for ASCII ones.
    if text.isascii() and not (is_encoded(text) or _may_hold_secret(text)):
        return False  # nearly every text, in a quarter of the time
    return _is_certain(text) or _looks_like_key(text, not_secret)


def looks_like_keys(text: str) -> set[str]:
    """The parts of the text that look like a key: `not_secret` must list them so that the text can
    be declared.
    """
    return {view[start:end] for view in _whole_views(text) for start, end in keys(view)}


def _is_certain(text: str) -> bool:
    return any(
        _has_any(CREDENTIALS.spans(view)) or holds_token(view) or holds_shared_access(view)
        for view in _whole_views(text)
    )


def _looks_like_key(text: str, not_secret: Collection[str]) -> bool:
    return any(_has_any(keys(_without(not_secret, view))) for view in _whole_views(text))


def _has_any(spans: Iterable[Span]) -> bool:
    return next(iter(spans), None) is not None


def _whole_views(text: str) -> list[str]:
    return [text, decoded(text).plain] if is_encoded(text) else [text]


def _without(values: Collection[str], view: str) -> str:
    """The text without these values; a value that does not look like a key, such as `sig=` itself,
    is ignored.
    """
    for value in sorted(filter(is_key, values), key=len, reverse=True):
        for spelling in {value, decoded(value).plain}:
            view = view.replace(spelling, " ")
    return view


def masked(value: JsonValue) -> JsonValue:
    """The value with every text in it masked; the names of members are kept."""
    return _masked(value, {})


def _masked(value: JsonValue, known: dict[str, str]) -> JsonValue:
    """The same; each text is masked once, however often it occurs: ids of parents do in every
    object.
    """
    if isinstance(value, dict):
        return {name: _masked(member, known) for name, member in value.items()}
    if isinstance(value, list):
        return [_masked(member, known) for member in value]
    if not isinstance(value, str):
        return value
    if value not in known:
        known[value] = mask(value)
    return known[value]


def may_be_written(value: JsonValue, not_secret: Collection[str] = ()) -> bool:
    """True when the value contains neither a secret nor the replacement of a secret.

    A declared text was checked with its file; only a credential can have become known since then.
    """
    return not holds_stand_in(value) and not any(
        _is_certain(text) or (text not in DECLARED and _looks_like_key(text, not_secret))
        for text in texts_of(value)
    )


def texts_of(value: JsonValue) -> Iterator[str]:
    """Every text in the value, without the names of members."""
    if isinstance(value, dict):
        for member in value.values():
            yield from texts_of(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts_of(member)
    elif isinstance(value, str):
        yield value


def stand_in(value: str, *, tenant_id: str, object_id: str | None, path: tuple[str, ...]) -> str:
    """The replacement of a secret value in a plan: its HMAC-SHA-256, keyed by tenant, extension and
    path.

    Equal values have equal replacements, so that a change is visible and the digest is stable; the
    value cannot be recovered.
    """
    import hmac  # `validate` imports this module for `mask` and needs no OpenSSL

    key = "\0".join((tenant_id, object_id or "", *path)).encode()
    digest = hmac.new(key, value.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
    return f"{_STAND_IN}{digest})"


def holds_stand_in(value: JsonValue) -> bool:
    """True for a result of `stand_in`, and for an object or list that contains one."""
    if isinstance(value, dict):
        return any(holds_stand_in(member) for member in value.values())
    if isinstance(value, list):
        return any(holds_stand_in(member) for member in value)
    return isinstance(value, str) and value.startswith(_STAND_IN)


def without_secrets(
    value: JsonValue, *, tenant_id: str, object_id: str | None, path: tuple[str, ...] = ()
) -> JsonValue:
    """The value with every text that contains a secret replaced by its stand-in."""
    if isinstance(value, dict):
        return {
            name: without_secrets(
                member, tenant_id=tenant_id, object_id=object_id, path=(*path, name)
            )
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [
            without_secrets(
                member, tenant_id=tenant_id, object_id=object_id, path=(*path, str(number))
            )
            for number, member in enumerate(value)
        ]
    if isinstance(value, str) and carries_secret(value):
        return stand_in(value, tenant_id=tenant_id, object_id=object_id, path=path)
    return value
