"""What a 401 asks for: other claims in the next access token."""

from __future__ import annotations

import base64
import re

from reconciler.errors import ServiceRefusalError
from reconciler.model.strict_json import parsed
from reconciler.network.transport import CHALLENGE


def claims_asked_for(refused: ServiceRefusalError) -> str | None:
    """The claims challenge of a 401 as JSON text, which is sent base64-encoded; None if there is
    none.
    """
    challenge = re.search(r'\bclaims="([^"]*)"', refused.headers.get(CHALLENGE, ""))
    try:
        text = base64.b64decode(challenge[1] if challenge else "", altchars=b"-_").decode()
        return text if isinstance(parsed(text), dict) else None
    except ValueError:
        return None
