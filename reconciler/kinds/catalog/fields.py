"""What Graph calls the members of a catalog.

Source: docs/graph.md §1.1.
"""

from __future__ import annotations

from reconciler.model.fields import Field, Fields, as_written
from reconciler.model.objects import NAME

BUILT_IN = "serviceDefault"
"""The `catalogType` of the one catalog that every tenant has; its name can be any."""
TIMES = ("createdDateTime", "modifiedDateTime")
CONTENTS = ("accessPackages", "customWorkflowExtensions")
"""Copies of other objects, which an answer may contain."""

FIELDS = Fields(
    {
        NAME: Field(as_written, own=True),
        ("description",): Field(as_written, nullable=True, optional=True),
        ("isExternallyVisible",): Field(boolean=True, optional=True),
        ("state",): Field(as_written, optional=True),
    },
    read_only=("id", "catalogType", *TIMES, *CONTENTS),
)
