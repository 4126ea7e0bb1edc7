"""What tokens and assertions claim, read without verifying: Graph and Entra do that, we only tell the operator."""

from __future__ import annotations

import base64

from reconciler.model.identity import Assertion, Identity
from reconciler.model.strict_json import parsed


def identity_of(token: str) -> Identity:
    """The identity a JSON Web Token claims to be for; any other token gives `unknown`."""
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
    """Issuer, subject and audience of a JSON Web Token; several audiences are joined, anything else gives Nones."""
    claims = _claims(token)
    audience = claims.get("aud")
    if isinstance(audience, list):  # as Kubernetes writes it
        audience = ", ".join(str(one) for one in audience)
    return Assertion(_text(claims.get("iss")), _text(claims.get("sub")), _text(audience))


def _claims(token: str) -> dict[str, object]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = parsed(payload)
    except ValueError:  # of base64 too
        return {}
    return claims if isinstance(claims, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
