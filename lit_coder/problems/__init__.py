"""Programming problems: what one is, families that make them, readers of problem files."""
