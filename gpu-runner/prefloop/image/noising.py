"""How a clean latent becomes a noisy one, and what a model is to say of it: for every kind of schedule.

Shapes: T times of the schedule · B latents, each (C, H, W) · `times_B` index the T.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

# A person is listened to while a picture takes shape, where there is at least so much noise for one of signal: what is
# drawn by then stands, and what is said of a person would only be drawn over it.
SHAPING = 0.7
Prediction = Literal["epsilon", "v_prediction", "sample", "flow"]


@dataclass(frozen=True)
class Noising:
    """x_t = signal_t·x + sigma_t·ε. told_T: what the model is told of a time."""

    prediction: Prediction
    signal_T: Tensor
    sigma_T: Tensor
    told_T: Tensor

    @property
    def times(self) -> int:
        return len(self.signal_T)

    @property
    def shaping_T(self) -> Tensor:
        """Whether a picture still takes shape."""
        return self.sigma_T >= SHAPING * self.signal_T

    def is_shaping(self, told_B: Tensor) -> Tensor:
        """(B,) at times that the model is told, which may lie between two of the schedule."""
        nearest_B = (self.told_T.to(told_B.device) - told_B[:, None].float()).abs().argmin(1)
        return self.shaping_T.to(told_B.device)[nearest_B]

    def sample_times(self, count: int, generator: torch.Generator, shaping: bool = False) -> Tensor:
        """(count,) drawn evenly, one from each of as many parts of the schedule: what differs between times is no luck.

        shaping: only of those at which a picture takes shape."""
        among = self.shaping_T.nonzero()[:, 0] if shaping else torch.arange(self.times)
        parts = torch.randperm(count, generator=generator)
        return among[((parts + torch.rand(count, generator=generator)) * len(among) / count).long()]

    def noised(self, latents: Tensor, noise: Tensor, times_B: Tensor) -> Tensor:
        signal, sigma = self._at(times_B, latents)
        return signal * latents + sigma * noise

    def target(self, latents: Tensor, noise: Tensor, times_B: Tensor) -> Tensor:
        """What the model is to predict: ε; v = signal·ε - sigma·x; x; or the flow's velocity ε - x."""
        if self.prediction == "epsilon":
            return noise
        if self.prediction == "sample":
            return latents
        if self.prediction == "flow":
            return noise - latents
        signal, sigma = self._at(times_B, latents)
        return signal * noise - sigma * latents

    def _at(self, times_B: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        shape = (-1, *[1] * (like.dim() - 1))
        return tuple(
            table_T.to(like.device)[times_B].to(like.dtype).view(shape)
            for table_T in (self.signal_T, self.sigma_T)
        )  # pyright: ignore[reportReturnType]


def noising_of(scheduler: Any) -> Noising:
    """Of a scheduler of diffusers, as it was trained with. Raises ValueError for a kind that is none of the four."""
    config = scheduler.config
    if hasattr(scheduler, "alphas_cumprod"):
        prediction = config.get("prediction_type", "epsilon")
        if prediction not in ("epsilon", "v_prediction", "sample"):
            raise ValueError(
                f"the scheduler predicts {prediction!r}: epsilon, v_prediction and sample are supported"
            )
        alphas_T = scheduler.alphas_cumprod.float()
        return Noising(prediction, alphas_T.sqrt(), (1 - alphas_T).sqrt(), torch.arange(len(alphas_T)))
    if "FlowMatch" in type(scheduler).__name__:
        # A flow's own times, with the shift that it was trained with.
        trained = type(scheduler).from_config(config)
        sigmas_T = trained.sigmas[: config["num_train_timesteps"]].float()
        return Noising("flow", 1 - sigmas_T, sigmas_T, trained.timesteps.float())
    raise ValueError(f"{type(scheduler).__name__} is no scheduler whose noise is known here")
