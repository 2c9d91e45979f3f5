"""A mistake in a command line or a configuration: one sentence, status 2, nothing written."""

from __future__ import annotations

import pytest

from tests.cli.command_line import QUICKSTART, TINY, CommandLine

TYPOS = (
    ("--trainer.max_stepz", "trainer.max_steps"),
    ("--trainer.max_step", "trainer.max_steps"),
    ("--model.init_args.hiden_size", "model.init_args.hidden_size"),
    ("--model.hiden_size", "model.hidden_size"),
    ("--data.batch_sise", "data.batch_size"),
    ("--sandbox.timeout_second", "sandbox.timeout_seconds"),
    ("--recursion.evry_n_steps", "recursion.every_n_steps"),
    ("--recursoin.every_n_steps", "recursion.every_n_steps"),
    ("--checkpoint.keep_last", "checkpoint.keep_last_n"),
    ("--benchmark.num_sample", "benchmark.num_samples"),
    ("--seed_everythng", "seed_everything"),
    ("--ckpt_pth", "ckpt_path"),
)
YAML_TYPOS = (
    ("recursion:", "recursoin:", "recursion.start_after_steps"),
    ("max_steps", "max_stepz", "trainer.max_steps"),
    ("batch_size", "batch_sise", "data.batch_size"),
    ("every_n_train_steps", "every_n_train_step", "checkpoint.every_n_train_steps"),
    ("hidden_size", "hiden_size", "model.init_args.hidden_size"),
    ("init_args", "init_arg", "model.init_args.hidden_size"),
    ("class_path", "clas_path", "model.class_path"),
)
OUT_OF_RANGE = (
    ("data.batch_size", "0"),
    ("data.labelled_share", "0"),
    ("data.num_labelled", "-1"),
    ("data.max_sequence_length", "2"),
    ("data.tokenizer_vocab_size", "10"),
    ("data.families", "[arithmetik]"),
    ("data.problem_files", "[nowhere.jsonl]"),
    ("data.tokenizer", "nowhere.json"),
    ("model.init_args.learning_rate", "-1"),
    ("model.init_args.hidden_size", "17"),
    ("model.init_args.num_key_value_heads", "3"),
    ("recursion.temperature", "-1"),
    ("recursion.every_n_steps", "0"),
    ("recursion.top_p", "2"),
    ("recursion.generation_batch_size", "0"),
    ("sandbox.timeout_seconds", "-1"),
    ("checkpoint.keep_last_n", "0"),
    ("checkpoint.every_n_minutes", "-1"),
    ("benchmark.temperature", "-1"),
    ("benchmark.num_samples", "3"),
    ("benchmark.max_new_tokens", "0"),
    ("trainer.max_steps", "5"),
    ("trainer.max_steps", "0"),
    ("trainer.accumulate_grad_batches", "0"),
    ("trainer.limit_train_batches", "3"),
    ("trainer.gradient_clip_val", "1.0"),
    ("trainer.val_check_interval", "100"),
    ("trainer.val_check_interval", "2"),
    ("trainer.val_check_interval", "0.5"),
    ("trainer.check_val_every_n_epoch", "2"),
    ("trainer.max_time", "00:00:10:00"),
    ("trainer.max_epochs", "3"),
    ("trainer.min_epochs", "3"),
    ("trainer.fast_dev_run", "true"),
    ("seed_everything", "-5"),
)
WRONG_TYPES = (
    ("data.batch_size", "abc", "a whole number"),
    ("model.init_args.learning_rate", "fast", "a number"),
    ("data.families", "arithmetic", "a list"),
    ("data.difficulty_rounds", "three", "a list"),
    ("sandbox.workers", "two", "a whole number or null"),
    ("recursion.on_decline", "explode", "one of warn, stop, roll_back"),
    ("benchmark.quantize", "int3", "one of int8, int4"),
    ("trainer.precision", "bf17", "bf16-mixed"),
)
FOLLOWERS = (
    ("data.seed", "seed_everything"),
    ("data.steps_per_round", "recursion.every_n_steps"),
    ("data.start_after_steps", "recursion.start_after_steps"),
    ("data.learns_from", "model.init_args.objective"),
    ("model.vocab_size", "data.tokenizer_vocab_size"),
    ("model.init_args.max_position_embeddings", "data.max_sequence_length"),
)


@pytest.mark.parametrize(("option", "meant"), TYPOS)
def test_a_typo_on_the_command_line_names_the_nearest_option(
    command: CommandLine, option: str, meant: str
) -> None:
    sentence = command.refused("fit", "--config", QUICKSTART, option, "3")
    assert option.removeprefix("--") in sentence
    assert f"did you mean {meant}?" in sentence


@pytest.mark.parametrize(("right", "wrong", "meant"), YAML_TYPOS)
def test_a_typo_in_a_file_names_the_file_and_the_nearest_option(
    command: CommandLine, right: str, wrong: str, meant: str
) -> None:
    config = command.folder / "mine.yaml"
    with open(QUICKSTART) as quickstart:
        config.write_text(quickstart.read().replace(right, wrong))
    sentence = command.refused("fit", "--config", "mine.yaml")
    assert sentence.startswith("mine.yaml: ") and wrong.rstrip(":") in sentence
    assert f"did you mean {meant}?" in sentence


def test_a_model_that_no_memory_holds_is_said_to_be_that(command: CommandLine) -> None:
    # A matrix of 128 petabytes, more than any address space has.
    ended = command("fit", *TINY, "--model.intermediate_size=1000000000000000")
    assert ended.status == 1
    assert "this machine has not enough memory" in ended.err and "model.init_args" in ended.err


@pytest.mark.parametrize(("option", "value"), OUT_OF_RANGE)
def test_a_value_that_cannot_work_names_its_option_and_makes_no_folder(
    command: CommandLine, option: str, value: str
) -> None:
    short = option.replace("model.init_args.", "model.")
    # Before the corpus is read, which takes long and of which there is nothing here.
    unread = "--data.corpus=[not/there]"
    sentence = command.refused("fit", *TINY, unread, f"--{short}={value}")
    assert option in sentence and "not/there" not in sentence


@pytest.mark.parametrize(("option", "value"), [("devices", "0"), ("strategy", "dpp")])
def test_what_lightning_refuses_names_its_option(
    command: CommandLine, option: str, value: str
) -> None:
    assert f"trainer.{option}" in command.refused("fit", *TINY, f"--trainer.{option}={value}")


@pytest.mark.parametrize("option", ["max_epochs", "max_time", "min_epochs"])
def test_another_end_than_max_steps_says_what_to_use(command: CommandLine, option: str) -> None:
    value = "00:00:10:00" if option == "max_time" else "3"
    sentence = command.refused("fit", *TINY, f"--trainer.{option}={value}")
    assert f"trainer.{option} cannot be" in sentence and "set trainer.max_steps" in sentence


@pytest.mark.parametrize(("option", "value", "expected"), WRONG_TYPES)
def test_a_value_of_another_type_says_what_is_expected(
    command: CommandLine, option: str, value: str, expected: str
) -> None:
    sentence = command.refused("fit", "--config", QUICKSTART, f"--{option}", value)
    assert sentence.startswith(f"{option} must be ") and sentence.endswith(f"not {value}")
    assert expected in sentence


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("recursion.reward=Shaped", "there is no class Shaped; --recursion.help names those"),
        ("model.init_args.objective=P", "there is no class P; --model.help GPTModule names those"),
        ("recursion.advantages.discount=1", "give that before, as --recursion.advantages CLASS"),
    ],
)
def test_a_class_that_is_not_there_says_where_the_choices_stand(
    command: CommandLine, given: str, expected: str
) -> None:
    sentence = command.refused("fit", "--config", QUICKSTART, f"--{given}")
    assert sentence.startswith(given.partition("=")[0]) and expected in sentence


@pytest.mark.parametrize(("option", "source"), FOLLOWERS)
def test_a_linked_value_says_which_option_it_follows(
    command: CommandLine, option: str, source: str
) -> None:
    sentence = command.refused("fit", *TINY, f"--{option}=3")
    assert sentence.startswith(f"{option} is not set by hand") and source in sentence


@pytest.mark.parametrize("form", [("--model", "GPTModul"), ("--model.class_path", "GPTModul")])
def test_an_unknown_model_names_the_nearest(command: CommandLine, form: tuple[str, str]) -> None:
    assert "did you mean GPTModule?" in command.refused("fit", *form)


def test_a_class_that_is_no_model_is_refused(command: CommandLine) -> None:
    assert "torch.nn.Linear" in command.refused("fit", "--model", "torch.nn.Linear")


def test_without_a_model_the_remedy_is_said(command: CommandLine) -> None:
    assert "--config configs/quickstart.yaml" in command.refused("fit")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"a: [1, 2\nb: }{", "line 2"),
        (b"hello world", "sections of options"),
        (b"- a\n", "sections of options"),
        (bytes(range(256)), "not a text file"),
        (b"data: 3\n", "data must hold options"),
        (b"sandbox:\n", "the section sandbox is empty"),
    ],
)
def test_a_file_that_is_no_configuration_says_why(
    command: CommandLine, content: bytes, said: str
) -> None:
    (command.folder / "mine.yaml").write_bytes(content)
    sentence = command.refused("fit", "--config", "mine.yaml")
    assert "mine.yaml" in sentence and said in sentence


def test_a_missing_configuration_names_the_nearest_file(command: CommandLine) -> None:
    wrong = QUICKSTART.replace("quickstart", "quikstart")
    assert f"did you mean {QUICKSTART}?" in command.refused("fit", "--config", wrong)


@pytest.mark.parametrize("name", ["gpu", "gppu", "tpu"])
def test_an_accelerator_that_is_not_there_gives_the_remedy(command: CommandLine, name: str) -> None:
    import torch

    if name == "gpu" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    sentence = command.refused("fit", *TINY, "--trainer.accelerator", name)
    assert f"trainer.accelerator {name}" in sentence and "--trainer.accelerator cpu" in sentence


@pytest.mark.parametrize("options", ["--data.num_labelled=0", "--data.families=[]"])
def test_nothing_to_train_on_is_found_before_a_folder_is_made(
    command: CommandLine, options: str
) -> None:
    assert "nothing to train on" in command.refused("fit", *TINY, options)


def test_a_step_without_a_row_for_samples_is_found_before_a_folder_is_made(
    command: CommandLine,
) -> None:
    sentence = command.refused("fit", *TINY, "--data.batch_size=1")
    assert sentence.startswith("data.batch_size leaves no row") and "labelled_share" in sentence


def test_an_option_without_its_value_is_named(command: CommandLine) -> None:
    assert command.refused("fit", *TINY, "--data.batch_size") == "data.batch_size needs a value"


def test_a_stray_word_is_no_option(command: CommandLine) -> None:
    assert "'foo' has no meaning" in command.refused("fit", *TINY, "foo")


def test_an_unknown_command_names_the_nearest(command: CommandLine) -> None:
    assert "did you mean fit?" in command.refused("fitt")


@pytest.mark.parametrize("name", ["test", "validate", "predict"])
def test_measuring_needs_weights(command: CommandLine, name: str) -> None:
    assert "--ckpt_path last" in command.refused(name, *TINY)
