"""Losses as parts that a module is given."""
