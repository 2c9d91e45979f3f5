"""The tools beside fit, validate, test and predict: one file each, imported only when called."""
