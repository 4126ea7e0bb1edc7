"""The sandbox's exceptions: one for error answers to a client, two for the program that
starts it.
"""


class GraphError(Exception):
    """An error that the client receives as an error body of Graph (docs/graph.md §5.2) or of Azure
    Resource Manager (docs/graph.md §9.3), depending on the path.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep `status` (HTTP), `code` (the error code, for clients) and `message` (for
        people).
        """
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class SeedError(ValueError):
    """The seed file cannot be read or is not a valid seed."""


class SandboxDatabaseError(RuntimeError):
    """The database cannot be opened, or was not created by the sandbox."""


def invalid_model(message: str) -> GraphError:
    """A 400 `InvalidModel`: the body is not valid for the type (docs/graph.md §5.2)."""
    return GraphError(400, "InvalidModel", message)


def bad_request(message: str) -> GraphError:
    """A 400 `BadRequest`: the request is malformed, whatever the type."""
    return GraphError(400, "BadRequest", message)


def conflict(code: str, message: str) -> GraphError:
    """A 409: the request contradicts what exists (docs/graph.md §5.2)."""
    return GraphError(409, code, message)


def not_found(what: str, identity: str) -> GraphError:
    """A 404 `ResourceNotFound` for an unknown id (docs/graph.md §5.2)."""
    return GraphError(404, "ResourceNotFound", f"The {what} with id '{identity}' was not found.")
