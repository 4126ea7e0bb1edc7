"""The address of a Logic App, as Graph and Azure Resource Manager both show it."""

import hashlib


def access_endpoint(subscription_id: str, resource_group: str, workflow: str) -> str:
    """The stem of a Logic App's trigger url, up to its id of 32 hexadecimal digits; always the same
    for the same Logic App.

    Source: docs/graph.md §2.6, §9.1.
    """
    # Azure Resource Manager ignores case in all three (docs/graph.md §2.6).
    triple = "/".join((subscription_id, resource_group, workflow)).lower()
    digest = hashlib.sha256(triple.encode("utf-8", "surrogatepass")).hexdigest()
    host = f"prod-{int(digest[32:40], 16) % 100:02d}.westeurope.logic.azure.com:443"
    return f"https://{host}/workflows/{digest[:32]}"
