"""What a corpus is cleaned of, and the usual limits.

    CleaningOptions()                                       # the defaults
    CleaningOptions.of({"max_line_length": 2000, "licences": ["MIT"]})

The limits are the field's: lines of at most 1000 characters and 100 on average, a quarter of the
characters letters or digits (Chen et al., 2021, "Evaluating Large Language Models Trained on Code";
CodeParrot and StarCoder have the same), no marks of generated files in the first lines
(CodeParrot), not half of the text or a run of 1024 characters of encoded data (Lozhkov et al.,
2024, "StarCoder 2 and The Stack v2"), at most 80 % comments (Ben Allal et al., 2023,
"SantaCoder"), and no near-duplicate by 5-grams and a similarity of 0.7 (the same). Any of them is
off with `null`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class CleaningOptions:
    """How documents are chosen.

    Attributes:
        licences: licences that are kept, in the words of the source, in any case; None keeps all,
            and what states none as well.
        min_length: characters of the shortest document.
        max_length: characters of the longest; every source already leaves out a mebibyte.
        max_line_length: characters of the longest line.
        max_mean_line_length: mean characters of a line.
        min_alphanumeric_share: share of the characters that are letters or digits.
        max_encoded_share: share of the characters that are base64, hexadecimal or escapes.
        max_encoded_run: characters of the longest piece of such data.
        min_comment_share, max_comment_share: share of comments and triple-quoted strings.
        drop_generated: leave out what says in its first lines that a program wrote it.
        duplicate_programs: leave out what differs from an earlier document by comments,
            docstrings and layout alone.
        near_duplicates: leave out what is this similar to an earlier document (the Jaccard index
            of their runs of five words).
        decontaminate: leave out what holds a task of HumanEval, MBPP or their plus sets.
    """

    licences: tuple[str, ...] | None = None
    min_length: int | None = None
    max_length: int | None = None
    max_line_length: int | None = 1000
    max_mean_line_length: float | None = 100.0
    min_alphanumeric_share: float | None = 0.25
    max_encoded_share: float | None = 0.5
    max_encoded_run: int | None = 1024
    min_comment_share: float | None = None
    max_comment_share: float | None = 0.8
    drop_generated: bool = True
    duplicate_programs: bool = True
    near_duplicates: float | None = 0.7
    decontaminate: bool = True

    def __post_init__(self) -> None:
        for name in ("min_length", "max_length", "max_line_length", "max_encoded_run"):
            self._require(name, 1, None, "1 or more")
        self._require("max_mean_line_length", 1, None, "1 or more")
        for name in (
            *("min_alphanumeric_share", "max_encoded_share"),
            *("min_comment_share", "max_comment_share"),
        ):
            self._require(name, 0, 1, "from 0 to 1")
        self._require("near_duplicates", 0.3, 1, "from 0.3 to 1")
        for name in ("drop_generated", "duplicate_programs", "decontaminate"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false, not {getattr(self, name)!r}")

    @classmethod
    def of(
        cls, chosen: Mapping[str, Any] | None, section: str = "data.cleaning"
    ) -> CleaningOptions:
        """The defaults with some changed, as they stand in a configuration.

        Args:
            chosen: values by the names of options.
            section: what the options are called by, in errors.

        Raises:
            ValueError: there is no such option, or a value is out of its range.
        """
        chosen = dict(chosen or {})
        known = {field.name: field for field in fields(cls)}
        for name, value in chosen.items():
            if name not in known:
                raise ValueError(
                    f"{section} has no option {name!r}; the options are {', '.join(known)}"
                )
            if name == "licences" and value is not None:
                if isinstance(value, str) or not all(isinstance(each, str) for each in value):
                    raise ValueError(f"{section}.licences must be a list of names, not {value!r}")
                chosen[name] = tuple(value)
        try:
            return cls(**chosen)
        except ValueError as error:
            raise ValueError(f"{section}.{error}") from error

    @classmethod
    def nothing(cls) -> CleaningOptions:
        """No cleaning but of documents whose whole text was there before."""
        off = {name: None for name, value in asdict(cls()).items() if not isinstance(value, bool)}
        return cls(**off, drop_generated=False, duplicate_programs=False, decontaminate=False)

    def settings(self) -> dict[str, Any]:
        """Plain values, to name a cache by and to write down."""
        return asdict(self)

    def _require(self, name: str, least: float, most: float | None, meaning: str) -> None:
        value = getattr(self, name)
        if value is None:
            return
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or value < least or (most is not None and value > most):
            raise ValueError(f"{name} must be {meaning}, or null to leave it off, not {value!r}")
