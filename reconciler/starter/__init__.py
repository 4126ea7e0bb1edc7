"""The files of a new repository: the workflows, which call our action by its commit, and a first desired state."""

from reconciler.starter.files import starter_files
from reconciler.starter.write import write_new

__all__ = ["starter_files", "write_new"]
