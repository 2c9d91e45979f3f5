"""Pure nn.Module parts and networks (torch only)."""

from lit_coder.networks.gpt import GPT, GPTConfig

__all__ = ["GPT", "GPTConfig"]
