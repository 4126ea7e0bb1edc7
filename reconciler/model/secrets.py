"""What must never be shown: how to recognise it, how to mask it, and what stands for it in a plan.

A Logic App's trigger address carries its shared access signature as `sig` (contract §2.4); tokens look like
JSON Web Tokens.
"""

from __future__ import annotations

import re

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


def carries_secret(text: str) -> bool:
    """True when the text holds a signature or a token."""
    return _SECRET.search(text) is not None


def mask(text: str) -> str:
    """The text with every signature and token in it replaced by `***`."""
    return _SECRET.sub(lambda match: (match["signature"] or match["bearer"] or "") + MASK, text)


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
