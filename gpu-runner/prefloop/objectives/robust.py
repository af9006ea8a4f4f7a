"""Robust DPO (Chowdhury et al. 2024, arXiv 2403.00409), with soft labels.  Shapes: B pairs."""

from torch import Tensor

from prefloop.objectives.margins import PairLogps, PairLosses, check_beta, logistic, pair_losses, soft_label


def robust(
    logps: PairLogps,
    beta: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> PairLosses:
    """-q·log σ(m) - (1 - q)·log σ(-m), m = β·h, q = (p - ε) / (1 - 2ε), above 1 for a certain vote: of votes that are turned
    around with probability ε its mean is DPO's loss of the true ones. Conservative DPO, which `dpo` smooths to, keeps a bias.

    Not bounded below. Raises ValueError for beta <= 0 or label_smoothing outside [0, ½).
    """
    check_beta(beta)
    if not 0 <= label_smoothing < 0.5:
        raise ValueError(f"label_smoothing must lie in [0, 0.5) for the robust loss, not {label_smoothing}")
    margin_B = beta * logps.log_ratio_margin_B
    q_B = (soft_label(p_B, 0.0, margin_B) - label_smoothing) / (1 - 2 * label_smoothing)
    return pair_losses(logistic(margin_B, q_B), logps, beta, weight_B)
