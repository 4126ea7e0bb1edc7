"""The plan: ordered, guarded, hashed, and as a document that can be saved and read back."""
