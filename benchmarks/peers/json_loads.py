"""Reads every extension of a sandbox as text, then with json.loads; prints the CPU seconds that the
latter took.

Argument: Graph's base URL.
"""

import json
import sys
import time
import urllib.request

HEADERS = {"Authorization": "Bearer loopback-token-not-secret"}
REPETITIONS = 10


def content(url: str) -> bytes:
    """The body of an answer."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=HEADERS)) as answer:
        body: bytes = answer.read()
    return body


root = f"{sys.argv[1]}/identityGovernance/entitlementManagement/catalogs"
catalogs = [one["id"] for one in json.loads(content(root))["value"]]
bodies = [content(f"{root}/{one}/customWorkflowExtensions") for one in catalogs]
began_s = time.process_time()
for _ in range(REPETITIONS):
    for body in bodies:
        json.loads(body)
print((time.process_time() - began_s) / REPETITIONS)
