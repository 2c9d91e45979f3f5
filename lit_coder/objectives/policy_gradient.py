"""The clipped policy gradient over sampled tokens, beside next-token loss on real ones.

    result = PolicyGradient(clip_high=0.28)(hidden_BTC, output_weight_VC, batch, values_BT)
    result.total.backward()
    totals.add(result.measures)

Called like `NextToken`, with features and output layer, and never holds all logits of a large
vocabulary. Each sampled token counts the same, whatever its completion's length: sums are divided
by the number of tokens in the whole optimizer step, which the batch brings, so that micro-batches
change nothing. Where advantages come from is not its matter (`group_advantages`,
`generalized_advantages`), nor which completions are trained on.

The loss of a sampled token is that of `policy_ratio`: its advantage times the ratio of its
probability now and when it was sampled, clipped.

Shapes: B rows, T positions, N tokens, C hidden, V vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict

import torch
from torch import Tensor

from lit_coder.objectives.banned_ids import BannedIds
from lit_coder.objectives.chunked_token_loss import chunked_token_loss
from lit_coder.objectives.measure_totals import Measures, measure
from lit_coder.objectives.option_ranges import (
    require_0_or_more,
    require_above_0,
    require_share,
)
from lit_coder.objectives.policy_ratio import clipped_losses, is_clipped, k3, log_ratios
from lit_coder.objectives.token_log_probabilities import check_temperature, default_chunk_tokens
from lit_coder.training_data.examples import IGNORED


class LearnedTokens(TypedDict):
    """What each batch of rollouts has."""

    labels_BT: Tensor
    policy_mask_BT: Tensor
    advantages_BT: Tensor


class PolicyBatch(LearnedTokens, total=False):
    """Tokens to learn from; every tensor but scalars and ids is aligned with the labels.

    Attributes:
        labels_BT: the token that each position's features predict; `IGNORED` = none.
        policy_mask_BT: bool: the label was sampled by the policy. Other labels are of real data
            and are for the language-model loss.
        advantages_BT: of each sampled token.
        sampling_log_probabilities_BT: of each sampled token, when it was sampled, at the sampling
            temperature. Left out, tokens count as sampled by the weights as they are.
        reference_log_probabilities_BT: of each sampled token under the reference model, at the
            sampling temperature.
        returns_BT: what the values should be.
        values_BT: what the values were when `returns_BT` were made, for `value_clip`.
        num_policy_targets: what the sums over sampled tokens are divided by, a float32 scalar: the
            sampled tokens of the whole optimizer step over its number of micro-batches on all
            devices. Left out: those of this batch.
        num_language_targets: the same for the labels of real data.
        banned_ids_K: what sampling never chose: the probabilities of sampled tokens, and their
            entropies, are of the other ids. Those of real data are of all.
    """

    sampling_log_probabilities_BT: Tensor
    reference_log_probabilities_BT: Tensor
    returns_BT: Tensor
    values_BT: Tensor
    num_policy_targets: Tensor
    num_language_targets: Tensor
    banned_ids_K: Tensor


class PolicyLoss(NamedTuple):
    """What is to be minimized, and what it is made of."""

    total: Tensor
    """A scalar."""

    measures: Measures
    """Per token, without gradient: policy_loss, clip_share, sampling_kl (from the policy that
    sampled), log_probability_difference (absolute, between sampling and training), entropy, and
    where they are known reference_kl, value_loss and language_model_loss."""


class PolicyGradient:
    """Clipped policy gradient, with what may stand beside it.

    Args:
        clip_low: how far below 1 a token's probability ratio is still learned from.
        clip_high: how far above 1.
        kl_coefficient: of the divergence from the reference model (the k3 estimator); 0 needs no
            reference.
        entropy_coefficient: of the entropy, which is to stay large.
        language_model_coefficient: of the next-token loss on real data, against forgetting.
        value_coefficient: of the value head's squared error.
        value_clip: a value is not pulled further than this from what it was when the returns were
            made; None = as far as they are.
        temperature: that completions are sampled at; log-probabilities are taken at it.
        chunk_tokens: tokens whose logits exist at the same time; None = as many as take 128 MiB
            (at least 512), on a CPU 8 MiB (at least 128).

    Raises:
        ValueError: a value that is not possible, by the name of its option.
    """

    def __init__(
        self,
        clip_low: float = 0.2,
        clip_high: float = 0.28,
        kl_coefficient: float = 0.0,
        entropy_coefficient: float = 0.0,
        language_model_coefficient: float = 0.1,
        value_coefficient: float = 0.5,
        value_clip: float | None = None,
        temperature: float = 1.0,
        chunk_tokens: int | None = None,
    ) -> None:
        require_share(clip_low=clip_low)
        require_0_or_more(
            clip_high=clip_high,
            kl_coefficient=kl_coefficient,
            entropy_coefficient=entropy_coefficient,
            language_model_coefficient=language_model_coefficient,
            value_coefficient=value_coefficient,
        )
        require_above_0(value_clip=value_clip, chunk_tokens=chunk_tokens)
        check_temperature(temperature)
        self._bounds = (clip_low, clip_high)
        self.kl_coefficient = kl_coefficient
        self.entropy_coefficient = entropy_coefficient
        self.language_model_coefficient = language_model_coefficient
        self.value_coefficient = value_coefficient
        self.value_clip = value_clip
        self.temperature = temperature
        self.chunk_tokens = chunk_tokens

    def __call__(
        self,
        hidden_BTC: Tensor,
        output_weight_VC: Tensor,
        batch: PolicyBatch,
        values_BT: Tensor | None = None,
    ) -> PolicyLoss:
        """The loss of a micro-batch.

        Args:
            hidden_BTC: the network's last features.
            output_weight_VC: logits are the features times it, computed in autocast's type where
                that is on.
            batch: the tokens.
            values_BT: what the value head says now; None = there is none.

        Raises:
            ValueError: the batch has no reference log-probabilities and `kl_coefficient` is not 0.
        """
        tokens = _Tokens(batch)
        if self.kl_coefficient and tokens.reference_N is None:
            raise ValueError(
                f"kl_coefficient {self.kl_coefficient} needs the reference model's "
                "log-probabilities of the rollouts; set it to 0 to train without a reference"
            )
        policy_weight = tokens.share_of_policy
        language_weight = self.language_model_coefficient * tokens.share_of_language
        # Weights of at most 1 inside: gradients are held in the features' type, float16 too.
        largest = torch.maximum(policy_weight, language_weight).clamp(min=2.0**-60)
        weights_N = torch.where(
            tokens.is_policy_N, policy_weight / largest, language_weight / largest
        )
        inverse_N = None
        if self.temperature != 1:
            inverse_N = torch.where(tokens.is_policy_N, 1 / self.temperature, 1.0)

        def token_loss(log_probabilities_n: Tensor, entropies_n: Tensor, chunk: slice) -> Tensor:
            losses_n = self._policy_losses(log_probabilities_n, tokens, chunk)
            if self.entropy_coefficient:
                losses_n = losses_n - self.entropy_coefficient * entropies_n
            losses_n = torch.where(tokens.is_policy_N[chunk], losses_n, -log_probabilities_n)
            return losses_n * weights_N[chunk]

        found = chunked_token_loss(
            hidden_BTC.flatten(0, 1),
            output_weight_VC,
            tokens.labels_N,
            token_loss,
            self.chunk_tokens or default_chunk_tokens(output_weight_VC),
            inverse_N,
            tokens.banned,
        )
        measures = self._measures(found.log_probabilities_N, found.entropies_N, tokens)
        total = found.total * largest
        if values_BT is not None and tokens.returns_N is not None:
            losses_N = self._value_losses(values_BT.flatten(), tokens)
            losses_N = torch.where(tokens.is_policy_N, losses_N, 0.0)
            total = total + self.value_coefficient * losses_N.sum() * tokens.share_of_policy
            measures["value_loss"] = measure(losses_N, tokens.is_policy_N)
        return PolicyLoss(total, measures)

    def _policy_losses(self, log_probabilities_n: Tensor, tokens: _Tokens, chunk: slice) -> Tensor:
        """The clipped surrogate and the divergence; of sampled tokens."""
        sampling_n = None if tokens.sampling_N is None else tokens.sampling_N[chunk]
        log_ratios_n = log_ratios(log_probabilities_n, sampling_n)
        losses_n = clipped_losses(log_ratios_n, tokens.advantages_N[chunk], self._bounds)
        if self.kl_coefficient and tokens.reference_N is not None:
            excess_n = tokens.reference_N[chunk] - log_probabilities_n
            losses_n = losses_n + self.kl_coefficient * k3(excess_n)
        return losses_n

    def _value_losses(self, values_N: Tensor, tokens: _Tokens) -> Tensor:
        assert tokens.returns_N is not None
        losses_N = (values_N.float() - tokens.returns_N).square()
        if self.value_clip is not None and tokens.values_N is not None:
            change_N = values_N.float() - tokens.values_N
            near_N = tokens.values_N + change_N.clamp(-self.value_clip, self.value_clip)
            losses_N = torch.maximum(losses_N, (near_N - tokens.returns_N).square())
        return losses_N / 2

    @torch.no_grad()
    def _measures(self, log_N: Tensor, entropies_N: Tensor, tokens: _Tokens) -> Measures:
        log_ratios_N = log_ratios(log_N, tokens.sampling_N)
        given = (log_ratios_N, tokens.advantages_N, self._bounds)
        is_policy_N = tokens.is_policy_N
        measures = {
            "policy_loss": measure(clipped_losses(*given), is_policy_N),
            "clip_share": measure(is_clipped(*given), is_policy_N),
            "sampling_kl": measure(k3(log_ratios_N), is_policy_N),
            "log_probability_difference": measure(log_ratios_N.abs(), is_policy_N),
            "entropy": measure(entropies_N, is_policy_N),
        }
        if tokens.reference_N is not None:
            excess_N = tokens.reference_N - log_N
            measures["reference_kl"] = measure(k3(excess_N), is_policy_N)
        measures["language_model_loss"] = measure(-log_N, tokens.is_language_N)
        return measures


class _Tokens:
    """A batch with its rows one behind the other."""

    def __init__(self, batch: PolicyBatch) -> None:
        self.labels_N = batch["labels_BT"].flatten()
        is_label_N = self.labels_N != IGNORED
        self.is_policy_N = batch["policy_mask_BT"].flatten().bool() & is_label_N
        self.is_language_N = is_label_N & ~self.is_policy_N
        self.advantages_N = batch["advantages_BT"].flatten().float()
        self.advantages_N = self.advantages_N.where(self.is_policy_N, 0.0)
        self.sampling_N = self._flat(batch.get("sampling_log_probabilities_BT"))
        self.reference_N = self._flat(batch.get("reference_log_probabilities_BT"))
        self.returns_N = self._flat(batch.get("returns_BT"))
        self.values_N = self._flat(batch.get("values_BT"))
        ids_K = batch.get("banned_ids_K")
        self.banned = None if ids_K is None else BannedIds(ids_K, self.is_policy_N)
        self.share_of_policy = _share(batch.get("num_policy_targets"), self.is_policy_N)
        self.share_of_language = _share(batch.get("num_language_targets"), self.is_language_N)

    def _flat(self, values_BT: Tensor | None) -> Tensor | None:
        """What may stand beside sampled tokens is not read, and cannot be passed on as nan."""
        if values_BT is None:
            return None
        return values_BT.flatten().float().where(self.is_policy_N, 0.0)


def _share(given: Tensor | None, counted_N: Tensor) -> Tensor:
    """Of one token; 0 where there is none to divide by."""
    count = (counted_N.sum() if given is None else given).float()
    return torch.where(count > 0, 1 / count, 0.0)
