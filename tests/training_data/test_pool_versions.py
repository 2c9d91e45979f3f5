"""What people do with a pool's versions: list, restore, export; also of damaged and older pools."""

from __future__ import annotations

from pathlib import Path

import lance
import pytest

from lit_coder.corpora.parquet_files import read_parquet_rows
from lit_coder.training_data.pool import PoolVersion, SamplePool, _manifests
from tests.training_data.parts import make_sample


@pytest.fixture
def pool(tmp_path: Path) -> SamplePool:
    """An empty version and two rounds of one sample each."""
    pool = SamplePool.create(tmp_path / "pool.lance", "run-a")
    for round in range(2):
        pool.commit([make_sample(round=round, accepted=round == 0, shingles="00000001")], round + 1)
    return pool


def damage(pool: SamplePool, version: int) -> None:
    _manifests(pool.path)[version].write_bytes(b"nothing")


def test_versions_are_listed_with_what_they_hold(pool: SamplePool) -> None:
    one, two, three = pool.versions()
    assert one[2:] == (0, 0, None) and two[2:] == (1, 1, 0) and three[2:] == (2, 1, 1)
    assert one.committed_at is not None and three.committed_at is not None
    assert one.committed_at <= three.committed_at


def test_a_version_that_cannot_be_read_is_listed_without_counts(pool: SamplePool) -> None:
    damage(pool, 3)
    assert pool.versions()[2] == PoolVersion(3, None)
    assert pool.newest_version() == 2
    with pytest.raises(ValueError, match=r"version 3 of the sample pool .* cannot be read; put"):
        pool.restore(3)
    for version in (1, 2):
        damage(pool, version)
    with pytest.raises(ValueError, match=r"no version of .* can be read; put the pool back"):
        pool.newest_version()


def test_restoring_goes_past_an_unreadable_newest_version(pool: SamplePool) -> None:
    damage(pool, 3)
    assert pool.restore(1) == 4
    assert pool.read(4) == [] and len(pool.read(2)) == 1
    assert [each.num_samples for each in pool.versions()] == [0, 1, None, 0]
    assert pool.commit([make_sample(round=5)], 4) == 5
    assert [sample.round for sample in pool.read(5)] == [5]


def test_a_pool_without_the_columns_that_came_later_is_read_exported_and_extended(
    pool: SamplePool,
) -> None:
    lance.dataset(str(pool.path)).drop_columns(["draft", "shingles"])
    assert [sample.shingles for sample in pool.read(4)] == ["", ""]
    assert pool.commit([make_sample(round=7, shingles="00000002")], 4) == 5
    path = pool.path.with_name("samples.parquet")
    assert pool.export_parquet(5, path, "round = 7") == 1
    (row,) = read_parquet_rows(path)
    assert row["round"] == 7 and "shingles" not in row


def test_an_export_that_fails_leaves_nothing_behind(pool: SamplePool) -> None:
    with pytest.raises(OSError, match="nowhere"):
        pool.export_parquet(3, pool.path.with_name("nowhere") / "samples.parquet")
    assert [path.name for path in pool.path.parent.iterdir()] == ["pool.lance"]
