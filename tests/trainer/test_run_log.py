from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from lit_coder.trainer.run_log import LogLevel, RunLog, set_log_level

logger = logging.getLogger("lit_coder.trainer")


@pytest.fixture(autouse=True)
def _own_level(log_lines: pytest.LogCaptureFixture) -> None:
    # caplog puts the level back.
    log_lines.set_level(logging.INFO, "lit_coder")


def say_everything() -> None:
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(level, "said %s", logging.getLevelName(level))


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["DEBUG", "INFO", "WARNING", "ERROR"]),
        ("info", ["INFO", "WARNING", "ERROR"]),
        ("warning", ["WARNING", "ERROR"]),
        ("error", ["ERROR"]),
    ],
)
def test_each_line_has_its_time_and_level_and_none_below_the_chosen_one(
    tmp_path: Path, level: LogLevel, heard: list[str]
) -> None:
    set_log_level(level)
    with RunLog(tmp_path / "training.log"):
        say_everything()
    lines = (tmp_path / "training.log").read_text().splitlines()
    shape = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (\w+) lit_coder\.trainer: said (\w+)"
    found = [re.fullmatch(shape, line) for line in lines]
    assert [match and match.groups() for match in found] == [(word, word) for word in heard]


def test_a_log_goes_on_where_it_was_and_hears_nothing_once_closed(tmp_path: Path) -> None:
    path = tmp_path / "training.log"
    handlers = list(logging.getLogger("lit_coder").handlers)
    for text in ("first", "second"):
        log = RunLog(path)
        logger.info(text)
        log.close()
        log.close()
        logger.info("between")
    assert [line.split(": ")[1] for line in path.read_text().splitlines()] == ["first", "second"]
    assert logging.getLogger("lit_coder").handlers == handlers
