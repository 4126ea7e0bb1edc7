"""The HTTP side of Microsoft Graph: transport, sign-in, retries, throttling, paging, reads and
writes.

Only `client`, `transport` and `credentials` import the SDK, and only commands that need Graph
import them.
"""

import sys

# httpx imports optional packages if they are installed: its command line with rich, and HTTP/2;
# neither is used here.
for unneeded in ("httpx._main", "h2"):
    sys.modules.setdefault(unneeded, None)  # type: ignore[arg-type]
