"""The pages of one listing, put together within limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from reconciler.errors import ServiceAnswerError
from reconciler.model.graph import Answer
from reconciler.model.json_values import JsonObject

MAX_PAGES = 10_000
"""Pages of one listing; a tenant may hold 7,500 catalogs and 500 extensions, and a page may hold
only one.
"""
MAX_ITEMS = 75_000
"""Objects of one listing: ten times the catalogs that a tenant may hold."""
MAX_LISTING_BYTES = 32 * 1024**2
"""All pages of one listing: 500 extensions at 64 KiB each, 7,500 catalogs at 4 KiB each."""


@dataclass(slots=True)
class Listing:
    """The objects read so far, and the links that were followed."""

    max_items: int
    items: list[JsonObject] = field(default_factory=list)
    _links: set[str] = field(default_factory=set)
    _size_bytes: int = 0

    def add(self, answer: Answer) -> str | None:
        """Adds the objects of a page; the link to the next one, None if it was the last.

        Raises:
            ServiceAnswerError: it is not a page, its link leads to a page already read, or the
                listing exceeds a limit.
        """
        page, link = _page(answer)
        self.items += page
        self._size_bytes += answer.size_bytes
        excess = self._excess()
        if excess:
            raise _invalid(f"A listing {excess}; reading it was stopped.", answer)
        if link is None:
            return None
        if link in self._links:
            raise _invalid(
                "The next link of a listing leads to a page that was already read.", answer
            )
        self._links.add(link)
        if len(self._links) >= MAX_PAGES:
            raise ServiceAnswerError(
                f"A listing has more than {MAX_PAGES} pages; reading it was stopped."
            )
        return link

    def _excess(self) -> str | None:
        """Which limit is exceeded; None if none is."""
        if len(self.items) > self.max_items:
            return f"has more than {self.max_items:,} objects, ten times what Microsoft allows"
        if self._size_bytes > MAX_LISTING_BYTES:
            return f"is larger than {MAX_LISTING_BYTES // 1024**2} MiB"
        return None


def _page(answer: Answer) -> tuple[list[JsonObject], str | None]:
    value, link = answer.body.get("value"), answer.body.get("@odata.nextLink")
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _invalid(
            "A listing has no list of objects under 'value'; it is not treated as empty.", answer
        )
    if link is not None and not isinstance(link, str):
        raise _invalid("The next link of a listing is not a string.", answer)
    return cast("list[JsonObject]", value), link


def _invalid(text: str, answer: Answer) -> ServiceAnswerError:
    return ServiceAnswerError(text, request_id=answer.request_id)
