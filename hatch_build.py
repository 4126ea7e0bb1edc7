"""Adds to the metadata what only a release knows: the project's URLs, and absolute links in its
description.

No file of the repository names its own address, so that a fork needs no change. The release
workflow sets PROJECT_URL; other builds have no URLs, and the relative links of README.md, which are
never shown on an index page.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE_LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)\s]+)(?=\))")


class ReleaseMetadata(MetadataHookInterface):
    """Sets `readme` and `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Both, for the tag of this version."""
        url = os.environ.get("PROJECT_URL", "").rstrip("/")
        text = (Path(self.root) / "README.md").read_text("utf-8")
        files = f"{url}/blob/v{metadata['version']}"
        if url:
            text = RELATIVE_LINK.sub(rf"{files}/\1", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = (
            {
                "Homepage": url,
                "Documentation": f"{files}/docs/getting-started.md",
                "Changelog": f"{files}/CHANGELOG.md",
                "Issues": f"{url}/issues",
            }
            if url
            else {}
        )
