"""What training one batch gives back."""

from dataclasses import dataclass

from prefloop.adapters.lora import Adapter
from prefloop.recipes.policy import TrainState


@dataclass(frozen=True)
class Trained:
    """state: to go on from. adapter: what is published. losses: after every optimiser step. metrics: by wire name."""

    state: TrainState
    adapter: Adapter
    losses: list[float]
    metrics: dict[str, float]
