"""What a client needs of the room `auth`, which it does not import: a source of tokens."""

from __future__ import annotations

from typing import Protocol


class TokenSource(Protocol):
    """A source of bearer tokens."""

    async def token(self) -> str:
        """A valid token."""

    def forget(self, rejected: str, claims: str | None = None) -> None:
        """Drops a rejected token: the next `token` is a new one, with the claims that the 401 asked
        for.
        """
