"""What a file can declare of a live object, and how it is written as YAML.

`export` and `adopt` both need it and do not see each other.
"""
