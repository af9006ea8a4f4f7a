"""A trained adapter with its optimiser, and both as tensors of the runner's state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

from prefloop.adapters.update import Flat, adamw

_MOMENTS = ("exp_avg", "exp_avg_sq")


Learner = TypeVar("Learner", bound=Flat)


@dataclass(frozen=True)
class Policy(Generic[Learner]):
    """adapter: what is trained, an adapter or a user attention."""

    adapter: Learner
    optimizer: torch.optim.AdamW

    def tensors(self, name: str) -> dict[str, Tensor]:
        """{NAME.weights, NAME.exp_avg, NAME.exp_avg_sq: one flat fp32 buffer each; NAME.steps: updates so far}."""
        state = self.optimizer.state[self.adapter.flat]
        flat = self.adapter.flat.detach()
        moments = {f"{name}.{moment}": state.get(moment, torch.zeros_like(flat)) for moment in _MOMENTS}
        steps = state.get("step", torch.zeros(()))
        return {f"{name}.weights": flat, f"{name}.steps": steps.reshape(1), **moments}


def new_policy(adapter: Learner, learning_rate: float, weight_decay: float) -> Policy[Learner]:
    return Policy(adapter, adamw(adapter, learning_rate, weight_decay))


def restore(policy: Policy, name: str, tensors: Mapping[str, Tensor]) -> None:
    """Put weights and moments of `Policy.tensors` back. Raises ValueError where they are not of this adapter's form."""
    flat = policy.adapter.flat
    wanted = {f"{name}.{part}": flat.shape for part in ("weights", *_MOMENTS)} | {
        f"{name}.steps": torch.Size((1,))
    }
    for key, shape in wanted.items():
        if key not in tensors or tensors[key].shape != shape:
            raise ValueError(
                f"the state has no {key} of {shape.numel()} numbers: it belongs to another adapter"
            )
    with torch.no_grad():
        flat.copy_(tensors[f"{name}.weights"])
    policy.optimizer.state[flat] = {
        "step": tensors[f"{name}.steps"].reshape(()).to(flat.device, copy=True),
        **{moment: tensors[f"{name}.{moment}"].to(flat.device, copy=True) for moment in _MOMENTS},
    }
