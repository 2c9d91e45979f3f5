"""Pure nn.Module parts and networks (torch only)."""

from lit_coder.networks.gpt import GPT
from lit_coder.networks.gpt_config import GPTConfig

__all__ = ["GPT", "GPTConfig"]
