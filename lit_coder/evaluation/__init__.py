"""Scores and reports: benchmark callback, pass@k as a metric, plots, the run's report page."""
