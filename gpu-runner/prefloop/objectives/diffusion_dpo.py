"""Diffusion-DPO (Wallace et al. 2023, arXiv 2311.12908, Eq. 14) in the convention of its authors' code.  Shapes: B pairs."""

from dataclasses import dataclass

from torch import Tensor

from prefloop.objectives.margins import PairLosses, check_beta, full, logistic, soft_label, weighted


@dataclass(frozen=True)
class PairErrors:
    """Mean squared errors of what the model predicts (noise, v or velocity), over all values of a latent, each (B,).

    Both pictures of a pair are noised to the same time with the same noise; the reference sees the very same latents.
    """

    chosen_B: Tensor
    rejected_B: Tensor
    reference_chosen_B: Tensor
    reference_rejected_B: Tensor


def diffusion_dpo(
    errors: PairErrors,
    beta: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> PairLosses:
    """-q·log σ(m) - (1 - q)·log σ(-m), m = -β/2·[(e_w - e_w_ref) - (e_l - e_l_ref)], q the smoothed soft label.

    The ½ is the authors'; diffusers' script folds it into β. ln 2 where policy = reference. β multiplies means, not sums:
    5000 on latents of 4×64×64 weighs a value's error by 0.153. Raises ValueError as `dpo` does.
    """
    check_beta(beta)
    chosen_B = -0.5 * beta * (full(errors.chosen_B) - full(errors.reference_chosen_B))
    rejected_B = -0.5 * beta * (full(errors.rejected_B) - full(errors.reference_rejected_B))
    margin_B = chosen_B - rejected_B
    q_B = soft_label(p_B, label_smoothing, margin_B)
    losses_B = logistic(margin_B, q_B)
    return PairLosses(weighted(losses_B, weight_B), chosen_B.detach(), rejected_B.detach())
