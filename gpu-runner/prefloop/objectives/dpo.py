"""DPO (Rafailov et al. 2023, arXiv 2305.18290, Eq. 7), with soft labels.  Shapes: B pairs."""

from torch import Tensor

from prefloop.objectives.margins import PairLogps, PairLosses, check_beta, logistic, pair_losses, soft_label


def dpo(
    logps: PairLogps,
    beta: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> PairLosses:
    """-q·log σ(m) - (1 - q)·log σ(-m), m = β·h, q the smoothed soft label (conservative DPO's form).

    logps (B,) each, p_B and weight_B (B,). ln 2 where policy = reference; a tie's minimum is at m = 0.
    Raises ValueError for beta <= 0 or label_smoothing outside [0, ½].
    """
    check_beta(beta)
    margin_B = beta * logps.log_ratio_margin_B
    q_B = soft_label(p_B, label_smoothing, margin_B)
    losses_B = logistic(margin_B, q_B)
    return pair_losses(losses_B, logps, beta, weight_B)
