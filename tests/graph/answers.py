"""Answers that are larger than they look."""

import zlib

MIB = 1024**2
GZIP = {"Content-Encoding": "gzip"}


def bomb(size_mib):
    """A valid listing, empty but for blanks, as gzip: a thousandth of what it unpacks to."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    pieces = [packer.compress(b'{"value": []')]
    pieces += [packer.compress(b" " * MIB) for _ in range(size_mib)]
    return b"".join([*pieces, packer.compress(b"}"), packer.flush()])
