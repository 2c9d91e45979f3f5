from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import lance
import numpy
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool, _manifests, _schema
from lit_coder.training_data.sample import Sample
from tests.training_data.parts import make_sample, newest_version

REPOSITORY = Path(__file__).parents[2]

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
FLOATS = st.floats(allow_nan=False)
SAMPLES = st.builds(
    Sample,
    round=st.integers(0, 10**6),
    model_step=st.integers(0, 2**62),
    task_id=TEXTS,
    source=TEXTS,
    difficulty=st.integers(0, 99),
    prompt=TEXTS,
    completion=TEXTS,
    token_ids=st.lists(st.integers(0, 2**31 - 1), max_size=5).map(tuple),
    # Log-probabilities are kept in single precision, as the network gives them.
    log_probabilities=st.lists(st.floats(width=32, allow_nan=False), max_size=5).map(tuple),
    ended=st.booleans(),
    origin=TEXTS,
    temperature=FLOATS,
    top_k=st.integers(0, 10**6),
    top_p=FLOATS,
    stream=TEXTS,
    status=TEXTS,
    detail=TEXTS,
    passed_visible=st.booleans(),
    passed=st.booleans(),
    trusted=st.booleans(),
    fingerprint=TEXTS,
    quality=FLOATS,
    accepted=st.booleans(),
    reason=TEXTS,
)


def round_of(number: int, count: int = 3) -> list[Sample]:
    return [
        make_sample(round=number, task_id=f"t/{number}/{i}", accepted=i % 2 == 0)
        for i in range(count)
    ]


@pytest.fixture
def pool(tmp_path: Path) -> SamplePool:
    return SamplePool.create(tmp_path / "pool.lance", "run-a")


def test_a_new_pool_is_empty_and_its_version_is_1(pool: SamplePool) -> None:
    assert EMPTY_VERSION == 1
    assert newest_version(pool.path) == 1
    assert pool.read(1) == []


def test_a_round_is_one_version_and_comes_back_whole_in_its_order(pool: SamplePool) -> None:
    first = pool.commit(round_of(0), 1)
    second = pool.commit(round_of(1), first)
    assert (first, second) == (2, 3)
    assert pool.read(second) == round_of(0) + round_of(1)


def test_an_old_version_reads_as_it_was(pool: SamplePool) -> None:
    first = pool.commit(round_of(0), 1)
    pool.commit(round_of(1), first)
    assert pool.read(first) == round_of(0)
    assert pool.read(1) == []


def test_rejected_samples_are_kept_but_not_among_the_accepted(pool: SamplePool) -> None:
    version = pool.commit(round_of(0, 5), 1)
    accepted = pool.read(version, accepted_only=True)
    assert [s.task_id for s in accepted] == ["t/0/0", "t/0/2", "t/0/4"]
    assert len(pool.read(version)) == 5


def test_committing_on_an_old_base_leaves_later_rounds_out_and_in_the_history(
    pool: SamplePool,
) -> None:
    first = pool.commit(round_of(0), 1)
    former = pool.commit(round_of(1), first)
    again = pool.commit(round_of(7), first)
    assert again > former
    assert pool.read(again) == round_of(0) + round_of(7)
    assert pool.read(former) == round_of(0) + round_of(1)
    assert pool.read(pool.commit(round_of(8), again)) == round_of(0) + round_of(7) + round_of(8)


def test_committing_on_the_empty_base_starts_over(pool: SamplePool) -> None:
    pool.commit(round_of(1), pool.commit(round_of(0), 1))
    assert pool.read(pool.commit(round_of(5), EMPTY_VERSION)) == round_of(5)


def test_opening_and_reading_change_nothing(pool: SamplePool) -> None:
    version = pool.commit(round_of(1), pool.commit(round_of(0), 1))
    before = {p: p.stat().st_mtime_ns for p in pool.path.rglob("*")}
    SamplePool.open(pool.path, "run-a", 2).read(2)
    assert newest_version(pool.path) == version
    assert {p: p.stat().st_mtime_ns for p in pool.path.rglob("*")} == before


@given(st.lists(SAMPLES, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_every_field_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]
) -> None:
    pool = SamplePool.create(tmp_path_factory.mktemp("pool") / "pool.lance", "run")
    assert pool.read(pool.commit(samples, 1)) == samples
    shutil.rmtree(pool.path)


def test_text_with_newlines_nul_and_any_script_comes_back(pool: SamplePool) -> None:
    text = "a\r\n\tb\x00c \u00e9\U0001f600\ufffd '\"\\\n\n"
    sample = make_sample(prompt=text, completion=text, detail=text, task_id=text)
    assert pool.read(pool.commit([sample], 1)) == [sample]


def test_log_probabilities_keep_single_precision(pool: SamplePool) -> None:
    sample = make_sample(log_probabilities=(-1 / 3, float("-inf")))
    (read,) = pool.read(pool.commit([sample], 1))
    assert read.log_probabilities == (float(numpy.float32(-1 / 3)), float("-inf"))


def one_sentence(error: pytest.ExceptionInfo[ValueError], *words: str) -> None:
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 400
    assert "rust" not in message.lower()
    for word in words:
        assert word in message


def test_a_pool_that_is_gone_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        SamplePool.open(tmp_path / "pool.lance", "run-a", 1)
    one_sentence(caught, str(tmp_path / "pool.lance"), "is gone")
    assert not (tmp_path / "pool.lance").exists()


def test_another_runs_pool_is_refused(pool: SamplePool) -> None:
    with pytest.raises(ValueError) as caught:
        SamplePool.open(pool.path, "run-b", 1)
    one_sentence(caught, "run-a", "run-b")
    assert SamplePool.open(pool.path, None, 1).run_id == "run-a"


def test_a_version_that_does_not_exist_is_said_in_one_sentence(pool: SamplePool) -> None:
    with pytest.raises(ValueError) as caught:
        SamplePool.open(pool.path, "run-a", 9)
    one_sentence(caught, "version 9")


@pytest.mark.parametrize("kept_bytes", [0, 20, -40])
def test_a_cut_data_file_is_noticed_when_the_pool_is_opened(
    pool: SamplePool, kept_bytes: int
) -> None:
    version = pool.commit(round_of(0, 50), 1)
    (file,) = (pool.path / "data").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:kept_bytes])
    with pytest.raises(ValueError) as caught:
        SamplePool.open(pool.path, "run-a", version)
    one_sentence(caught, f"version {version}")


def test_a_lost_data_file_is_noticed_when_the_pool_is_opened(pool: SamplePool) -> None:
    version = pool.commit(round_of(0), 1)
    for file in (pool.path / "data").iterdir():
        file.unlink()
    with pytest.raises(ValueError) as caught:
        SamplePool.open(pool.path, "run-a", version)
    one_sentence(caught, f"version {version}")


def test_committing_to_a_version_that_is_gone_is_said_in_one_sentence(pool: SamplePool) -> None:
    with pytest.raises(ValueError) as caught:
        pool.commit(round_of(0), 9)
    one_sentence(caught, "version 9")
    assert newest_version(pool.path) == 1


@pytest.mark.parametrize("kept_bytes", [0, 30])
def test_a_cut_manifest_is_noticed_when_the_pool_is_opened(
    pool: SamplePool, kept_bytes: int
) -> None:
    version = pool.commit(round_of(0), 1)
    manifests = (pool.path / "_versions").glob("*.manifest")
    newest = max(manifests, key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:kept_bytes])
    with pytest.raises(ValueError) as caught:
        SamplePool.open(pool.path, "run-a", version)
    one_sentence(caught, f"version {version}")


@pytest.mark.parametrize("kept_bytes", [0, 20, 400])
def test_unreadable_later_versions_do_not_keep_a_run_from_going_on(
    pool: SamplePool, kept_bytes: int
) -> None:
    base = pool.commit(round_of(0), 1)
    later = [pool.commit(round_of(1), base), pool.commit(round_of(2), base + 1)]
    for version in later:
        path = _manifests(pool.path)[version]
        path.write_bytes(path.read_bytes()[:kept_bytes])
    assert SamplePool.open(pool.path, "run-a", base).read(base) == round_of(0)
    again = pool.commit(round_of(7), base)
    assert again > max(later)
    assert pool.read(again) == round_of(0) + round_of(7)
    # They stay unreadable, and are no other round's samples under their number.
    for version in later:
        with pytest.raises(ValueError, match=f"version {version}"):
            pool.read(version)
    assert pool.read(pool.commit(round_of(8), again)) == round_of(0) + round_of(7) + round_of(8)


def test_a_commit_killed_between_putting_aside_and_putting_back_is_mended(pool: SamplePool) -> None:
    base = pool.commit(round_of(0), 1)
    later = pool.commit(round_of(1), base)
    path = _manifests(pool.path)[later]
    path.write_bytes(b"")
    path.replace(path.with_name(path.name + ".unreadable"))
    again = pool.commit(round_of(7), base)
    assert pool.read(again) == round_of(0) + round_of(7)
    assert not list(path.parent.glob("*.unreadable"))


def data_files(pool: SamplePool) -> int:
    return len(list((pool.path / "data").iterdir()))


def test_cleaning_leaves_the_versions_to_keep_and_the_newest(pool: SamplePool) -> None:
    versions = [1]
    for number in range(5):
        versions.append(pool.commit(round_of(number), versions[-1]))
    before = [pool.read(version) for version in versions]
    pool.clean({versions[2], versions[4]})
    assert sorted(_manifests(pool.path)) == [versions[2], versions[4], versions[5]]
    for index in (2, 4, 5):
        assert (
            SamplePool.open(pool.path, "run-a", versions[index]).read(versions[index])
            == (before[index])
        )
    pool.clean({versions[5]})
    assert sorted(_manifests(pool.path)) == [versions[5]]
    assert pool.read(pool.commit(round_of(9), versions[5])) == before[5] + round_of(9)


def test_cleaning_removes_files_of_abandoned_rounds_and_of_killed_commits(
    pool: SamplePool,
) -> None:
    first = pool.commit(round_of(0), 1)
    pool.commit(round_of(1), first)
    again = pool.commit(round_of(2), first)
    (pool.path / "data" / "killed.lance").write_bytes(b"half a file")
    assert data_files(pool) == 4
    pool.clean({again})
    assert data_files(pool) == 2
    assert pool.read(again) == round_of(0) + round_of(2)


def test_cleaning_with_nothing_to_remove_changes_nothing(pool: SamplePool) -> None:
    version = pool.commit(round_of(0), 1)
    before = {p: p.stat().st_mtime_ns for p in pool.path.rglob("*")}
    pool.clean({1, version, 99})
    assert {p: p.stat().st_mtime_ns for p in pool.path.rglob("*")} == before


def test_nothing_is_removed_where_a_version_to_keep_cannot_be_read(
    pool: SamplePool, caplog: pytest.LogCaptureFixture
) -> None:
    version = pool.commit(round_of(1), pool.commit(round_of(0), 1))
    path = _manifests(pool.path)[2]
    content = path.read_bytes()
    path.write_bytes(content[:100])
    pool.clean({2, version})
    assert "were not removed" in caplog.text
    path.write_bytes(content)
    assert pool.read(1) == [] and pool.read(2) == round_of(0)


def test_a_pool_with_samples_is_known_as_one_when_it_was_cleaned(pool: SamplePool) -> None:
    version = pool.commit(round_of(0), 1)
    pool.clean({version})
    with pytest.raises(ValueError, match="holds samples"):
        SamplePool.create(pool.path, "run-b")


def test_a_pool_killed_while_it_was_made_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "pool.lance" / "_versions").mkdir(parents=True)
    assert SamplePool.create(tmp_path / "pool.lance", "run-b").read(1) == []


def test_a_new_run_replaces_an_empty_pool(tmp_path: Path) -> None:
    SamplePool.create(tmp_path / "pool.lance", "killed before its first checkpoint")
    pool = SamplePool.create(tmp_path / "pool.lance", "run-b")
    assert SamplePool.open(pool.path, "run-b", 1).read(1) == []


def test_a_new_run_never_replaces_a_pool_with_samples(pool: SamplePool) -> None:
    version = pool.commit(round_of(0), 1)
    with pytest.raises(ValueError) as caught:
        SamplePool.create(pool.path, "run-b")
    one_sentence(caught, "holds samples")
    assert pool.read(version) == round_of(0)


def test_chosen_rows_come_in_the_order_wanted(pool: SamplePool) -> None:
    version = pool.commit(round_of(0, 6), 1)
    chosen = pool.read_chosen(
        version,
        ["task_id", "accepted"],
        lambda columns: [i for i, yes in enumerate(columns["accepted"]) if yes][::-1],
    )
    assert [sample.task_id for sample in chosen] == ["t/0/4", "t/0/2", "t/0/0"]
    assert pool.read_chosen(version, ["round"], lambda columns: []) == []


def test_a_pool_of_a_version_without_drafts_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "pool.lance"
    schema = _schema()
    older = schema.remove(schema.get_field_index("draft")).with_metadata(
        {b"lit_coder_run_id": b"run-a"}
    )
    lance.write_dataset(pyarrow.Table.from_pylist([], schema=older), str(path))
    pool = SamplePool.open(path, "run-a", 1)
    version = pool.commit([make_sample(draft="what it started from")], 1)
    # It has no room for drafts; everything else is as it was written.
    assert pool.read(version) == [make_sample()]
    assert pool.read(pool.commit(round_of(1), version)) == [make_sample(), *round_of(1)]


APPENDING = """
import dataclasses
import sys
from pathlib import Path
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.sample import Sample
row = Sample(
    0, 6, "", "s", 1, "p", "c", (5,), (-0.5,), True, "gpt", 0.75, 0, 1.0, "", "passed", "",
    True, True, True, "f", 1.0, True, "accepted",
)
pool = SamplePool.create(Path(sys.argv[1]), "run-a")
version = 1
for number in range(100_000):
    rows = [dataclasses.replace(row, round=number, task_id=str(i)) for i in range(3)]
    version = pool.commit(rows, version)
    print(version, flush=True)
"""


@pytest.mark.parametrize("commits_before", [1, 12])
def test_a_writer_killed_at_any_moment_leaves_whole_rounds(
    tmp_path: Path, commits_before: int
) -> None:
    path = tmp_path / "pool.lance"
    with subprocess.Popen(
        [sys.executable, "-c", APPENDING, str(path)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        reported = 1
        for _ in range(commits_before):
            reported = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
    pool = SamplePool(path, "run-a")
    newest = newest_version(pool.path)
    assert newest >= reported
    expected = [(number, str(i)) for number in range(newest - 1) for i in range(3)]
    left = SamplePool.open(path, "run-a", newest).read(newest)
    assert [(sample.round, sample.task_id) for sample in left] == expected
    again = pool.commit(round_of(999), reported)
    assert pool.read(again) == left[: 3 * (reported - 1)] + round_of(999)
