"""The files of a new repository: an example, the editor settings, and workflows that call our
action by its commit.
"""

from reconciler.starter.files import GITIGNORE, KEPT, ignoring, starter_files

__all__ = ["GITIGNORE", "KEPT", "ignoring", "starter_files"]
