"""Frozen linear layers whose rows go through adapters: y = x Wᵀ + b + s·(x Aᵀ) Bᵀ, with A, B, s of each range of rows.

`adapt` replaces the linear layers of a model by `AdaptedLinear`s that hold the very same weights. Which rows go through
which adapter is said around each run:

    layers = adapt(model)
    fast, slow = new_adapter(layers, r=16, alpha=32, seed=0), new_adapter(layers, r=16, alpha=32, seed=1)
    with assigned([(tokens, fast), (tokens, slow), (tokens, None)]):
        model(...)                      # 3·tokens rows: fast, then slow, then the bare base

Shapes: T rows · I, O in- and out-features · r rank. A [r, I], B [O, r].
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture, parts_of

Rows = Sequence[tuple[int, Adapter | Mixture | None]]


class RowProduct(Protocol):
    """Rows that know how to go through a layer (`adapters.stack`)."""

    def product(self, layer: "AdaptedLinear", x_TI: Tensor) -> Tensor: ...


_ROWS: ContextVar[Rows | RowProduct] = ContextVar("prefloop_rows", default=())


@contextmanager
def assigned(rows: Rows | RowProduct) -> Iterator[None]:
    """Within, the first rows[0][0] rows of every run use adapter rows[0][1], the next rows[1][0] use rows[1][1], …

    Counts may be in any unit that divides the rows (samples of a batch, say); an empty list means the bare base.
    """
    token = _ROWS.set(tuple((n, a) for n, a in rows if n) if isinstance(rows, Sequence) else rows)
    try:
        yield
    finally:
        _ROWS.reset(token)


class AdaptedLinear(nn.Module):
    """A frozen nn.Linear (or GPT-2's Conv1D) that adds each row's adapter. It holds the very weights it replaces."""

    def __init__(self, base: nn.Linear | Conv1D, path: str):
        super().__init__()
        self.path = path
        self.weight, self.bias = base.weight, base.bias
        self.transposed = isinstance(base, Conv1D)

    @property
    def weight_OI(self) -> Tensor:
        return self.weight.t() if self.transposed else self.weight

    @property
    def in_features(self) -> int:
        return self.weight_OI.shape[1]

    @property
    def out_features(self) -> int:
        return self.weight_OI.shape[0]

    def forward(self, x: Tensor) -> Tensor:
        x_TI = x.reshape(-1, x.shape[-1])
        rows = _ROWS.get()
        if isinstance(rows, Sequence):
            ranges = row_ranges(rows, self.path, x_TI.shape[0], x_TI.dtype)
            y_TO = _AdaptedProduct.apply(x_TI, self, ranges, *masters(ranges))
        else:
            y_TO = rows.product(self, x_TI)
        return y_TO.view(*x.shape[:-1], -1)


def adapt(model: nn.Module, head: nn.Module | None = None) -> dict[str, AdaptedLinear]:
    """Replace every nn.Linear and Conv1D of `model` except `head` by an AdaptedLinear over the same weights.

    Returns them by module path, in the model's order. Without an adapter they compute what they replaced.
    """
    layers: dict[str, AdaptedLinear] = {}
    for path, module in list(model.named_modules()):
        # exactly these: a subclass may compute something else
        if (
            module is head
            or not isinstance(module, nn.Linear | Conv1D)
            or type(module) not in (nn.Linear, Conv1D)
        ):
            continue
        parent, _, child = path.rpartition(".")
        layers[path] = AdaptedLinear(module, path)
        setattr(model.get_submodule(parent), child, layers[path])
    return layers


@dataclass(frozen=True, eq=False)
class Range:
    """Rows [start, stop) of one layer and their adapter there: the fp32 masters, and A, B in the run's dtype."""

    start: int
    stop: int
    scale: float
    master_a: nn.Parameter
    master_b: nn.Parameter
    a_rI: Tensor
    b_Or: Tensor

    @property
    def trained(self) -> bool:
        return self.master_a.requires_grad


def row_ranges(rows: Rows, path: str, count: int, dtype: torch.dtype) -> list[Range]:
    """The rows out of `count` that have an adapter in the layer at `path`, once for each adapter they have."""
    if not rows:
        return []
    unit, rest = divmod(count, sum(n for n, _ in rows))
    if rest:
        raise ValueError(f"{count} rows cannot be shared among assigned counts {[n for n, _ in rows]}")
    ranges, start = [], 0
    for n, adapter in rows:
        stop = start + n * unit
        # the parts of a mixture are ranges of the same rows
        for part, weight in parts_of(adapter):
            if (pair := part.pair(path, dtype)) is not None:
                ranges.append(Range(start, stop, part.scale * weight, *part.pairs[path], *pair))
        start = stop
    return ranges


def masters(ranges: Sequence[Range]) -> list[nn.Parameter]:
    """The parameters whose gradients `product_backward` gives, in its order."""
    return [p for r in ranges for p in (r.master_a, r.master_b)]


def product(x_TI: Tensor, layer: AdaptedLinear, ranges: Sequence[Range]) -> tuple[Tensor, list[Tensor]]:
    """y [T, O], and what the backward wants of each range: s·(x Aᵀ) [rows, r]."""
    y_TO = linear(x_TI, layer.weight_OI, layer.bias)
    low = []
    for r in ranges:
        low_Tr = linear(x_TI[r.start : r.stop], r.a_rI).mul_(r.scale)
        y_TO[r.start : r.stop].addmm_(low_Tr, r.b_Or.t())
        low.append(low_Tr)
    return y_TO, low


def product_backward(
    dy_TO: Tensor,
    x_TI: Tensor,
    layer: AdaptedLinear,
    ranges: Sequence[Range],
    low: Sequence[Tensor],
    into_TI: Tensor | None = None,
    need_x: bool = True,
) -> tuple[Tensor | None, list[Tensor | None]]:
    """dx [T, I] (added to `into_TI` where given; None unless needed), and the gradients of `masters(ranges)`.

    The base is frozen: no dW exists. Ranges whose adapter is not trained get None.
    """
    dx_TI = None
    if need_x:
        weight_OI = layer.weight_OI
        dx_TI = linear(dy_TO, weight_OI.t()) if into_TI is None else into_TI.addmm_(dy_TO, weight_OI)
    grads: list[Tensor | None] = []
    for r, low_Tr in zip(ranges, low, strict=True):
        if dx_TI is None and not r.trained:
            grads += [None, None]
            continue
        dy = dy_TO[r.start : r.stop]
        dlow_Tr = linear(dy, r.b_Or.t()).mul_(r.scale)
        if dx_TI is not None:
            dx_TI[r.start : r.stop].addmm_(dlow_Tr, r.a_rI)
        if r.trained:
            grads += [(dlow_Tr.t() @ x_TI[r.start : r.stop]).float(), (low_Tr.t() @ dy).t().float()]
        else:
            grads += [None, None]
    return dx_TI, grads


class _AdaptedProduct(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x_TI: Tensor, layer: AdaptedLinear, ranges: list[Range], *masters: nn.Parameter
    ) -> Tensor:
        y_TO, low = product(x_TI, layer, ranges)
        ctx.layer, ctx.ranges = layer, ranges
        ctx.save_for_backward(x_TI, *low)
        return y_TO

    @staticmethod
    def backward(ctx: Any, dy_TO: Tensor) -> tuple:
        x_TI, *low = ctx.saved_tensors
        dx_TI, grads = product_backward(
            dy_TO, x_TI, ctx.layer, ctx.ranges, low, need_x=ctx.needs_input_grad[0]
        )
        return dx_TI, None, None, *grads
