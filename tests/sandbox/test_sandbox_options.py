from typing import Any

import pytest

from lit_coder.sandbox.contract import Limits
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backend", "none"),
        ("isolation", "chroot"),
        ("workers", 0),
        ("timeout_seconds", 0.0),
        ("timeout_seconds", float("nan")),
        ("cpu_seconds", -1.0),
        ("memory_megabytes", 8),
        ("output_kilobytes", -1),
        ("file_megabytes", 0),
        ("file_megabytes", float("inf")),
        ("processes", -1),
        ("scratch_megabytes", -0.5),
        ("scratch_megabytes", float("nan")),
        ("scratch_megabytes", float("inf")),
        ("scratch_files", 0),
        ("timeout_seconds", 1e300),
        ("memory_megabytes", 99999999999999),
        ("output_kilobytes", 99999999999999999),
        ("processes", 99999999999),
    ],
)
def test_a_bad_value_is_refused_by_the_option_s_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^sandbox\.{name} "):
        SandboxOptions(**{name: value})


def test_the_limits_are_the_options_in_the_contract_s_units() -> None:
    options = SandboxOptions(
        timeout_seconds=3.0,
        cpu_seconds=2.0,
        memory_megabytes=128,
        output_kilobytes=2,
        file_megabytes=3,
        processes=4,
        scratch_megabytes=0.5,
        scratch_files=5,
    )
    expected = Limits(3.0, 2.0, 128 * 2**20, 2048, 3 * 2**20, 4, 2**19, 5)
    assert options.limits() == expected


def test_the_limits_without_options_are_the_contract_s() -> None:
    assert SandboxOptions().limits() == Limits()


def test_the_options_open_a_runner_that_is_not_running_yet() -> None:
    runner = open_runner(SandboxOptions(workers=1))
    assert runner.worker_pids == []
    runner.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [("cpu_seconds", float("inf")), ("wall_seconds", float("nan")), ("file_bytes", -1)],
)
def test_limits_that_no_kernel_has_are_refused_before_a_program_is_blamed(
    name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be between"):
        Limits(**{name: value})  # type: ignore[arg-type]
