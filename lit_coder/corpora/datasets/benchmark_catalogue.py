"""The datasets that scores are made of: not for training, unless a user insists.

    BENCHMARKS[0].name                          # "humaneval"

Sizes and counts are the publishers'. Checksums are of files that were read whole.
"""

from __future__ import annotations

from lit_coder.corpora.datasets.spec import DatasetSpec, KnownFile, columns

_MBPP = columns("task_id text code test_list")
_MBPP_KNOWN = {
    "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f": KnownFile(
        "google-research mbpp (974)", 974, 563_743
    ),
}
_MBPP_KAGGLE = ("mpwolke/mbppjsonl", "buntyshah/mostly-basic-python-problems-dataset")


def _mbpp(name: str, title: str, num_rows: int, split: str, is_benchmark: bool) -> DatasetSpec:
    return DatasetSpec(
        name=name,
        title=title,
        licence="CC-BY-4.0",
        num_rows=num_rows,
        size="0.6 MB",
        kind="problem",
        validation="unit tests",
        columns=_MBPP,
        formats=("JSON Lines", "JSON", "CSV", "Parquet"),
        absent=frozenset({"test", "base_input"}),
        hub_id="google-research-datasets/mbpp",
        kaggle_ids=_MBPP_KAGGLE,
        files=("full/*.parquet",),
        is_benchmark=is_benchmark,
        base="mbpp" if split else "",
        split=split,
        hint="mbpp|mostly.basic",
        known_files=_MBPP_KNOWN,
    )


BENCHMARKS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="humaneval",
        title="HumanEval",
        licence="MIT",
        num_rows=164,
        size="45 KB",
        kind="problem",
        validation="unit tests",
        columns=columns("task_id prompt canonical_solution test entry_point"),
        formats=("JSON Lines", "CSV", "Parquet"),
        absent=frozenset({"base_input", "buggy_solution", "declaration", "suffix", "doc_struct"}),
        hub_id="openai/openai_humaneval",
        kaggle_ids=(
            "inoueu1/openai-human-eval",
            "thedevastator/handcrafted-dataset-for-code-generation-models",
            "thedevastator/openai-humaneval-code-gen",
        ),
        files=("openai_humaneval/*.parquet",),
        is_benchmark=True,
        hint=r"human.?eval(?!.?(plus|pack|x|inf))",
        known_files={
            "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef": KnownFile(
                "openai/human-eval 6d43fb9", 164, 44_877
            ),
        },
    ),
    _mbpp("mbpp", "MBPP, all of it", 974, "", True),
    _mbpp("mbpp_test", "MBPP, tasks 11 to 510", 500, "test", True),
    DatasetSpec(
        name="mbpp_sanitized",
        title="MBPP, sanitized",
        licence="CC-BY-4.0",
        num_rows=427,
        size="0.3 MB",
        kind="problem",
        validation="unit tests",
        columns=columns("task_id prompt code test_list test_imports"),
        formats=("JSON", "Parquet"),
        absent=frozenset({"test"}),
        hub_id="google-research-datasets/mbpp",
        files=("sanitized/*.parquet",),
        is_benchmark=True,
        hint="mbpp|mostly.basic",
        known_files={
            "8ac32b2799150228e2d745aed09c870b7e4444246d4727d1004576207ef40769": KnownFile(
                "google-research mbpp, sanitized (427)", 427, 278_372
            ),
        },
    ),
    DatasetSpec(
        name="humaneval_plus",
        title="HumanEval+",
        licence="Apache-2.0",
        num_rows=164,
        size="5 MB",
        kind="problem",
        validation="unit tests",
        columns=columns(
            "task_id prompt canonical_solution entry_point base_input plus_input",
            "task_id prompt canonical_solution test entry_point",
        ),
        formats=("JSON Lines", "Parquet"),
        absent=frozenset({"buggy_solution", "declaration", "suffix", "doc_struct"}),
        hub_id="evalplus/humanevalplus",
        files=("data/test-*.parquet",),
        is_benchmark=True,
        hint="human.?eval.?plus",
        task_prefix="HumanEval/",
    ),
    DatasetSpec(
        name="mbpp_plus",
        title="MBPP+",
        licence="Apache-2.0",
        num_rows=399,
        size="3 MB",
        kind="problem",
        validation="unit tests",
        columns=columns(
            "task_id prompt canonical_solution entry_point base_input plus_input",
            "task_id prompt code test_list test",
        ),
        formats=("JSON Lines", "Parquet"),
        hub_id="evalplus/mbppplus",
        files=("data/test-*.parquet",),
        is_benchmark=True,
        hint="mbpp.?plus",
        task_prefix="Mbpp/",
        known_files={
            "a855b9de667baea8e2f8aa61f898767a7336872208a85222b35622545e819fe9": KnownFile(
                "MbppPlus v0.1.0", 399, 2_761_786
            ),
        },
        note="399 rows in v0.1.0, 378 in v0.2.0, which is the hub's",
    ),
    DatasetSpec(
        name="humaneval_infilling",
        title="HumanEval-Infilling, single line",
        licence="MIT",
        num_rows=1033,
        size="75 KB",
        kind="problem",
        validation="unit tests",
        columns=columns("task_id prompt suffix canonical_solution test entry_point"),
        formats=("JSON Lines", "Parquet"),
        hub_id="loubnabnl/humaneval_infilling",
        files=("HumanEval-SingleLineInfilling/**",),
        is_benchmark=True,
        hint="infilling",
        known_files={
            "1277073e7ddce163ef68598c2bca777f688a53df99422f097e37362090f88e1f": KnownFile(
                "openai/human-eval-infilling 88062ff", 1033, 75_058
            ),
        },
    ),
    DatasetSpec(
        name="humanevalpack",
        title="HumanEvalPack, Python",
        licence="MIT",
        num_rows=164,
        size="0.5 MB",
        kind="problem",
        validation="unit tests",
        columns=columns("task_id prompt canonical_solution buggy_solution test entry_point"),
        formats=("JSON Lines",),
        hub_id="bigcode/humanevalpack",
        files=("data/python/data/*.jsonl",),
        is_benchmark=True,
        hint="pack",
        known_files={
            "b1376d72be4bd016a62ad043d9de3846edb8d63edf1222da802a31330c14c3a7": KnownFile(
                "bigcode-project/octopack, Python", 164, 537_907
            ),
        },
        note="each draft holds an error, to be mended",
    ),
    DatasetSpec(
        name="cruxeval",
        title="CRUXEval",
        licence="MIT",
        num_rows=800,
        size="0.2 MB",
        kind="problem",
        validation="execution",
        columns=columns("id code input output"),
        formats=("JSON Lines",),
        hub_id="cruxeval-org/cruxeval",
        files=("test.jsonl",),
        is_benchmark=True,
        hint="crux",
        known_files={
            "8368b81047dc5014e4caf5a2f97604eff7644e0ecd7415e3ceeb184bbc2e0c96": KnownFile(
                "facebookresearch/cruxeval (800)", 800, 186_873
            ),
        },
    ),
    DatasetSpec(
        name="bigcodebench_hard",
        title="BigCodeBench-Hard",
        licence="Apache-2.0",
        num_rows=148,
        size="1.3 MB",
        kind="problem",
        validation="unit tests",
        columns=columns("task_id complete_prompt canonical_solution test entry_point"),
        formats=("JSON", "JSON Lines", "Parquet"),
        hub_id="bigcode/bigcodebench-hard",
        files=("data/v0.1.4-*.parquet",),
        is_benchmark=True,
        hint="bigcodebench",
        known_files={
            "5e7a87ff1085eafb13b2d570277bcb53dba68201717b4fc987a3f2b86a23869c": KnownFile(
                "BigCodeBench-Hard (148), copy of Qwen2.5-Coder", 148, 1_347_524
            ),
        },
        note="most rows need packages: inspect --packages numpy,pandas",
    ),
    DatasetSpec(
        name="livecodebench",
        title="LiveCodeBench, code generation lite",
        licence="CC",
        num_rows=1055,
        size="4.5 GB",
        kind="problem",
        validation="test cases",
        columns=columns("question_id question_content public_test_cases private_test_cases"),
        formats=("JSON Lines", "CSV"),
        hub_id="livecodebench/code_generation_lite",
        kaggle_ids=("open-benchmarks/livecodebench",),
        files=("test*.jsonl",),
        is_benchmark=True,
        hint="livecodebench|code_generation_lite",
        note="it publishes no solutions, so its rows are read and not run",
    ),
)

# Parts of a benchmark that are for training.
BENCHMARK_TRAINING_SPLITS: tuple[DatasetSpec, ...] = (
    _mbpp("mbpp_train", "MBPP, tasks 601 to 974", 374, "train", False),
    _mbpp("mbpp_validation", "MBPP, tasks 511 to 600", 90, "validation", False),
)
