"""Stands for GitHub's client: `gh api …` as a real request to the server of the test, `--jq` by the
real jq.

Run as a program of its own, first on PATH. What it does not know ends in exit 64, never in a guess.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jq

UNKNOWN = 64


@dataclass
class Call:
    """One call of `gh api`, taken apart."""

    endpoint: str = ""
    method: str = ""
    query: str | None = None
    paginate: bool = False
    silent: bool = False
    fields: dict[str, Any] = field(default_factory=dict)


def main(arguments: list[str]) -> int:
    """The exit code of one call."""
    call = taken_apart(arguments)
    if call is None:
        sys.stderr.write(f"gh stub: unknown call: {' '.join(arguments)}\n")
        return UNKNOWN
    url: str | None = f"{os.environ['GH_STUB_URL']}/{call.endpoint}"
    while url:
        status, text, following = _request(call.method, url, call.fields)
        if status >= 400:
            sys.stdout.write("" if call.silent else text)
            sys.stderr.write(f"gh: {json.loads(text)['message']} (HTTP {status})\n")
            return 1
        if not call.silent:
            _print(text, call.query)
        url = following if call.paginate else None
    return 0


def taken_apart(arguments: list[str]) -> Call | None:
    """The call; None when it is none that our workflows need."""
    call, rest = Call(), arguments[1:]
    while rest:
        one = rest.pop(0)
        if one in ("--paginate", "--silent"):
            setattr(call, one.removeprefix("--"), True)
        elif one in ("--method", "--jq"):
            setattr(call, "query" if one == "--jq" else "method", rest.pop(0))
        elif one in ("-f", "-F"):
            _add_field(call.fields, rest.pop(0), typed=one == "-F")
        elif one.startswith("-") or call.endpoint:
            return None
        else:
            call.endpoint = one
    call.method = call.method or ("POST" if call.fields else "GET")
    reads = call.method == "GET"
    sound = call.endpoint and not (call.paginate and not reads) and not (call.fields and reads)
    return call if arguments[:1] == ["api"] and sound else None


def _add_field(fields: dict[str, Any], pair: str, *, typed: bool) -> None:
    name, _, value = pair.partition("=")
    if typed:
        assert value.startswith("@"), "-F is used for files only; everything else is text"
        fields[name] = Path(value[1:]).read_text("utf-8")
    elif name.endswith("[]"):
        fields.setdefault(name[:-2], []).append(value)
    else:
        fields[name] = value


def _request(method: str, url: str, fields: dict[str, Any]) -> tuple[int, str, str | None]:
    token = os.environ["GH_TOKEN"]
    request = urllib.request.Request(
        url,
        method=method,
        data=json.dumps(fields).encode() if fields else None,
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            following = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("Link") or "")
            return answer.status, answer.read().decode(), following[1] if following else None
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), None


def _print(text: str, query: str | None) -> None:
    if query is None:
        sys.stdout.write(text)
        return
    for value in jq.compile(query).input_text(text).all():
        sys.stdout.write(
            (value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))) + "\n"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
