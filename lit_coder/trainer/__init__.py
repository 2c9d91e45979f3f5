"""What hangs on Lightning's Trainer: run folder and lock, checkpoint, random state, signals, tables."""
