from __future__ import annotations

import torch

from tests.objectives.broken_compiler import broken_compiler, no_backward_compiler

__all__ = ["broken_compiler", "no_backward_compiler"]

torch.set_num_threads(1)
