import contextlib
import io
import logging

from lit_coder.cli.screen import log_to_stderr


def test_log_lines_go_to_what_standard_error_is_when_they_are_said() -> None:
    logger = logging.getLogger("lit_coder")
    first, second = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(first):
        log_to_stderr()
        logger.warning("one")
    first.close()
    with contextlib.redirect_stderr(second):
        logger.warning("two")
    assert second.getvalue() == "two\n"
