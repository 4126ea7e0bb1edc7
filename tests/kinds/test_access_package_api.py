"""One access package as Graph answers it: never another one."""

import asyncio

import pytest

from reconciler.errors import ServiceAnswerError, ServiceRefusalError
from reconciler.kinds.access_package import ACCESS_PACKAGE
from reconciler.model.objects import ObjectRef, Observed
from tests.graph.graph_clients import graph_at
from tests.graph.scripted import CATALOG, Reply, refused, scripted
from tests.network_fixtures import bare_environment, certificate, sockets_closed

__all__ = ["bare_environment", "certificate", "sockets_closed"]

pytestmark = pytest.mark.usefixtures("sockets_closed")

PARENTS = (ObjectRef("catalog", CATALOG, "Marketing"),)
PACKAGE = "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e06"


def got(reply: Reply) -> Observed | None:
    """The access package, where Graph gives this answer."""

    async def run() -> Observed | None:
        async with scripted(reply) as graph, graph_at(graph.base) as client:
            return await ACCESS_PACKAGE.api.get(client, PARENTS, PACKAGE)

    return asyncio.run(run())


def test_it_is_read_by_its_id_whose_case_does_not_count() -> None:
    package = got(Reply(body={"id": PACKAGE.upper(), "displayName": "Campaign"}))
    assert package is not None
    assert package.ref == ObjectRef("access_package", PACKAGE, "Campaign")
    assert package.parents == PARENTS


def test_one_that_is_not_there_is_none() -> None:
    assert got(refused(404)) is None


def test_another_one_and_another_error_are_errors() -> None:
    with pytest.raises(ServiceAnswerError, match="Graph returned access package"):
        got(Reply(body={"id": CATALOG}))
    with pytest.raises(ServiceRefusalError):
        got(refused(403))
