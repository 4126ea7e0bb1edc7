"""Plans, outcomes and findings as text, Markdown, JSON, GitHub annotations and SARIF: one pure
module per format.

Text from Graph or from a file is not trusted here; `escape` makes it harmless for each format.
"""
