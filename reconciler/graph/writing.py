"""The two writes there are: POST a new extension, PUT a whole one. Neither judges its answer; apply does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.graph.wire import observed_extension, request_body
from reconciler.model.extension import ExtensionRef, ObservedExtension
from reconciler.model.types import JsonValue

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient, Witness
    from reconciler.graph.exchange import Answer


@dataclass(frozen=True, slots=True)
class Written:
    """What Graph answered to a write: the extension as it is now (None for an empty body), and the request id."""

    extension: ObservedExtension | None
    request_id: str | None


async def create_extension(
    graph: GraphClient,
    catalog_id: str,
    type_name: str,
    properties: Mapping[str, JsonValue],
    timeout_name: str,
    witness: Witness | None = None,
) -> Written:
    """POSTs a new extension (docs/graph.md §1.2); the witness stands beside every attempt.

    Raises:
        GraphError: anything but an understandable 2xx; after all but a 4xx the extension may exist nevertheless.
    """
    body = request_body(type_name, properties, timeout_name)
    return _written(await graph.send(graph.requests.extensions(catalog_id, body), witness))


async def replace_extension(
    graph: GraphClient,
    catalog_id: str,
    extension: ExtensionRef,
    properties: Mapping[str, JsonValue],
    timeout_name: str,
    witness: Witness | None = None,
) -> Written:
    """PUTs every writable property of the extension (docs/graph.md §1.5); the witness stands beside each attempt.

    Raises:
        GraphError: anything but an understandable 2xx.
    """
    body = request_body(extension.type, properties, timeout_name)
    return _written(await graph.send(graph.requests.extension(catalog_id, str(extension.id), body), witness))


def _written(answer: Answer) -> Written:
    return Written(observed_extension(answer.body) if answer.body else None, answer.request_id)
