"""Runs untrusted programs and reports what happened; knows nothing of models."""
