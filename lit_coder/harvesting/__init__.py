"""Functions found in real code become problems: inputs by trial, cases that mutants prove."""
