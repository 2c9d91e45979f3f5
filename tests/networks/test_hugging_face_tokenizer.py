from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from lit_coder.__main__ import main
from lit_coder.networks.hugging_face_tokenizer import pretrained_tokenizer, read_tokenizer
from lit_coder.tokenizer import CodeTokenizer
from tests.pretrained_model import (
    LLAMA_SPECIAL,
    PROGRAMS,
    QWEN_ADDED,
    QWEN_PATTERN,
    QWEN_SPECIAL,
    llama_tokenizer,
    make_tokenizer,
    qwen_tokenizer,
)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.lists(
    st.sampled_from(
        [*QWEN_SPECIAL, *QWEN_ADDED, *LLAMA_SPECIAL, "\r\n", "\n    ", "e\u0301", " ", "def ", "12"]
    )
).map("".join)


def saved(folder: Path, backend: Tokenizer, **configuration: Any) -> Path:
    folder.mkdir(exist_ok=True)
    backend.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(configuration))
    return folder


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> CodeTokenizer:
    return read_tokenizer(saved(tmp_path_factory.mktemp("qwen"), qwen_tokenizer()))


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> CodeTokenizer:
    return read_tokenizer(saved(tmp_path_factory.mktemp("llama"), llama_tokenizer()))


def test_the_special_tokens_of_qwen_are_mapped(qwen: CodeTokenizer) -> None:
    id_of = qwen_tokenizer().token_to_id
    assert qwen.end_id == qwen.pad_id == id_of("<|endoftext|>")
    marks = (qwen.fim_prefix_id, qwen.fim_middle_id, qwen.fim_suffix_id)
    assert marks == tuple(id_of(f"<|fim_{name}|>") for name in ("prefix", "middle", "suffix"))
    assert set(qwen.special_ids) == {id_of(token) for token in (*QWEN_SPECIAL, *QWEN_ADDED)}


def test_the_special_tokens_of_llama_are_mapped(llama: CodeTokenizer) -> None:
    id_of = llama_tokenizer().token_to_id
    assert llama.end_id == id_of("<|end_of_text|>")
    assert llama.pad_id == id_of("<|finetune_right_pad_id|>")
    assert set(llama.special_ids) == {id_of(token) for token in LLAMA_SPECIAL}


def test_what_a_tokenizer_has_no_token_for_is_refused_when_it_is_asked_for(
    llama: CodeTokenizer,
) -> None:
    for name in ("fim_prefix_id", "fim_middle_id", "fim_suffix_id"):
        with pytest.raises(ValueError, match=r"data\.fim_rate"):
            getattr(llama, name)


@pytest.mark.parametrize("make", [qwen_tokenizer, llama_tokenizer])
def test_programs_become_the_same_ids_as_in_the_given_file(
    tmp_path: Path, make: Callable[[], Tokenizer]
) -> None:
    tokenizer = read_tokenizer(saved(tmp_path, make()))
    for text in [*PROGRAMS, "x = 1234\r\n\tif  y:\n\n  pass  # \u00e9\u4e2d \n"]:
        assert tokenizer.encode(text) == make().encode(text, add_special_tokens=False).ids


@settings(deadline=None, max_examples=100)
@given(ANY_TEXT)
def test_any_text_comes_back_and_never_becomes_an_added_token(text: str) -> None:
    for tokenizer in _TOKENIZERS:
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert not set(ids) & set(tokenizer.special_ids)


@pytest.mark.parametrize("name", ["qwen", "llama"])
def test_what_is_saved_keeps_what_each_token_does(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tokenizer: CodeTokenizer = request.getfixturevalue(name)
    tokenizer.save(tmp_path / "tokenizer.json")
    for again in (CodeTokenizer.from_str(tokenizer.to_str()), pretrained_tokenizer(tmp_path)):
        assert again.special_tokens == tokenizer.special_tokens
        assert again.special_ids == tokenizer.special_ids
        assert again.fingerprint == tokenizer.fingerprint


def test_the_tokenizer_of_another_model_can_be_looked_into(
    qwen: CodeTokenizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    qwen.save(tmp_path / "tokenizer.json")
    assert main(["tokenizer", "inspect", str(tmp_path / "tokenizer.json")]) == 0
    out = capsys.readouterr().out
    assert f"<|endoftext|> = {qwen.end_id}  <|fim_prefix|> = {qwen.fim_prefix_id}  " in out


def test_a_saved_tokenizer_adds_nothing_in_other_libraries(llama: CodeTokenizer) -> None:
    backend = Tokenizer.from_str(llama.to_str())
    assert backend.encode(PROGRAMS[0]).ids == llama.encode(PROGRAMS[0])


@pytest.mark.parametrize("kind", ["token", "token_id", "several", "described"])
def test_an_unknown_end_token_is_found_in_the_configurations(tmp_path: Path, kind: str) -> None:
    backend = make_tokenizer(QWEN_PATTERN)
    backend.add_special_tokens(["<|stop|>", "<|fill|>"])
    stop, fill = backend.token_to_id("<|stop|>"), backend.token_to_id("<|fill|>")
    configuration = {
        "token": {"eos_token": "<|stop|>", "pad_token": "<|fill|>"},
        "token_id": {"eos_token_id": stop, "pad_token_id": fill},
        "several": {"eos_token_id": [10**6, stop], "pad_token_id": fill},
        "described": {"eos_token": {"content": "<|stop|>"}, "pad_token": {"content": "<|fill|>"}},
    }[kind]
    folder = saved(tmp_path, backend)
    (folder / "generation_config.json").write_text(json.dumps(configuration))
    tokenizer = read_tokenizer(folder)
    assert (tokenizer.end_id, tokenizer.pad_id) == (stop, fill)


@pytest.mark.parametrize(
    "marks",
    [
        ("<fim_prefix>", "<fim_middle>", "<fim_suffix>"),
        (
            "<\uff5cfim\u2581begin\uff5c>",
            "<\uff5cfim\u2581end\uff5c>",
            "<\uff5cfim\u2581hole\uff5c>",
        ),
    ],
)
def test_marks_of_other_families_are_known(tmp_path: Path, marks: tuple[str, str, str]) -> None:
    backend = make_tokenizer(QWEN_PATTERN)
    backend.add_special_tokens(["<|endoftext|>", *marks])
    tokenizer = read_tokenizer(saved(tmp_path, backend))
    found = (tokenizer.fim_prefix_id, tokenizer.fim_middle_id, tokenizer.fim_suffix_id)
    assert found == tuple(backend.token_to_id(mark) for mark in marks)


def test_ids_that_the_library_would_number_anew_are_refused(tmp_path: Path) -> None:
    content = json.loads(qwen_tokenizer().to_str())
    last = max(content["added_tokens"], key=lambda token: token["id"])
    last["id"] += 3
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    assert "behind a gap in its ids" in sentence(tmp_path)


def sentence(folder: Path) -> str:
    with pytest.raises(ValueError) as caught:
        read_tokenizer(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_tokenizer_that_cannot_serve_is_refused(tmp_path: Path) -> None:
    assert "lacks tokenizer.json" in sentence(tmp_path)
    assert "has no end token" in sentence(saved(tmp_path, make_tokenizer(QWEN_PATTERN)))
    content = json.loads(qwen_tokenizer().to_str()) | {"normalizer": {"type": "Strip"}}
    content["normalizer"] |= {"strip_left": True, "strip_right": True}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    assert "does not give back" in sentence(tmp_path)


@pytest.mark.parametrize("content", ["{}", "[1]", '{"added_tokens": 3}', '{"added_tokens": [{}]}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    assert str(tmp_path / "tokenizer.json") in sentence(tmp_path)


_TOKENIZERS: list[CodeTokenizer] = []


@pytest.fixture(autouse=True, scope="module")
def _both(qwen: CodeTokenizer, llama: CodeTokenizer) -> None:
    _TOKENIZERS[:] = [qwen, llama]
