"""The forms of secrets in a decoded text: tokens, addresses with a shared access key, keys.

No rule here depends on known values, on other texts, or on where the text was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_KEY_CHARACTER = "[A-Za-z0-9+/_~-]"
_FORMS = re.compile(
    # `sig` is the signature in the address of a Logic App, `code` the key of an Azure function.
    r"(?:(?<![a-z0-9])sig|(?<![a-z0-9_-])code)=(?P<placed>[A-Za-z0-9%_.~+/=-]+)"
    # With a digit in it, so that "bearer authentication" in a description is not a secret.
    r"|\bbearer\s{1,9}(?=[A-Za-z_.~+/=-]{0,200}[0-9])(?P<bearer>[A-Za-z0-9_.~+/=-]{12,})"
    # Not \b in front: a text of "-eyJ-eyJ…" would be scanned to its end from every "eyJ".
    r"|(?P<jwt>(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",
    re.IGNORECASE,
)
SHORTEST_PLACED, SHORTEST_ALONE = 12, 30
_ALONE = re.compile(rf"[A-Z]{_KEY_CHARACTER}{{20,}}")
"""From its first capital on, which is in the first third of nearly every key; most texts have few
capitals.
"""
_CLIENT_SECRET = re.compile(r"(?<![A-Za-z0-9_.~-])[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34}")
"""Source: learn.microsoft.com/purview/sit-defn-azure-ad-client-secret."""
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
"""A GUID or a hexadecimal digest."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_DIGIT = re.compile("[0-9]")
_STEP = 6
_ENCODED_CHARACTER = re.compile("(?:25)*[0-9A-Fa-f]{2}")

_AZURE = re.compile(
    r"\.(?:logic\.azure\.(?:com|us|cn)"  # Logic Apps
    r"|azurewebsites\.(?:net|us)|chinacloudsites\.cn"  # functions, and Logic Apps (Standard)
    r"|azure-api\.(?:net|us|cn)"  # API Management
    # storage, Service Bus
    r"|(?:core|servicebus)\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
    r"|eventgrid\.azure\.(?:net|us|cn))(?![a-z0-9.-])",
    re.IGNORECASE,
)
"""Source: learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure and
learn.microsoft.com/azure/china/resources-developer-guide."""
_ADDRESS = re.compile(r"[^\s<>\"]+")
_ACCESS_KEY = re.compile(r"[?&#;](?:sig|code)=[A-Za-z0-9%_.~+/=-]", re.IGNORECASE)


def forms(text: str) -> Iterator[re.Match[str]]:
    """Each token, and each value after `sig=` or `code=`, with the groups `placed`, `bearer` and
    `jwt`.
    """
    return _FORMS.finditer(text) if _shows_sign(text) else iter(())


def may_hold_form(text: str) -> bool:
    """False if no rule here can match; a quick check for most texts."""
    return _shows_sign(text) or (
        len(text) >= SHORTEST_ALONE and ("Q~" in text or _ALONE.search(text) is not None)
    )


def _shows_sign(text: str) -> bool:
    """False if no form can match; this takes a twentieth of the time."""
    small = text.encode("utf-8", "replace").lower()  # a tenth of the time of lower() on text
    return b"sig=" in small or b"code=" in small or b"bearer" in small or b"eyj" in small


def value_of(match: re.Match[str]) -> tuple[int, int]:
    """The span of the value in the text, without the mark before it."""
    return match.span(next(name for name in ("placed", "bearer", "jwt") if match[name]))


def holds_token(text: str) -> bool:
    """True for a text with a JSON Web Token, or with a bearer token."""
    return any(match["bearer"] or match["jwt"] for match in forms(text))


def holds_shared_access(text: str) -> bool:
    """True for a text with an address of an Azure service that has a signature or a key in its
    query.
    """
    if _AZURE.search(text) is None:
        return False
    for address in _ADDRESS.finditer(text):
        host = _AZURE.search(address[0])
        if host and _ACCESS_KEY.search(address[0], host.end()):
            return True
    return False


def keys(text: str) -> Iterator[tuple[int, int]]:
    """The spans of values that look like a key: at least 12 characters after `sig=` or `code=`, at
    least 30 elsewhere.

    Such a value looks like random Base64: small letters, capitals and digits that change often.
    Words, however joined, GUIDs and hexadecimal digests do not.
    """
    for match in forms(text):
        start, end = match.span("placed")
        if match["placed"] and _is_random(match["placed"].rstrip(".="), SHORTEST_PLACED):
            yield start, end
    yield from keys_alone(text)


def keys_alone(text: str) -> Iterator[tuple[int, int]]:
    """The same without a mark before the value: at least 30 characters, and client secrets of
    Entra.
    """
    if "Q~" in text:
        yield from (match.span() for match in _CLIENT_SECRET.finditer(text))
    searched_to = 0
    for match in _ALONE.finditer(text):
        begins_after, searched_to = searched_to, match.end()
        if _DIGIT.search(
            text, begins_after, searched_to
        ):  # few names have one; the rest takes longer
            start = _run_start(text, match.start(), begins_after)
            if _is_random(text[start:searched_to], SHORTEST_ALONE):
                yield start, searched_to


def is_key(text: str) -> bool:
    """True for a text that looks like a key, after `sig=` or anywhere."""
    return any(True for _ in keys(f"sig={text}"))


def _run_start(text: str, at: int, lowest: int) -> int:
    """The start of the run of key characters at this place, after an encoded character
    before it.
    """
    while at > lowest and (
        text[at - 1] in "+/_~-" or (text[at - 1].isascii() and text[at - 1].isalnum())
    ):
        at -= 1
    encoded = _ENCODED_CHARACTER.match(text, at) if text[at - 1 : at] == "%" else None
    return encoded.end() if encoded else at


def _has_all_classes(text: str) -> bool:
    return _DIGIT.search(text) is not None and text != text.lower() and text != text.upper()


def _is_random(run: str, shortest: int) -> bool:
    """True if a part of at least `shortest` characters changes as often as random characters do."""
    if not _has_all_classes(run):
        return False
    parts = (part for part in _IDENTIFIER.sub(" ", run).split(" ") if len(part) >= shortest)
    return any(_changes(part[at : at + SHORTEST_ALONE]) for part in parts for at in _windows(part))


def _windows(part: str) -> list[int]:
    last = max(len(part) - SHORTEST_ALONE, 0)
    return [*range(0, last, _STEP), last]


def _changes(text: str) -> bool:
    """Source: counted. Of 40,000 random keys of 32 bytes 99.8 % change so often, and no name or
    path in our tests.
    """
    words = _WORD.findall(text)
    signs = len(text) - sum(map(len, words))
    capitals = sum(
        map(str.isupper, text)
    )  # one alone begins a name before an id of small letters and digits
    return (
        capitals > 1
        and _has_all_classes(text)
        and 30 * len(words) >= 11 * len(text)
        and 6 * signs <= len(text)
    )
