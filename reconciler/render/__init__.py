"""Plans, outcomes and findings as text, Markdown, JSON, GitHub annotations and SARIF: one pure module a format.

Whatever comes from Graph or from a file is hostile here; `escape` makes it harmless for each format.
"""
