"""The obvious script: the official SDK's typed calls, one after another. Prints what it found.

Arguments: Graph's base URL, the declared documents as JSON.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator
from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider as Bearer
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient


class Token(AccessTokenProvider):  # type: ignore[misc]
    """The sandbox's token."""

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: Any = None
    ) -> str:
        """The token."""
        return "loopback-token-not-secret"

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        """Any host."""
        return AllowedHostsValidator([])


async def find(base_url: str, names: list[str]) -> dict[str, list[str]]:
    """The names of the extensions in each catalog, by the catalog's name."""
    adapter = GraphRequestAdapter(Bearer(Token()))
    adapter.base_url = base_url
    catalogs = GraphServiceClient(
        request_adapter=adapter
    ).identity_governance.entitlement_management.catalogs
    result = {}
    for name in names:
        query = catalogs.CatalogsRequestBuilderGetQueryParameters(filter=f"displayName eq '{name}'")
        found = await catalogs.get(RequestConfiguration(query_parameters=query))
        for catalog in found.value:
            extensions = catalogs.by_access_package_catalog_id(
                catalog.id
            ).custom_workflow_extensions
            listed = await extensions.get()
            result[catalog.display_name] = sorted(one.display_name for one in listed.value)
    return result


if __name__ == "__main__":
    url, declared = sys.argv[1:]
    wanted = [document["catalog"] for document in json.loads(Path(declared).read_text())]
    json.dump(asyncio.run(find(url, wanted)), sys.stdout)
