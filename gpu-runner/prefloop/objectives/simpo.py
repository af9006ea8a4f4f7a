"""SimPO (Meng et al. 2024, arXiv 2405.14734, Eq. 6): likelihood per token, a target margin, no reference.  B pairs."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import relu

from prefloop.objectives.margins import PairLogps, PairLosses, check_beta, logistic, soft_label, weighted


def simpo(
    logps: PairLogps,
    beta: float,
    gamma_beta_ratio: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
    loss: Literal["sigmoid", "hinge"] = "sigmoid",
) -> PairLosses:
    """-q·log σ(z) - (1 - q)·log σ(-z), z = β·(a_w - a_l) - γ, a = log π(y) / |y|; the hinge form: relu(1 - z).

    q is the smoothed soft label, as the authors smooth: a tie is best at z = 0, which is the target margin γ.
    softplus(γ) where both are equally likely per token. Rewards are β·a.
    Raises ValueError for beta <= 0, a negative ratio or label_smoothing outside [0, ½].
    """
    check_beta(beta)
    if gamma_beta_ratio < 0:
        raise ValueError(f"gamma_beta_ratio must not be negative, not {gamma_beta_ratio}")
    means = logps.per_token
    z_B = beta * (means.chosen_B - means.rejected_B) - beta * gamma_beta_ratio
    q_B = soft_label(p_B, label_smoothing, z_B)
    if loss == "hinge":
        losses_B = q_B * relu(1 - z_B) + (1 - q_B) * relu(1 + z_B)
    else:
        losses_B = logistic(z_B, q_B)
    return PairLosses(
        weighted(losses_B, weight_B), beta * means.chosen_B.detach(), beta * means.rejected_B.detach()
    )
