from typing import Any

import pytest

from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backend", "none"),
        ("workers", 0),
        ("timeout_seconds", 0.0),
        ("timeout_seconds", float("nan")),
        ("cpu_seconds", -1.0),
        ("memory_megabytes", 8),
        ("output_kilobytes", -1),
        ("file_megabytes", 0),
    ],
)
def test_a_bad_value_is_refused_by_the_option_s_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^sandbox\.{name} "):
        SandboxOptions(**{name: value})


def test_the_limits_are_the_options_in_the_contract_s_units() -> None:
    limits = SandboxOptions(timeout_seconds=3.0, memory_megabytes=128, output_kilobytes=2).limits()
    assert limits.wall_seconds == 3.0
    assert limits.memory_bytes == 128 * 2**20
    assert limits.output_bytes == 2048


def test_the_options_open_a_runner_that_is_not_running_yet() -> None:
    open_runner(SandboxOptions(workers=1)).close()
