import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from lit_coder.tokenizer import (
    PATTERNS,
    SMALLEST_VOCABULARY,
    SPECIAL_TOKENS,
    CodeTokenizer,
)

PROGRAMS = [
    f"def add_{name}(x, y):\n    total = x + {number}\n    return total + y\n"
    for name in ("one", "two", "many")
    for number in range(10)
]
TOKENIZER = CodeTokenizer.train(PROGRAMS, vocab_size=400)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.lists(
    st.sampled_from([*SPECIAL_TOKENS, "\r\n", "\n    ", "\t", "\x00", "  ", "def ", "12", "\u0301"])
).map("".join)


@settings(deadline=None, max_examples=300)
@given(ANY_TEXT)
def test_any_text_comes_back_exactly(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@settings(deadline=None)
@given(ANY_TEXT)
def test_no_text_ever_becomes_a_special_id(text: str) -> None:
    assert not set(TOKENIZER.encode(text)) & set(TOKENIZER.special_ids)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_gives_the_text_back(pattern: str) -> None:
    tokenizer = CodeTokenizer.train(PROGRAMS, 400, pattern)
    text = "x = 'it''s'\r\n\tif  1234:\n\n  pass  # \u00e9\u4e2d \n"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_corpus_that_spells_special_tokens_does_not_teach_them() -> None:
    tokenizer = CodeTokenizer.train(["<|end|><|pad|>" * 50] * 20, 400)
    assert not set(tokenizer.encode("<|end|><|pad|>")) & set(tokenizer.special_ids)


def test_every_single_byte_has_an_id() -> None:
    tokenizer = CodeTokenizer.train([], SMALLEST_VOCABULARY)
    assert tokenizer.vocab_size == SMALLEST_VOCABULARY
    assert len(tokenizer.encode("\u4e2d")) == 3


def test_the_same_texts_give_the_same_tokenizer_in_any_order() -> None:
    other = CodeTokenizer.train(PROGRAMS[::-1], vocab_size=400)
    assert other.fingerprint == TOKENIZER.fingerprint


def test_other_texts_give_another_fingerprint() -> None:
    assert CodeTokenizer.train(PROGRAMS[:3], 300).fingerprint != TOKENIZER.fingerprint


def test_newline_and_indentation_are_one_unit() -> None:
    ids = TOKENIZER.encode("\n    return")
    assert TOKENIZER.decode(ids[:1]) == "\n    "


def test_every_digit_stands_alone() -> None:
    tokenizer = CodeTokenizer.train(["2024 " * 100], 400)
    assert [tokenizer.decode([i]) for i in tokenizer.encode("2024")] == ["2", "0", "2", "4"]


def test_a_small_corpus_tells_its_true_vocabulary_size() -> None:
    tokenizer = CodeTokenizer.train(["ab"], 10_000)
    assert tokenizer.vocab_size == SMALLEST_VOCABULARY


def test_special_ids_are_distinct_and_decode_to_nothing() -> None:
    assert len(set(TOKENIZER.special_ids)) == len(SPECIAL_TOKENS)
    body = TOKENIZER.encode("x")
    ids = [TOKENIZER.fim_prefix_id, *body, TOKENIZER.end_id, TOKENIZER.pad_id]
    assert TOKENIZER.decode(ids) == "x"


def test_encoding_many_equals_encoding_each() -> None:
    assert TOKENIZER.encode_many(PROGRAMS) == [TOKENIZER.encode(text) for text in PROGRAMS]


def test_a_saved_tokenizer_is_the_same_and_still_ignores_special_spellings(tmp_path) -> None:
    path = tmp_path / "tokenizer.json"
    TOKENIZER.save(path)
    loaded = CodeTokenizer.from_file(path)
    assert loaded.fingerprint == TOKENIZER.fingerprint
    assert loaded.encode("a<|end|>") == TOKENIZER.encode("a<|end|>")


def test_a_pickled_tokenizer_still_ignores_special_spellings() -> None:
    copy = pickle.loads(pickle.dumps(TOKENIZER))
    assert copy.encode("a<|end|>") == TOKENIZER.encode("a<|end|>")


def test_a_vocabulary_that_cannot_hold_every_byte_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data\.tokenizer_vocab_size"):
        CodeTokenizer.train(PROGRAMS, SMALLEST_VOCABULARY - 1)


def test_an_unknown_pattern_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="indent"):
        CodeTokenizer.train(PROGRAMS, 400, pattern="words")


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        CodeTokenizer.from_file(tmp_path / "nowhere.json")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": "1.0"', b"\xff\xfe\x00", b"[1]"])
def test_a_damaged_file_is_named_in_one_sentence(tmp_path, content: bytes) -> None:
    path = tmp_path / "damaged.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged") as error:
        CodeTokenizer.from_file(path)
    assert "\n" not in str(error.value)


def test_a_tokenizer_without_our_special_tokens_is_refused() -> None:
    with pytest.raises(ValueError, match="special tokens"):
        CodeTokenizer.from_str(Tokenizer(models.BPE()).to_str())


def test_a_tokenizer_that_lacks_bytes_is_refused() -> None:
    backend = Tokenizer(models.BPE())
    backend.add_special_tokens(list(SPECIAL_TOKENS))
    with pytest.raises(ValueError, match="bytes"):
        CodeTokenizer.from_str(backend.to_str())


def test_a_lone_surrogate_is_refused_as_a_value_error() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        TOKENIZER.encode("\ud800")
