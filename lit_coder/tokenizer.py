r"""Text to token ids and back: byte-level BPE made for code.

    tokenizer = CodeTokenizer.train(programs, vocab_size=8192)
    ids = tokenizer.encode("def f(x):\n    return x\n")
    assert tokenizer.decode(ids) == "def f(x):\n    return x\n"
    tokenizer.save("tokenizer.json")               # a Hugging Face `tokenizers` file
    tokenizer = CodeTokenizer.from_file("tokenizer.json")

Any text that can be written as UTF-8 comes back exactly, and nothing in a text ever becomes a
special id: the spelling `<|end|>` in a program is eight ordinary characters. Special ids are put
into a sequence only by number (`end_id`, `pad_id`, `fim_*_id`). A byte-level tokenizer of another
model serves too, once it is said which of its tokens do what (`adapted`). This file knows nothing
of prompts, chat turns or packing, and no other model's names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

PAD, END = "<|pad|>", "<|end|>"
FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX = "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"
SPECIAL_TOKENS = (PAD, END, FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX)
SMALLEST_VOCABULARY = 256 + len(SPECIAL_TOKENS)

TokenizerPattern = Literal["indent", "indent_3_digits", "line", "gpt2"]
"""How text is cut before merging, a name in `PATTERNS`."""
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+|[ \t]+(?!\S)|\s+"
PATTERNS: dict[TokenizerPattern, str] = {
    # A newline and the indentation after it are one unit; every digit stands alone, with the
    # space before it, as a word does.
    "indent": rf"[\r\n]+[ \t]*|{_WORDS}| ?\p{{N}}|{_REST}",
    # As "indent", with numbers in groups of up to three digits: shorter, worse at arithmetic.
    "indent_3_digits": rf"[\r\n]+[ \t]*|{_WORDS}|\p{{N}}{{1,3}}|{_REST}",
    # A whole line may become one unit: for programs of short, like lines.
    "line": r"[^\r\n]*(?:\r\n|[\r\n])|[^\r\n]+",
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
}

# Single bytes that no UTF-8 text holds; some vocabularies leave them out.
_NOT_IN_UTF_8 = {chr(byte) for byte in (0xC0, 0xC1, *range(0xF5, 0x100))}
_ROLE = "lit_coder."
# The library's encodings take a hundred bytes a token while they live.
_TEXTS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """Which token of a tokenizer does what.

    Attributes:
        pad: fills short rows; may be the end token.
        end: ends a document or a completion.
        gap: what opens the text before a gap, the text of the gap, and the text after it; None
            where the tokenizer has no such tokens.
    """

    pad: str = PAD
    end: str = END
    gap: tuple[str, str, str] | None = (FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX)

    def all(self) -> tuple[str, ...]:
        """The tokens, each once."""
        return tuple(dict.fromkeys((self.pad, self.end, *(self.gap or ()))))

    @classmethod
    def in_tokenizer(cls, content: Mapping[str, Any]) -> SpecialTokens | None:
        """What `template` put into a tokenizer's content; None where that did not happen."""
        kept = content.get("post_processor")
        named = (kept.get("special_tokens") or {}) if isinstance(kept, dict) else {}
        tokens = {role: named[role]["tokens"] for role in named if role.startswith(_ROLE)}
        if not tokens:
            return None
        gap = tokens.get(f"{_ROLE}gap")
        (pad,), (end,) = tokens[f"{_ROLE}pad"], tokens[f"{_ROLE}end"]
        return cls(pad, end, (gap[0], gap[1], gap[2]) if gap else None)

    def template(self, id_of: Mapping[str, int]) -> dict[str, Any]:
        """A post-processor that adds nothing to a text and keeps the roles in its table.

        It is the one place of a tokenizer's file that takes names of our own.
        """
        roles = {"pad": (self.pad,), "end": (self.end,)} | ({"gap": self.gap} if self.gap else {})
        text, second = (
            {"Sequence": {"id": "A", "type_id": 0}},
            {"Sequence": {"id": "B", "type_id": 0}},
        )
        table = {
            _ROLE + role: {"id": _ROLE + role, "ids": [id_of[t] for t in tokens], "tokens": tokens}
            for role, tokens in roles.items()
        }
        return {
            "type": "TemplateProcessing",
            "single": [text],
            "pair": [text, second],
            "special_tokens": table,
        }


OWN_TOKENS = SpecialTokens()


class CodeTokenizer:
    """A byte-level BPE tokenizer, trained here or of another model.

    Made by `train`, `from_file`, `from_str` or `adapted`, not by the constructor.

    Attributes:
        vocab_size: how many ids there are, special ones included; a small corpus gives fewer
            than were asked for.
        special_tokens: which token does what.
        pad_id: fills short rows; never predicted. May be `end_id`.
        end_id: ends a document or a completion.
        special_ids: the ids that no text is ever encoded to, those of `special_tokens` first.
    """

    def __init__(self, backend: Tokenizer, special_tokens: SpecialTokens = OWN_TOKENS) -> None:
        # The flag is not part of the file, and without it "<|end|>" in a text would end it.
        backend.encode_special_tokens = True
        backend.no_truncation()
        backend.no_padding()
        self._backend = backend
        self.special_tokens = special_tokens
        self.vocab_size: int = backend.get_vocab_size()
        self.pad_id = self._special_id(special_tokens.pad)
        self.end_id = self._special_id(special_tokens.end)
        known = tuple(self._special_id(token) for token in special_tokens.all())
        others = backend.get_added_tokens_decoder().keys() - set(known)
        self.special_ids: tuple[int, ...] = (*known, *sorted(others))

    @classmethod
    def train(
        cls, texts: Iterable[str], vocab_size: int, pattern: TokenizerPattern = "indent"
    ) -> CodeTokenizer:
        """Learns a vocabulary of at most `vocab_size` ids; the same texts give the same one.

        Args:
            texts: the corpus, in any order.
            vocab_size: the largest number of ids; merges seen only once are not made.
            pattern: how text is cut before merging, a name in `PATTERNS`.

        Raises:
            ValueError: the vocabulary cannot hold every byte, or the pattern has no such name.
        """
        if vocab_size < SMALLEST_VOCABULARY:
            raise ValueError(
                f"data.tokenizer_vocab_size must be at least {SMALLEST_VOCABULARY} (256 bytes and "
                f"{len(SPECIAL_TOKENS)} special tokens), not {vocab_size}"
            )
        if pattern not in PATTERNS:
            raise ValueError(f"the pattern must be one of {', '.join(PATTERNS)}, not {pattern!r}")
        backend = Tokenizer(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(PATTERNS[pattern]), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        backend.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=2,
            special_tokens=list(SPECIAL_TOKENS),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        backend.train_from_iterator(texts, trainer)
        return cls(backend)

    @classmethod
    def from_str(cls, text: str, name: str = "the tokenizer") -> CodeTokenizer:
        """Reads what `to_str` wrote; `name` says in an error where the text came from.

        Raises:
            ValueError: not a tokenizer, or not one that can serve here.
        """
        try:
            backend = Tokenizer.from_str(text)
        except Exception as error:  # the library raises plain Exception
            raise ValueError(f"{name} is not a readable tokenizer file: {error}") from error
        special_tokens = SpecialTokens.in_tokenizer(json.loads(text)) or OWN_TOKENS
        missing = [token for token in special_tokens.all() if backend.token_to_id(token) is None]
        if missing:
            raise ValueError(f"{name} lacks the special tokens {', '.join(missing)}")
        vocabulary = backend.get_vocab(with_added_tokens=False)
        needed = set(pre_tokenizers.ByteLevel.alphabet()) - _NOT_IN_UTF_8
        if any(byte not in vocabulary for byte in needed):
            raise ValueError(f"{name} is not a byte-level tokenizer: it lacks single bytes")
        tokenizer = cls(backend, special_tokens)
        if tokenizer.decode(tokenizer.encode(_PROBE)) != _PROBE:
            raise ValueError(f"{name} does not give back the text that it was given")
        return tokenizer

    @classmethod
    def adapted(
        cls, content: Mapping[str, Any], special_tokens: SpecialTokens, name: str = "the tokenizer"
    ) -> CodeTokenizer:
        """Another model's tokenizer, changed so that it keeps what is promised here.

        Nothing in a text becomes one of its added tokens, and characters that Unicode can write in
        two ways stay as they are. Ids are the same for texts that hold neither.

        Args:
            content: of its `tokenizer.json`.
            special_tokens: which of its tokens do what.
            name: says in an error where it came from.

        Raises:
            ValueError: not a tokenizer, or not one that can serve here.
        """
        added = [each | {"special": True} for each in content["added_tokens"]]
        id_of = {each["content"]: each["id"] for each in added}
        normalizer = content.get("normalizer")
        changed = {
            **content,
            "added_tokens": added,
            "normalizer": None if normalizer == {"type": "NFC"} else normalizer,
            "post_processor": special_tokens.template(id_of),
        }
        tokenizer = cls.from_str(json.dumps(changed, ensure_ascii=False), name)
        for token, token_id in id_of.items():
            # The library numbers added tokens anew where they leave a gap.
            if tokenizer._special_id(token) != token_id:
                raise ValueError(f"{name} numbers {token} as {token_id}, behind a gap in its ids")
        return tokenizer

    @classmethod
    def from_file(cls, path: str | Path) -> CodeTokenizer:
        """Reads a saved tokenizer.

        Raises:
            ValueError: the file is missing, damaged, or not a tokenizer that can serve here.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"the tokenizer file {path} cannot be read: {error}") from error
        return cls.from_str(text, name=f"the tokenizer file {path}")

    def to_str(self) -> str:
        """The whole tokenizer as JSON, readable by `from_str` and by `tokenizers`."""
        return str(self._backend.to_str())

    def save(self, path: str | Path) -> None:
        """Writes the tokenizer to a file."""
        Path(path).write_text(self.to_str(), encoding="utf-8")

    @property
    def fingerprint(self) -> str:
        """The sha256 of the tokenizer's content: equal ones give equal ids."""
        canonical = json.dumps(json.loads(self.to_str()), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def fim_prefix_id(self) -> int:
        """Opens the text before a gap (fill in the middle).

        Raises:
            ValueError: the tokenizer has no tokens for that; nor for the two others.
        """
        return self._special_id(self._gap()[0])

    @property
    def fim_middle_id(self) -> int:
        """Opens the text of the gap."""
        return self._special_id(self._gap()[1])

    @property
    def fim_suffix_id(self) -> int:
        """Opens the text after the gap."""
        return self._special_id(self._gap()[2])

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without special ones.

        Raises:
            ValueError: the text holds a lone surrogate, which no UTF-8 file can.
        """
        _check_encodable(text)
        return list(self._backend.encode(text, add_special_tokens=False).ids)

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for many texts at once, on all cores."""
        for text in texts:
            _check_encodable(text)
        found: list[list[int]] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = list(texts[start : start + _TEXTS_AT_ONCE])
            encodings = self._backend.encode_batch_fast(part, add_special_tokens=False)
            found += [list(encoding.ids) for encoding in encodings]
        return found

    def decode(self, ids: Sequence[int]) -> str:
        """The text of the ids; special ids give nothing, broken UTF-8 gives U+FFFD."""
        return str(self._backend.decode(list(ids), skip_special_tokens=True))

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (CodeTokenizer.from_str, (self.to_str(),))

    def _gap(self) -> tuple[str, str, str]:
        if self.special_tokens.gap is None:
            raise ValueError(
                "the model's tokenizer has no tokens for filling in the middle (as "
                f"{FIM_PREFIX}): set data.fim_rate to 0 and leave out benchmarks that fill gaps"
            )
        return self.special_tokens.gap

    def _special_id(self, token: str) -> int:
        token_id = self._backend.token_to_id(token)
        if token_id is None:
            raise ValueError(f"the tokenizer lacks the special token {token}")
        return int(token_id)


# Every kind of thing that a tokenizer made for prose loses.
_PROBE = " def f(x):\r\n\t  return  'a\u00e9\U0001f600' # 12  \n\n <|end|> \x00 "


def _check_encodable(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"the text cannot be written as UTF-8: {error}") from error
