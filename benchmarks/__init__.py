"""Measurements: each command prints its figure and fails below its floor."""
