"""For which Graph a plan is: its host, or the sandbox."""

from __future__ import annotations

from urllib.parse import urlsplit

SANDBOX = "sandbox"
"""Replaces the Graph URL in plans made with `--sandbox`, because its port differs on each run."""


def graph_host(graph_url: str) -> str:
    """The host part that identifies a Graph in digests: without port; `sandbox` for the embedded
    one.
    """
    if graph_url == SANDBOX:
        return SANDBOX
    try:
        return urlsplit(graph_url).hostname or ""
    except ValueError:
        return ""
