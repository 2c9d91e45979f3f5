from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.sandbox_command import Ended, sandbox

NO_DAEMON = "unix:///nonexistent/docker.sock"


@pytest.fixture(scope="module")
def checked() -> Ended:
    """A check with the options' defaults, on a machine on which they can be used."""
    ended = sandbox("check")
    if ended.status != 0:
        pytest.skip(ended.err)
    return ended


@pytest.fixture
def no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_DAEMON)


@pytest.fixture
def broken_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_daemon: None) -> None:
    """A bubblewrap that refuses as the real one does where user namespaces are forbidden."""
    program = tmp_path / "bwrap"
    program.write_text(
        "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def paragraph(text: str, title: str) -> str:
    """What stands beside a title, as one line."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"  {title} "):
            found = [line[len(title) + 2 :]]
            for further in lines:
                if not further.startswith(" " * 14):
                    break
                found.append(further)
            return " ".join(" ".join(found).split())
    raise AssertionError(f"{title} is not in\n{text}")


def test_it_fits_one_screen_of_plain_text(checked: Ended) -> None:
    lines = checked.out.splitlines()
    assert 10 < len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert checked.out.replace("\n", "").isprintable()


def test_it_names_the_walls_from_the_strongest_to_the_weakest(checked: Ended) -> None:
    places = [checked.out.index(f"\n  {name} ") for name in ("bubblewrap", "docker", "kernel")]
    assert places == sorted(places)


def test_the_chosen_wall_is_one_that_holds(checked: Ended) -> None:
    (line,) = [line for line in checked.out.splitlines() if line.endswith("<- chosen")]
    assert " holds " in line
    assert f"programs run behind {line.split()[0]}:" in checked.out


def test_it_says_what_programs_may_use(checked: Ended) -> None:
    assert "python 3." in paragraph(checked.out, "languages")
    assert paragraph(checked.out, "limits").startswith("10 s elapsed, 10 s of processor, 512 MB")
    assert "no network" in paragraph(checked.out, "held by")
    assert paragraph(checked.out, "verdicts")


def test_the_limits_are_those_of_the_options(checked: Ended) -> None:
    ended = sandbox("check", "--sandbox.timeout_seconds", "7", "--sandbox.processes", "3")
    assert paragraph(ended.out, "limits").startswith("7 s elapsed")
    assert "3 threads" in paragraph(ended.out, "limits")


def test_a_wall_that_the_options_do_not_admit_is_tried_all_the_same(checked: Ended) -> None:
    ended = sandbox("check", "--sandbox.isolation", "kernel")
    assert paragraph(ended.out, "bubblewrap").endswith("(not admitted)")
    assert (
        paragraph(ended.out, "bubblewrap").split()[0]
        == (paragraph(checked.out, "bubblewrap").split()[0])
    )


def test_docker_without_a_daemon_ends_with_status_1_and_the_remedy(no_daemon: None) -> None:
    ended = sandbox("check", "--sandbox.backend", "docker")
    assert ended.status == 1
    assert "start it" in paragraph(ended.out, "docker")
    assert ended.err.startswith("lit-coder: no program can be run: these options need docker")
    assert ended.err.count("\n") == 1


def test_a_bubblewrap_that_is_not_installed_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_daemon: None
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = sandbox("check", "--sandbox.isolation", "bubblewrap")
    assert ended.status == 1
    assert paragraph(ended.out, "bubblewrap").startswith("no: bubblewrap is not installed (apt-get")


def test_a_bubblewrap_that_does_not_work_is_named_with_its_own_words(
    broken_bubblewrap: None,
) -> None:
    ended = sandbox("check", "--sandbox.isolation", "bubblewrap")
    assert ended.status == 1
    reason = paragraph(ended.out, "bubblewrap")
    assert "setting up uid map: Permission denied" in reason
    assert "user namespaces: docs/sandbox.md" in reason
    assert "Remedies" not in reason


def test_unsafe_is_shown_as_no_wall(checked: Ended) -> None:
    ended = sandbox("check", "--sandbox.backend", "unsafe")
    assert ended.status == 0
    assert paragraph(ended.out, "unsafe") == "is no wall <- chosen"
    assert ended.out.endswith("programs can be run with these options, with no wall around them\n")
    assert "no network" not in ended.out.partition("with these options programs run")[2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--sandbox.timeout", "3"], "did you mean sandbox.timeout_seconds?"),
        (["--sandbox.backend", "podman"], "must be one of subprocess, docker, auto, unsafe"),
        (["--sandbox.workers", "many"], "sandbox.workers must be a whole number or null, not many"),
        (["--sandbox.workers", "0"], "sandbox.workers must be at least 1"),
        (["--sandbox.packages", "[no-such-thing]"], "not installed"),
        (["--data.batch_size", "3"], "there is no option data.batch_size"),
        (["program.py"], "'program.py' is one word too many"),
        (["--config"], "--config needs the path of a file"),
        (["--config", "nowhere.yaml"], "there is no such file"),
    ],
)
def test_a_mistake_in_the_options_is_one_sentence(words: list[str], sentence: str) -> None:
    ended = sandbox("check", *words)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert sentence in ended.err
