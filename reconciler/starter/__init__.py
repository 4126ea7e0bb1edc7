"""The files of a new repository: the workflows, which call our action by its commit, and a first desired state."""

from reconciler.starter.files import starter_files

__all__ = ["starter_files"]
