"""Options of a module that are null or no finite number are refused by their names.

    def __init__(self, hidden_size: int = 384, ...) -> None:        # of GPTModule
        refuse_no_numbers(GPTModule, dict(locals()))

Whether a number is in its range is for the part that it is an option of; nan is in no range.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any


def refuse_no_numbers(module: type, given: Mapping[str, Any]) -> None:
    """Raise where a value is null although the default is not, or infinite, or no number.

    Args:
        module: whose options they are, by its signature.
        given: the values by name; further names are passed over.

    Raises:
        ValueError: names the option.
    """
    for name, parameter in inspect.signature(module).parameters.items():
        value, default = given[name], parameter.default
        if value is None and default is not None:
            raise ValueError(
                f"model.init_args.{name} cannot be null; leave it out for its default, {default}"
            )
        # Gradients that are never scaled down are asked for by an infinite norm.
        is_number = not isinstance(value, float) or math.isfinite(value)
        if not is_number and (name, value) != ("max_gradient_norm", math.inf):
            raise ValueError(f"model.init_args.{name} must be a finite number, not {value}")
