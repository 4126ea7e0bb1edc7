"""What must never be shown: how to recognise it, how to mask it, and what stands for it in a plan.

A Logic App's trigger address carries its shared access signature as `sig` (contract §2.4); tokens look like
JSON Web Tokens. Once seen, a value is known by itself: an error message may repeat it without the `sig=` before it.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from reconciler.model.learned import SHORTEST, is_public, remember, spans
from reconciler.model.types import JsonValue

MASK = "***"
_STAND_IN = "(sensitive, hmac-sha256:"

_SECRET = re.compile(
    # A query inside a query is percent-encoded, perhaps more than once. `code` is the key of an Azure function.
    r"(?P<signature>(?:(?<![a-z0-9])|(?<=%3f)|(?<=%26))sig(?:=|%(?:25)*3d)|[?&]code=)[A-Za-z0-9%_.~+/=-]+"
    # With a digit in it, so that "bearer authentication" in a description is no secret.
    r"|(?P<bearer>\bbearer\s{1,9})(?=[A-Za-z_.~+/=-]{0,200}[0-9])[A-Za-z0-9_.~+/=-]{12,}"
    # Not \b in front: a text of "-eyJ-eyJ…" would be scanned to its end from every "eyJ".
    r"|(?P<jwt>(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",
    re.IGNORECASE,
)
_SIGNS = ("sig=", "sig%", "code=", "bearer", "eyj")
"""Without one of these, in small letters, there is no match; looking for them takes a twentieth of the time."""
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|/)")
_ENDS_EARLIER = re.compile(r"[A-Za-z0-9_.~+/=-]*")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\A[0-9a-f-]+\Z", re.IGNORECASE)
_SHORTEST_IN_TEXT = 12
_ENCODINGS = 5


def learn(text: str) -> None:
    r"""Remembers every signature and token in the text: `mask` hides them from now on wherever they turn up.

    In JSON text they are also found behind its escapes (`\u0026sig=…`).
    """
    for spelled in {text, _ESCAPED.sub(lambda match: chr(int(match[1] or "2f", 16)), text)}:
        for match in _SECRET.finditer(spelled) if _shows_signs(spelled) else ():
            value = _value(match[0][len(match["signature"] or match["bearer"] or "") :])
            if _TOKEN.fullmatch(value) or (_looks_secret(value) and not is_public(value)):
                remember(value)


def learn_value(value: str) -> None:
    """Remembers a credential that is known to be one: from the environment, or from a sign-in."""
    if len(value.strip()) >= SHORTEST:
        remember(value.strip())


def _value(found: str) -> str:
    """What the pattern found, percent-decoded, up to where a parameter ends that was encoded as a whole."""
    for _ in range(_ENCODINGS):
        found = unquote(found)
    run = _ENDS_EARLIER.match(found)
    value = run[0] if run else ""
    return value if _TOKEN.fullmatch(value) else value.rstrip(".=")


def _looks_secret(value: str) -> bool:
    """True for what may be hidden everywhere without hiding anything of ours.

    Texts of Graph are written by others. A display name of `sig=extensions` must not blot out a word of ours, a JSON
    key, a type, an id or a digest. None of those has at least 12 characters, a digit, a letter beyond f and no dot; a
    signature, 32 bytes in Base64, always has. What falls through is still masked where its `sig=` stands before it.
    """
    return (
        len(value) >= _SHORTEST_IN_TEXT
        and "." not in value
        and any(char.isdigit() for char in value)
        and any(char.isalpha() for char in value)
        and _ID.search(value) is None
    )


def _shows_signs(text: str) -> bool:
    folded = text.casefold()
    return any(sign in folded for sign in _SIGNS)


def carries_secret(text: str) -> bool:
    """True when the text holds a signature, a token, or a value that was seen as one elsewhere."""
    by_pattern = _shows_signs(text) and _SECRET.search(text) is not None
    return by_pattern or next(spans(text), None) is not None


def mask(text: str) -> str:
    """The text with every signature and token in it replaced by `***`, by its pattern or by its value."""
    if _shows_signs(text):
        text = _SECRET.sub(lambda match: (match["signature"] or match["bearer"] or "") + MASK, text)
    pieces, shown_to = [], 0
    for start, end in spans(text):
        pieces += [text[shown_to:start], MASK]
        shown_to = end
    return "".join([*pieces, text[shown_to:]]) if pieces else text


def masked(value: JsonValue) -> JsonValue:
    """The value with every text in it masked; the names of members stay."""
    if isinstance(value, dict):
        return {name: masked(member) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(member) for member in value]
    return mask(value) if isinstance(value, str) else value


def may_be_written(value: JsonValue) -> bool:
    """True when neither a secret nor what stands for one is in the value."""
    return masked(value) == value and not holds_stand_in(value)


def stand_in(value: str, *, tenant_id: str, extension_id: str | None, path: tuple[str, ...]) -> str:
    """What a plan shows in place of a secret value: an HMAC-SHA-256 of it, keyed by tenant, extension and path.

    The same value gives the same text, so that a change shows and the digest is stable; the value cannot be read back.
    """
    import hmac  # `validate` imports this module for `mask` and needs no OpenSSL

    key = "\0".join((tenant_id, extension_id or "", *path)).encode()
    digest = hmac.new(key, value.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
    return f"{_STAND_IN}{digest})"


def holds_stand_in(value: JsonValue) -> bool:
    """True for what `stand_in` gives, and for an object or list with one inside."""
    if isinstance(value, dict):
        return any(holds_stand_in(member) for member in value.values())
    if isinstance(value, list):
        return any(holds_stand_in(member) for member in value)
    return isinstance(value, str) and value.startswith(_STAND_IN)


def without_secrets(
    value: JsonValue, *, tenant_id: str, extension_id: str | None, path: tuple[str, ...] = ()
) -> JsonValue:
    """The value with every text in it that carries a secret replaced by its stand-in."""
    if isinstance(value, dict):
        return {
            name: without_secrets(member, tenant_id=tenant_id, extension_id=extension_id, path=(*path, name))
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [
            without_secrets(member, tenant_id=tenant_id, extension_id=extension_id, path=(*path, str(number)))
            for number, member in enumerate(value)
        ]
    if isinstance(value, str) and carries_secret(value):
        return stand_in(value, tenant_id=tenant_id, extension_id=extension_id, path=path)
    return value
