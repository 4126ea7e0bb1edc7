"""The plan: ordered, checked, hashed, and as a document that can be saved and read back."""
