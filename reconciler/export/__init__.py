"""What is live as YAML that its owner could have written: a fresh file, or edits in the files that there are."""
