"""What the sandbox raises: one class for answers to a client, two for whoever starts it."""


class GraphError(Exception):
    """A refusal that the client receives as Graph's error body (docs/graph.md §5.2)."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep `status` (HTTP), `code` (Graph's, what clients branch on) and `message` (for people)."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class SeedError(ValueError):
    """The seed file cannot be read or does not have the shape of a seed."""


class SandboxDatabaseError(RuntimeError):
    """The database cannot be opened, or it is not one that the sandbox made."""


def invalid_model(message: str) -> GraphError:
    """A 400 `InvalidModel`: the body does not fit the type (docs/graph.md §5.2)."""
    return GraphError(400, "InvalidModel", message)


def bad_request(message: str) -> GraphError:
    """A 400 `BadRequest`: the request is malformed before any type comes into play."""
    return GraphError(400, "BadRequest", message)


def not_found(what: str, identity: str) -> GraphError:
    """A 404 `ResourceNotFound` for an unknown id (docs/graph.md §5.2)."""
    return GraphError(404, "ResourceNotFound", f"The {what} with id '{identity}' was not found.")
