"""What options of `fit` mean, read by fit's own parser and without running anything.

    config, status = fit_configuration(["--config", "configs/quickstart.yaml"])

For tools that look at a configuration before it is trained. Mistakes in the options end as they
do in fit: one sentence on stderr and a status that is not 0.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any


def fit_configuration(options: list[str]) -> tuple[dict[str, Any] | None, int]:
    """The whole configuration as plain containers; None and the status where it is wrong."""
    import yaml

    from lit_coder import cli

    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            status = cli.run(["fit", *options, "--print_config"])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0
    if status:
        return None, status
    config: dict[str, Any] = yaml.safe_load(printed.getvalue())
    return config, 0
