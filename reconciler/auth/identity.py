"""Claims of tokens and assertions, read without verification, which is up to Graph and Entra: they
are only shown.
"""

from __future__ import annotations

import base64

from reconciler.model.identity import Assertion, Identity
from reconciler.model.strict_json import parsed


def identity_of(token: str) -> Identity:
    """The identity that a JSON Web Token claims; `unknown` for any other token."""
    claims = _claims(token)
    if not claims:
        return Identity("unknown")
    scopes = str(claims.get("scp") or "").split()
    roles = claims.get("roles")
    roles = [str(role) for role in roles] if isinstance(roles, list) else []
    kind = claims.get("idtyp")
    is_app = kind == "app" or (kind is None and not scopes and claims.get("upn") is None)
    return Identity(
        kind="app" if is_app else "user",
        tenant_id=_text(claims.get("tid")),
        app_id=_text(claims.get("appid") or claims.get("azp")),
        user=_text(claims.get("upn") or claims.get("preferred_username")),
        permissions=tuple(sorted({*scopes, *roles})),
    )


def assertion_of(token: str) -> Assertion:
    """Issuer, subject and audience of a JSON Web Token; several audiences are joined. All None for
    any other text.
    """
    claims = _claims(token)
    audience = claims.get("aud")
    if isinstance(audience, list):  # as Kubernetes writes it
        audience = ", ".join(map(str, audience))
    return Assertion(_text(claims.get("iss")), _text(claims.get("sub")), _text(audience))


def _claims(token: str) -> dict[str, object]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = parsed(payload)
    except ValueError:  # raised by base64 too
        return {}
    return claims if isinstance(claims, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
