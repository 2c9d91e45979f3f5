"""What hangs on the Trainer: run folder, lock, checkpoint, random state, signals, tables."""
