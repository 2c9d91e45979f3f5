"""The sample pool: one Lance table a run, every sample of every round, accepted or not.

    pool = SamplePool.create(folder / "pool.lance", run_id)     # version 1, empty
    version = pool.commit(samples, base_version=1)              # one round = one version
    pool.read(version, accepted_only=True)

A round is committed in one append, so it is there whole or not at all. Version numbers only
grow: committing on an older base first restores it, later rounds stay in the history. One
writer, kept by the lock on the run's folder; opening and reading change nothing. Only this file
imports Lance, which holds threads: never read a pool in a forked worker.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lit_coder.training_data.sample import Sample

EMPTY_VERSION = 1
_RUN_ID = b"lit_coder_run_id"


class SamplePool:
    """Reads and extends one pool."""

    def __init__(self, path: Path, run_id: str) -> None:
        self.path = path
        self.run_id = run_id

    @classmethod
    def create(cls, path: Path, run_id: str) -> SamplePool:
        """Make an empty pool, version 1.

        A pool that holds no round yet is what a run leaves that was killed before its first
        checkpoint; it is replaced.

        Raises:
            ValueError: there is a pool with samples at `path` already.
        """
        import lance
        import pyarrow

        if path.exists():
            if len(list((path / "_versions").glob("*.manifest"))) > 1:
                raise ValueError(
                    f"{path} holds samples, but there is no checkpoint to go on from; put the "
                    "checkpoint back, or choose another run folder"
                )
            shutil.rmtree(path)
        schema = _schema().with_metadata({_RUN_ID: run_id.encode()})
        lance.write_dataset(pyarrow.Table.from_pylist([], schema=schema), str(path))
        return cls(path, run_id)

    @classmethod
    def open(cls, path: Path, run_id: str | None, version: int) -> SamplePool:
        """Open an existing pool and prove that `version` can be read.

        Args:
            path: the pool's folder.
            run_id: the run it must belong to; None takes any.
            version: the version a checkpoint is pinned at.

        Raises:
            ValueError: the pool is gone, damaged, another run's, or lacks that version.
        """
        if not path.is_dir():
            raise ValueError(
                f"the sample pool {path} is gone; put it back from a copy of the run's folder, "
                "or start a new run"
            )
        found = _read_run_id(path, version)
        if run_id is not None and found != run_id:
            raise ValueError(
                f"the sample pool {path} belongs to run {found}, the checkpoint to run {run_id}; "
                "put this run's own pool back"
            )
        pool = cls(path, found)
        pool.read(version)
        return pool

    def commit(self, samples: Sequence[Sample], base_version: int) -> int:
        """Append a round's samples to `base_version` as the next version; return its number.

        Raises:
            ValueError: that version cannot be read.
        """
        import lance
        import pyarrow

        try:
            dataset = lance.dataset(str(self.path), version=base_version)
            newest = lance.dataset(str(self.path)).version
        except (OSError, ValueError) as error:
            raise ValueError(_damaged(self.path, base_version)) from error
        if newest != base_version:
            # Appending to an old checked-out version would land on the newest one.
            dataset.restore()  # type: ignore[no-untyped-call]
        rows = [dataclasses.asdict(sample) for sample in samples]
        table = pyarrow.Table.from_pylist(rows, schema=_schema())
        lance.write_dataset(table, str(self.path), mode="append")
        return int(lance.dataset(str(self.path)).version)

    def read(self, version: int, accepted_only: bool = False) -> list[Sample]:
        """The samples of a version in the order they were committed."""
        import lance

        try:
            dataset = lance.dataset(str(self.path), version=version)
            table = dataset.to_table(filter="accepted" if accepted_only else None)
        except (OSError, ValueError) as error:
            raise ValueError(_damaged(self.path, version)) from error
        return [_sample(row) for row in table.to_pylist()]

    def read_chosen(
        self,
        version: int,
        columns: Sequence[str],
        choose: Callable[[dict[str, list[Any]]], Sequence[int]],
    ) -> list[Sample]:
        """Some samples of a version, without loading the texts of the others.

        Args:
            version: the version to read.
            columns: short columns that are read whole, for every sample of the version.
            choose: gets those columns, returns the positions wanted, in the order wanted.

        Raises:
            ValueError: the version cannot be read.
        """
        import lance

        try:
            dataset = lance.dataset(str(self.path), version=version)
            read = dataset.to_table(columns=list(columns)).to_pydict()
            positions = list(choose(read))
            rows = dataset.take(positions).to_pylist() if positions else []
        except (OSError, ValueError) as error:
            raise ValueError(_damaged(self.path, version)) from error
        return [_sample(row) for row in rows]


def _read_run_id(path: Path, version: int) -> str:
    import lance

    try:
        # The newest version: another run's pool may not have the one that is asked for.
        metadata = lance.dataset(str(path)).schema.metadata or {}
    except (OSError, ValueError) as error:
        raise ValueError(_damaged(path, version)) from error
    return str(metadata.get(_RUN_ID, b"unknown").decode())


def _damaged(path: Path, version: int) -> str:
    return (
        f"version {version} of the sample pool {path} cannot be read; put the pool back from a "
        "copy, or resume from an earlier checkpoint of the run"
    )


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(
        **{
            **row,
            "token_ids": tuple(row["token_ids"]),
            "log_probabilities": tuple(row["log_probabilities"]),
        }
    )


def _schema() -> Any:
    """The Arrow schema that follows `Sample` field by field."""
    import pyarrow

    types = {
        "int": pyarrow.int64(),
        "float": pyarrow.float64(),
        "str": pyarrow.string(),
        "bool": pyarrow.bool_(),
        "tuple[int, ...]": pyarrow.list_(pyarrow.int32()),
        "tuple[float, ...]": pyarrow.list_(pyarrow.float32()),
    }
    return pyarrow.schema(
        [(item.name, types[str(item.type)]) for item in dataclasses.fields(Sample)]
    )
