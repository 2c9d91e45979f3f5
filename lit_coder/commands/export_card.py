"""The model card of an exported folder: what the model is, where it comes from, how it is used.

    text = model_card(network.config, "LlamaForCausalLM", tokenizer)

Only what the weights and the tokenizer say of themselves: no figure that nobody has measured, no
path and no date, so the same model gives the same card. A licence is the user's to choose.
"""

from __future__ import annotations

from lit_coder.networks.gpt_config import GPTConfig
from lit_coder.tokenizer import CodeTokenizer

CARD_FILE = "README.md"

_CARD = """\
---
library_name: transformers
pipeline_tag: text-generation
tags:
- code
- lit-coder
---

# A model for Python code, made with lit_coder

It continues Python code. A run of lit_coder has the model write programs, runs them against
tests, and trains on those that pass. Whoever publishes it adds a licence; where the run began
from another model, that model's name and licence belong here too.

| | |
|---|---|
| Architecture | {architecture} |
| Parameters | {parameters:,} |
| Layers, hidden size | {layers}, {hidden} |
| Attention heads, key-value heads | {heads}, {key_value_heads} |
| Context | {context} tokens |
| Vocabulary | {vocabulary} tokens, byte-level |
| Ends a text | `{end}` (id {end_id}) |
| Fills in the middle | {gap} |

## Use

```python
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")
tokenizer = PreTrainedTokenizerFast.from_pretrained("path/to/this/folder")
prompt = tokenizer("def add(x, y):\\n", return_tensors="pt")
written = model.generate(**prompt, max_new_tokens=64)
print(tokenizer.decode(written[0], skip_special_tokens=True))
```

With lit_coder: `python main.py generate --ckpt_path path/to/this/folder --prompt "def add(x, y):"`

What it writes may be wrong or do harm when it runs: read it, or run it in a sandbox.
"""


def model_card(config: GPTConfig, architecture: str, tokenizer: CodeTokenizer) -> str:
    """The card, in the hub's Markdown.

    Args:
        config: the network's.
        architecture: the name of its class in `transformers`.
        tokenizer: the model's.
    """
    gap = tokenizer.special_tokens.gap
    return _CARD.format(
        architecture=architecture,
        parameters=config.num_parameters,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        heads=config.num_attention_heads,
        key_value_heads=config.key_value_heads,
        context=config.max_position_embeddings,
        vocabulary=config.vocab_size,
        end=tokenizer.special_tokens.end,
        end_id=tokenizer.end_id,
        gap="no" if gap is None else "`{}` prefix `{}` suffix `{}` middle".format(*_in_order(gap)),
    )


def _in_order(gap: tuple[str, str, str]) -> tuple[str, str, str]:
    """As a prompt has them: prefix, suffix, middle."""
    prefix, middle, suffix = gap
    return prefix, suffix, middle
