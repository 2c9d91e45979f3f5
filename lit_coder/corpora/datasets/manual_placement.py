"""How a dataset's files are had without the download command, in one sentence.

    placed_by_hand(dataset_spec("mbpp"), Path("data"))
    # "take its files from huggingface.co/datasets/google-research-datasets/mbpp (full/*.parquet) or
    #  kaggle.com/datasets/mpwolke/mbppjsonl and put them into data/mbpp (columns: task_id, ...)"

It also says where the download command puts them, so that both are the same place.
"""

from __future__ import annotations

from pathlib import Path

from lit_coder.corpora.datasets.spec import DatasetSpec
from lit_coder.problems.benchmarks.files import data_places


def datasets_folder(given: str | Path | None) -> Path:
    """The folder of all datasets: the given one, that of LIT_CODER_DATA_DIR, or ./data."""
    return data_places(given)[0]


def dataset_folder(spec: DatasetSpec, folder: Path) -> Path:
    """The folder of one dataset; parts of a dataset lie in the whole's."""
    return folder / (spec.base or spec.name)


def placed_by_hand(spec: DatasetSpec, folder: Path) -> str:
    """What to fetch where, and where to put it, as the end of a sentence."""
    places = []
    if spec.hub_id:
        places.append(f"https://huggingface.co/datasets/{spec.hub_id} ({', '.join(spec.files)})")
    places += [f"https://www.kaggle.com/datasets/{handle}" for handle in spec.kaggle_ids[:1]]
    columns = ", ".join(sorted(spec.columns[0]))
    return (
        f"take its files from {' or '.join(places) or 'its publisher'} and put them into "
        f"{dataset_folder(spec, folder)} ({', '.join(spec.formats)} with the columns {columns})"
    )
