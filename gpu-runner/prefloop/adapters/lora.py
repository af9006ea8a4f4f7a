"""LoRA on a frozen model: y = x Wᵀ + b + s·(x Aᵀ) Bᵀ, where each range of rows has an adapter of its own, or none.

`adapt` replaces the linear layers of a model by `AdaptedLinear`s that share the very same weights. Adapters are plain
objects beside the model, so any number exist at once; which rows go through which is said around each run:

    layers = adapt(model.body)
    fast, slow = new_adapter(layers, r=16, alpha=32, seed=0), new_adapter(layers, r=16, alpha=32, seed=1)
    with assigned([(tokens, fast), (tokens, slow), (tokens, None)]):
        model(...)                      # 3·tokens rows: fast, then slow, then the bare base

Shapes: T rows · I, O in- and out-features · r rank. A [r, I], B [O, r], as PEFT stores them.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D


@dataclass(eq=False)
class Adapter:
    """One LoRA: an fp32 (A, B) per adapted layer, all of them views of one flat buffer, as are their gradients.

    r, alpha: as in PEFT; the scale is alpha / r. `pairs` is keyed by the layer's module path below the causal LM.
    """

    r: int
    alpha: float
    flat: nn.Parameter
    pairs: dict[str, tuple[nn.Parameter, nn.Parameter]]
    low: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict, repr=False)
    low_version: int = -1

    @property
    def scale(self) -> float:
        return self.alpha / self.r

    def parameters(self) -> Iterator[nn.Parameter]:
        for a, b in self.pairs.values():
            yield a
            yield b

    def freeze(self) -> "Adapter":
        """No gradients from now on (serving, reference, gates)."""
        for p in (self.flat, *self.parameters()):
            p.requires_grad_(False)
            p.grad = None
        return self

    def pair(self, path: str, dtype: torch.dtype) -> tuple[Tensor, Tensor] | None:
        """(A, B) of one layer in the run's dtype; None where this adapter has none."""
        if (pair := self.pairs.get(path)) is None or dtype == self.flat.dtype:
            return pair
        if self.low_version != self.flat._version or not self.low or self.low[path][0].dtype != dtype:
            self.low = _views(
                self.flat.detach().to(dtype), {k: (a.shape, b.shape) for k, (a, b) in self.pairs.items()}
            )
            self.low_version = self.flat._version
        return self.low[path]


Rows = Sequence[tuple[int, Adapter | None]]


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
        if isinstance(rows, tuple):
            ranges, tensors = _ranges(rows, self.path, x_TI)
            y_TO = _AdaptedProduct.apply(x_TI, self.weight_OI, self.bias, ranges, *tensors)
        else:
            y_TO = rows.product(self, x_TI)
        return y_TO.view(*x.shape[:-1], -1)


def _ranges(rows: Rows, path: str, x_TI: Tensor) -> tuple[list[tuple[int, int, float, bool]], list[Tensor]]:
    """[(start, stop, scale, trained)] of the rows that have an adapter here, and their A, B, flattened."""
    if not rows:
        return [], []
    unit, rest = divmod(x_TI.shape[0], sum(n for n, _ in rows))
    if rest:
        raise ValueError(
            f"{x_TI.shape[0]} rows cannot be shared among assigned counts {[n for n, _ in rows]}"
        )
    ranges, tensors, start = [], [], 0
    for count, adapter in rows:
        stop = start + count * unit
        if adapter is not None and (pair := adapter.pair(path, x_TI.dtype)) is not None:
            masters = adapter.pairs[path]
            ranges.append((start, stop, adapter.scale, masters[0].requires_grad))
            tensors += [*masters, *(p.detach() for p in pair)]
        start = stop
    return ranges, tensors


class _AdaptedProduct(torch.autograd.Function):
    """inputs: x, W, b, ranges, then per range the fp32 A, B (for the gradient) and the A, B to compute with."""

    @staticmethod
    def forward(
        ctx: Any, x_TI: Tensor, weight_OI: Tensor, bias_O: Tensor | None, ranges: list, *tensors: Tensor
    ) -> Tensor:
        y_TO = linear(x_TI, weight_OI, bias_O)
        low = []
        for i, (start, stop, scale, _) in enumerate(ranges):
            a_rI, b_Or = tensors[4 * i + 2 : 4 * i + 4]
            low_Tr = linear(x_TI[start:stop], a_rI).mul_(scale)
            y_TO[start:stop].addmm_(low_Tr, b_Or.t())
            low.append(low_Tr)
        ctx.ranges = ranges
        ctx.save_for_backward(x_TI, weight_OI, *low, *tensors)
        return y_TO

    @staticmethod
    def backward(ctx: Any, dy_TO: Tensor) -> tuple:
        ranges = ctx.ranges
        x_TI, weight_OI, *rest = ctx.saved_tensors
        low, tensors = rest[: len(ranges)], rest[len(ranges) :]
        need_x = ctx.needs_input_grad[0]
        dx_TI = linear(dy_TO, weight_OI.t()) if need_x else None
        grads: list[Tensor | None] = []
        for i, (start, stop, scale, trained) in enumerate(ranges):
            a_rI, b_Or = tensors[4 * i + 2 : 4 * i + 4]
            dy = dy_TO[start:stop]
            dlow_Tr = linear(dy, b_Or.t()).mul_(scale)
            if dx_TI is not None:
                dx_TI[start:stop].addmm_(dlow_Tr, a_rI)
            if trained:
                grads += [(dlow_Tr.t() @ x_TI[start:stop]).float(), (dy.t() @ low[i]).float(), None, None]
            else:
                grads += [None] * 4
        return dx_TI, None, None, None, *grads


def adapt(model: nn.Module, head: nn.Module | None = None) -> dict[str, AdaptedLinear]:
    """Replace every nn.Linear and Conv1D of `model` except `head` by an AdaptedLinear over the same weights.

    Returns them by module path, in the model's order. Without an adapter they compute what they replaced.
    """
    layers: dict[str, AdaptedLinear] = {}
    for path, module in list(model.named_modules()):
        if type(module) not in (nn.Linear, Conv1D) or module is head:
            continue
        parent, _, child = path.rpartition(".")
        layers[path] = AdaptedLinear(module, path)
        setattr(model.get_submodule(parent), child, layers[path])
    return layers


def target_paths(layers: dict[str, AdaptedLinear], targets: str | Sequence[str] = "all-linear") -> list[str]:
    """The layers named by PEFT's `target_modules`: "all-linear", or names each of which ends some module path.

    Raises ValueError for a name that fits no layer.
    """
    if targets == "all-linear":
        return list(layers)
    names = [targets] if isinstance(targets, str) else list(targets)
    fits = lambda path, name: path == name or path.endswith("." + name)
    for name in names:
        if not any(fits(path, name) for path in layers):
            raise ValueError(f"no linear layer is called {name!r}")
    return [path for path in layers if any(fits(path, name) for name in names)]


def new_adapter(
    layers: dict[str, AdaptedLinear],
    r: int,
    alpha: float,
    seed: int,
    targets: str | Sequence[str] = "all-linear",
) -> Adapter:
    """A fresh adapter: A uniform in ±√(1/I) as PEFT draws it (Kaiming, a = √5), B zero, so that it changes nothing."""
    paths = target_paths(layers, targets)
    adapter = empty_adapter({p: (layers[p].in_features, layers[p].out_features) for p in paths}, r, alpha)
    generator = torch.Generator().manual_seed(seed)
    for a_rI, _ in adapter.pairs.values():
        bound = 1 / math.sqrt(a_rI.shape[1])
        drawn = torch.empty(a_rI.shape).uniform_(-bound, bound, generator=generator)
        with torch.no_grad():
            a_rI.copy_(drawn)
    device = next(iter(layers.values())).weight.device
    return adapter if device.type == "cpu" else moved(adapter, device)


def empty_adapter(
    sizes: dict[str, tuple[int, int]], r: int, alpha: float, device: torch.device | str = "cpu"
) -> Adapter:
    """An adapter of zeros for layers of (in, out) features."""
    shapes = {path: (torch.Size((r, i)), torch.Size((o, r))) for path, (i, o) in sizes.items()}
    flat = nn.Parameter(torch.zeros(sum(a.numel() + b.numel() for a, b in shapes.values()), device=device))
    flat.grad = torch.zeros_like(flat)
    pairs = {}
    grads = _views(flat.grad, shapes)
    for path, tensors in _views(flat.detach(), shapes).items():
        pairs[path] = tuple(nn.Parameter(t) for t in tensors)
        for parameter, grad in zip(pairs[path], grads[path], strict=True):
            parameter.grad = grad
    return Adapter(r, alpha, flat, pairs)


def moved(adapter: Adapter, device: torch.device | str) -> Adapter:
    """A copy of the adapter on another device."""
    copy = empty_adapter(
        {k: (a.shape[1], b.shape[0]) for k, (a, b) in adapter.pairs.items()}, adapter.r, adapter.alpha, device
    )
    with torch.no_grad():
        copy.flat.copy_(adapter.flat)
    return copy


def _views(
    flat: Tensor, shapes: dict[str, tuple[Iterable[int], Iterable[int]]]
) -> dict[str, tuple[Tensor, Tensor]]:
    views, at = {}, 0
    for path, pair in shapes.items():
        tensors = []
        for shape in pair:
            size = math.prod(shape)
            tensors.append(flat[at : at + size].view(*shape))
            at += size
        views[path] = tuple(tensors)
    return views
