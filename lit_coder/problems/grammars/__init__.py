"""Families of program problems whose prompts and references a grammar writes."""
