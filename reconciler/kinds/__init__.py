"""The kinds of objects: everything that is true of one kind only. No kind imports another."""
