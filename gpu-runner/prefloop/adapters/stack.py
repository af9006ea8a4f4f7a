"""Many adapters in one product, for rows that each have their own: what decoding runs on.

Shapes: T rows · I, O in- and out-features · R the ranks of all stacked adapters together.

The adapters lie side by side along the rank: x Aᵀ is one product [T, R], in which each row keeps its own adapter's
columns, and one product with the stacked B's brings it back. Ranks and targets may differ. Columns of other adapters are
set to zero, not multiplied by it, so that an adapter that overflows harms its own rows only. A row with a mixture keeps the
columns of several adapters, each times its weight: mixtures of the same adapters share one stack.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import linear

from prefloop.adapters.adapted_linear import AdaptedLinear, Rows
from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture, parts_of

# A [R, I], B times the scales [O, R], and which adapter each of the R columns belongs to
_Stacked = tuple[Tensor, Tensor, tuple[int, ...]]


class Stack:
    """Copies of frozen adapters, concatenated layer by layer when a layer first asks."""

    def __init__(self, adapters: Sequence[Adapter]):
        self.adapters = tuple(adapters)
        self._versions = [a.flat._version for a in self.adapters]
        self._pairs: dict[str, _Stacked | None] = {}

    def serves(self, adapters: Sequence[Adapter]) -> bool:
        """Whether it holds these adapters as they are now, and not too many others."""
        unchanged = self._versions == [a.flat._version for a in self.adapters]
        held = {id(a) for a in self.adapters}
        return unchanged and len(self.adapters) <= 2 * len(adapters) and all(id(a) in held for a in adapters)

    def pair(self, path: str, dtype: torch.dtype) -> _Stacked | None:
        if path not in self._pairs:
            held = [
                (i, a, pair) for i, a in enumerate(self.adapters) if (pair := a.pairs.get(path)) is not None
            ]
            self._pairs[path] = (
                (
                    torch.cat([a_rI.detach() for _, _, (a_rI, _) in held]).to(dtype),
                    torch.cat([b_Or.detach() * a.scale for _, a, (_, b_Or) in held], dim=1).to(dtype),
                    tuple(i for i, _, (a_rI, _) in held for _ in range(a_rI.shape[0])),
                )
                if held
                else None
            )
        return self._pairs[path]


class StackedRows:
    """The rows of one run over a stack: as `rows`, (count, adapter) in order. Not differentiable."""

    def __init__(self, stack: Stack, rows: Rows, device: torch.device):
        self.stack = stack
        number = {id(a): i for i, a in enumerate(stack.adapters)}
        # by the adapter's number; the rows of a prompt have the same
        weights = [[0.0] * len(number) for _ in rows]
        for place, (_, mixed) in enumerate(rows):
            for adapter, weight in parts_of(mixed):
                weights[place][number[id(adapter)]] += weight
        counts = torch.tensor([count for count, _ in rows], dtype=torch.long, device=device)
        self.weights_TA = torch.tensor(weights, device=device).repeat_interleave(counts, 0)
        self.mixes = any(isinstance(mixed, Mixture) for _, mixed in rows)
        self.masks: dict[tuple[int, ...], tuple[Tensor, Tensor | None]] = {}

    def product(self, layer: AdaptedLinear, x_TI: Tensor) -> Tensor:
        """x Wᵀ + b + s·(x Aᵀ) Bᵀ, each row with its own A, B and s."""
        y_TO = linear(x_TI, layer.weight_OI, layer.bias)
        if (stacked := self.stack.pair(layer.path, x_TI.dtype)) is None:
            return y_TO
        a_RI, b_OR, columns = stacked
        foreign_TR, weights_TR = self._masks(columns)
        low_TR = linear(x_TI, a_RI).masked_fill_(foreign_TR, 0)
        if weights_TR is not None:
            low_TR.mul_(weights_TR)
        return y_TO.addmm_(low_TR, b_OR.t())

    def _masks(self, columns: tuple[int, ...]) -> tuple[Tensor, Tensor | None]:
        """[T, R]: which columns are not the row's own, and how much its own count; None: all of them 1."""
        if (masks := self.masks.get(columns)) is None:
            weights_TR = self.weights_TA[:, list(columns)]
            self.masks[columns] = masks = (weights_TR == 0, weights_TR if self.mixes else None)
        return masks
