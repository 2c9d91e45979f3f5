"""What a value head foretold of each sampled token, before the tokens are trained on.

    written = with_values(written, module, tokenizer, batch_size=256)

One forward pass of the weights that sampled: advantages and returns of a round are made of these
numbers once, however many steps train on them.

Shapes: B rows, T positions.
"""

from __future__ import annotations

import dataclasses

import torch

from lit_coder.modules.code_module import CodeModule
from lit_coder.recursion.round_work import Written
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.sample import Candidate


def with_values(
    written: Written, module: CodeModule, tokenizer: CodeTokenizer, batch_size: int
) -> Written:
    """The candidates with values, one for each log-probability.

    Args:
        written: by this process.
        module: with a value head, in sampling mode.
        tokenizer: of the run.
        batch_size: rows of a forward pass.
    """
    candidates = [each for group in written.groups for each in group]
    by_length = sorted(range(len(candidates)), key=lambda i: len(candidates[i].token_ids))
    valued = list(candidates)
    for start in range(0, len(by_length), batch_size):
        places = by_length[start : start + batch_size]
        rows = _values([candidates[place] for place in places], module, tokenizer)
        for place, values in zip(places, rows, strict=True):
            valued[place] = dataclasses.replace(candidates[place], values=values)
    found = iter(valued)
    return written._replace(groups=[[next(found) for _ in group] for group in written.groups])


def _values(
    candidates: list[Candidate], module: CodeModule, tokenizer: CodeTokenizer
) -> list[tuple[float, ...]]:
    prompts = tokenizer.encode_many([each.problem.prompt for each in candidates])
    rows = [(*ids, *each.token_ids) for ids, each in zip(prompts, candidates, strict=True)]
    ids_BT = torch.full((len(rows), max(map(len, rows))), tokenizer.pad_id)
    for number, row in enumerate(rows):
        ids_BT[number, : len(row)] = torch.tensor(row)
    values_BT = module.foretold(ids_BT.to(module.device)).float().cpu()
    return [
        tuple(values_BT[number, len(ids) - 1 :][: len(each.log_probabilities)].tolist())
        for number, (ids, each) in enumerate(zip(prompts, candidates, strict=True))
    ]
