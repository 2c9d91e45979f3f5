"""The pool that a user names: of a run's folder, of `last`, or the pool's own folder.

    place = find_pool("runs/quickstart", "RUN")
    place.run, place.pool.newest_version()

Nothing is created; what is not there is said in one sentence.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lit_coder.training_data.pool import SamplePool

POOL_FOLDER = "pool.lance"
LAST_RUN = Path("runs") / "last"


class PoolPlace(NamedTuple):
    """A pool and the run that it belongs to."""

    run: Path
    pool: SamplePool


def find_pool(name: str, option: str) -> PoolPlace:
    """The pool that `name` means.

    Args:
        name: a run's folder, its pool.lance, or `last` for the newest run.
        option: how the user gave it, for the sentence.

    Raises:
        ValueError: there is no such pool, or none that can be read.
    """
    run = LAST_RUN if name == "last" and not Path(name).exists() else Path(name)
    if not run.is_dir():
        raise ValueError(
            f"{option} {name}: there is no folder {run}; name a run's folder, as runs/quickstart"
        )
    run = run.resolve()
    path = run if run.name == POOL_FOLDER else run / POOL_FOLDER
    if not path.is_dir():
        raise ValueError(
            f"{option} {name}: the folder holds no {POOL_FOLDER}; name the folder of a run that "
            "has begun"
        )
    newest = SamplePool(path, "").newest_version()
    return PoolPlace(path.parent, SamplePool.open(path, None, newest))


def version_of(place: PoolPlace, version: int | None, option: str) -> int:
    """The version that is asked for, or the newest.

    Raises:
        ValueError: the pool does not have it any more, or never had.
    """
    if version is None:
        return place.pool.newest_version()
    there = [each.version for each in place.pool.versions()]
    if version not in there:
        raise ValueError(
            f"{option} {version}: the pool has no such version; there are "
            f"{', '.join(map(str, there))}"
        )
    return version
