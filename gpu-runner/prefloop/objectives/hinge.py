"""The hinge loss on the implicit reward margin (SLiC-HF's form, arXiv 2305.10425; RSO, arXiv 2309.06657).  B pairs."""

from torch import Tensor
from torch.nn.functional import relu

from prefloop.objectives.margins import PairLogps, PairLosses, check_beta, pair_losses, soft_label


def hinge(
    logps: PairLogps,
    beta: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> PairLosses:
    """q·max(0, 1 - m) + (1 - q)·max(0, 1 + m), m = β·h. 1 where policy = reference.

    Raises ValueError for beta <= 0 or label_smoothing outside [0, ½].
    """
    check_beta(beta)
    margin_B = beta * logps.log_ratio_margin_B
    q_B = soft_label(p_B, label_smoothing, margin_B)
    losses_B = q_B * relu(1 - margin_B) + (1 - q_B) * relu(1 + margin_B)
    return pair_losses(losses_B, logps, beta, weight_B)
