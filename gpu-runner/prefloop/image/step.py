"""One training step on pictures: latents → noise → errors of adapter and base → objective → backward → update.

The reference is the base with the adapter off, under no_grad, on the very same noisy latents: no second network.

Shapes: N pictures of the microbatch · B pairs among them · R preferences, T tokens of a user, U their width, D of a caption.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.image.errors import Noisy, add_noise, denoising_errors
from prefloop.image.model import Condition, ImageModel
from prefloop.image.personalize import UserProjection, Users, as_asked, seen_by
from prefloop.objectives.margins import PairLosses


@dataclass(frozen=True)
class PictureBatch:
    """A microbatch. latents (N, C, H, W) and condition are one a picture; groups_N: the prompt of each, from 0.

    chosen_B, rejected_B index the pictures; p_B, weight_B as in `objectives.margins`; preferences: how many there are.
    users (R, T, U): of whom each preference is, where the model is told; groups go round them. phi_N: how likely a picture is
    preferred to another one of its prompt. alone_G: what each prompt counts where it has no pairs; None: whole.
    """

    latents: Tensor
    condition: Condition
    groups_N: Tensor
    chosen_B: Tensor
    rejected_B: Tensor
    p_B: Tensor
    weight_B: Tensor
    preferences: int
    users: Tensor | None = None
    phi_N: Tensor | None = None
    alone_G: Tensor | None = None

    def condition_of_each(self, users: Tensor) -> Condition:
        """Of one picture to each of the preferences, which have the first groups; groups come in order."""
        groups_R = torch.arange(len(users), device=self.groups_N.device)
        return self.condition.at(torch.searchsorted(self.groups_N, groups_R))

    def of_users(self, parts_R: Tensor) -> Tensor:
        """One of `parts_R` to each picture."""
        return parts_R[self.groups_N.to(parts_R.device) % len(parts_R)]


@dataclass(frozen=True)
class PictureOutcome:
    """losses_B: to differentiate, of pairs, pictures or prompts. reported: rewards of the two pictures of each pair,
    β/2·(e_ref - e), detached; None where there is no reference to compare with."""

    losses_B: Tensor
    reported: PairLosses | None


# (batch, errors of the adapter (N,), errors of the base (N,)) → what to differentiate and show
PictureObjective = Callable[[PictureBatch, Tensor, Tensor], PictureOutcome]


@dataclass(frozen=True)
class Told:
    """What a step told the model of persons: users_RTU, and what a projection made of them, tokens_RTD, a leaf of the loss."""

    users_RTU: Tensor
    tokens_RTD: Tensor


# (loss, what the model was told) → (gradient norms, whether all was finite and so applied)
Learn = Callable[[Tensor, Told | None], tuple[Tensor, bool]]


def picture_step(
    model: ImageModel,
    batch: PictureBatch,
    trained: Adapter | UserProjection,
    learn: Learn,
    objective: PictureObjective,
    generator: torch.Generator,
    own_noise: bool = False,
    has_reference: bool = True,
) -> dict[str, float]:
    """Means over the pairs by their published names; `skipped` 1 where something was not finite and nothing was changed.

    trained: an adapter, or what users say to the bare base. learn: changes it. generator: draws the times and the noise. own_noise: as in
    `add_noise`. has_reference: False spares the base's run, and the objective is told the adapter's own errors in its place.
    The loss is the mean over preferences.
    """
    shaping = isinstance(trained, UserProjection)
    noisy = add_noise(model, batch.latents, batch.condition, batch.groups_N, generator, own_noise, shaping)
    told = _tell(batch, trained)
    policy_N = _errors_as_told(model, noisy, batch, trained, told)
    reference_N = policy_N.detach()
    if has_reference:
        with torch.no_grad():
            reference_N = reference_errors(model, noisy)
    outcome = objective(batch, policy_N, reference_N)
    loss = outcome.losses_B.sum() / batch.preferences
    norms, finite = learn(loss, told)
    values = {"loss": loss.detach(), "gradNorm": norms[0]} | _shown(
        batch, policy_N.detach(), outcome.reported
    )
    numbers = torch.stack([value.float() for value in values.values()]).tolist()
    return dict(zip(values, numbers, strict=True)) | {"skipped": float(not finite)}


def _tell(batch: PictureBatch, trained: Adapter | UserProjection) -> Told | None:
    if isinstance(trained, Adapter):
        return None
    if batch.users is None:
        raise ValueError("a user attention needs the users of the batch")
    users_RTU = as_asked(trained, batch.users.to(trained.flat.device), batch.condition_of_each(batch.users))
    return Told(users_RTU, trained.tokens(users_RTU).detach().requires_grad_())


def _errors_as_told(
    model: ImageModel,
    noisy: Noisy,
    batch: PictureBatch,
    trained: Adapter | UserProjection,
    told: Told | None,
) -> Tensor:
    if told is None or isinstance(trained, Adapter):
        return policy_errors(model, noisy, None, trained)
    return policy_errors(model, noisy, batch.of_users(told.tokens_RTD), trained.base)


def _shown(batch: PictureBatch, policy_N: Tensor, reported: PairLosses | None) -> dict[str, Tensor]:
    """Means over the pairs, where there are any."""
    if not len(batch.chosen_B):
        return {"errorChosen": policy_N.mean()}
    errors = {
        "errorChosen": policy_N[batch.chosen_B].mean(),
        "errorRejected": policy_N[batch.rejected_B].mean(),
    }
    if reported is None:
        return errors
    margin_B = reported.chosen_rewards_B - reported.rejected_rewards_B
    sided_B = torch.sign(batch.p_B - 0.5) * margin_B
    return {
        "accuracy": (0.5 + 0.5 * torch.sign(sided_B)).mean(),
        "margin": margin_B.mean(),
        "rewardsChosen": reported.chosen_rewards_B.mean(),
        "rewardsRejected": reported.rejected_rewards_B.mean(),
        **errors,
    }


def reference_errors(model: ImageModel, noisy: Noisy) -> Tensor:
    """(N,) of the bare base."""
    return denoising_errors(model, noisy, [None])[0]


def policy_errors(model: ImageModel, noisy: Noisy, users: Tensor | None, trained: Adapter | Users) -> Tensor:
    """(N,) of what is trained. users (N, tokens, width): for whom each picture is, where it is a user attention."""
    if isinstance(trained, Adapter):
        return denoising_errors(model, noisy, [trained])[0]
    if users is None:
        raise ValueError("a user attention needs the users of the batch")
    with seen_by(trained, users):
        return denoising_errors(model, noisy, [None])[0]


def check_start(
    model: ImageModel, batch: PictureBatch, trained: Adapter | UserProjection, generator: torch.Generator
) -> None:
    """Refuse to train unless what is fresh is off by exactly what the base is off. Raises ValueError."""
    shaping = isinstance(trained, UserProjection)
    noisy = add_noise(model, batch.latents, batch.condition, batch.groups_N, generator, shaping=shaping)
    with torch.no_grad():
        told = _tell(batch, trained)
        apart_N = _errors_as_told(model, noisy, batch, trained, told) - reference_errors(model, noisy)
    if not bool((apart_N == 0).all()):
        worst = apart_N.abs().max().item()
        raise ValueError(
            f"the error at step 0 is {worst:g} off the reference's: the reference is not where training starts"
        )
