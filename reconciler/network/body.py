"""The body of a response, decompressed as it arrives and never beyond a size limit: a gzip bomb is
not expanded.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import httpx

ACCEPTED = "gzip"
"""The only encoding that is requested and decoded, as the value of `Accept-Encoding`."""
_GZIP = zlib.MAX_WBITS | 16


class TooLargeError(httpx.DecodingError):
    """The body is larger than its limit."""


class Body:
    """Collects the pieces of one body as they arrive, compressed or not."""

    def __init__(self, headers: Mapping[str, str], max_bytes: int) -> None:
        """`headers` name the encoding of the body; httpx's own decoders would decompress each piece
        whole.

        Raises:
            httpx.DecodingError: an encoding other than `ACCEPTED`.
        """
        encoding = headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity", ACCEPTED):
            raise httpx.DecodingError("The content encoding is not the one that was requested.")
        self._gzip = zlib.decompressobj(_GZIP) if encoding == ACCEPTED else None
        self._max_bytes = max_bytes
        self._received = 0
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        """Adds the next piece as it was received.

        Raises:
            TooLargeError: more than the limit was received or decompressed.
            httpx.DecodingError: it is not encoded as the headers say.
        """
        self._received += len(piece)
        self._content += self._decoded(piece)
        if max(self._received, len(self._content)) > self._max_bytes:
            raise TooLargeError(f"The body is larger than {self._max_bytes} bytes.")

    def content(self) -> bytes:
        """The decompressed body, after all pieces were added.

        Raises:
            httpx.DecodingError: a compressed body ended early.
        """
        if self._gzip is not None and self._received and not self._gzip.eof:
            raise httpx.DecodingError("The compressed body is not complete.")
        return bytes(self._content)

    def _decoded(self, piece: bytes) -> bytes:
        """The piece decompressed, up to one byte beyond the limit."""
        if self._gzip is None:
            return piece
        ended = self._gzip.eof
        try:
            content = (
                b""
                if ended
                else self._gzip.decompress(piece, self._max_bytes + 1 - len(self._content))
            )
        except zlib.error as error:
            raise httpx.DecodingError("The body cannot be decompressed.") from error
        # In the same piece or in a later one: the result must not depend on how the network splits
        # the body.
        if self._gzip.unused_data or (ended and piece):
            raise httpx.DecodingError("Something follows the compressed body.")
        return content
