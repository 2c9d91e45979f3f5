"""Questions that a row of OpenCodeReasoning leaves out, looked up in the dataset that it names.

    questions = QuestionsElsewhere(near=Path("data/open_code_reasoning/split_1/train.parquet"))
    questions.question(cells)           # of {"dataset": "taco", "split": "train", "index": "17"}

The other dataset is read once, when the first of its questions is asked for: about 60 MB of text
for all 28,000. Where it is not on this machine, the row says so and is skipped.
"""

from __future__ import annotations

from pathlib import Path

from lit_coder.corpora.datasets.cells import Cells, RowFault
from lit_coder.corpora.datasets.finding import choose_files, search_places, tables_below
from lit_coder.corpora.datasets.registry import DATASETS
from lit_coder.corpora.datasets.row_files import read_rows
from lit_coder.corpora.source import Fault

_COLUMNS = {"apps": "question", "taco": "question", "code_contests": "description"}
_SPLITS = {"train": "train", "test": "test", "valid": "valid", "validation": "valid"}


class QuestionsElsewhere:
    """Questions by dataset, split and place in its files.

    Args:
        near: a file of the dataset that asks; the others are also looked for two folders above.
    """

    def __init__(self, near: Path) -> None:
        self._near = near
        self._questions: dict[tuple[str, str], list[str] | None] = {}

    def question(self, cells: Cells) -> str:
        """The question that a row points to.

        Raises:
            RowFault: it cannot be had.
        """
        dataset, split = cells.text("dataset", default=""), cells.text("split", default="")
        place = (dataset.rpartition("/")[2].lower(), _SPLITS.get(split.lower(), ""))
        if place[0] not in _COLUMNS or not place[1]:
            raise RowFault("its question stands in a dataset that is not read here")
        if place not in self._questions:
            self._questions[place] = self._read(*place)
        questions = self._questions[place]
        if questions is None:
            raise RowFault(f"its question stands in {place[0]}, which is not here")
        index = str(cells.row.get("index"))
        if not index.isdecimal() or int(index) >= len(questions) or not questions[int(index)]:
            raise RowFault(f"its question is not in {place[0]}")
        return questions[int(index)]

    def _read(self, dataset: str, split: str) -> list[str] | None:
        spec = DATASETS[f"{dataset}_train"]
        places = [*search_places(None), *self._near.absolute().parents[1:3]]
        for place in places:
            files = choose_files(DATASETS[dataset], tables_below(place), is_given=False)
            chosen = [path for path in files if split in "/".join(path.parts[-2:]).lower()]
            if chosen:
                column = _COLUMNS[spec.base]
                return [
                    "" if isinstance(row, Fault) else str(row.get(column) or "")
                    for path in chosen
                    for _, row in read_rows(path)
                ]
        return None
