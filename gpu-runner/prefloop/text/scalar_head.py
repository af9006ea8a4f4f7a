"""A number for a text, or for each of its tokens: an adapter, and one vector in the place of the LM head.

Shapes: H hidden · S scored tokens · N completions of a pack, U distinct ones.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from prefloop.adapters.lora import Adapter, moved
from prefloop.adapters.update import adamw
from prefloop.text.packing import Packed
from prefloop.text.trunk import Trunk


@dataclass(frozen=True)
class ScalarModel:
    """value = h · weight + bias: head holds both, fp32 [H + 1]."""

    adapter: Adapter
    head: nn.Parameter

    def of_texts(self, trunk: Trunk, packed: Packed) -> Tensor:
        """(N,) at the last token of every completion. Differentiable."""
        hidden_TH = trunk.packed_hidden(packed, [(packed.tokens, self.adapter)])
        rows_U = torch.tensor([segment.stop - 1 for segment in packed.completions_U], device=hidden_TH.device)
        return self.at(hidden_TH[rows_U])[packed.distinct_N]

    def at(self, hidden_RH: Tensor) -> Tensor:
        """(R,) of hidden states."""
        return hidden_RH.float() @ self.head[:-1] + self.head[-1]

    def optimizers(self, learning_rate: float, weight_decay: float) -> list[torch.optim.Optimizer]:
        return [
            adamw(self.adapter, learning_rate, weight_decay),
            torch.optim.AdamW([self.head], lr=learning_rate, weight_decay=0.0),
        ]

    def copied(self) -> "ScalarModel":
        head = nn.Parameter(self.head.detach().clone())
        return ScalarModel(moved(self.adapter, self.adapter.flat.device), head)


def new_scalar_model(trunk: Trunk, adapter: Adapter) -> ScalarModel:
    """Its head is zero: every text is worth the same."""
    width = trunk.head.weight.shape[1]
    return ScalarModel(adapter, nn.Parameter(torch.zeros(width + 1, device=trunk.device)))
