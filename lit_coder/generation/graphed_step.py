"""The one-token step on a GPU: captured once as a CUDA graph, then replayed.

    step = GraphedStep(network)          # the weights must be on a GPU

Without a graph most of a step is Python handing some 20 kernels a layer to the GPU one by one.
The graph is captured at the first token and again when rows have left, which they do seldom here.
Before it is used it is checked against the network on the token at hand: where capturing fails or
gives other logits, the network itself is called from then on, and a warning says so. This project
tests the cache with its fixed places on CPUs and has had no GPU for the capture itself.

Letters after a name are its dimensions:
    R rows   V vocabulary
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from lit_coder.generation.cache import DecodingCache
from lit_coder.generation.one_token import NetworkStep, OneTokenStep
from lit_coder.generation.static_cache import StaticDecodingCache
from lit_coder.networks.gpt import GPT

logger = logging.getLogger("lit_coder.generation")

_WARM_UP_STEPS = 2  # the libraries under torch take memory in their first calls
_TOLERANCE = 1e-2  # of the largest logit: bfloat16 may sum in another order


class GraphedStep(OneTokenStep):
    """The network's step, replayed."""

    cache_type = StaticDecodingCache
    # Fewer rows hardly make a replay shorter, and a new capture costs several steps.
    share_that_stays = 0.25

    def __init__(self, network: GPT) -> None:
        self._eager = NetworkStep(network)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._captured: tuple[DecodingCache, int] | None = None
        self._gave_up = False
        self._token_R: Tensor | None = None
        self._logits_RV: Tensor | None = None

    def __call__(self, token_R: Tensor, cache: DecodingCache) -> Tensor:
        """Logits (R, V) of the token after the given one; they last until the next call."""
        assert isinstance(cache, StaticDecodingCache)
        place = (cache, cache.shape_number)
        if self._captured != place and not self._gave_up:
            self._capture(token_R, cache)
            self._captured = place
        if self._gave_up:
            return self._eager(token_R, cache)
        assert self._graph and self._token_R is not None and self._logits_RV is not None
        self._token_R.copy_(token_R)
        self._graph.replay()
        return self._logits_RV

    def _capture(self, token_R: Tensor, cache: StaticDecodingCache) -> None:
        """Captures the step on this cache's memory; gives up where that does not work."""
        # The old graph's memory goes before the new one takes its own.
        self._graph = self._logits_RV = None
        self._token_R = token_R.clone()
        try:
            wanted_RV = self._warm_up(cache)
            graph = torch.cuda.CUDAGraph()
            # Other threads - a checkpoint being copied, a loader's - go on with their own calls.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._logits_RV = self._eager(self._token_R, cache)
            graph.replay()
            error = (self._logits_RV - wanted_RV).abs().max() / wanted_RV.abs().max()
            if not error <= _TOLERANCE:
                raise RuntimeError(f"its logits are off by {float(error):.2g} of the largest")
            self._graph = graph
        except RuntimeError as error:
            self._gave_up = True
            logger.warning("generation goes on without a CUDA graph: %s", error)

    def _warm_up(self, cache: StaticDecodingCache) -> Tensor:
        """Calls the network as the capture will; writing a token again changes nothing."""
        assert self._token_R is not None
        own_stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        own_stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(own_stream):
            for _ in range(_WARM_UP_STEPS):
                logits_RV = self._eager(self._token_R, cache)
        torch.cuda.current_stream().wait_stream(own_stream)
        return logits_RV.clone()
