"""A run that is killed and gone on with ends exactly as one that was never disturbed."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from lit_coder.recursion.round_record import read_records
from tests.runs.harness import FEATURES, TINY, RunServer, fingerprint_of

FIT = ["fit", *TINY]
GO_ON = ["fit", "--ckpt_path", "last"]
PLACES = (
    "before the first checkpoint",
    "after the first checkpoint",
    "while a checkpoint is written",
    "between a checkpoint and its links",
    "at a round's last step",
    "while generating",
    "while verifying",
    "between pool commit and checkpoint",
    "between the round's record and checkpoint",
    "after the round's checkpoint",
    "step 7",
    "step 24",
)


class Undisturbed(NamedTuple):
    """What a run gives that nobody disturbs, and how long it takes."""

    fingerprint: dict[str, str]
    wall_seconds: float
    folder: Path


@pytest.fixture(scope="module")
def server() -> Iterator[RunServer]:
    with RunServer() as started:
        yield started


@pytest.fixture(scope="module")
def undisturbed(server: RunServer, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return run_undisturbed(server, tmp_path_factory.mktemp("undisturbed"))


def run_undisturbed(server: RunServer, folder: Path, *options: str) -> Undisturbed:
    started = time.monotonic()
    ended = server.run([*FIT, *options], folder)
    assert ended.status == 0, ended.text
    wall_seconds = time.monotonic() - started
    return Undisturbed(fingerprint_of(folder / "runs" / "run"), wall_seconds, folder)


def test_the_run_that_the_others_are_compared_with_trains_on_its_pool(
    undisturbed: Undisturbed,
) -> None:
    records = read_records(undisturbed.folder / "runs" / "run" / "rounds")
    assert [record.round for record in records] == [0, 1, 2, 3]
    assert records[1].pool_size > 0


def test_the_same_seed_gives_the_same_run(
    server: RunServer, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    assert server.run(FIT, tmp_path).status == 0
    assert fingerprint_of(tmp_path / "runs" / "run") == undisturbed.fingerprint


@pytest.mark.parametrize("place", PLACES)
def test_a_run_killed_at_a_chosen_place_ends_as_if_it_had_not_been(
    server: RunServer, undisturbed: Undisturbed, tmp_path: Path, place: str
) -> None:
    assert server.run(FIT, tmp_path, kill_at=place).status == -signal.SIGKILL
    ended = server.run(GO_ON, tmp_path)
    assert ended.status == 0, ended.text
    assert fingerprint_of(tmp_path / "runs" / "run") == undisturbed.fingerprint


def kills_by_feature(total: int = 10) -> dict[str, int]:
    """Random kills of each feature; together `total`, whatever their number."""
    return {
        feature: total // len(FEATURES) + (number < total % len(FEATURES))
        for number, feature in enumerate(FEATURES)
    }


@pytest.mark.parametrize(
    ("feature", "num_kills"),
    [
        pytest.param(feature, kills, marks=pytest.mark.slow if "worker" in feature else ())
        for feature, kills in kills_by_feature().items()
    ],
)
def test_a_run_killed_at_random_moments_ends_as_if_it_had_not_been(
    server: RunServer, undisturbed: Undisturbed, tmp_path: Path, feature: str, num_kills: int
) -> None:
    options = FEATURES[feature]
    if options:
        (tmp_path / "undisturbed").mkdir()
        undisturbed = run_undisturbed(server, tmp_path / "undisturbed", *options)
    # A kill may come before there is a run at all: `auto` covers that, too.
    go_on = [*FIT, *options, "--ckpt_path", "auto"]
    draws = random.Random(f"{feature}{time.time_ns()}")
    latest, moments, attempt = undisturbed.wall_seconds, list[float](), 0
    while len(moments) < num_kills:
        assert attempt < 10, f"too few kills hit the run, the last not even after {latest} s"
        folder = tmp_path / str(attempt)
        folder.mkdir(exist_ok=True)
        moments.append(draws.uniform(0.1, latest))
        ended = server.run(go_on, folder, signals=((moments[-1], signal.SIGKILL),))
        if ended.status != -signal.SIGKILL:
            assert ended.status == 0, f"killed after {moments} s: {ended.text}"
            latest, moments, attempt = moments[-1], [], attempt + 1
    ended = server.run(go_on, folder)
    assert ended.status == 0, f"killed after {moments} s: {ended.text}"
    run = (folder / "runs" / "last").resolve()
    assert fingerprint_of(run) == undisturbed.fingerprint, f"killed after {moments} s"


def test_a_run_killed_three_times_ends_as_if_it_had_not_been(
    server: RunServer, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    server.run(FIT, tmp_path, kill_at="between pool commit and checkpoint")
    server.run(GO_ON, tmp_path, kill_at="step 15")
    server.run(GO_ON, tmp_path, kill_at="while generating")
    assert server.run(GO_ON, tmp_path).status == 0
    assert fingerprint_of(tmp_path / "runs" / "run") == undisturbed.fingerprint


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_stops_and_says_how_to_go_on(
    server: RunServer, undisturbed: Undisturbed, tmp_path: Path, number: signal.Signals
) -> None:
    stopped = server.run(FIT, tmp_path, kill_at=f"signal {int(number)} at step 9")
    assert stopped.status == 128 + number
    assert "stopped and saved at step 9" in stopped.text
    assert "python main.py fit --ckpt_path" in stopped.text
    assert server.run(GO_ON, tmp_path).status == 0
    assert fingerprint_of(tmp_path / "runs" / "run") == undisturbed.fingerprint


def test_a_signal_while_generating_stops_at_once_and_the_round_is_run_whole_later(
    server: RunServer, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    stopped = server.run(FIT, tmp_path, kill_at=f"signal {int(signal.SIGINT)} while generating")
    assert stopped.status == 128 + signal.SIGINT
    assert "stopped while generating" in stopped.text
    assert server.run(GO_ON, tmp_path).status == 0
    assert fingerprint_of(tmp_path / "runs" / "run") == undisturbed.fingerprint


def test_a_run_goes_on_with_more_steps_than_it_was_started_with(
    server: RunServer, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    assert server.run(FIT, tmp_path).status == 0
    longer = server.run([*GO_ON, "--trainer.max_steps=30"], tmp_path)
    assert longer.status == 0, longer.text
    records = read_records(tmp_path / "runs" / "run" / "rounds")
    assert [record.round for record in records] == [0, 1, 2, 3, 4]


def test_going_back_to_an_older_checkpoint_sets_later_rounds_aside(
    server: RunServer, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    assert server.run([*FIT, "--checkpoint.keep_last_n=50"], tmp_path).status == 0
    run = tmp_path / "runs" / "run"
    older = str(run / "checkpoints" / "round-0001.ckpt")
    ended = server.run(["fit", "--ckpt_path", older], tmp_path)
    assert ended.status == 0, ended.text
    assert fingerprint_of(run) == undisturbed.fingerprint
    assert len(list((run / "rounds" / "superseded").glob("*.json"))) == 2
