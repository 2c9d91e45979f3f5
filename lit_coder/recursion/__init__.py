"""The self-improvement loop: when to generate, what enters the pool, what a round records."""
