"""lit_coder: a trainer for small code models that teach themselves."""
