"""Token ids in, token ids out: sampling and key-value-cache decoding."""

from lit_coder.generation.contract import Completion, Prompt, SamplingOptions, TokenGenerator
from lit_coder.generation.gpt_generator import GPTGenerator

__all__ = ["Completion", "GPTGenerator", "Prompt", "SamplingOptions", "TokenGenerator"]
