"""The sample pool: one Lance table a run, every sample of every round, accepted or not.

    pool = SamplePool.create(folder / "pool.lance", run_id)     # version 1, empty
    version = pool.commit(samples, base_version=1)              # one round = one version
    pool.read(version, accepted_only=True)
    pool.clean({version})                                       # the others and their files go
    pool.versions(), pool.restore(3), pool.export_parquet(3, file)    # what people do with it

A round is committed in one append, so it is there whole or not at all. Version numbers only
grow: committing on an older base first restores it, later rounds stay in the history until they
are cleaned. One writer, kept by the lock on the run's folder; opening and reading change nothing.
Only this file imports Lance, which holds threads: never read a pool in a forked worker.
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from lit_coder.corpora.lance_panics import panics_as_errors
from lit_coder.training_data.sample import KnownProgram, Sample

logger = logging.getLogger("lit_coder.training_data")

EMPTY_VERSION = 1
_RUN_ID = b"lit_coder_run_id"
_TAG = "version-"
_ASIDE = ".unreadable"


class PoolVersion(NamedTuple):
    """One version of a pool; the counts are None where it cannot be read."""

    version: int
    committed_at: datetime | None
    num_samples: int | None = None
    num_accepted: int | None = None
    last_round: int | None = None


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
            # A pool whose version cannot be told may hold samples, too.
            if _manifests(path) and _newest_version(path) != EMPTY_VERSION:
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

        Later versions need not be readable.

        Raises:
            ValueError: that version cannot be read.
        """
        import lance
        import pyarrow

        rows = [dataclasses.asdict(sample) for sample in samples]
        table = pyarrow.Table.from_pylist(rows, schema=_schema())
        with self._without_unreadable() as highest_unreadable:
            dataset = self._as_newest(base_version, highest_unreadable)
            # A pool that an earlier version made lacks the fields that came later.
            table = table.select(
                [name for name in table.schema.names if name in dataset.schema.names]
            )
            lance.write_dataset(table, str(self.path), mode="append")
            return int(lance.dataset(str(self.path)).version)

    def restore(self, version: int) -> int:
        """Make an older version's content the newest version; return its number.

        The history stays. A run goes on from the version that its checkpoint names, whatever is
        the newest.

        Raises:
            ValueError: that version cannot be read.
        """
        import lance

        with self._without_unreadable() as highest_unreadable:
            # The unreadable one stands at its number again afterwards: this takes a later one.
            self._as_newest(version, highest_unreadable + 1)
            return int(lance.dataset(str(self.path)).version)

    def _as_newest(self, version: int, least: int) -> Any:
        """The dataset whose newest version has this one's content and a number of `least`."""
        import lance

        with _opened(self.path, version) as dataset:
            newest = lance.dataset(str(self.path)).version
        while newest != version or newest < least:
            # Appending to an old checked-out version would land on the newest one.
            dataset.restore()
            version = newest = lance.dataset(str(self.path)).version
        return dataset

    def versions(self) -> list[PoolVersion]:
        """Every version that has not been cleaned, the oldest first."""
        import lance

        found = []
        moments = _moments(self.path)
        for number in sorted(_manifests(self.path)):
            try:
                dataset = lance.dataset(str(self.path), version=number)
                rows = dataset.to_table(columns=["round", "accepted"]).to_pydict()
            except (OSError, ValueError, RuntimeError):
                found.append(PoolVersion(number, None))
                continue
            rounds, accepted = rows["round"], rows["accepted"]
            last = max(rounds, default=None)
            found.append(PoolVersion(number, moments.get(number), len(rounds), sum(accepted), last))
        return found

    def export_parquet(self, version: int, path: Path, condition: str | None = None) -> int:
        """Write a version's samples, or some of them, to a Parquet file; return their number.

        The file is there whole or not at all.

        Raises:
            ValueError: the version cannot be read.
            OSError: the file cannot be written.
        """
        import pyarrow.parquet

        with _opened(self.path, version) as dataset:
            scanner = dataset.scanner(filter=condition, scan_in_order=True)
        temporary = path.with_name(path.name + ".partial")
        count = 0
        try:
            schema = dataset.schema.remove_metadata()
            with pyarrow.parquet.ParquetWriter(temporary, schema) as writer:
                for batch in scanner.to_batches():
                    writer.write_batch(batch.replace_schema_metadata(None))
                    count += batch.num_rows
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return count

    def newest_version(self) -> int:
        """The newest version that can be read.

        Raises:
            ValueError: there is none.
        """
        for number in sorted(_manifests(self.path), reverse=True):
            if _is_readable(self.path, number):
                return number
        raise ValueError(
            f"no version of the sample pool {self.path} can be read; put the pool back from a copy"
        )

    def clean(self, keep_versions: Set[int]) -> None:
        """Remove all versions but these and the newest, and every file that none of them needs.

        The rule of a run: the versions stay that one of its checkpoints goes on from. What killed
        commits left behind goes, too. Where a version to keep cannot be read - it may come back
        from a copy - or the disk is full, nothing more is removed and a warning says so.
        """
        import lance

        newest = _newest_version(self.path)
        manifests = _manifests(self.path)
        keep_versions &= manifests.keys()
        unwanted = manifests.keys() - {*keep_versions, newest}
        if not unwanted:
            return
        try:
            for version in sorted(keep_versions):
                lance.dataset(str(self.path), version=version)
            dataset = lance.dataset(str(self.path))
            for version in sorted(unwanted):
                if not _is_readable(self.path, version):
                    manifests[version].unlink()  # Lance would stop at it
            wanted = {f"{_TAG}{version}": version for version in keep_versions}
            tagged = {name for name in dataset.tags.list() if name.startswith(_TAG)}
            for name in sorted(wanted.keys() - tagged):
                dataset.tags.create(name, wanted[name])
            for name in sorted(tagged - wanted.keys()):
                dataset.tags.delete(name)
            # Files of any age: the lock on the run's folder keeps other writers away.
            dataset.cleanup_old_versions(
                older_than=timedelta(0), delete_unverified=True, error_if_tagged_old_versions=False
            )
        except (OSError, ValueError, RuntimeError) as error:
            logger.warning("old versions of the pool %s were not removed: %s", self.path, error)

    @contextmanager
    def _without_unreadable(self) -> Iterator[int]:
        """Put newest versions that cannot be read out of Lance's sight; yield the highest of them.

        Lance appends to the newest version only. Afterwards they stand where they were: a
        checkpoint that goes on from one shall be refused, not read another round's samples.
        """
        aside: list[tuple[Path, Path]] = []
        highest = 0
        for hidden in (self.path / "_versions").glob(f"*{_ASIDE}"):
            hidden.replace(hidden.with_name(hidden.name.removesuffix(_ASIDE)))
        while _newest_version(self.path) is None and (files := _manifests(self.path)):
            path = files[max(files)]
            highest = max(highest, *files)
            aside.append((path.replace(path.with_name(path.name + _ASIDE)), path))
        try:
            yield highest
        finally:
            for hidden, path in aside:
                hidden.replace(path)

    def read(self, version: int, accepted_only: bool = False) -> list[Sample]:
        """The samples of a version in the order they were committed."""
        with _opened(self.path, version) as dataset:
            table = dataset.to_table(filter="accepted" if accepted_only else None)
        return [_sample(row) for row in table.to_pylist()]

    def read_known(self, version: int) -> list[KnownProgram]:
        """What tells the accepted samples of a version apart, without their texts."""
        with _opened(self.path, version) as dataset:
            columns = [name for name in KnownProgram._fields if name in dataset.schema.names]
            table = dataset.to_table(columns=columns, filter="accepted")
        return [KnownProgram(**row) for row in table.to_pylist()]

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
        with _opened(self.path, version) as dataset:
            read = dataset.to_table(columns=list(columns)).to_pydict()
            positions = list(choose(read))
            rows = dataset.take(positions).to_pylist() if positions else []
        return [_sample(row) for row in rows]


@contextmanager
def _opened(path: Path, version: int) -> Iterator[Any]:
    """A version to read from; what goes wrong with it is said in one sentence."""
    import lance

    try:
        with panics_as_errors():
            yield lance.dataset(str(path), version=version)
    except (OSError, ValueError) as error:
        raise ValueError(_damaged(path, version)) from error


def _newest_version(path: Path) -> int | None:
    """The pool's newest version; None where it cannot be read."""
    import lance

    try:
        with panics_as_errors():
            return int(lance.dataset(str(path)).version)
    except (OSError, ValueError, RuntimeError):
        return None


def _is_readable(path: Path, version: int) -> bool:
    import lance

    try:
        with panics_as_errors():
            lance.dataset(str(path), version=version)
    except (OSError, ValueError, RuntimeError):
        return False
    return True


def _moments(path: Path) -> dict[Any, Any]:
    """When each version was committed; nothing where one cannot be read, which Lance stops at."""
    import lance

    try:
        with panics_as_errors():
            return {v["version"]: v["timestamp"] for v in lance.dataset(str(path)).versions()}
    except (OSError, ValueError, RuntimeError):
        return {}


def _manifests(path: Path) -> dict[int, Path]:
    """The files that describe the versions; names of Lance's newer scheme count downwards."""
    found = {int(file.stem): file for file in (path / "_versions").glob("*.manifest")}
    return {2**64 - 1 - n if n >= 2**63 else n: file for n, file in found.items()}


def _read_run_id(path: Path, version: int) -> str:
    import lance

    # The newest version: another run's pool may not have the one that is asked for.
    newest = _newest_version(path)
    try:
        with panics_as_errors():
            dataset = lance.dataset(str(path), version=version if newest is None else newest)
    except (OSError, ValueError) as error:
        raise ValueError(_damaged(path, version)) from error
    return str((dataset.schema.metadata or {}).get(_RUN_ID, b"unknown").decode())


def _damaged(path: Path, version: int) -> str:
    return (
        f"version {version} of the sample pool {path} cannot be read; put the pool back from a "
        "copy, or resume from an earlier checkpoint of the run"
    )


def _sample(row: dict[str, Any]) -> Sample:
    plain: dict[str, Any] = {
        name: tuple(held) if isinstance(held, list) else held for name, held in row.items()
    }
    return Sample(**plain)


def _schema() -> Any:
    """The Arrow schema that follows `Sample` field by field."""
    import pyarrow

    types = {
        "int": pyarrow.int64(),
        "float": pyarrow.float64(),
        "float | None": pyarrow.float64(),
        "str": pyarrow.string(),
        "bool": pyarrow.bool_(),
        "tuple[int, ...]": pyarrow.list_(pyarrow.int32()),
        "tuple[float, ...]": pyarrow.list_(pyarrow.float32()),
    }
    return pyarrow.schema(
        [(item.name, types[str(item.type)]) for item in dataclasses.fields(Sample)]
    )
