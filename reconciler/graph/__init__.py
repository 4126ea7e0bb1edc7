"""Everything that talks to Microsoft Graph: reading it truthfully, writing to it safely.

Only `client`, `transport` and `credentials` import the SDK, and only commands that need Graph import them.
"""

import sys

# httpx takes its own command line along where click and rich are installed: 100 ms for nothing (ADR 0018).
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
