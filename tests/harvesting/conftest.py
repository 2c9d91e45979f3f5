from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lit_coder.harvesting.candidate import Candidate
from lit_coder.harvesting.examination import ExaminationSettings, Examined, Examiner
from lit_coder.harvesting.finding import Place
from lit_coder.harvesting.harvest import Harvest, HarvestCounts, HarvestRunners
from lit_coder.sandbox.contract import Runner
from lit_coder.sandbox.options import SandboxOptions

SETTINGS = ExaminationSettings(num_inputs=60, num_challenges=200, num_tries=2)


@pytest.fixture(scope="session")
def runners() -> Iterator[tuple[Runner, Runner]]:
    with HarvestRunners(SandboxOptions(workers=2)) as running:
        yield running


@pytest.fixture
def counts() -> HarvestCounts:
    return HarvestCounts()


@pytest.fixture
def find(runners: tuple[Runner, Runner], counts: HarvestCounts) -> Callable[..., list[Candidate]]:
    """The candidates of texts, each a file of its own."""

    def find_in(*texts: str) -> list[Candidate]:
        places = [Place(text, f"file{i}.py", "MIT") for i, text in enumerate(texts)]
        return Harvest(runners, SETTINGS, counts).candidates(places)

    return find_in


@pytest.fixture
def examine(
    runners: tuple[Runner, Runner], find: Callable[..., list[Candidate]]
) -> Callable[[str], Examined | str]:
    """What is found about the one function of a text."""

    def examine_one(text: str) -> Examined | str:
        (candidate,) = find(text)
        return Examiner(runners, SETTINGS).examine(candidate)

    return examine_one
