"""LightningModules: the GPT on a common CodeModule; optimizer groups and schedules."""
