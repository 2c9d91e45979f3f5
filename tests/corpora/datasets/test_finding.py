"""Files are found by their columns; names decide only where columns fit several datasets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import made_problem_sets as problem_sets
import made_text_sets as text_sets
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_problem_sets import write_csv, write_lines, write_parquet

from lit_coder.corpora.datasets.cells import Cells, RowFault
from lit_coder.corpora.datasets.opening import detect, open_dataset, open_file
from lit_coder.corpora.datasets.readers import READERS, read_row
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.registry import DATASETS, dataset_spec

JUNK = st.recursive(
    st.none()
    | st.integers(min_value=-5, max_value=10**30)
    | st.text(max_size=5)
    | st.sampled_from(["[]", "{}", "['a' 'b']", '{"inputs": 1}', "[1", "1", "python", "-"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_row_of_anything_is_a_record_or_a_fault(data: st.DataObject) -> None:
    reader = data.draw(st.sampled_from(sorted(READERS)))
    spec = DATASETS[reader]
    names = sorted({*data.draw(st.sampled_from(spec.columns)), "input_output", "metadata"})
    texts = st.sampled_from(["x", "assert f(1) == 2", "def f(a):\n    return a\n", "[1]"])
    row = {name: data.draw(JUNK | texts, label=name) for name in names}
    try:
        assert isinstance(read_row(READERS[reader], Cells(row, 1)), Record)
    except RowFault as fault:
        assert str(fault)


def test_at_least_fourteen_datasets_are_known_with_all_that_a_user_needs() -> None:
    wholes = [spec for spec in DATASETS.values() if not spec.split]
    assert len(wholes) >= 14
    for spec in DATASETS.values():
        assert spec.licence and spec.num_rows and spec.size and spec.formats and spec.columns
        assert spec.hub_id or spec.kaggle_ids
        assert spec.files or not spec.hub_id
        assert spec.reader in {*READERS, "codeparrot_1m", "open_code_reasoning"}
    marked = {spec.name for spec in DATASETS.values() if spec.is_benchmark}
    assert {"humaneval", "mbpp", "mbpp_test", "mbpp_sanitized", "livecodebench"} <= marked
    for whole in ("mbpp", "apps", "taco", "code_contests"):
        assert whole in marked and f"{whole}_train" not in marked
    assert "mbpp_validation" not in marked


def test_a_name_is_taken_with_dashes_and_a_mistyped_one_is_corrected() -> None:
    assert dataset_spec("Alpaca-Python").name == "alpaca_python"
    with pytest.raises(ValueError, match="did you mean alpaca_python"):
        dataset_spec("alpaca_pyton")
    with pytest.raises(ValueError, match="data list shows all names"):
        dataset_spec("zzzzzz")


def test_a_dataset_that_is_not_here_says_how_it_is_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError) as raised:
        open_dataset("glaive_qa", tmp_path)
    message = str(raised.value)
    placed = f"put them into {tmp_path / 'glaive_qa'}"
    for part in ("data download glaive_qa", "glaiveai/glaive-code-assistant", placed):
        assert part in message
    with pytest.raises(ValueError, match="there is no folder"):
        open_dataset("glaive_qa", tmp_path / "none")
    monkeypatch.setenv("LIT_CODER_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    problem_sets.apps_lines(tmp_path, "anything.jsonl")
    assert open_dataset("apps").files == [tmp_path / "anything.jsonl"]


def test_names_decide_between_datasets_with_the_same_columns(tmp_path: Path) -> None:
    rows = [{"instruction": "Add.", "input": "", "output": "print(1)"}] * 50
    folder = tmp_path / "files"
    folder.mkdir()
    write_csv(folder / "code_alpaca_20k.csv", rows)
    assert [spec.name for spec in detect(folder / "code_alpaca_20k.csv")] == ["code_alpaca"]
    with pytest.raises(ValueError, match="data download alpaca_python"):
        open_dataset("alpaca_python", folder)
    # Without a name that speaks for one, a user who names the file decides.
    unnamed = write_csv(tmp_path / "rows.csv", rows)
    assert {spec.name for spec in detect(unnamed)} == {"alpaca_python", "code_alpaca"}
    assert open_dataset("code_alpaca", unnamed).spec.name == "code_alpaca"


def test_a_folder_of_a_part_may_be_called_like_another_dataset(tmp_path: Path) -> None:
    path = tmp_path / "opc_sft" / "evol_instruct" / "train.parquet"
    write_parquet(path, [{"instruction": "Add.", "output": "So.", "tag": "evol"}] * 50)
    assert open_dataset("opc_sft", tmp_path).files == [path]
    records = list(open_dataset("opc_sft", tmp_path).records())
    assert {record.kind for record in records} == {"question-answer"}


def test_one_format_and_each_content_once(tmp_path: Path) -> None:
    made = text_sets.glaive_csv(tmp_path)
    (tmp_path / "copies").mkdir()
    shutil.copy(made.path, tmp_path / "copies" / "glaive.csv")
    rows: list[dict[str, Any]] = [{"question": "Who?", "answer": "Me."}] * 50
    write_lines(tmp_path / "glaive.jsonl", rows)
    files = open_dataset("glaive_qa", tmp_path).files
    assert len(files) == 1
    assert files[0].suffix == ".csv"


def test_parts_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        row = {"question": f"Part {number}?", "answer": "Yes."}
        write_lines(tmp_path / f"part-{number}.jsonl", [row])
    records = open_dataset("glaive_qa", tmp_path).records()
    assert [r.instruction for r in records] == ["Part 1?", "Part 2?", "Part 10?"]


def test_a_damaged_part_costs_its_rest_only(tmp_path: Path) -> None:
    for number in range(3):
        rows = [{"question": f"{number}.{k}", "answer": "a"} for k in range(30)]
        path = tmp_path / f"part-{number}.json"
        path.write_text(json.dumps(rows))
    damaged = (tmp_path / "part-1.json").read_text()
    (tmp_path / "part-1.json").write_text(damaged[:200])
    dataset = open_dataset("glaive_qa", tmp_path)
    names = [record.instruction for record in dataset.records()]
    assert 60 < len(names) < 70 and names[-1] == "2.29"
    assert dataset.skipped.reasons() == [("and all after it cannot be read", 1)]


def test_a_file_of_no_known_dataset_says_its_columns(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "rows.csv", [{"a": 1, "b": 2}])
    with pytest.raises(ValueError, match="its columns are a, b"):
        open_file(path)
    (tmp_path / "empty.json").write_text("")
    with pytest.raises(ValueError, match="no row of it can be read"):
        open_file(tmp_path / "empty.json")
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(ValueError, match="is none of"):
        open_file(tmp_path / "text.txt")
