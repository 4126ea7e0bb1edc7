"""Live extensions as YAML: new files as a person would write them, or edits of existing files."""
