"""IPO (Azar et al. 2023, arXiv 2310.12036, Eq. 17), with soft labels.  Shapes: B pairs."""

from torch import Tensor

from prefloop.objectives.margins import PairLogps, PairLosses, check_beta, pair_losses, soft_label


def ipo(
    logps: PairLogps,
    beta: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> PairLosses:
    """q·(h - 1/2β)² + (1 - q)·(h + 1/2β)²; h is the summed log-ratio margin, not multiplied by β.

    Minimum at h = (2q - 1)/2β. Raises ValueError for beta <= 0 or label_smoothing outside [0, ½].
    """
    check_beta(beta)
    h_B = logps.log_ratio_margin_B
    q_B = soft_label(p_B, label_smoothing, h_B)
    target = 1 / (2 * beta)
    losses_B = q_B * (h_B - target).square() + (1 - q_B) * (h_B + target).square()
    return pair_losses(losses_B, logps, beta, weight_B)
