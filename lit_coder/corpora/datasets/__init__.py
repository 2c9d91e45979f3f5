"""The field's datasets of Python code: what they are, where they are found, how they are read."""
