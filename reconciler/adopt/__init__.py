"""Live values brought into existing desired-state files; nothing else in the files changes."""
