"""A tiny GPT that knows a few programs by heart, and one that never ends.

module = trained_module()                     # trained once a process, in a second or two
save_checkpoint(module, folder / "tiny.ckpt")
"""

from __future__ import annotations

import functools
from pathlib import Path

import lightning.pytorch as pl
import torch

from lit_coder.modules.code_module import CodeModule
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.examples import collate, encode_example

torch.set_num_threads(1)

DOUBLE = 'def double(x):\n    """Twice x.\n\n    >>> double(2)\n    4\n    """\n'
WRONG = 'def triple(x):\n    """Three times x.\n\n    >>> triple(2)\n    6\n    """\n'
GREET = "def greet(name):\n"
BROKEN = "def broken(x):\n"
COMPLETIONS = {
    DOUBLE: "    return x * 2\n",
    WRONG: "    return x * 2\n",
    GREET: '    return "Grüße, €🙂 " + name\n\n\nprint(greet("you"))\n',
    BROKEN: "    return (x\n",
    '"""Double a number"""\n\n\ndef': " double(x):\n    return x * 2\n",
}
"""What the trained module writes after which prompt."""


def tokenizer() -> CodeTokenizer:
    """One of few merges: characters beyond ASCII take several tokens."""
    texts = [prompt + completion for prompt, completion in COMPLETIONS.items()]
    return CodeTokenizer.train([text.encode("ascii", "ignore").decode() for text in texts], 330)


def untrained_module(context: int = 128, seed: int = 0) -> GPTModule:
    """A module whose greedy completions are noise that does not end."""
    torch.manual_seed(seed)
    words = tokenizer()
    module = GPTModule(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=words.vocab_size,
        max_position_embeddings=context,
    )
    module.tokenizer = words
    return module


@functools.cache
def trained_module() -> GPTModule:
    """A module that greedily writes `COMPLETIONS`; not to be changed."""
    module = untrained_module()
    words = module.tokenizer
    assert words is not None
    pairs = COMPLETIONS.items()
    examples = [encode_example(words, prompt, completion, 128) for prompt, completion in pairs]
    batch = collate([each for each in examples if each is not None], words.pad_id)
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
    loss = torch.tensor(1.0)
    while loss.item() > 0.02:
        loss = module.loss({"ids_BT": batch["ids_BT"], "labels_BT": batch["labels_BT"]})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return module.eval()


def save_checkpoint(module: CodeModule, path: Path) -> Path:
    """Write a checkpoint as a Trainer does."""
    trainer = pl.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=path.parent,
    )
    trainer.strategy.connect(module)
    trainer.save_checkpoint(path, weights_only=False)
    return path
