"""The SFT term that keeps preferred answers likely (SFT-DPO, Yan et al. 2024, arXiv 2406.07327).  Shapes: B pairs."""

from torch import Tensor

from prefloop.objectives.margins import PairLogps, full


def sft(logps: PairLogps, p_B: Tensor | None = None, weight_B: Tensor | None = None) -> Tensor:
    """-log π(y_w), summed over the completion, (B,). With a soft label p: -p·log π(y_w) - (1 - p)·log π(y_l).

    A preference loss sees the difference of two log-probabilities and lets both fall; this term holds the winner up.
    The paper's normalisation is not known; the sum is on the scale of the margin.
    """
    chosen_B, rejected_B = full(logps.chosen_B), full(logps.rejected_B)
    losses_B = -chosen_B
    if p_B is not None:
        p_B = p_B.to(chosen_B)
        losses_B = -p_B * chosen_B - (1 - p_B) * rejected_B
    return losses_B if weight_B is None else losses_B * weight_B.to(chosen_B)


def mean_nll(logps_K: Tensor, lengths_K: Tensor) -> Tensor:
    """-log π(y) / |y|, nats per token, (K,)."""
    return -full(logps_K) / full(lengths_K)
