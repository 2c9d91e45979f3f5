"""The DataModule: what one round trains on and what it is measured on.

    data = CodeDataModule(families=["arithmetic"], num_labelled=120)
    next_round = data.at_round(4, pool_version=7)     # a new instance, pinned at that version

An instance belongs to one round: its train loader holds exactly that round's batches, mixed from
a corpus, labelled solutions and the pool's accepted samples at one version. Round and version are
state, not options: they ride in the checkpoint. It does not generate, judge or select.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence, Set
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl

from lit_coder.generation.canvas import Canvas
from lit_coder.networks.hugging_face_tokenizer import pretrained_tokenizer
from lit_coder.tokenizer import CodeTokenizer, TokenizerPattern
from lit_coder.training_data.corpus_opening import corpus_opening, say_passes
from lit_coder.training_data.corpus_rows import CorpusRows, GapFilling
from lit_coder.training_data.corpus_tokens import PreparedTokens
from lit_coder.training_data.data_options import (
    problem_options,
    require_ranges,
    training_datasets,
)
from lit_coder.training_data.dataset_choice import TRAINED_ON_KEY
from lit_coder.training_data.easy_first import easy_first
from lit_coder.training_data.labelled_part import RowMakers, labelled_part, named_room
from lit_coder.training_data.learned_part import LearnedPart, say_left_out
from lit_coder.training_data.mixture import CorpusPart, Mixture, MixturePart
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool
from lit_coder.training_data.pool_part import LearnsFrom, PoolPlace, accepted_part, learned_part
from lit_coder.training_data.problem_batch import ProblemBatch, ProblemLoader
from lit_coder.training_data.problem_rows import CanvasRows, ProblemRows, SequenceRows
from lit_coder.training_data.problem_set import ProblemSet
from lit_coder.training_data.round_loader import BatchLayout, RoundLoader, RowLoader
from lit_coder.training_data.sudoku_images import with_images
from lit_coder.training_data.validation_rows import validation_loaders

logger = logging.getLogger("lit_coder.training_data")

POOL_FOLDER = "pool.lance"
_CHANGED = "%s changed since the checkpoint was written: training goes on with what %s now"


class CodeDataModule(pl.LightningDataModule):
    """Problems, corpus, tokenizer and batches of a run.

    Args:
        families: problem families to draw from; data/README.md lists them.
        difficulties: difficulties to train on.
        num_labelled: problems with solutions, over all families and difficulties.
        difficulty_rounds: rounds from which the 2nd, 3rd ... labelled difficulty is there too.
        num_symmetries: random images of each labelled Sudoku to train on, other ones each round.
        held_out_difficulties: difficulties of the held-out set.
        num_held_out: held-out problems of each family and difficulty.
        held_out_families: families of the held-out problems; None = families.
        num_validation: problems for the validation loss, of each family and difficulty.
        problem_files: your own problems (.jsonl, .csv of Sudoku, folders of them, or a file of the
            hub as hf:owner/name/train.csv:1000, of which 1,000 rows are drawn): those with a
            reference are labelled, the others are the loop's to solve. See data/README.md.
        held_out_files: your own held-out problems; nothing that behaves like them is trained on.
        corpus: code to train on: stdlib, site-packages, a folder of .py files, a file
            (.jsonl, .jsonl.gz, .parquet), a .lance folder, or hf:owner/name of a dataset.
        corpus_share: share of each batch that is the corpus; the rest is labelled and the pool's.
            1 trains on nothing else.
        corpus_validation_share: share of the corpus's documents and of the datasets' records that
            are kept for the validation loss.
        datasets: sets to train on, each NAME or NAME:WEIGHT, as [mbpp_train, alpaca_python:0.5];
            a set of weight 0.5 is drawn from half as often as the labelled problems. Programs
            join the corpus; problems with tests are also the loop's to solve, of weight 0 only
            that. `data list` names the sets, `data download` brings them.
        datasets_folder: where they lie; None is LIT_CODER_DATA_DIR or ./data.
        max_samples_per_dataset: records to take of each, the first; None takes all.
        keep_only: parses = of the datasets' answers, those whose code parses; all checks none.
        instruction_template: what is written before an answer: docstring, comment, alpaca, or a
            text of your own with {instruction} in it.
        allow_benchmarks_in_training: take benchmarks into data.datasets; every score of the run
            is marked.
        max_corpus_documents: documents to take from each source; None takes all.
        decontaminate: leave out what holds a task of HumanEval, MBPP or their plus sets.
        cleaning: limits of cleaning a corpus and the datasets' answers that differ from those of
            `data prepare --help`.
        fim_rate: share of the corpus's documents that are rearranged for filling in the middle.
        pack_examples: several labelled or pool examples in each row of max_sequence_length tokens,
            nearly without padding; always so beside a corpus.
        tokenizer: a tokenizer file to use; None takes the pretrained model's, or trains one on
            the run's own problems and corpus.
        tokenizer_vocab_size: tokens of a tokenizer that is trained.
        tokenizer_pattern: how it cuts text before merging; line lets whole lines become one token.
        batch_size: rows of a micro-batch.
        max_sequence_length: tokens of prompt and solution together; longer ones are left out.
        canvas_length: tokens at the end of a row that a TRM fills; None = a GPT.
        canvas_line_length: each line of it begins at a multiple of so many tokens; None = lines
            stand one behind the other.
        labelled_share: share of the rows beside the corpus that is labelled; the rest is the
            pool's.
        rollout_passes: how often an objective that learns from rollouts trains on each of them.
        max_pairs_per_problem: pairs of a problem that an objective over pairs learns from, at most.
        preference_file: pairs of your own for it: JSONL with prompt, chosen and rejected.
        num_workers: processes that make batches ahead; 0 makes them while training waits.
        cache_dir: folder of tokenized corpora; None is LIT_CODER_CACHE_DIR or ~/.cache/lit_coder.
        pretrained: linked to model.init_args.pretrained; its tokenizer is used.
        learns_from: linked to model.init_args.objective: accepted samples, rollouts or pairs.
        steps_per_round: linked to recursion.every_n_steps.
        start_after_steps: linked to recursion.start_after_steps.
        accumulate_grad_batches: linked to trainer.accumulate_grad_batches.
        seed: linked to seed_everything.
    """

    def __init__(
        self,
        families: list[str] | None = None,
        difficulties: Sequence[int] = (1, 2, 3, 4, 5),
        num_labelled: int = 120,
        difficulty_rounds: Sequence[int] = (),
        num_symmetries: int = 0,
        held_out_difficulties: Sequence[int] = (2, 3, 4, 5),
        num_held_out: int = 50,
        held_out_families: list[str] | None = None,
        num_validation: int = 10,
        problem_files: list[str] | None = None,
        held_out_files: list[str] | None = None,
        corpus: list[str] | None = None,
        corpus_share: float = 0.5,
        corpus_validation_share: float = 0.01,
        datasets: list[str] | None = None,
        datasets_folder: str | None = None,
        max_samples_per_dataset: int | None = 10000,
        keep_only: Literal["parses", "all"] = "parses",
        instruction_template: str = "docstring",
        allow_benchmarks_in_training: bool = False,
        max_corpus_documents: int | None = None,
        decontaminate: bool = True,
        cleaning: dict[str, Any] | None = None,
        fim_rate: float = 0.0,
        pack_examples: bool = False,
        tokenizer: str | None = None,
        tokenizer_vocab_size: int = 512,
        tokenizer_pattern: TokenizerPattern = "indent",
        batch_size: int = 32,
        max_sequence_length: int = 256,
        canvas_length: int | None = None,
        canvas_line_length: int | None = None,
        labelled_share: float = 0.3,
        rollout_passes: int = 1,
        max_pairs_per_problem: int = 4,
        preference_file: str | None = None,
        num_workers: int = 0,
        cache_dir: str | None = None,
        pretrained: str | None = None,
        learns_from: LearnsFrom = "accepted",
        steps_per_round: int = 100,
        start_after_steps: int = 0,
        accumulate_grad_batches: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        require_ranges(self.hparams)
        self.seed, self.accumulate_grad_batches = seed, accumulate_grad_batches
        # A linked option is no hyper-parameter where the model does not offer it, as a TRM.
        self._pretrained, self.learns_from = pretrained, learns_from
        self.batch_size, self.max_sequence_length = batch_size, max_sequence_length
        self.labelled_share, self.steps_per_round = labelled_share, steps_per_round
        self.test_batches: list[ProblemBatch] = []  # What the benchmark callback has asked.
        self.datasets = training_datasets(self.hparams)
        self._begin()
        self._corpus_opening = corpus_opening(self.hparams, self.datasets)
        self._problem_options = problem_options(self.hparams)

    def _begin(self) -> None:
        """What a checkpoint or an earlier round may know better."""
        self.round, self.pool_version = 0, EMPTY_VERSION
        self._num_used_corpus_rows = self._corpus_rows_of_round = 0
        self._already_said: set[str] = set()
        self._saved_corpus: str | None = None
        self._saved_datasets: str | None = None
        self._failing: list[str] | None = None

    @cached_property
    def problems(self) -> ProblemSet:
        """The run's problems; drawn once and handed on from round to round."""
        return ProblemSet.build(self._problem_options, self.seed, self.datasets.problems)

    def leave_out_labelled(self, task_ids: Set[str]) -> None:
        """Train on none of these problems: their references fail their own tests."""
        self._failing = sorted(task_ids)
        self.__dict__["problems"] = self.problems.without_labelled(task_ids)
        self.__dict__.pop("_labelled", None)

    @property
    def known_failing(self) -> frozenset[str] | None:
        """What was left out when the run began; None where it began now, or data have changed."""
        if self._failing is None or self._saved_datasets != self.datasets.content:
            return None
        return frozenset(self._failing)

    @cached_property
    def tokenizer(self) -> CodeTokenizer:
        """The tokenizer of the file, the pretrained model's, or one trained on the run's texts.

        These are the labelled and fresh problems and the corpus.
        """
        own = self.hparams
        if own["tokenizer"] is not None:
            return CodeTokenizer.from_file(own["tokenizer"])
        if self._pretrained is not None:
            return pretrained_tokenizer(self._pretrained)
        texts = [*self.problems.texts(), *(text for _, text in self.datasets.texts())]
        size, pattern = own["tokenizer_vocab_size"], own["tokenizer_pattern"]
        if self._corpus_opening.has_sources:
            return self._corpus_opening.train_tokenizer(size, texts, pattern)
        return CodeTokenizer.train(texts, size, pattern)

    @cached_property
    def canvas(self) -> Canvas | None:
        """The layout of a row that is filled as a whole; None where tokens are written in turn."""
        length, line_length = self.hparams["canvas_length"], self.hparams["canvas_line_length"]
        if length is None:
            return None
        return Canvas.of_row(self.tokenizer, self.max_sequence_length, length, line_length)

    @property
    def rows(self) -> ProblemRows:
        """Makes rows of solved problems, and says which prompts have room."""
        if self.canvas is None:
            return SequenceRows(self.tokenizer, self.max_sequence_length)
        return CanvasRows(self.tokenizer, self.canvas)

    @property
    def vocab_size(self) -> int:
        """Tokens of the tokenizer; the model's vocabulary is linked to it."""
        return self.tokenizer.vocab_size

    @cached_property
    def corpus(self) -> PreparedTokens | None:
        """The tokenized corpus, None without one; opened once and handed on as the problems are."""
        if not self._corpus_opening.has_sources:
            return None
        return self._corpus_opening.prepare(self.tokenizer, self.max_sequence_length)

    def at_round(self, round: int, pool_version: int) -> CodeDataModule:
        """A new instance with the same hyper-parameters, for another round."""
        # LightningCLI adds entries of its own to the hyper-parameters.
        own = {name: value for name, value in self.hparams.items() if not name.startswith("_")}
        new = type(self)(**own)
        new.round, new.pool_version = round, pool_version
        new._num_used_corpus_rows = self._num_used_corpus_rows + self._corpus_rows_of_round
        new._already_said, new.datasets = self._already_said, self.datasets
        new._failing, new.learns_from = self._failing, self.learns_from
        # Where difficulties join or images are drawn anew, the labelled part is another each round.
        is_other = own["difficulty_rounds"] or own["num_symmetries"]
        for name in ("problems", "tokenizer", "corpus"):
            new.__dict__[name] = getattr(self, name)
        made = ("_validation",) if is_other else ("_validation", "_labelled")
        new.__dict__.update((name, self.__dict__[name]) for name in made if name in self.__dict__)
        return new

    def train_dataloader(self) -> RoundLoader:
        """The round's batches. Called twice for a round that is resumed: it changes nothing."""
        trainer = self.trainer
        assert trainer is not None
        layout = BatchLayout(
            self.batch_size, self.accumulate_grad_batches, trainer.world_size, trainer.global_rank
        )
        packs = self.hparams["pack_examples"] or self._corpus_opening.has_sources
        mixture = Mixture(
            self._example_parts(Path(trainer.default_root_dir)),
            layout.global_batch,
            self.seed,
            self.round,
            packed_positions=self.max_sequence_length if packs else None,
            corpus=self._corpus_part(),
            learned=self._learned_part(Path(trainer.default_root_dir)),
            num_steps=self.steps_per_round,
            num_micro_batches=layout.num_micro_batches,
        )
        if mixture.num_left_out and self._is_new("left out"):
            say_left_out(mixture.num_left_out)
        self._corpus_rows_of_round = self.steps_per_round * mixture.corpus_rows_per_step
        if self.corpus is not None and self._is_new("passes"):
            rows = (mixture.corpus_rows_per_step, layout.global_batch)
            say_passes(self.corpus.train, self.max_sequence_length, *rows, trainer.max_steps)
        return RoundLoader(
            mixture,
            layout,
            self.steps_per_round,
            self.tokenizer.pad_id,
            num_workers=self.hparams["num_workers"],
            pin_memory=trainer.strategy.root_device.type == "cuda",
        )

    def val_dataloader(self) -> RowLoader | list[RowLoader]:
        """Reference solutions, and documents of the corpus, that are never trained on.

        Every device measures all of them, so that they all do the same number of forward passes.
        """
        loaders = list(self._validation.values())
        return loaders[0] if len(loaders) == 1 else loaders

    @property
    def validation_names(self) -> tuple[str, ...]:
        """The name of the loss of each loader of `val_dataloader`."""
        return tuple(self._validation)

    def test_dataloader(self) -> ProblemLoader:
        """The prompts of all benchmarks, one after the other."""
        return ProblemLoader(self.test_batches)

    def predict_dataloader(self) -> ProblemLoader:
        """The same loader."""
        return self.test_dataloader()

    def state_dict(self) -> dict[str, Any]:
        """Round, pool version, the contents trained on and what of them is not, used rows."""
        return {
            "round": self.round,
            "pool_version": self.pool_version,
            "num_used_corpus_rows": self._num_used_corpus_rows,
            "corpus": None if self.corpus is None else self.corpus.train.content,
            "datasets": self.datasets.content,
            "failing": self._failing,
            TRAINED_ON_KEY: list(self.datasets.benchmarks),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Become the round of a checkpoint; its data are opened in `train_dataloader`."""
        self.round, self.pool_version = int(state["round"]), int(state["pool_version"])
        self._num_used_corpus_rows = int(state.get("num_used_corpus_rows", 0))
        self._saved_corpus, self._saved_datasets = state.get("corpus"), state.get("datasets")
        self._failing = state.get("failing")

    @cached_property
    def _validation(self) -> dict[str, RowLoader]:
        """Loaders by the names of their losses."""
        corpus, length = None, self.max_sequence_length
        if self.corpus is not None:
            corpus = CorpusRows(self.corpus.validation, length, self.seed)
            # Nothing was kept for it, as was asked for.
            corpus = corpus if corpus.num_rows or self.hparams["corpus_validation_share"] else None
        ways = (self.batch_size, self.tokenizer.pad_id, length)
        problems = self.problems.validation
        return validation_loaders(problems, self.datasets, self._makers, corpus, *ways)

    @cached_property
    def _labelled(self) -> MixturePart:
        labelled = easy_first(self.problems.labelled, self.round, self.hparams["difficulty_rounds"])
        labelled = with_images(labelled, self.problems, self.hparams["num_symmetries"], self.round)
        return labelled_part(self._makers, labelled, self.datasets, self.labelled_share)

    def _example_parts(self, run_folder: Path) -> list[MixturePart]:
        content = self.datasets.content
        if self._saved_datasets not in (None, content):
            logger.warning(_CHANGED, "data.datasets have", "they hold")
        self._saved_datasets = content
        parts = [self._labelled]
        if self.pool_version > EMPTY_VERSION and self.learns_from == "accepted":
            pool, share = SamplePool(run_folder / POOL_FOLDER, ""), 1.0 - self.labelled_share
            parts.append(accepted_part(pool, self.pool_version, self.rows, share))
        return parts

    def _learned_part(self, run_folder: Path) -> LearnedPart | None:
        """What an objective over rollouts or pairs learns from; None where there is none yet."""
        place = PoolPlace(run_folder / POOL_FOLDER, self.pool_version, self.round)
        options = {**self.hparams, "learns_from": self.learns_from}
        return learned_part(options, place, self.tokenizer, self._already_said)

    def _corpus_part(self) -> CorpusPart | None:
        if self.corpus is None:
            return None
        content = self.corpus.train.content
        if self._saved_corpus not in (None, content):
            logger.warning(_CHANGED, "data.corpus has", "it holds")
        self._saved_corpus = content
        fim_rate = self.hparams["fim_rate"]
        gap_filling = GapFilling(self.tokenizer, fim_rate) if fim_rate else None
        rows = CorpusRows(self.corpus.train, self.max_sequence_length, self.seed, gap_filling)
        return CorpusPart(rows, self.hparams["corpus_share"], self._num_used_corpus_rows)

    @property
    def _makers(self) -> RowMakers:
        canvas = (self.hparams["canvas_length"], self.hparams["canvas_line_length"])
        room = named_room(self.max_sequence_length, *canvas)
        return RowMakers(self.rows, room, self._already_said)

    def _is_new(self, message: str) -> bool:
        """Whether a message has not been said yet in this run; from now on it has."""
        is_new = message not in self._already_said
        self._already_said.add(message)
        return is_new
