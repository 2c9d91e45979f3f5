"""A completion's verdict: run its program, compare outside, count; pass@k."""
