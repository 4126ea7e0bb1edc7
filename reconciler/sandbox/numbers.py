"""Numbers in query strings and switches."""

_LONGEST: int = 9


def whole_number(text: str) -> int | None:
    """The number; None unless the text is one to nine ASCII digits."""
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST:
        return int(text)
    return None
