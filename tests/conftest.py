"""Set before any test imports torch."""

import os

# Threads that spin while they wait make every step slower where another process wants a core too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
