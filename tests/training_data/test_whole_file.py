from __future__ import annotations

from pathlib import Path

import pytest

from lit_coder.training_data.whole_file import write_whole


@pytest.mark.parametrize("content", ["e\u0301\r\nend", b"\x89PNG\r\n"])
def test_what_is_written_is_in_the_file_to_the_byte(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "file"
    path.write_text("former")
    write_whole(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("former")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half of a character: \ud800")
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path]
