"""What images of Sudoku boards cost where a round begins: seconds and memory of 100,000 rows.

    python -m benchmarks.sudoku_images                       # 1,000 boards of 9x9, 100 images each
    python -m benchmarks.sudoku_images --boards 100 --images 20

Boards are drawn as the family draws them, which is not counted; then the images of a round are
made (`training_data/sudoku_images.py`), encoded a token a character and laid out as rows, as the
DataModule does for `data.num_symmetries`. Memory is what the process has grown by at its peak.
"""

from __future__ import annotations

import argparse
import resource
import sys
from time import perf_counter

from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.problem_rows import Solved
from lit_coder.training_data.sudoku_images import with_images


def peak_megabytes() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--boards", type=int, default=1000, help="labelled boards")
    parser.add_argument("--images", type=int, default=100, help="of each board")
    options = parser.parse_args()
    data = CodeDataModule(
        families=["sudoku"],
        difficulties=[3],
        num_labelled=options.boards,
        held_out_difficulties=[3],
        num_held_out=1,
        num_validation=1,
        tokenizer_vocab_size=261,
        max_sequence_length=81,
        canvas_length=81,
    )
    # The boards are drawn and the tokenizer is trained where they are first asked for.
    labelled, rows = data.problems.labelled, data.rows
    before = peak_megabytes()
    started = perf_counter()
    images = with_images(labelled, data.problems, options.images, round=0)
    drawn = perf_counter()
    groups, _ = rows.groups(map(Solved.by_reference, images))
    encoded = perf_counter()
    print(
        f"{len(images):,} images of {len(labelled):,} boards: {drawn - started:.1f} s to draw, "
        f"{encoded - drawn:.1f} s to encode {sum(map(len, groups)):,} rows, "
        f"{peak_megabytes() - before:,.0f} MB more at the peak"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
