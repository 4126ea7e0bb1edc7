"""Everything that talks to Microsoft Graph: reading it truthfully, writing to it safely.

Only `client`, `transport` and `credentials` import the SDK, and only commands that need Graph import them.
"""

import sys

# httpx takes along what it finds: its own command line with rich, and HTTP/2, which is not used here (ADR 0018).
for unneeded in ("httpx._main", "h2"):
    sys.modules.setdefault(unneeded, None)  # type: ignore[arg-type]
